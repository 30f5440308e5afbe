// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/track_in.hpp"

#include <utility>
#include <vector>

#include "bridge/pump.hpp"

namespace genos {
namespace {

// Between two requests: one is under way at least that long.
constexpr core::Duration request_distance = std::chrono::milliseconds(300);
// Packets that are missing before one: more is a sender that began anew.
constexpr unsigned longest_gap = 3000;
constexpr gsize sequence_at = 2;  // in the header of RTP

}  // namespace

unsigned TrackIn::listen(Take take) {
  const std::scoped_lock guard(lock_);
  listeners_[++last_] = std::make_shared<const Take>(std::move(take));
  return last_;
}

void TrackIn::forget(unsigned listener) {
  const std::scoped_lock guard(lock_);
  listeners_.erase(listener);
}

void TrackIn::want_keyframe() {
  Ref<GstPad> pad;
  {
    const std::scoped_lock guard(lock_);
    const auto now = monotonic_now();
    wanted_ = !pad_;
    if (!pad_ || now - asked_ < request_distance) return;
    asked_ = now;
    pad = pad_;
  }
  auto* wish = gst_structure_new("GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, TRUE, nullptr);
  gst_pad_send_event(pad.get(), gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, wish));
}

void TrackIn::flow_from(GstPad* pad) {
  bool wanted = false;
  {
    const std::scoped_lock guard(lock_);
    pad_ = retain(pad);
    wanted = wanted_;
  }
  constexpr auto packets =
      GstPadProbeType(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, packets, on_packet, new std::weak_ptr<TrackIn>(weak_from_this()),
                    [](gpointer data) { delete static_cast<std::weak_ptr<TrackIn>*>(data); });
  if (wanted) want_keyframe();
}

GstPadProbeReturn TrackIn::on_packet(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
  const auto self = static_cast<std::weak_ptr<TrackIn>*>(data)->lock();
  if (!self) return GST_PAD_PROBE_REMOVE;
  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    self->deliver(GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  }
  auto* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
  for (guint i = 0; i < gst_buffer_list_length(list); ++i)
    self->deliver(gst_buffer_list_get(list, i));
  return GST_PAD_PROBE_OK;
}

void TrackIn::deliver(GstBuffer* packet) {
  std::vector<std::shared_ptr<const Take>> listeners;
  {
    const std::scoped_lock guard(lock_);
    for (const auto& [id, take] : listeners_) listeners.push_back(take);
    if (!listeners.empty()) count(packet);
  }
  if (listeners.empty()) return;
  const auto own = adopt(gst_buffer_copy(packet));  // shares the bytes
  if (GST_BUFFER_PTS_IS_VALID(own.get())) GST_BUFFER_PTS(own.get()) += about_.base_time;
  GST_BUFFER_DTS(own.get()) = GST_CLOCK_TIME_NONE;
  for (const auto& take : listeners) (*take)(own.get());
}

void TrackIn::count(GstBuffer* packet) {
  ++figures_.packets;
  figures_.bytes += gst_buffer_get_size(packet);
  std::uint8_t raw[2];
  if (gst_buffer_extract(packet, sequence_at, raw, sizeof raw) != sizeof raw) return;
  const auto sequence = std::uint16_t(raw[0] << 8 | raw[1]);
  const auto before = std::exchange(sequence_, sequence);
  if (!before) return;
  const auto missing = std::uint16_t(sequence - *before - 1);
  if (missing < longest_gap) figures_.lost += missing;
}

TrackIn::Figures TrackIn::figures() const {
  const std::scoped_lock guard(lock_);
  return figures_;
}

}  // namespace genos
