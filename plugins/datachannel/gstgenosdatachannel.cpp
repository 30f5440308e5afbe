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

#include <cstring>
#include <new>

#include "core/channel/line_cutter.hpp"
#include "core/wire/json.hpp"
#include "room_properties.hpp"
#include "talk.hpp"

using namespace genos;
using namespace genos::element;

GST_DEBUG_CATEGORY_STATIC(genos_data_channel_debug);
#define GST_CAT_DEFAULT genos_data_channel_debug

static GType framing_type() {
  static const GEnumValue values[] = {{GST_GENOS_FRAMING_MESSAGE, "A buffer", "message"},
                                      {GST_GENOS_FRAMING_LINES, "A line of text", "lines"},
                                      {GST_GENOS_FRAMING_BYTES, "A stream of bytes", "bytes"},
                                      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstGenosFraming", values);
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
  prop_payload,
  prop_meta,
  prop_min_peers,
  prop_caps,
  prop_first_of_room
};

// What pages and programs that know nothing of streams may have waiting here; one of ours stops
// long before.
constexpr std::size_t reading_limit = 64 * 1024 * 1024;

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

struct Settings {
  std::string channel = "data", targets, from, meta;
  GstGenosFraming framing = GST_GENOS_FRAMING_MESSAGE;
  GstGenosPayloadChoice payload = GST_GENOS_PAYLOAD_CHOICE_AUTO;
  guint min_peers = 1;
  Ref<GstCaps> caps;
};

struct State {
  GstPad *sink = nullptr, *src = nullptr;
  std::unique_ptr<Talk> talk;

  std::mutex lock;  // guards what follows
  std::condition_variable changed;
  Settings settings;
  std::deque<Talk::Item> reading;
  std::size_t reading_bytes = 0;
  bool playing = false;
  bool stopped = true;  // nothing is to be waited for

  // Of the sink pad's thread:
  core::LineCutter lines;
  GstGenosPayload by_caps = GST_GENOS_PAYLOAD_BYTES;
  // Of the src pad's thread:
  bool started = false;
};

}  // namespace

struct _GstGenosDataChannel {
  GstElement parent;
};
using GstGenosDataChannelPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosDataChannel, gst_genos_data_channel, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(genosdatachannel, "genosdatachannel", GST_RANK_NONE,
                            GST_TYPE_GENOS_DATA_CHANNEL)

static State& state_of(gpointer self) {
  return *static_cast<State*>(
      gst_genos_data_channel_get_instance_private(static_cast<GstGenosDataChannel*>(self)));
}

// --- what the talk tells ----------------------------------------------------------------------

static void on_received(GstGenosDataChannel* self, Talk::Item item) {
  auto& state = state_of(self);
  std::unique_lock guard(state.lock);
  const gsize size = item.bytes ? g_bytes_get_size(item.bytes.get()) : 0;
  state.reading_bytes += size;
  if (state.reading_bytes > reading_limit) {
    state.reading_bytes -= size;
    guard.unlock();
    GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT,
                      ("'%s' sends faster than this pipeline takes it", item.peer.c_str()),
                      ("%zu bytes wait", reading_limit));
    return;
  }
  state.reading.push_back(std::move(item));
  state.changed.notify_all();
}

static void on_failed(GstGenosDataChannel* self, const GError& error) {
  if (error.domain == GST_GENOS_ERROR && error.code == GST_GENOS_ERROR_INVALID)
    GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS, ("%s", error.message), (nullptr));
  else
    GST_ELEMENT_ERROR(self, RESOURCE, FAILED, ("%s", error.message), (nullptr));
}

static void on_written(GstGenosDataChannel* self) {
  if (!GST_OBJECT_FLAG_IS_SET(self, GST_ELEMENT_FLAG_SINK)) return;
  gst_element_post_message(GST_ELEMENT(self), gst_message_new_eos(GST_OBJECT(self)));
}

