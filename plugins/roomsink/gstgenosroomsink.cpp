// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosroomsink
 * @title: genosroomsink
 *
 * Shows pictures and sound to everybody in a room, web pages included. Each is encoded once,
 * however many watch; what is encoded already is passed on. Pads of the same number are one stream.
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! genosroomsink room=demo
 * ]|
 * A test pattern for everybody in the room `demo`.
 *
 * |[
 * gst-launch-1.0 v4l2src ! s.video_0  autoaudiosrc ! s.audio_0  genosroomsink name=s room=demo
 * ]|
 * A camera and its sound.
 *
 * |[
 * gst-launch-1.0 v4l2src ! s.video_0  ximagesrc ! videoconvert ! s.video_1 \
 *   genosroomsink name=s room=demo video_0::title=Me video_1::title=Slides video_1::kind=screen
 * ]|
 * Two streams, each with a name of its own.
 */

#include "gstgenosroomsink.h"

#include <cstring>
#include <new>

#include "bridge/define_type.hpp"
#include "room_properties.hpp"
#include "room_sink.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY(genos_room_sink_debug);
#define GST_CAT_DEFAULT genos_room_sink_debug

namespace {

enum Prop : guint {
  prop_none,
  prop_ladder,
  prop_sounds,
  prop_targets,
  prop_title,
  prop_kind,
  prop_meta,
  prop_max_viewers,
  prop_fallback,
  prop_viewers,
  prop_first_of_room
};

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-raw; video/x-av1; video/x-vp8; video/x-vp9; "
                                            "video/x-h264"));
GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE(
    "audio_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("audio/x-raw; audio/x-opus"));

}  // namespace

struct _GstGenosRoomSink {
  GstBin parent;
};
using GstGenosRoomSinkPrivate = RoomSink;
G_DEFINE_FINAL_TYPE_WITH_CODE(GstGenosRoomSink, gst_genos_room_sink, GST_TYPE_BIN,
                              G_ADD_PRIVATE(GstGenosRoomSink)
                                  G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY,
                                                        implement_pads_as_children))
GST_ELEMENT_REGISTER_DEFINE(genosroomsink, "genosroomsink", GST_RANK_NONE, GST_TYPE_GENOS_ROOM_SINK)

static RoomSink& state_of(gpointer self) {
  return *static_cast<RoomSink*>(
      gst_genos_room_sink_get_instance_private(GST_GENOS_ROOM_SINK(self)));
}

static GstPad* gst_genos_room_sink_request_new_pad(GstElement* element, GstPadTemplate* templ,
                                                   const gchar* name, const GstCaps*) {
  return state_of(element).request_pad(templ, name);
}

static void gst_genos_room_sink_release_pad(GstElement* element, GstPad* pad) {
  state_of(element).release_pad(pad);
}

static GstStateChangeReturn gst_genos_room_sink_change_state(GstElement* element,
                                                             GstStateChange change) {
  auto& state = state_of(element);
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !state.open()) return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS(gst_genos_room_sink_parent_class)->change_state(element, change);
  const bool failed =
      change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY || failed) state.close();
  return result;
}

static void gst_genos_room_sink_stop_viewer(GstGenosRoomSink* self, const gchar* peer) {
  state_of(self).stop_viewer(peer ? peer : "");
}

