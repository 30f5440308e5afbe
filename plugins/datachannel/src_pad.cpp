// SPDX-License-Identifier: LGPL-2.1-or-later
// The src pad of genosdatachannel: what comes out of the room.
#include "bridge/element_message.hpp"
#include "data_channel_state.hpp"

#define GST_CAT_DEFAULT genos_data_channel_debug

namespace genos::element {
namespace {

// What one page, or program that knows nothing of streams, may have waiting here; one of ours stops
// long before.
constexpr std::size_t reading_limit = 64UL * 1024 * 1024;
// Of what is good only now: the oldest makes room.
constexpr std::size_t fresh_limit = 64;
// What an item takes beside its bytes, about.
constexpr std::size_t item_cost = 256;

std::size_t cost_of(const Talk::Item& item) {
  return item_cost + (item.bytes ? g_bytes_get_size(item.bytes.get()) : 0);
}

void start_stream(GstGenosDataChannel* self) {
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

// It waits no more; under the lock.
void settle(DataChannelState& state, const Talk::Item& item) {
  const auto waiting = state.reading_bytes.find(item.peer);
  waiting->second -= cost_of(item);
  if (waiting->second == 0) state.reading_bytes.erase(waiting);
}

std::optional<Talk::Item> next_item(DataChannelState& state) {
  std::unique_lock guard(state.lock);
  state.changed.wait(
      guard, [&state] { return state.stopped || (state.playing && !state.reading.empty()); });
  if (state.stopped) return std::nullopt;
  auto item = std::move(state.reading.front());
  state.reading.pop_front();
  settle(state, item);
  return item;
}

Ref<GstBuffer> buffer_of(GstGenosDataChannel* self, const Talk::Item& item) {
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

void push_next(gpointer data) {
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
  if (flow != GST_FLOW_EOS) post_flow_error({self, GST_CAT_DEFAULT}, flow);
  gst_pad_push_event(state.src, gst_event_new_eos());
}

}  // namespace

bool data_src_take(GstGenosDataChannel* self, Talk::Item item) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const bool fresh = state.settings.delivery == GST_GENOS_DELIVERY_FRESH;
  if (fresh && state.reading.size() >= fresh_limit && !state.reading.front().last) {
    settle(state, state.reading.front());
    state.reading.pop_front();
  }
  auto& waiting = state.reading_bytes[item.peer];
  if (waiting + cost_of(item) > reading_limit) return false;
  waiting += cost_of(item);
  state.reading.push_back(std::move(item));
  state.changed.notify_all();
  return true;
}

gboolean data_src_activate(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  if (active) {
    state_of(GST_GENOS_DATA_CHANNEL(parent)).started = false;
    return gst_pad_start_task(pad, push_next, parent, nullptr);
  }
  return gst_pad_stop_task(pad);
}

gboolean data_src_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

gboolean data_src_event(GstPad*, GstObject*, GstEvent* event) {
  const bool known = GST_EVENT_TYPE(event) == GST_EVENT_LATENCY ||
                     GST_EVENT_TYPE(event) == GST_EVENT_QOS ||
                     GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE;
  gst_event_unref(event);
  return known;
}

}  // namespace genos::element
