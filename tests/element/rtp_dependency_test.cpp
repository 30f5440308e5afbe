// SPDX-License-Identifier: LGPL-2.1-or-later
// genosrtpdependency: temporal layers go through RTP with their frames.
#include <array>

#include "core/rtp/dependency_descriptor.hpp"
#include "core/rtp/sequence_header.hpp"
#include "layer_meta.hpp"
#include "support/leak_census.hpp"
#include "support/rtp_av1.hpp"

namespace genos {
namespace {

using namespace test;

constexpr guint extension_id = 5;

std::string with_extension(const char* caps) {
  return std::string(caps) + ",extmap-5=(string)\"" + core::dependency_descriptor_uri + "\"";
}

GstFlowReturn push(Harness& pay, const Av1Unit& unit, GstClockTime pts, element::Layer layer) {
  const auto bytes = unit.stream();
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = pts;
  if (!core::begins_sequence(unit.obus())) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  element::set_layer(buffer, layer);
  return gst_harness_push(pay.get(), buffer);
}

core::Bytes descriptor_in(GstBuffer* packet) {
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  EXPECT_TRUE(gst_rtp_buffer_map(packet, GST_MAP_READ, &rtp));
  gpointer data = nullptr;
  guint size = 0;
  guint8 bits = 0;
  core::Bytes bytes;
  if (gst_rtp_buffer_get_extension_onebyte_header(&rtp, extension_id, 0, &data, &size) ||
      gst_rtp_buffer_get_extension_twobytes_header(&rtp, &bits, extension_id, 0, &data, &size))
    bytes.assign(static_cast<guint8*>(data), static_cast<guint8*>(data) + size);
  gst_rtp_buffer_unmap(&rtp);
  return bytes;
}

class RtpDependency : public RtpAv1, public testing::WithParamInterface<guint> {};

TEST_P(RtpDependency, LayersArriveWithTheirFrames) {
  const guint layers = GetParam();
  const std::vector<guint> patterns[] = {{0}, {0, 1}, {0, 2, 1, 2}};
  const auto& pattern = patterns[layers - 1];
  const auto wanted = with_extension("application/x-rtp,media=video,encoding-name=AV1");
  const auto given = std::string(tu_caps) + ",width=320,height=180";
  Harness pay("genosrtpav1pay mtu=200", given.c_str(), wanted.c_str());
  Harness depay("genosrtpav1depay", with_extension(rtp_caps).c_str());
  std::optional<core::DependencyStructure> structure;
  for (guint i = 0; i < 20; ++i) {
    const bool key = i % 8 == 0;
    const element::Layer layer{pattern[i % pattern.size()], layers};
    push(pay, key ? key_unit(700) : delta_unit(300), i * 40 * GST_MSECOND, layer);
    auto packets = pay.pull();
    ASSERT_GT(packets.size(), 1u);
    for (auto& packet : packets) {
      const bool first = &packet == &packets.front(), last = &packet == &packets.back();
      const auto said = core::parse_dependency_descriptor(descriptor_in(packet.get()),
                                                          structure ? &*structure : nullptr);
      ASSERT_TRUE(said) << i;
      if ((*said).structure) structure = (*said).structure;
      EXPECT_EQ((*said).structure.has_value(), key && first);
      EXPECT_EQ((*said).first_packet, first);
      EXPECT_EQ((*said).last_packet, last);
      EXPECT_EQ((*said).frame_number, i);
      EXPECT_EQ((*said).frame.temporal_id, layer.temporal);
      gst_harness_push(depay.get(), packet.release());
    }
    const auto frames = depay.pull();
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(element::layer_of(frames[0].get()), layer);
  }
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->sizes, (std::vector<core::RenderSize>{{320, 180}}));
}

INSTANTIATE_TEST_SUITE_P(Layers, RtpDependency, testing::Values(1u, 2u, 3u));

TEST_F(RtpAv1, AHiddenFrameHasADescriptorOfItsOwn) {
  const auto wanted = with_extension("application/x-rtp,media=video,encoding-name=AV1");
  Harness pay("genosrtpav1pay mtu=200", frame_caps, wanted.c_str());
  const auto hidden = std::move(Av1Unit().add_sequence_header().add_frame(hidden_key, 300));
  const auto bytes = hidden.stream();
  gst_harness_push(pay.get(), gst_buffer_new_memdup(bytes.data(), bytes.size()));
  push(pay, delta_unit(300), 0, {});
  std::optional<core::DependencyStructure> structure;
  std::vector<core::DependencyDescriptor> said;
  std::vector<bool> markers;
  for (const auto& packet : pay.pull()) {
    const auto one = core::parse_dependency_descriptor(descriptor_in(packet.get()),
                                                       structure ? &*structure : nullptr);
    ASSERT_TRUE(one);
    if ((*one).structure) structure = (*one).structure;
    said.push_back(*one);
    markers.push_back(packet_in(packet.get()).marker);
  }
  ASSERT_EQ(said.size(), 4u);
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(said[i].frame_number, i / 2);
    EXPECT_EQ(said[i].first_packet, i % 2 == 0);
    EXPECT_EQ(said[i].last_packet, i % 2 == 1);
    EXPECT_EQ(said[i].structure.has_value(), i == 0);
    EXPECT_EQ(markers[i], i == 3);
  }
  EXPECT_EQ(said[2].frame.frame_diffs, std::vector<std::uint16_t>{1});
}

