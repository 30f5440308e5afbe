// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/data_port.hpp"

#include "core/wire/limits.hpp"

namespace genos::link {
namespace {

using core::Errc;
using core::Error;

// Half of what a sender of ours keeps under way: it refills while the rest is leaving.
constexpr guint64 low_mark = 128UL * 1024;

guint64 buffered_amount(GstWebRTCDataChannel* channel) {
  guint64 amount = 0;
  g_object_get(channel, "buffered-amount", &amount, nullptr);
  return amount;
}

// An empty message comes as NULL in either of the two callbacks.
core::Bytes bytes_or_empty(GBytes* bytes) {
  if (!bytes) return {};
  const auto view = bytes_of(bytes);
  return {view.begin(), view.end()};
}

core::Bytes bytes_or_empty(const char* text) {
  if (!text) return {};
  const auto view = core::bytes_of(text);
  return {view.begin(), view.end()};
}

}  // namespace

DataPort::DataPort(Ref<GstWebRTCDataChannel> channel, DataEvents events)
    : channel_(std::move(channel)) {
  auto* raw = channel_.get();
  const auto to = std::make_shared<const DataEvents>(std::move(events));
  connections_.push_back(
      on<void(GstWebRTCDataChannel*)>(raw, "on-open", [to](GstWebRTCDataChannel*) { to->open(); }));
  connections_.push_back(on<void(GstWebRTCDataChannel*)>(
      raw, "on-close", [to](auto*) { to->closed("the other side closed the data channel"); }));
  connections_.push_back(
      on<void(GstWebRTCDataChannel*, GError*)>(raw, "on-error", [to](auto*, GError* error) {
        to->closed(error ? error->message : "the data channel failed");
      }));
  connections_.push_back(on<void(GstWebRTCDataChannel*, GBytes*)>(
      raw, "on-message-data", [to](auto*, GBytes* bytes) { to->message(bytes_or_empty(bytes)); }));
  connections_.push_back(on<void(GstWebRTCDataChannel*, char*)>(
      raw, "on-message-string", [to](auto*, char* text) { to->message(bytes_or_empty(text)); }));
  connections_.push_back(on<void(GstWebRTCDataChannel*, GParamSpec*)>(
      raw, "notify::buffered-amount", [to](GstWebRTCDataChannel* from, GParamSpec*) {
        if (buffered_amount(from) <= low_mark) to->drained();
      }));
}

core::Result<std::size_t> DataPort::send(core::Bytes bytes) {
  const std::size_t size = bytes.size();
  if (size == 0) return Error{Errc::malformed, "an empty message cannot be sent"};
  if (size > core::limits::max_link_message)
    return Error{Errc::too_large, std::to_string(size) + " bytes do not fit one message"};
  // webrtcbin 1.22 dereferences NULL for a channel that never had a transport.
  if (!is_open()) return Error{Errc::wrong_state, "the data channel is not open"};
  auto* kept = new core::Bytes(std::move(bytes));
  const auto data = adopt(g_bytes_new_with_free_func(
      kept->data(), size, [](gpointer p) { delete static_cast<core::Bytes*>(p); }, kept));
  Owned<GError> error;
  if (!gst_webrtc_data_channel_send_data_full(channel_.get(), data.get(), out(error)))
    return Error{Errc::failed, error ? error->message : "the data channel took no message"};
  return size;
}

bool DataPort::is_open() const {
  GstWebRTCDataChannelState state{};
  g_object_get(channel_.get(), "ready-state", &state, nullptr);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
}

std::size_t DataPort::buffered() const {
  return static_cast<std::size_t>(buffered_amount(channel_.get()));
}

}  // namespace genos::link