static Talk::Events events_of(GstGenosDataChannel* self) {
  return {[self](Talk::Item item) { on_received(self, std::move(item)); },
          [self](const GError& error) { on_failed(self, error); },
          [self](const std::string& hint) {
            GST_ELEMENT_INFO(self, RESOURCE, NOT_FOUND, ("%s", hint.c_str()), (nullptr));
          },
          [self](GstStructure* what) {
            gst_element_post_message(GST_ELEMENT(self),
                                     gst_message_new_element(GST_OBJECT(self), what));
          },
          [self] { on_written(self); }};
}

// --- the sink pad -----------------------------------------------------------------------------

static void wake(State& state) {
  const std::scoped_lock guard(state.lock);
  state.changed.notify_all();
}

static bool is_stopped(State& state) {
  const std::scoped_lock guard(state.lock);
  return state.stopped;
}

// As any sink, it takes data while playing.
static bool wait_to_play(State& state) {
  const auto interrupted = [&state] { return state.stopped || GST_PAD_IS_FLUSHING(state.sink); };
  std::unique_lock guard(state.lock);
  state.changed.wait(guard, [&] { return state.playing || interrupted(); });
  return !interrupted();
}

static GstGenosPayload kind_of(State& state, std::string_view text) {
  GstGenosFraming framing;
  {
    const std::scoped_lock guard(state.lock);
    framing = state.settings.framing;
    switch (state.settings.payload) {
      case GST_GENOS_PAYLOAD_CHOICE_TEXT: return GST_GENOS_PAYLOAD_TEXT;
      case GST_GENOS_PAYLOAD_CHOICE_JSON: return GST_GENOS_PAYLOAD_JSON;
      case GST_GENOS_PAYLOAD_CHOICE_BYTES: return GST_GENOS_PAYLOAD_BYTES;
      case GST_GENOS_PAYLOAD_CHOICE_AUTO: break;
    }
  }
  if (framing == GST_GENOS_FRAMING_LINES)
    return core::is_utf8(text) ? GST_GENOS_PAYLOAD_TEXT : GST_GENOS_PAYLOAD_BYTES;
  return framing == GST_GENOS_FRAMING_BYTES ? GST_GENOS_PAYLOAD_BYTES : state.by_caps;
}

static bool write_line(State& state, const std::string& line) {
  return state.talk->write(adopt(g_bytes_new(line.data(), line.size())), kind_of(state, line));
}

static GstFlowReturn flow_of(State& state, bool written) {
  if (written) return GST_FLOW_OK;
  return is_stopped(state) || GST_PAD_IS_FLUSHING(state.sink) ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
}

static GstFlowReturn write_lines(GstGenosDataChannel* self, core::ByteView bytes) {
  auto& state = state_of(self);
  if (!state.lines.add(bytes)) {
    GST_ELEMENT_ERROR(self, STREAM, WRONG_TYPE,
                      ("a line is longer than %zu bytes: use framing=bytes for what is no text",
                       core::LineCutter::limit),
                      (nullptr));
    return GST_FLOW_ERROR;
  }
  while (const auto line = state.lines.next())
    if (!write_line(state, *line)) return flow_of(state, false);
  return GST_FLOW_OK;
}

static GstFlowReturn gst_genos_data_channel_chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = GST_GENOS_DATA_CHANNEL(parent);
  auto& state = state_of(self);
  const auto buffer = adopt(raw);
  if (!wait_to_play(state)) return GST_FLOW_FLUSHING;
  const MappedBuffer mapped(buffer.get());
  if (!mapped) {
    GST_ELEMENT_ERROR(self, RESOURCE, READ, ("a buffer could not be read"), (nullptr));
    return GST_FLOW_ERROR;
  }
  GstGenosFraming framing;
  {
    const std::scoped_lock guard(state.lock);
    framing = state.settings.framing;
  }
  if (framing == GST_GENOS_FRAMING_LINES) return write_lines(self, mapped.bytes());
  auto bytes = adopt(g_bytes_new(mapped.bytes().data(), mapped.bytes().size()));
  const auto kind = kind_of(state, core::text_of(mapped.bytes()));
  return flow_of(state, state.talk->write(std::move(bytes), kind));
}

static void take_caps(State& state, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const char* name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  state.by_caps = g_str_has_prefix(name, "text/")              ? GST_GENOS_PAYLOAD_TEXT
                  : std::strcmp(name, "application/json") == 0 ? GST_GENOS_PAYLOAD_JSON
                                                               : GST_GENOS_PAYLOAD_BYTES;
}

