// SPDX-License-Identifier: LGPL-2.1-or-later
// The sink pad of genosdatachannel: what goes into the room.
#include <cstring>

#include "bridge/element_message.hpp"
#include "core/base/bytes.hpp"
#include "data_channel_state.hpp"

#define GST_CAT_DEFAULT genos_data_channel_debug

namespace genos::element {
namespace {

void wake(DataChannelState& state) {
  const std::scoped_lock guard(state.lock);
  state.changed.notify_all();
}

bool is_stopped(DataChannelState& state) {
  const std::scoped_lock guard(state.lock);
  return state.stopped;
}

// As any sink, it takes data while playing.
bool wait_to_play(DataChannelState& state) {
  const auto interrupted = [&state] { return state.stopped || GST_PAD_IS_FLUSHING(state.sink); };
  std::unique_lock guard(state.lock);
  state.changed.wait(guard, [&] { return state.playing || interrupted(); });
  return !interrupted();
}

GstGenosPayload kind_of(DataChannelState& state, std::string_view text) {
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

bool write_line(DataChannelState& state, const std::string& line) {
  return state.talk->write(adopt(g_bytes_new(line.data(), line.size())), kind_of(state, line));
}

GstFlowReturn flow_of(DataChannelState& state, bool written) {
  if (written) return GST_FLOW_OK;
  return is_stopped(state) || GST_PAD_IS_FLUSHING(state.sink) ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
}

GstFlowReturn write_lines(GstGenosDataChannel* self, core::ByteView bytes) {
  auto& state = state_of(self);
  if (!state.lines.add(bytes)) {
    post_error({self, GST_CAT_DEFAULT}, GST_STREAM_ERROR_WRONG_TYPE,
               "a line is longer than " + std::to_string(core::LineCutter::limit) +
                   " bytes: use framing=bytes for what is no text");
    return GST_FLOW_ERROR;
  }
  while (const auto line = state.lines.next())
    if (!write_line(state, *line)) return flow_of(state, false);
  return GST_FLOW_OK;
}

}  // namespace

GstFlowReturn data_sink_chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto* self = GST_GENOS_DATA_CHANNEL(parent);
  auto& state = state_of(self);
  const auto buffer = adopt(raw);
  if (!wait_to_play(state)) return GST_FLOW_FLUSHING;
  const MappedBuffer mapped(buffer.get());
  if (!mapped) {
    post_error({self, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_READ, "a buffer could not be read");
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

static void take_caps(DataChannelState& state, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const char* name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  state.by_caps = g_str_has_prefix(name, "text/")              ? GST_GENOS_PAYLOAD_TEXT
                  : std::strcmp(name, "application/json") == 0 ? GST_GENOS_PAYLOAD_JSON
                                                               : GST_GENOS_PAYLOAD_BYTES;
}

// What goes into the room and what comes out of it are two streams: no event passes through.
gboolean data_sink_event(GstPad*, GstObject* parent, GstEvent* raw) {
  auto& state = state_of(GST_GENOS_DATA_CHANNEL(parent));
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

}  // namespace genos::element
