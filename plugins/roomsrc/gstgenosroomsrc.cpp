// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosroomsrc
 * @title: genosroomsrc
 *
 * Gives out what others in a room show: a pad for each track, encoded as it came or decoded, as
 * whatever it is linked to takes it. A pad that nobody links costs nothing.
 *
 * |[
 * gst-launch-1.0 genosroomsrc room=demo ! videoconvert ! autovideosink
 * ]|
 * Shows the first picture in the room `demo`.
 *
 * |[
 * gst-launch-1.0 -e genosroomsrc room=demo name=r  webmmux name=m ! filesink location=a.webm
 * r.video_0 ! queue ! m.  r.audio_0 ! queue ! m.
 * ]|
 * Records it, as it came.
 *
 * |[
 * gst-launch-1.0 playbin uri='genos://demo/live?latency=100'
 * ]|
 * Plays it; the properties behind the question mark are those of this element.
 */

#include "gstgenosroomsrc.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "bridge/define_type.hpp"
#include "room_properties.hpp"
#include "room_src.hpp"
#include "room_uri.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY(genos_room_src_debug);
#define GST_CAT_DEFAULT genos_room_src_debug

static GType media_choice_type() {
  static const GEnumValue values[] = {{GST_GENOS_MEDIA_CHOICE_ALL, "Pictures and sound", "all"},
                                      {GST_GENOS_MEDIA_CHOICE_VIDEO, "Pictures", "video"},
                                      {GST_GENOS_MEDIA_CHOICE_AUDIO, "Sound", "audio"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosMediaChoice", values);
  return type;
}

static GType quality_type() {
  static const GEnumValue values[] = {
      {GST_GENOS_QUALITY_AUTO, "What fits; the best for now", "auto"},
      {GST_GENOS_QUALITY_LOW, "The smallest", "low"},
      {GST_GENOS_QUALITY_MEDIUM, "One in the middle", "medium"},
      {GST_GENOS_QUALITY_HIGH, "The best", "high"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosQuality", values);
  return type;
}

namespace {

constexpr core::Quality qualities[] = {core::Quality::automatic, core::Quality::low,
                                       core::Quality::medium, core::Quality::high};

enum Prop : guint {
  prop_none,
  prop_from,
  prop_streams,
  prop_media,
  prop_latency,
  prop_codecs,
  prop_quality,
  prop_end_with_last,
  prop_first_of_room
};

constexpr double most_volume = 10;  // as the element `volume`

#define PICTURES "video/x-raw; video/x-av1; video/x-vp8; video/x-vp9; video/x-h264"
#define SOUNDS "audio/x-raw; audio/x-opus"
// A class has one template of a name: %u come with their tracks, %d are there when they are named.
GstStaticPadTemplate templates[] = {
    GST_STATIC_PAD_TEMPLATE("video_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS(PICTURES)),
    GST_STATIC_PAD_TEMPLATE("audio_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS(SOUNDS)),
    GST_STATIC_PAD_TEMPLATE("video_%d", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(PICTURES)),
    GST_STATIC_PAD_TEMPLATE("audio_%d", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(SOUNDS))};

}  // namespace

struct _GstGenosRoomSrc {
  GstBin parent;
};
using GstGenosRoomSrcPrivate = RoomSrc;
G_DEFINE_FINAL_TYPE_WITH_CODE(GstGenosRoomSrc, gst_genos_room_src, GST_TYPE_BIN,
                              G_ADD_PRIVATE(GstGenosRoomSrc)
                                  G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER,
                                                        implement_uri_handler))
GST_ELEMENT_REGISTER_DEFINE(genosroomsrc, "genosroomsrc", GST_RANK_PRIMARY, GST_TYPE_GENOS_ROOM_SRC)

static RoomSrc& state_of(gpointer self) {
  return *static_cast<RoomSrc*>(gst_genos_room_src_get_instance_private(GST_GENOS_ROOM_SRC(self)));
}

static GstStateChangeReturn gst_genos_room_src_change_state(GstElement* element,
                                                            GstStateChange change) {
  auto& state = state_of(element);
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !state.open()) return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS(gst_genos_room_src_parent_class)->change_state(element, change);
  const bool failed =
      change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY || failed) state.close();
  const bool is_live =
      change == GST_STATE_CHANGE_READY_TO_PAUSED || change == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  return is_live && result != GST_STATE_CHANGE_FAILURE ? GST_STATE_CHANGE_NO_PREROLL : result;
}

static GstPad* gst_genos_room_src_request_new_pad(GstElement* element, GstPadTemplate* templ,
                                                  const gchar* name, const GstCaps*) {
  return state_of(element).reserve(templ, name);
}

static void gst_genos_room_src_release_pad(GstElement* element, GstPad* pad) {
  state_of(element).release(pad);
}

static gboolean gst_genos_room_src_send_event(GstElement* element, GstEvent* event) {
  const bool is_end = GST_EVENT_TYPE(event) == GST_EVENT_EOS;
  const gboolean sent =
      GST_ELEMENT_CLASS(gst_genos_room_src_parent_class)->send_event(element, event);
  if (is_end) state_of(element).end_empty();
  return sent || is_end;
}

static void gst_genos_room_src_set_property(GObject* object, guint id, const GValue* value,
                                            GParamSpec* pspec) {
  auto& state = state_of(object);
  if (id >= prop_first_of_room) {
    set_room_property(state.room(), value, pspec);
    return;
  }
  std::unique_lock guard(state.lock);
  auto& settings = state.settings;
  switch (id) {
    case prop_quality: settings.quality = qualities[g_value_get_enum(value)]; break;
    case prop_from: {
      const char* given = g_value_get_string(value);
      settings.from = given ? given : "";
      break;
    }
    case prop_streams: {
      const char* given = g_value_get_string(value);
      settings.streams = given ? given : "";
      break;
    }
    case prop_codecs: {
      const char* given = g_value_get_string(value);
      settings.codecs = given ? given : "";
      break;
    }
    case prop_media: settings.media = MediaChoice(g_value_get_enum(value)); break;
    case prop_latency: settings.latency = g_value_get_uint(value); break;
    case prop_end_with_last: settings.end_with_last = g_value_get_boolean(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  guard.unlock();
  if (id == prop_quality || id == prop_from || id == prop_streams || id == prop_media) state.wish();
}

static void gst_genos_room_src_get_property(GObject* object, guint id, GValue* value,
                                            GParamSpec* pspec) {
  auto& state = state_of(object);
  if (id >= prop_first_of_room) {
    get_room_property(state.room(), value, pspec);
    if (std::strcmp(pspec->name, "stats") == 0) state.add_tracks(value);
    return;
  }
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  switch (id) {
    case prop_from: g_value_set_string(value, settings.from.c_str()); break;
    case prop_streams: g_value_set_string(value, settings.streams.c_str()); break;
    case prop_codecs: g_value_set_string(value, settings.codecs.c_str()); break;
    case prop_media: g_value_set_enum(value, gint(settings.media)); break;
    case prop_quality:
      g_value_set_enum(value, gint(std::ranges::find(qualities, settings.quality) - qualities));
      break;
    case prop_latency: g_value_set_uint(value, settings.latency); break;
    case prop_end_with_last: g_value_set_boolean(value, settings.end_with_last); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_room_src_init(GstGenosRoomSrc* self) {
  static_assert(alignof(RoomSrc) <= 2 * sizeof(gsize), "GObject aligns private data to two words");
  new (&state_of(self)) RoomSrc(GST_BIN(self));
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
  gst_bin_set_suppressed_flags(GST_BIN(self),
                               GstElementFlags(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
}

static void gst_genos_room_src_finalize(GObject* object) {
  state_of(object).~RoomSrc();
  G_OBJECT_CLASS(gst_genos_room_src_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags =
      GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_property(
      klass, prop_from,
      g_param_spec_string("from", "from",
                          "Ids or identities of those to watch, comma separated; empty: everybody",
                          "", flags));
  g_object_class_install_property(
      klass, prop_streams,
      g_param_spec_string(
          "streams", "streams",
          "Titles, kinds or ids of the streams to take, comma separated; empty: all", "", flags));
  g_object_class_install_property(
      klass, prop_media,
      g_param_spec_enum("media", "Media", "What to take of them", media_choice_type(),
                        GST_GENOS_MEDIA_CHOICE_ALL, flags));
  g_object_class_install_property(
      klass, prop_quality,
      g_param_spec_enum("quality", "Quality",
                        "Which of several sizes of a picture to take, where its sender makes them",
                        quality_type(), GST_GENOS_QUALITY_AUTO, flags));
  g_object_class_install_property(
      klass, prop_latency,
      g_param_spec_uint(
          "latency", "Latency",
          "How long a lost packet is waited for, in milliseconds; pictures and sound "
          "are shown so much later",
          0, 10'000, RoomSrcSettings().latency,
          GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));
  g_object_class_install_property(
      klass, prop_end_with_last,
      g_param_spec_boolean("end-with-last", "End with the last",
                           "Whether the last track that ends ends its pad, instead of waiting for "
                           "another",
                           FALSE, flags));
  g_object_class_install_property(
      klass, prop_codecs,
      g_param_spec_string(
          "codecs", "Codecs",
          "What may come, in this order, comma separated, as vp8,h264; pictures, or sound, of "
          "which "
          "none is named may come as they are offered",
          "", GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)));
  install_room_properties(klass, prop_first_of_room);
}

static void gst_genos_room_src_set_volume(GstGenosRoomSrc* self, const char* peer, gdouble volume) {
  if (peer && volume >= 0 && volume <= most_volume) return state_of(self).set_volume(peer, volume);
  GST_WARNING_OBJECT(self, "set-volume needs a peer, and a volume from 0 to %g", most_volume);
}

static void gst_genos_room_src_set_mute(GstGenosRoomSrc* self, const char* peer, gboolean mute) {
  if (peer) return state_of(self).set_mute(peer, mute);
  GST_WARNING_OBJECT(self, "set-mute needs a peer");
}

static void install_signals(GType type) {
  constexpr auto action = GSignalFlags(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION);
  /**
   * genosroomsrc::set-volume:
   * @self: the element
   * @peer: an id or an identity
   * @volume: 0 to 10; 1 is as it came
   *
   * How loud the sound of a peer is where it comes out decoded, also of what it shows later. An
   * action.
   */
  g_signal_new_class_handler("set-volume", type, action, G_CALLBACK(gst_genos_room_src_set_volume),
                             nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING,
                             G_TYPE_DOUBLE);
  /**
   * genosroomsrc::set-mute:
   * @self: the element
   * @peer: an id or an identity
   * @mute: whether nothing of it is heard
   *
   * Whether the sound of a peer is silent where it comes out decoded; its volume is kept. An
   * action.
   */
  g_signal_new_class_handler("set-mute", type, action, G_CALLBACK(gst_genos_room_src_set_mute),
                             nullptr, nullptr, nullptr, G_TYPE_NONE, 2, G_TYPE_STRING,
                             G_TYPE_BOOLEAN);
}

static void gst_genos_room_src_class_init(GstGenosRoomSrcClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_room_src_debug, "genosroomsrc", 0, "Genos room source");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = gst_genos_room_src_set_property;
  object_class->get_property = gst_genos_room_src_get_property;
  object_class->finalize = gst_genos_room_src_finalize;
  element_class->request_new_pad = gst_genos_room_src_request_new_pad;
  element_class->release_pad = gst_genos_room_src_release_pad;
  element_class->send_event = gst_genos_room_src_send_event;
  element_class->change_state = gst_genos_room_src_change_state;
  install_properties(object_class);
  install_signals(G_TYPE_FROM_CLASS(klass));
  for (auto& one : templates) gst_element_class_add_static_pad_template(element_class, &one);
  gst_element_class_set_static_metadata(element_class, "Genos room source",
                                        // "Video" and "Audio" are what autovideosrc and
                                        // autoaudiosrc look for: no camera is found here.
                                        "Source/Network", "What the others in a room show",
                                        "Genos developers");
}
