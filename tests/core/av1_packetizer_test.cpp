// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/av1_packetizer.hpp"

#include <gtest/gtest.h>

#include "support/av1_units.hpp"

namespace genos::core {
namespace {

using test::Av1Unit;

std::vector<std::string> packets_of(const char* stream, std::size_t max_payload) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(stream, bytes));
  const auto obus = split_obu_stream(bytes);
  EXPECT_TRUE(obus);
  std::vector<std::string> out;
  for (const auto& packet : packetize_av1(*obus, max_payload)) {
    EXPECT_LE(packet.size(), max_payload);
    out.push_back(to_hex(packet.bytes()));
  }
  return out;
}

struct Vector {
  const char* name;
  std::size_t max_payload;
  const char* stream;
  std::vector<std::string> packets;
};

// pion/rtp 1.8, codecs/av1_packet_test.go
const Vector pion[] = {
    {"single frame", 1000, "180102030405", {"10180102030405"}},
    {"size field is removed", 1000, "1a050102030405", {"10180102030405"}},
    {"tile list is skipped", 1000, "400102030405", {}},
    {"two OBUs, W=2", 1000, "1a0501020304051a05060708090a", {"200618010203040518060708090a"}},
    {"three OBUs, W=3",
     1000,
     "1a0501020304051a05060708090a180b0c0d0e0f",
     {"30061801020304050618060708090a180b0c0d0e0f"}},
    {"four OBUs, W=0",
     1000,
     "1a0501020304051a05060708090a1a050b0c0d0e0f1a051011121314",
     {"00061801020304050618060708090a06180b0c0d0e0f06181011121314"}},
    {"five OBUs, W=0",
     1000,
     "1a0501020304051a05060708090a1a050b0c0d0e0f1a051011121314181516171819",
     {"00061801020304050618060708090a06180b0c0d0e0f0618101112131406181516171819"}},
    {"two OBUs, a packet each",
     7,
     "1a0501020304051a05060708090a",
     {"10180102030405", "1018060708090a"}},
    {"an OBU over two packets", 7, "1a0a0102030405060708090a", {"50180102030405", "90060708090a"}},
    {"an OBU over three packets",
     7,
     "1a0f0102030405060708090a0b0c0d0e0f",
     {"50180102030405", "d0060708090a0b", "900c0d0e0f"}},
    {"three packets and more",
     7,
     "1a0c0102030405060708090a0b0c300102",
     {"50180102030405", "d0060708090a0b", "a0010c300102"}},
};

TEST(Av1Packetizer, PublishedVectors) {
  for (const auto& vector : pion)
    EXPECT_EQ(packets_of(vector.stream, vector.max_payload), vector.packets) << vector.name;
}

TEST(Av1Packetizer, LeavesOutWhatIsNotCarried) {
  EXPECT_EQ(packets_of("1200"
                       "7a03010203"
                       "42020102"
                       "320130",
                       100),
            std::vector<std::string>{"103030"});
  EXPECT_TRUE(packets_of("1200", 100).empty());
  EXPECT_TRUE(packets_of("", 100).empty());
}

TEST(Av1Packetizer, SaysWhereASequenceBegins) {
  const auto unit = test::key_unit(100);
  const auto key = packetize_av1(unit.obus(), 40);
  ASSERT_GT(key.size(), 2u);
  for (const auto& packet : key) EXPECT_EQ(packet.begins_sequence, &packet == &key.front());
  EXPECT_EQ(key.front().bytes()[0] & 8, 8);
  for (const auto& packet : packetize_av1(test::delta_unit(100).obus(), 40))
    EXPECT_FALSE(packet.begins_sequence);
}

TEST(Av1Packetizer, APacketIsOfOneLayer) {
  const auto unit = std::move(Av1Unit()
                                  .add(ObuType::frame, {0x30, 1}, 0x00)
                                  .add(ObuType::metadata, {2})
                                  .add(ObuType::frame, {0x30, 3}, 0x08)
                                  .add(ObuType::tile_group, {4}, 0x08));
  const auto packets = packetize_av1(unit.obus(), 1000);
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(packets[0].pieces.size(), 2u);
  EXPECT_EQ(packets[1].pieces.size(), 2u);
}

TEST(Av1Packetizer, ASequenceHeaderComesFirst) {
  const auto unit = std::move(
      Av1Unit().add(ObuType::metadata, {2}).add_sequence_header().add_frame(test::shown_key, 9));
  const auto packets = packetize_av1(unit.obus(), 1000);
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(packets[1].pieces.size(), 2u);
  EXPECT_TRUE(packets[0].begins_sequence);
}

TEST(Av1Packetizer, DoesNotBeginAnObuForAFewBytes) {
  const auto unit = std::move(
      Av1Unit().add_frame(test::shown_delta, 980).add(ObuType::tile_group, Bytes(400, 1)));
  const auto packets = packetize_av1(unit.obus(), 1000);
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_FALSE(packets[0].continued);
}

TEST(Av1Packetizer, AnOpaqueFrameIsOneElement) {
  const Bytes frame{0xff, 0x80, 3, 4, 5};
  const auto packets = packetize_opaque(frame, FrameKind::key, 3);
  ASSERT_EQ(packets.size(), 3u);
  EXPECT_EQ(to_hex(packets[0].bytes()), "58ff80");
  EXPECT_EQ(to_hex(packets[1].bytes()), "d00304");
  EXPECT_EQ(to_hex(packets[2].bytes()), "9005");
  EXPECT_EQ(to_hex(packetize_opaque(frame, FrameKind::delta, 100)[0].bytes()), "10ff80030405");
  EXPECT_TRUE(packetize_opaque({}, FrameKind::key, 100).empty());
}

// The second byte of a header may be cut from its first.
TEST(Av1Packetizer, TheSmallestPackets) {
  const auto unit = std::move(Av1Unit().add(ObuType::frame, {0x30, 1}, 0x20));
  std::string all;
  for (const auto& packet : packetize_av1(unit.obus(), min_av1_payload)) {
    EXPECT_EQ(packet.size(), 2u);
    all += to_hex(packet.bytes()).substr(2);
  }
  EXPECT_EQ(all, "34203001");
}

}  // namespace
}  // namespace genos::core
