// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-genosdatachannel
 * @title: genosdatachannel
 *
 * Puts the data of a pipeline into a channel of a room, and what the others in it send back out.
 * Either pad may stay unlinked. Nothing is sent before `min-peers` are there.
 *
 * |[
 * gst-launch-1.0 fdsrc ! genosdatachannel room=demo channel=chat ! fdsink
 * ]|
 * On both sides this is a chat.
 *
 * |[
 * gst-launch-1.0 filesrc location=a.bin ! genosdatachannel room=demo framing=bytes
 * gst-launch-1.0 genosdatachannel room=demo framing=bytes ! filesink location=b.bin
 * ]|
 * A stream of bytes arrives whole, and both pipelines end when it has; or with an error.
 */

#include "gstgenosdatachannel.h"

#include <new>

#include "bridge/define_type.hpp"
#include "bridge/element_message.hpp"
#include "core/wire/json.hpp"
#include "data_channel_state.hpp"
#include "room_properties.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY(genos_data_channel_debug);
#define GST_CAT_DEFAULT genos_data_channel_debug

static GType framing_type() {
  static const GEnumValue values[] = {{GST_GENOS_FRAMING_MESSAGE, "A buffer", "message"},
                                      {GST_GENOS_FRAMING_LINES, "A line of text", "lines"},
                                      {GST_GENOS_FRAMING_BYTES, "A stream of bytes", "bytes"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosFraming", values);
  return type;
}

static GType delivery_type() {
  static const GEnumValue values[] = {
      {GST_GENOS_DELIVERY_RELIABLE, "Everything arrives, in order", "reliable"},
      {GST_GENOS_DELIVERY_FRESH, "At once or not at all, in any order", "fresh"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosDelivery", values);
  return type;
}

static GType payload_choice_type() {
  static const GEnumValue values[] = {
      {GST_GENOS_PAYLOAD_CHOICE_AUTO, "By framing and caps", "auto"},
      {GST_GENOS_PAYLOAD_CHOICE_TEXT, "Text", "text"},
      {GST_GENOS_PAYLOAD_CHOICE_JSON, "JSON", "json"},
      {GST_GENOS_PAYLOAD_CHOICE_BYTES, "Bytes", "bytes"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosPayloadChoice", values);
  return type;
}

namespace {

enum Prop : guint {
  prop_none,
  prop_channel,
  prop_targets,
  prop_from,
  prop_framing,
  prop_delivery,
  prop_payload,
  prop_meta,
  prop_min_peers,
  prop_caps,
  prop_first_of_room
};

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

}  // namespace

struct _GstGenosDataChannel {
  GstElement parent;
};
using GstGenosDataChannelPrivate = DataChannelState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosDataChannel, gst_genos_data_channel, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(genosdatachannel, "genosdatachannel", GST_RANK_NONE,
                            GST_TYPE_GENOS_DATA_CHANNEL)

DataChannelState& genos::element::state_of(GstGenosDataChannel* self) {
  return *static_cast<DataChannelState*>(gst_genos_data_channel_get_instance_private(self));
}

// --- what the talk tells ----------------------------------------------------------------------

static void on_failed(GstGenosDataChannel* self, const GError& error) {
  const bool is_setting = g_error_matches(&error, GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID);
  post_error({self, GST_CAT_DEFAULT},
             is_setting ? GST_RESOURCE_ERROR_SETTINGS : GST_RESOURCE_ERROR_FAILED, error.message);
}

static void on_written(GstGenosDataChannel* self) {
  if (!GST_OBJECT_FLAG_IS_SET(self, GST_ELEMENT_FLAG_SINK)) return;
  gst_element_post_message(GST_ELEMENT(self), gst_message_new_eos(GST_OBJECT(self)));
}

static Talk::Events events_of(GstGenosDataChannel* self) {
  return {[self](Talk::Item item) { return data_src_take(self, std::move(item)); },
          [self](const GError& error) { on_failed(self, error); },
          [self](const std::string& hint) {
            post_info({self, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_NOT_FOUND, hint);
          },
          [self](GstStructure* what) {
            gst_element_post_message(GST_ELEMENT(self),
                                     gst_message_new_element(GST_OBJECT(self), what));
          },
          [self] { on_written(self); }};
}

// --- the element ------------------------------------------------------------------------------

// `gst-launch-1.0 -e` ends sources this way.
static gboolean gst_genos_data_channel_send_event(GstElement* element, GstEvent* event) {
  auto& state = state_of(GST_GENOS_DATA_CHANNEL(element));
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS || !gst_pad_is_linked(state.src))
    return GST_ELEMENT_CLASS(gst_genos_data_channel_parent_class)->send_event(element, event);
  gst_event_unref(event);
  data_src_take(GST_GENOS_DATA_CHANNEL(element), {{}, "", {}, true});
  return TRUE;
}

static Talk::Options options_of(DataChannelState& state) {
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  return {settings.channel,
          bool(gst_pad_is_linked(state.src)),
          settings.framing == GST_GENOS_FRAMING_BYTES,
          settings.delivery == GST_GENOS_DELIVERY_FRESH,
          words_of(settings.targets.c_str()),
          words_of(settings.from.c_str()),
          settings.meta,
          settings.min_peers};
}

static bool is_object(const std::string& json) {
  const auto parsed = core::parse_json(json);
  return parsed && (*parsed).as_object();
}

// Empty, or what is wrong.
static std::string fault_of(const Talk::Options& options) {
  const bool has_meta = !options.meta.empty();
  if (has_meta && !is_object(options.meta)) return "meta=" + options.meta + " is not a JSON object";
  if (options.fresh && (options.bytes || has_meta))
    return "delivery=fresh goes neither with framing=bytes nor with meta: parts of what was sent "
           "may be missing";
  return {};
}

static bool open(GstGenosDataChannel* self) {
  auto& state = state_of(self);
  if (!has_name(state.talk->room(), GST_ELEMENT(self))) return false;
  auto options = options_of(state);
  if (const auto fault = fault_of(options); !fault.empty()) {
    post_error({self, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS, fault);
    return false;
  }
  // Only who has a sink pad in use has an end to wait for.
  if (gst_pad_is_linked(state.sink))
    GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
  else
    GST_OBJECT_FLAG_UNSET(self, GST_ELEMENT_FLAG_SINK);
  {
    const std::scoped_lock guard(state.lock);
    state.stopped = false;
  }
  state.talk->start(std::move(options));
  state.talk->flush(false);
  return true;
}

static void interrupt(DataChannelState& state) {
  {
    const std::scoped_lock guard(state.lock);
    state.stopped = true;
    state.changed.notify_all();
  }
  state.talk->flush(true);
}

static void close(DataChannelState& state) {
  state.talk->stop();
  state.lines.clear();
  state.by_caps = GST_GENOS_PAYLOAD_BYTES;
  const std::scoped_lock guard(state.lock);
  state.reading.clear();
  state.reading_bytes.clear();
}

static void play(DataChannelState& state, bool playing) {
  const std::scoped_lock guard(state.lock);
  state.playing = playing;
  state.changed.notify_all();
}

static GstStateChangeReturn gst_genos_data_channel_change_state(GstElement* element,
                                                                GstStateChange change) {
  auto* self = GST_GENOS_DATA_CHANNEL(element);
  auto& state = state_of(self);
  switch (change) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (!open(self)) return GST_STATE_CHANGE_FAILURE;
      break;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING: play(state, true); break;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED: play(state, false); break;
    case GST_STATE_CHANGE_PAUSED_TO_READY: interrupt(state); break;
    default: break;
  }
  const auto result =
      GST_ELEMENT_CLASS(gst_genos_data_channel_parent_class)->change_state(element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY || result == GST_STATE_CHANGE_FAILURE)
    close(state);
  const bool is_live =
      change == GST_STATE_CHANGE_READY_TO_PAUSED || change == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  if (result == GST_STATE_CHANGE_SUCCESS && is_live && gst_pad_is_linked(state.src))
    return GST_STATE_CHANGE_NO_PREROLL;
  return result;
}

static void gst_genos_data_channel_set_property(GObject* object, guint id, const GValue* value,
                                                GParamSpec* pspec) {
  auto& state = state_of(GST_GENOS_DATA_CHANNEL(object));
  if (id >= prop_first_of_room) {
    set_room_property(state.talk->room(), value, pspec);
    return;
  }
  const auto text = [value] {
    const char* given = g_value_get_string(value);
    return std::string(given ? given : "");
  };
  const std::scoped_lock guard(state.lock);
  auto& settings = state.settings;
  switch (id) {
    case prop_channel: settings.channel = text(); break;
    case prop_targets: settings.targets = text(); break;
    case prop_from: settings.from = text(); break;
    case prop_framing: settings.framing = GstGenosFraming(g_value_get_enum(value)); break;
    case prop_delivery: settings.delivery = GstGenosDelivery(g_value_get_enum(value)); break;
    case prop_payload: settings.payload = GstGenosPayloadChoice(g_value_get_enum(value)); break;
    case prop_meta: settings.meta = text(); break;
    case prop_min_peers: settings.min_peers = g_value_get_uint(value); break;
    case prop_caps: settings.caps = retain(const_cast<GstCaps*>(gst_value_get_caps(value))); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_data_channel_get_property(GObject* object, guint id, GValue* value,
                                                GParamSpec* pspec) {
  auto& state = state_of(GST_GENOS_DATA_CHANNEL(object));
  if (id >= prop_first_of_room) {
    get_room_property(state.talk->room(), value, pspec);
    return;
  }
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  switch (id) {
    case prop_channel: g_value_set_string(value, settings.channel.c_str()); break;
    case prop_targets: g_value_set_string(value, settings.targets.c_str()); break;
    case prop_from: g_value_set_string(value, settings.from.c_str()); break;
    case prop_framing: g_value_set_enum(value, settings.framing); break;
    case prop_delivery: g_value_set_enum(value, settings.delivery); break;
    case prop_payload: g_value_set_enum(value, settings.payload); break;
    case prop_meta: g_value_set_string(value, settings.meta.c_str()); break;
    case prop_min_peers: g_value_set_uint(value, settings.min_peers); break;
    case prop_caps: gst_value_set_caps(value, settings.caps.get()); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_data_channel_init(GstGenosDataChannel* self) {
  static_assert(alignof(DataChannelState) <= 2 * sizeof(gsize),
                "GObject aligns private data to two words");
  auto& state = *new (&state_of(self)) DataChannelState();
  state.talk = std::make_unique<Talk>(events_of(self));
  state.sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(state.sink, data_sink_chain);
  gst_pad_set_event_function(state.sink, data_sink_event);
  gst_element_add_pad(GST_ELEMENT(self), state.sink);
  state.src = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_activatemode_function(state.src, data_src_activate);
  gst_pad_set_query_function(state.src, data_src_query);
  gst_pad_set_event_function(state.src, data_src_event);
  gst_element_add_pad(GST_ELEMENT(self), state.src);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}

static void gst_genos_data_channel_finalize(GObject* object) {
  state_of(GST_GENOS_DATA_CHANNEL(object)).~DataChannelState();
  G_OBJECT_CLASS(gst_genos_data_channel_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* klass) {
  constexpr auto flags =
      GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  const auto text = [&](guint id, const char* name, const char* blurb, const char* standard) {
    g_object_class_install_property(klass, id,
                                    g_param_spec_string(name, name, blurb, standard, flags));
  };
  text(prop_channel, "channel", "The channel's name, at most 32 bytes", "data");
  text(prop_targets, "targets",
       "Ids or identities of those to send to, comma separated; empty: everybody", "");
  text(prop_from, "from",
       "Ids or identities of those to listen to, comma separated; empty: everybody", "");
  text(prop_meta, "meta", "Metadata of each message: a JSON object; empty: none", "");
  g_object_class_install_property(
      klass, prop_framing,
      g_param_spec_enum("framing", "Framing", "What of the stream is a message", framing_type(),
                        GST_GENOS_FRAMING_MESSAGE, flags));
  g_object_class_install_property(
      klass, prop_delivery,
      g_param_spec_enum("delivery", "Delivery",
                        "Whether all arrives in order, or at once and what cannot is dropped: to "
                        "pipelines only, at most 16 KiB each, and nothing waits for peers",
                        delivery_type(), GST_GENOS_DELIVERY_RELIABLE, flags));
  g_object_class_install_property(
      klass, prop_payload,
      g_param_spec_enum("payload", "Payload", "What a message is for its receivers",
                        payload_choice_type(), GST_GENOS_PAYLOAD_CHOICE_AUTO, flags));
  g_object_class_install_property(
      klass, prop_min_peers,
      g_param_spec_uint("min-peers", "Minimum of peers",
                        "Data waits until so many of those it is for are there", 0, 1024, 1,
                        flags));
  g_object_class_install_property(
      klass, prop_caps,
      g_param_spec_boxed("caps", "Caps", "What comes out of the src pad, if known", GST_TYPE_CAPS,
                         flags));
  install_room_properties(klass, prop_first_of_room);
}

static void gst_genos_data_channel_class_init(GstGenosDataChannelClass* klass) {
  GST_DEBUG_CATEGORY_INIT(genos_data_channel_debug, "genosdatachannel", 0, "Genos data channel");
  auto* object_class = G_OBJECT_CLASS(klass);
  auto* element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = gst_genos_data_channel_set_property;
  object_class->get_property = gst_genos_data_channel_get_property;
  object_class->finalize = gst_genos_data_channel_finalize;
  element_class->change_state = gst_genos_data_channel_change_state;
  element_class->send_event = gst_genos_data_channel_send_event;
  install_properties(object_class);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Genos data channel", "Sink/Source/Network",
                                        "Data into a channel of a room, and out of it",
                                        "Genos developers");
}
