// SPDX-License-Identifier: LGPL-2.1-or-later
#include "silence.hpp"

#include <gst/rtp/gstrtpbuffer.h>

#include <algorithm>
#include <array>

namespace genos::element {
namespace {

constexpr GstClockTime packet_time = 20 * GST_MSECOND;
constexpr std::uint32_t packet_ticks = 960;  // of 48 kHz
constexpr GstClockTime longest_pause = GST_SECOND;
constexpr guint8 payload_type = 111;
constexpr std::uint32_t ssrc = 1;
// 20 ms in stereo, full band, of one frame in which there is nothing (RFC 6716, 3.1).
constexpr std::array<guint8, 3> opus = {0xfc, 0xff, 0xfe};

TrackIn::About about_silence() {
  TrackIn::About about;
  about.stream = about.track = "silence";
  about.is_sound = true;
  about.caps = adopt(gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "audio",
                                         "encoding-name", G_TYPE_STRING, "OPUS", "clock-rate",
                                         G_TYPE_INT, 48'000, "encoding-params", G_TYPE_STRING, "2",
                                         "payload", G_TYPE_INT, int(payload_type), nullptr));
  return about;
}

GstClockTime now() {
  const auto clock = adopt(gst_system_clock_obtain());
  return gst_clock_get_time(clock.get());
}

}  // namespace

Silence::Silence(GstClockTime delay)
    : track_(std::make_shared<TrackIn>(about_silence())), delay_(delay) {}

void Silence::flow() {
  const auto due = now() - std::min(now(), delay_);
  if (next_ + longest_pause < due) next_ = due;
  for (; next_ <= due; next_ += packet_time) {
    const auto packet = adopt(gst_rtp_buffer_new_allocate(opus.size(), 0, 0));
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(packet.get(), GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_payload_type(&rtp, payload_type);
    gst_rtp_buffer_set_ssrc(&rtp, ssrc);
    gst_rtp_buffer_set_seq(&rtp, guint16(packets_));
    gst_rtp_buffer_set_timestamp(&rtp, packets_ * packet_ticks);
    std::ranges::copy(opus, static_cast<guint8*>(gst_rtp_buffer_get_payload(&rtp)));
    gst_rtp_buffer_unmap(&rtp);
    ++packets_;
    GST_BUFFER_PTS(packet.get()) = next_;
    track_->deliver(packet.get());
  }
}

}  // namespace genos::element
