// SPDX-License-Identifier: LGPL-2.1-or-later
// The AV1 payloader and depayloader in harnesses.
#pragma once

#include <gst/rtp/gstrtpbuffer.h>
#include <gtest/gtest.h>

#include "rtpav1depay/gstgenosrtpav1depay.h"
#include "rtpav1pay/gstgenosrtpav1pay.h"
#include "rtpdependency/gstgenosrtpdependency.h"
#include "support/av1_units.hpp"
#include "support/harness.hpp"

namespace genos::test {

inline constexpr const char* tu_caps = "video/x-av1,stream-format=obu-stream,alignment=tu";
inline constexpr const char* frame_caps = "video/x-av1,stream-format=obu-stream,alignment=frame";
inline constexpr const char* annexb_caps = "video/x-av1,stream-format=annexb,alignment=tu";
inline constexpr const char* rtp_caps =
    "application/x-rtp,media=video,clock-rate=90000,encoding-name=AV1,payload=45";

class RtpAv1 : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GST_ELEMENT_REGISTER(genosrtpav1pay, nullptr);
    GST_ELEMENT_REGISTER(genosrtpav1depay, nullptr);
    GST_ELEMENT_REGISTER(genosrtpdependency, nullptr);
  }
};

// What an RTP packet says.
struct Packet {
  guint type, size;
  guint16 sequence;
  guint32 timestamp;
  bool marker;
  core::Bytes payload;
};

inline Packet packet_in(GstBuffer* buffer) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  EXPECT_TRUE(gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp));
  const auto* payload = static_cast<const guint8*>(gst_rtp_buffer_get_payload(&rtp));
  Packet packet{gst_rtp_buffer_get_payload_type(&rtp),
                static_cast<guint>(gst_buffer_get_size(buffer)),
                gst_rtp_buffer_get_seq(&rtp),
                gst_rtp_buffer_get_timestamp(&rtp),
                gst_rtp_buffer_get_marker(&rtp) != FALSE,
                {payload, payload + gst_rtp_buffer_get_payload_len(&rtp)}};
  gst_rtp_buffer_unmap(&rtp);
  return packet;
}

inline std::vector<Packet> packets_of(Harness& harness) {
  std::vector<Packet> packets;
  for (const auto& buffer : harness.pull()) packets.push_back(packet_in(buffer.get()));
  return packets;
}

// Packets of a payloader, into a depayloader.
inline void carry(Harness& from, Harness& to, std::vector<std::size_t> lost = {}) {
  std::size_t at = 0;
  for (auto& buffer : from.pull()) {
    if (std::find(lost.begin(), lost.end(), at++) != lost.end()) continue;
    gst_harness_push(to.get(), buffer.release());
  }
}

}  // namespace genos::test