// What goes into the room and what comes out of it are two streams: no event passes through.
static gboolean gst_genos_data_channel_sink_event(GstPad*, GstObject* parent, GstEvent* raw) {
  auto& state = state_of(parent);
  const auto event = adopt(raw);
  switch (GST_EVENT_TYPE(event.get())) {
    case GST_EVENT_CAPS: take_caps(state, event.get()); break;
    case GST_EVENT_EOS:
      if (!wait_to_play(state)) return FALSE;
      if (const auto rest = state.lines.rest(); rest && !write_line(state, *rest)) return FALSE;
      return state.talk->end();
    case GST_EVENT_FLUSH_START:
      state.talk->flush(true);
      wake(state);
      break;
    case GST_EVENT_FLUSH_STOP:
      state.lines.clear();
      state.talk->flush(false);
      break;
    default: break;
  }
  return TRUE;
}

// --- the src pad ------------------------------------------------------------------------------

static void start_stream(GstGenosDataChannel* self) {
  auto& state = state_of(self);
  if (std::exchange(state.started, true)) return;
  const Owned<char> id(gst_pad_create_stream_id(state.src, GST_ELEMENT(self), "data"));
  gst_pad_push_event(state.src, gst_event_new_stream_start(id.get()));
  Ref<GstCaps> caps;
  {
    const std::scoped_lock guard(state.lock);
    caps = state.settings.caps;
  }
  if (caps) gst_pad_push_event(state.src, gst_event_new_caps(caps.get()));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(state.src, gst_event_new_segment(&segment));
}

static std::optional<Talk::Item> next_item(State& state) {
  std::unique_lock guard(state.lock);
  state.changed.wait(
      guard, [&state] { return state.stopped || (state.playing && !state.reading.empty()); });
  if (state.stopped) return std::nullopt;
  auto item = std::move(state.reading.front());
  state.reading.pop_front();
  if (item.bytes) state.reading_bytes -= g_bytes_get_size(item.bytes.get());
  return item;
}

static Ref<GstBuffer> buffer_of(GstGenosDataChannel* self, const Talk::Item& item) {
  auto& state = state_of(self);
  auto buffer = adopt(gst_buffer_new_wrapped_bytes(item.bytes.get()));
  bool ends_line = false;
  {
    const std::scoped_lock guard(state.lock);
    ends_line = state.settings.framing == GST_GENOS_FRAMING_LINES;
  }
  if (ends_line) {
    static const char line_end[] = "\n";
    gst_buffer_append_memory(
        buffer.get(), gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, const_cast<char*>(line_end),
                                             1, 0, 1, nullptr, nullptr));
  }
  GST_BUFFER_PTS(buffer.get()) = gst_element_get_current_running_time(GST_ELEMENT(self));
  return buffer;
}

static void gst_genos_data_channel_loop(gpointer data) {
  auto* self = GST_GENOS_DATA_CHANNEL(data);
  auto& state = state_of(self);
  auto item = next_item(state);
  if (!item) {
    gst_pad_pause_task(state.src);
    return;
  }
  start_stream(self);
  GstFlowReturn flow = GST_FLOW_OK;
  if (item->bytes && g_bytes_get_size(item->bytes.get()) > 0)
    flow = gst_pad_push(state.src, buffer_of(self, *item).release());
  if (flow == GST_FLOW_OK) {
    const bool last = item->last;
    state.talk->passed(std::move(*item));
    if (!last) return;
    flow = GST_FLOW_EOS;
  }
  gst_pad_pause_task(state.src);
  if (flow == GST_FLOW_FLUSHING) return;
  if (flow != GST_FLOW_EOS) GST_ELEMENT_FLOW_ERROR(self, flow);
  gst_pad_push_event(state.src, gst_event_new_eos());
}

static gboolean gst_genos_data_channel_activate_src(GstPad* pad, GstObject* parent, GstPadMode mode,
                                                    gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  if (active) {
    state_of(parent).started = false;
    return gst_pad_start_task(pad, gst_genos_data_channel_loop, parent, nullptr);
  }
  return gst_pad_stop_task(pad);
}