TEST_F(RtpAv1, NothingIsSaidUnlessItIsWanted) {
  Harness pay("genosrtpav1pay", tu_caps);
  push(pay, key_unit(50), 0, {0, 2});
  const auto packets = pay.pull();
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_TRUE(descriptor_in(packets[0].get()).empty());
}

TEST_F(RtpAv1, NothingIsSaidBeforeAKeyframe) {
  const auto wanted = with_extension("application/x-rtp,media=video,encoding-name=AV1");
  Harness pay("genosrtpav1pay", tu_caps, wanted.c_str());
  push(pay, delta_unit(50), 0, {0, 2});
  push(pay, key_unit(50), GST_SECOND, {0, 2});
  const auto packets = pay.pull();
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_TRUE(descriptor_in(packets[0].get()).empty());
  EXPECT_FALSE(descriptor_in(packets[1].get()).empty());
}

TEST_F(RtpAv1, ADescriptorOfAStrangerDoesNoHarm) {
  Harness depay("genosrtpav1depay", with_extension(rtp_caps).c_str());
  Harness pay("genosrtpav1pay", tu_caps);
  guint32 random = 1;
  for (guint i = 0; i < 500; ++i) {
    push(pay, key_unit(50), i * GST_MSECOND, {});
    for (auto& packet : pay.pull()) {
      packet = adopt(gst_buffer_make_writable(packet.release()));
      GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
      gst_rtp_buffer_map(packet.get(), GST_MAP_READWRITE, &rtp);
      std::array<guint8, 16> noise{};
      for (auto& byte : noise) byte = static_cast<guint8>((random = random * 1664525 + 1) >> 13);
      gst_rtp_buffer_add_extension_onebyte_header(&rtp, extension_id, noise.data(), 1 + i % 16);
      gst_rtp_buffer_unmap(&rtp);
      gst_harness_push(depay.get(), packet.release());
    }
  }
  EXPECT_EQ(depay.pull().size(), 500u);
}

// Lost packets, and what was under way when it ended, too.
TEST_F(RtpAv1, NothingIsLeftOfPayloaderAndDepayloader) {
  ASSERT_TRUE(leaks_are_traced);
  const auto wanted = with_extension("application/x-rtp,media=video,encoding-name=AV1");
  const auto play = [&] {
    Harness pay("genosrtpav1pay mtu=200", tu_caps, wanted.c_str());
    Harness depay("genosrtpav1depay", with_extension(rtp_caps).c_str());
    for (guint i = 0; i < 40; ++i) {
      push(pay, i % 10 == 0 ? key_unit(900) : delta_unit(500), i * GST_MSECOND, {guint8(i % 2), 2});
      if (i == 39) return;
      carry(pay, depay, i % 7 == 3 ? std::vector<std::size_t>{1} : std::vector<std::size_t>{});
      if (i == 25) pay.push({0x80, 1, 2, 3}, i * GST_MSECOND);
    }
  };
  play();  // what is made once, is made now
  tell_tracers("activity-start-tracking");
  for (int i = 0; i < 3; ++i) play();
  const auto now = census();
  tell_tracers("activity-stop-tracking");
  EXPECT_GT(now.made, 300);  // else nothing is traced
  EXPECT_EQ(now.left, 0);
}

}  // namespace
}  // namespace genos