static void gst_genos_room_sink_set_property(GObject* object, guint id, const GValue* value,
                                             GParamSpec* pspec) {
  auto& state = state_of(object);
  if (id >= prop_first_of_room) {
    set_room_property(state.room(), value, pspec);
    return;
  }
  const auto text = [value] {
    const char* given = g_value_get_string(value);
    return std::string(given ? given : "");
  };
  const std::scoped_lock guard(state.lock);
  auto& settings = state.settings;
  switch (id) {
    case prop_ladder: settings.ladder = text(); break;
    case prop_sounds: settings.sounds = text(); break;
    case prop_targets: settings.targets = text(); break;
    case prop_title: settings.words.title = text(); break;
    case prop_kind: settings.words.kind = text(); break;
    case prop_meta: settings.words.meta = text(); break;
    case prop_fallback: settings.fallback = g_value_get_boolean(value); break;
    case prop_max_viewers: settings.max_viewers = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_room_sink_get_property(GObject* object, guint id, GValue* value,
                                             GParamSpec* pspec) {
  auto& state = state_of(object);
  if (id >= prop_first_of_room) {
    get_room_property(state.room(), value, pspec);
    if (std::strcmp(pspec->name, "stats") == 0) state.add_seats(value);
    return;
  }
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  switch (id) {
    case prop_ladder: g_value_set_string(value, settings.ladder.c_str()); break;
    case prop_sounds: g_value_set_string(value, settings.sounds.c_str()); break;
    case prop_targets: g_value_set_string(value, settings.targets.c_str()); break;
    case prop_title: g_value_set_string(value, settings.words.title.c_str()); break;
    case prop_kind: g_value_set_string(value, settings.words.kind.c_str()); break;
    case prop_meta: g_value_set_string(value, settings.words.meta.c_str()); break;
    case prop_max_viewers: g_value_set_uint(value, settings.max_viewers); break;
    case prop_fallback: g_value_set_boolean(value, settings.fallback); break;
    case prop_viewers: g_value_set_uint(value, state.viewers()); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_room_sink_init(GstGenosRoomSink* self) {
  static_assert(alignof(RoomSink) <= 2 * sizeof(gsize), "GObject aligns private data to two words");
  new (&state_of(self)) RoomSink(GST_BIN(self));
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
  gst_bin_set_suppressed_flags(GST_BIN(self),
                               GstElementFlags(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
}

static void gst_genos_room_sink_finalize(GObject* object) {
  state_of(object).~RoomSink();
  G_OBJECT_CLASS(gst_genos_room_sink_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  const auto text = [&](guint id, const char* name, const char* blurb, const char* standard,
                        int when) {
    g_object_class_install_property(
        klass, id, g_param_spec_string(name, name, blurb, standard, GParamFlags(flags | when)));
  };
  text(prop_ladder, "ladder",
       "How raw pictures are encoded, as LINESp[FRAMES][:BITRATE][:CODEC], comma separated; each "
       "viewer gets one of those of the first one's codec; none is enlarged",
       RoomSinkSettings().ladder.c_str(), GST_PARAM_MUTABLE_READY);
  text(prop_sounds, "sounds", "How raw sound is encoded, as opus[:BITRATE]",
       RoomSinkSettings().sounds.c_str(), GST_PARAM_MUTABLE_READY);
  text(prop_targets, "targets",
       "Ids or identities of those who may watch, comma separated; empty: everybody", "",
       GST_PARAM_MUTABLE_PLAYING);
  text(prop_title, "title", "What viewers see as the name of the streams", "",
       GST_PARAM_MUTABLE_READY);
  text(prop_kind, "kind", "What the streams are, for viewers, like camera or screen", "",
       GST_PARAM_MUTABLE_READY);
  text(prop_meta, "meta", "Metadata of the streams, for their viewers: a JSON object; empty: none",
       "", GST_PARAM_MUTABLE_READY);
  g_object_class_install_property(
      klass, prop_max_viewers,
      g_param_spec_uint("max-viewers", "Maximum of viewers",
                        "Who comes when so many watch already gets nothing; 0: any number", 0,
                        G_MAXUINT, 0, GParamFlags(flags | GST_PARAM_MUTABLE_PLAYING)));
  g_object_class_install_property(
      klass, prop_fallback,
      g_param_spec_boolean(
          "fallback", "Fallback",
          "Whether who cannot decode a picture that is encoded here gets it in VP8 "
          "or H.264, made while it is there",
          RoomSinkSettings().fallback, GParamFlags(flags | GST_PARAM_MUTABLE_READY)));
  g_object_class_install_property(
      klass, prop_viewers,
      g_param_spec_uint("viewers", "Viewers", "How many peers watch", 0, G_MAXUINT, 0,
                        GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  install_room_properties(klass, prop_first_of_room);
}

static void install_signals(GType type) {
  /**
   * genosroomsink::viewer-added:
   * @self: the element
   * @peer: id of who watches from now on
   *
   * Somebody is sent something of the streams. Comes in the element's own thread.
   */
  g_signal_new("viewer-added", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
               1, G_TYPE_STRING);
  /**
   * genosroomsink::viewer-removed:
   * @self: the element
   * @peer: id of who watched until now
   *
   * Somebody left, or takes nothing any more.
   */
  g_signal_new("viewer-removed", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
               1, G_TYPE_STRING);
  /**
   * genosroomsink::stop-viewer:
   * @self: the element
   * @peer: an id
   *
   * Sends nothing more to that peer, until it comes again. An action.
   */
  g_signal_new_class_handler("stop-viewer", type, GSignalFlags(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(gst_genos_room_sink_stop_viewer), nullptr, nullptr, nullptr,
                             G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void gst_genos_room_sink_class_init(GstGenosRoomSinkClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_room_sink_debug, "genosroomsink", 0, "Genos room sink");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = gst_genos_room_sink_set_property;
  object_class->get_property = gst_genos_room_sink_get_property;
  object_class->finalize = gst_genos_room_sink_finalize;
  element_class->request_new_pad = gst_genos_room_sink_request_new_pad;
  element_class->release_pad = gst_genos_room_sink_release_pad;
  element_class->change_state = gst_genos_room_sink_change_state;
  install_properties(object_class);
  install_signals(G_TYPE_FROM_CLASS(klass));
  for (auto* one : {&video_template, &audio_template})
    gst_element_class_add_static_pad_template_with_gtype(element_class, one,
                                                         GST_TYPE_GENOS_ROOM_PAD);
  gst_element_class_set_static_metadata(
      element_class, "Genos room sink", "Sink/Network/Video/Audio",
      "Pictures and sound for everybody in a room", "Genos developers");
}