static gboolean gst_genos_data_channel_src_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean gst_genos_data_channel_src_event(GstPad*, GstObject*, GstEvent* event) {
  const bool known = GST_EVENT_TYPE(event) == GST_EVENT_LATENCY ||
                     GST_EVENT_TYPE(event) == GST_EVENT_QOS ||
                     GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE;
  gst_event_unref(event);
  return known;
}

// --- the element ------------------------------------------------------------------------------

// `gst-launch-1.0 -e` ends sources this way.
static gboolean gst_genos_data_channel_send_event(GstElement* element, GstEvent* event) {
  auto& state = state_of(element);
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS || !gst_pad_is_linked(state.src))
    return GST_ELEMENT_CLASS(gst_genos_data_channel_parent_class)->send_event(element, event);
  gst_event_unref(event);
  on_received(GST_GENOS_DATA_CHANNEL(element), {{}, "", {}, true});
  return TRUE;
}

static Talk::Options options_of(State& state) {
  const std::scoped_lock guard(state.lock);
  const auto& settings = state.settings;
  return {settings.channel,
          bool(gst_pad_is_linked(state.src)),
          settings.framing == GST_GENOS_FRAMING_BYTES,
          words_of(settings.targets.c_str()),
          words_of(settings.from.c_str()),
          settings.meta,
          settings.min_peers};
}

static bool open(GstGenosDataChannel* self) {
  auto& state = state_of(self);
  auto options = options_of(state);
  if (!options.meta.empty()) {
    const auto parsed = core::parse_json(options.meta);
    if (!parsed || !(*parsed).as_object()) {
      GST_ELEMENT_ERROR(self, RESOURCE, SETTINGS,
                        ("meta=%s is not a JSON object", options.meta.c_str()), (nullptr));
      return false;
    }
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

static void interrupt(State& state) {
  {
    const std::scoped_lock guard(state.lock);
    state.stopped = true;
    state.changed.notify_all();
  }
  state.talk->flush(true);
}

static void close(State& state) {
  state.talk->stop();
  state.lines.clear();
  state.by_caps = GST_GENOS_PAYLOAD_BYTES;
  const std::scoped_lock guard(state.lock);
  state.reading.clear();
  state.reading_bytes = 0;
}

static void play(State& state, bool playing) {
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
  auto& state = state_of(object);
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
    case prop_payload: settings.payload = GstGenosPayloadChoice(g_value_get_enum(value)); break;
    case prop_meta: settings.meta = text(); break;
    case prop_min_peers: settings.min_peers = g_value_get_uint(value); break;
    case prop_caps: settings.caps = retain(const_cast<GstCaps*>(gst_value_get_caps(value))); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_data_channel_get_property(GObject* object, guint id, GValue* value,
                                                GParamSpec* pspec) {
  auto& state = state_of(object);
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
    case prop_payload: g_value_set_enum(value, settings.payload); break;
    case prop_meta: g_value_set_string(value, settings.meta.c_str()); break;
    case prop_min_peers: g_value_set_uint(value, settings.min_peers); break;
    case prop_caps: gst_value_set_caps(value, settings.caps.get()); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_data_channel_init(GstGenosDataChannel* self) {
  static_assert(alignof(State) <= 2 * sizeof(gsize), "GObject aligns private data to two words");
  auto& state = *new (&state_of(self)) State();
  state.talk = std::make_unique<Talk>(events_of(self));
  state.sink = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(state.sink, gst_genos_data_channel_chain);
  gst_pad_set_event_function(state.sink, gst_genos_data_channel_sink_event);
  gst_element_add_pad(GST_ELEMENT(self), state.sink);
  state.src = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_activatemode_function(state.src, gst_genos_data_channel_activate_src);
  gst_pad_set_query_function(state.src, gst_genos_data_channel_src_query);
  gst_pad_set_event_function(state.src, gst_genos_data_channel_src_event);
  gst_element_add_pad(GST_ELEMENT(self), state.src);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE);
}

static void gst_genos_data_channel_finalize(GObject* object) {
  state_of(object).~State();
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
