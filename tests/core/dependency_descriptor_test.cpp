// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/dependency_descriptor.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

Bytes bytes_from(const char* hex) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return bytes;
}

struct Seen {
  const char* hex;
  unsigned number, spatial, temporal;
};
// What Chromium sent as L3T3: livekit-server 1.9, dependencydescriptorextension_test.go
const Seen chromium[] = {
    {"c1017280081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e"
     "082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca877530077004200ef008601df"
     "010d",
     0x172, 0, 0},
    {"86017340fc", 0x173, 1, 0},
    {"46017340fc", 0x173, 1, 0},
    {"c3017540fc", 0x175, 0, 2},
    {"88017640fc", 0x176, 1, 2},
    {"48017640fc", 0x176, 1, 2},
    {"c2017840fc", 0x178, 0, 1},
};

TEST(DependencyDescriptor, ReadsWhatChromiumSends) {
  std::optional<DependencyStructure> structure;
  for (const auto& seen : chromium) {
    const auto bytes = bytes_from(seen.hex);
    const auto read = parse_dependency_descriptor(bytes, structure ? &*structure : nullptr);
    ASSERT_TRUE(read) << seen.hex;
    if ((*read).structure) structure = (*read).structure;
    EXPECT_EQ((*read).frame_number, seen.number);
    EXPECT_EQ((*read).frame.spatial_id, seen.spatial) << seen.hex;
    EXPECT_EQ((*read).frame.temporal_id, seen.temporal) << seen.hex;
    EXPECT_EQ((*read).first_packet, (bytes[0] & 0x80) != 0);
    EXPECT_EQ((*read).last_packet, (bytes[0] & 0x40) != 0);
    const auto written = write_dependency_descriptor(*read, *structure);
    ASSERT_TRUE(written);
    EXPECT_EQ(to_hex(*written), seen.hex);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const auto part = ByteView(bytes).first(cut);
      EXPECT_FALSE(seen.hex == chromium[0].hex && parse_dependency_descriptor(part, nullptr));
    }
  }
  ASSERT_TRUE(structure);
  EXPECT_EQ(structure->decode_targets, 9);
  EXPECT_EQ(structure->sizes.size(), 3u);
  EXPECT_FALSE(parse_dependency_descriptor(bytes_from("86017340fc"), nullptr));
}

std::string uses(const FrameDependency& frame) {
  std::string text;
  for (const auto use : frame.targets) text += "-DSR"[static_cast<int>(use)];
  return text;
}

// The temporal layers of AV1 RTP 1.0, appendix A.9.
TEST(DependencyDescriptor, TemporalLayers) {
  struct Row {
    unsigned layer;
    const char* uses;
    std::vector<std::uint16_t> frames;
    std::uint8_t chain;
  };
  const std::vector<Row> of_layers[] = {
      {{0, "S", {}, 0}, {0, "S", {1}, 1}, {0, "S", {1}, 1}},
      {{0, "SS", {}, 0}, {1, "-D", {1}, 1}, {0, "SS", {2}, 2}, {1, "-D", {1}, 1}},
      {{0, "SSS", {}, 0},
       {2, "--D", {1}, 1},
       {1, "-DS", {2}, 2},
       {2, "--D", {1}, 3},
       {0, "SSS", {4}, 4},
       {2, "--D", {1}, 1}},
  };
  for (unsigned layers = 1; layers <= 3; ++layers) {
    TemporalDependencies stream(layers);
    std::optional<DependencyStructure> heard;
    const auto& rows = of_layers[layers - 1];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto kind =
          i == 0 ? TemporalDependencies::Frame::key : TemporalDependencies::Frame::delta;
      const auto said = stream.next(kind, rows[i].layer, {320, 180});
      EXPECT_EQ(uses(said.frame), rows[i].uses);
      EXPECT_EQ(said.frame.frame_diffs, rows[i].frames);
      EXPECT_EQ(said.frame.chain_diffs, std::vector{rows[i].chain});
      const auto bytes = write_dependency_descriptor(said, stream.structure());
      ASSERT_TRUE(bytes);
      EXPECT_EQ((*bytes).size() == 3, i > 0) << layers << " " << i;
      const auto read = parse_dependency_descriptor(*bytes, heard ? &*heard : nullptr);
      ASSERT_TRUE(read);
      EXPECT_EQ(*read, said);
      if ((*read).structure) heard = (*read).structure;
    }
    EXPECT_EQ(heard->sizes, (std::vector<RenderSize>{{320, 180}}));
  }
}

// An encoder may leave frames out: what is left is said as it is.
TEST(DependencyDescriptor, AnIrregularPatternIsSaidInFull) {
  TemporalDependencies stream(2);
  stream.next(TemporalDependencies::Frame::key, 0, {320, 180});
  for (int i = 0; i < 3; ++i) {
    const auto said = stream.next(TemporalDependencies::Frame::delta, 1, {});
    EXPECT_EQ(said.frame.frame_diffs,
              std::vector<std::uint16_t>{static_cast<std::uint16_t>(i + 1)});
    const auto bytes = write_dependency_descriptor(said, stream.structure());
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*parse_dependency_descriptor(*bytes, &stream.structure()), said);
  }
  for (int i = 0; i < 70'000; ++i) {
    const auto said = stream.next(TemporalDependencies::Frame::delta, 0, {});
    EXPECT_EQ(said.frame.frame_diffs.size(), 1u);
  }
}

TEST(DependencyDescriptor, ActiveTargetsAndCustomFieldsRoundTrip) {
  const auto structure = temporal_structure(3);
  DependencyDescriptor said;
  said.frame = structure.templates[2];
  said.frame_number = 65535;
  said.last_packet = false;
  said.active_targets = 5;
  said.frame.frame_diffs = {1, 16, 17, 256, 257, 4096};
  said.frame.chain_diffs = {255};
  said.frame.targets[0] = TargetUse::required;
  const auto bytes = write_dependency_descriptor(said, structure);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*parse_dependency_descriptor(*bytes, &structure), said);
}

TEST(DependencyDescriptor, RefusesWhatIsNone) {
  const auto structure = temporal_structure(2);
  for (const char* hex : {"", "c0", "c000", "ff0000", "c300004000", "c0000080", "c00000800000ff"})
    EXPECT_FALSE(parse_dependency_descriptor(bytes_from(hex), &structure)) << hex;
  EXPECT_FALSE(parse_dependency_descriptor(Bytes(256, 0xc0), &structure));
  EXPECT_TRUE(parse_dependency_descriptor(bytes_from("c00000"), &structure));
  DependencyDescriptor other;
  other.frame.spatial_id = 1;
  EXPECT_FALSE(write_dependency_descriptor(other, structure));
}

}  // namespace
}  // namespace genos::core
