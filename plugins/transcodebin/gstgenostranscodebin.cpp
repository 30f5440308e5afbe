// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genostranscodebin
 * @title: genostranscodebin
 *
 * Makes a ladder of encoded streams of one input: a pad for each rung and for each sound, with
 * keyframes at the same moments. The input may be raw, encoded, or a file with both.
 *
 * |[
 * gst-launch-1.0 filesrc location=film.mp4 ! genostranscodebin name=t
 * ladder=720p30:1500k,360p30:500k \
 *   t.rung_0 ! queue ! webmmux name=a ! filesink location=720.webm \
 *   t.rung_1 ! queue ! webmmux name=b ! filesink location=360.webm
 * ]|
 * Two files, in AV1.
 */

#include "gstgenostranscodebin.h"

#include <new>

#include "bridge/define_type.hpp"
#include "bridge/element_message.hpp"
#include "transcoder.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY(genos_transcode_bin_debug);
#define GST_CAT_DEFAULT genos_transcode_bin_debug

namespace {

enum Prop : guint {
  prop_none,
  prop_ladder,
  prop_sounds,
  prop_encoders,
  prop_key_interval,
  prop_keep_size,
  prop_stats
};

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE("video", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE("audio", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate rung_template =
    GST_STATIC_PAD_TEMPLATE("rung_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
                            GST_STATIC_CAPS("video/x-av1; video/x-vp8; video/x-vp9; video/x-h264"));
GstStaticPadTemplate sound_template =
    GST_STATIC_PAD_TEMPLATE("sound_%u", GST_PAD_SRC, GST_PAD_SOMETIMES,
                            GST_STATIC_CAPS("audio/x-opus; audio/mpeg, mpegversion=4"));

}  // namespace

struct _GstGenosTranscodeBin {
  GstBin parent;
};
using GstGenosTranscodeBinPrivate = Transcoder;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosTranscodeBin, gst_genos_transcode_bin, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(genostranscodebin, "genostranscodebin", GST_RANK_NONE,
                            GST_TYPE_GENOS_TRANSCODE_BIN)

static Transcoder& state_of(gpointer self) {
  return *static_cast<Transcoder*>(
      gst_genos_transcode_bin_get_instance_private(GST_GENOS_TRANSCODE_BIN(self)));
}

static GstPad* gst_genos_transcode_bin_request_new_pad(GstElement* element, GstPadTemplate* templ,
                                                       const gchar* name, const GstCaps*) {
  const std::string wanted = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  if (!name && wanted != "sink_%u") name = wanted.c_str();
  if (name) {
    const auto there = adopt(gst_element_get_static_pad(element, name));
    if (there) return nullptr;
  }
  return state_of(element).request_input(templ, name);
}

static void gst_genos_transcode_bin_release_pad(GstElement* element, GstPad* pad) {
  state_of(element).release_input(pad);
}

static void gst_genos_transcode_bin_handle_message(GstBin* bin, GstMessage* message) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR && state_of(bin).absorb(message)) {
    gst_message_unref(message);
    return;
  }
  GST_BIN_CLASS(gst_genos_transcode_bin_parent_class)->handle_message(bin, message);
}

// Its end, from outside: it has no source of its own that a bin would send that to.
static gboolean gst_genos_transcode_bin_send_event(GstElement* element, GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(gst_genos_transcode_bin_parent_class)->send_event(element, event);
  gst_event_unref(event);
  return state_of(element).end();
}

static GstStateChangeReturn gst_genos_transcode_bin_change_state(GstElement* element,
                                                                 GstStateChange change) {
  if (change == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (const auto able = state_of(element).check(); !able) {
      post_error({element, GST_CAT_DEFAULT}, GST_LIBRARY_ERROR_SETTINGS, able.error().detail);
      return GST_STATE_CHANGE_FAILURE;
    }
    state_of(element).prepare();
  }
  const auto result =
      GST_ELEMENT_CLASS(gst_genos_transcode_bin_parent_class)->change_state(element, change);
  const bool failed =
      change == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY || failed) state_of(element).close();
  return result;
}

static void gst_genos_transcode_bin_set_property(GObject* object, guint id, const GValue* value,
                                                 GParamSpec* pspec) {
  auto& state = state_of(object);
  const auto text = [value] {
    const char* given = g_value_get_string(value);
    return std::string(given ? given : "");
  };
  core::Result<bool> done = true;
  switch (id) {
    case prop_ladder: done = state.set_ladder(text()); break;
    case prop_sounds: done = state.set_sounds(text()); break;
    case prop_encoders: done = state.set_encoders(text()); break;
    case prop_key_interval: state.set_key_interval(g_value_get_uint64(value)); break;
    case prop_keep_size: state.set_keeps_size(g_value_get_boolean(value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  // While playing it stays as it was; else this is an error when it is to begin.
  if (!done)
    post_warning({object, GST_CAT_DEFAULT}, GST_LIBRARY_ERROR_SETTINGS, done.error().detail);
}

static void gst_genos_transcode_bin_get_property(GObject* object, guint id, GValue* value,
                                                 GParamSpec* pspec) {
  const auto& state = state_of(object);
  switch (id) {
    case prop_ladder: g_value_set_string(value, state.settings().ladder.c_str()); break;
    case prop_sounds: g_value_set_string(value, state.settings().sounds.c_str()); break;
    case prop_encoders: g_value_set_string(value, state.settings().encoders.c_str()); break;
    case prop_key_interval: g_value_set_uint64(value, state.settings().key_interval); break;
    case prop_keep_size: g_value_set_boolean(value, state.settings().keeps_size); break;
    case prop_stats: g_value_take_boxed(value, state.stats().release()); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_transcode_bin_init(GstGenosTranscodeBin* self) {
  static_assert(alignof(Transcoder) <= 2 * sizeof(gsize),
                "GObject aligns private data to two words");
  new (&state_of(self)) Transcoder(GST_BIN(self));
}

static void gst_genos_transcode_bin_finalize(GObject* object) {
  state_of(object).~Transcoder();
  G_OBJECT_CLASS(gst_genos_transcode_bin_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  const auto text = [&](guint id, const char* name, const char* blurb, const char* standard,
                        GParamFlags when) {
    g_object_class_install_property(
        klass, id, g_param_spec_string(name, name, blurb, standard, GParamFlags(flags | when)));
  };
  constexpr auto always = GParamFlags(GST_PARAM_MUTABLE_PLAYING);
  constexpr auto before = GParamFlags(GST_PARAM_MUTABLE_READY);
  text(prop_ladder, "ladder",
       "Rungs as LINESp[FRAMES][:BITRATE][:CODEC], comma separated, like 720p30:1500k,360p30:500k; "
       "or low, medium, high, livestream; none is larger than the picture",
       "medium", always);
  text(prop_sounds, "sounds",
       "Sounds as CODEC[:BITRATE] of opus or aac, comma separated, like opus:96k,aac:128k; "
       "opus:24k:dtx sends almost nothing of silence; empty: none",
       "opus:96k", always);
  text(prop_encoders, "encoders",
       "Encoders to prefer as CODEC=ELEMENT, comma separated, like h264=openh264enc; empty: the "
       "fittest that is installed",
       "", before);
  g_object_class_install_property(
      klass, prop_key_interval,
      g_param_spec_uint64("keyframe-interval", "Keyframe interval",
                          "All rungs have a keyframe at each multiple of so many nanoseconds of "
                          "running time",
                          GST_SECOND / 10, 60 * GST_SECOND, 2 * GST_SECOND,
                          GParamFlags(flags | before)));
  g_object_class_install_property(
      klass, prop_keep_size,
      g_param_spec_boolean("keep-size", "Keep size",
                           "Rungs stay as large as the first picture made them, and sounds have as "
                           "many channels; what comes later is fitted into that, as files need it",
                           FALSE, GParamFlags(flags | before)));
  g_object_class_install_property(
      klass, prop_stats,
      g_param_spec_boxed("stats", "Statistics",
                         "A structure for each pad: words, encoder, size, position, frames, "
                         "keyframes, dropped, bytes; posted every second as well",
                         GST_TYPE_STRUCTURE,
                         GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

static void gst_genos_transcode_bin_class_init(GstGenosTranscodeBinClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_transcode_bin_debug, "genostranscodebin", 0,
                          "Genos transcoding bin");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = gst_genos_transcode_bin_set_property;
  object_class->get_property = gst_genos_transcode_bin_get_property;
  object_class->finalize = gst_genos_transcode_bin_finalize;
  element_class->request_new_pad = gst_genos_transcode_bin_request_new_pad;
  element_class->release_pad = gst_genos_transcode_bin_release_pad;
  element_class->change_state = gst_genos_transcode_bin_change_state;
  element_class->send_event = gst_genos_transcode_bin_send_event;
  GST_BIN_CLASS(klass)->handle_message = gst_genos_transcode_bin_handle_message;
  install_properties(object_class);
  for (auto* one :
       {&sink_template, &video_template, &audio_template, &rung_template, &sound_template})
    gst_element_class_add_static_pad_template(element_class, one);
  gst_element_class_set_static_metadata(element_class, "Genos transcoding bin",
                                        "Codec/Encoder/Video/Audio",
                                        "A ladder of encoded streams of one input, keyframes "
                                        "aligned",
                                        "Genos developers");
}
