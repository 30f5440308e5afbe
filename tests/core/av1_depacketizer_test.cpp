// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/av1_depacketizer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "core/rtp/av1_packetizer.hpp"
#include "core/rtp/limits.hpp"
#include "support/av1_units.hpp"

namespace genos::core {
namespace {

using test::Av1Unit;
using Resume = Av1Depacketizer::Resume;

// Sends units as RTP does, and collects what comes out again.
class Line {
 public:
  explicit Line(Av1Depacketizer::Options options = {}) : depacketizer(options) {}

  void send(const std::vector<Av1Packet>& packets, const std::set<std::size_t>& lost = {}) {
    timestamp += 3000;
    for (std::size_t i = 0; i < packets.size(); ++i, ++sequence)
      if (!lost.contains(i)) give(packets[i].bytes(), markers && i + 1 == packets.size());
  }
  void send(const Av1Unit& unit, std::size_t max_payload, const std::set<std::size_t>& lost = {}) {
    send(packetize_av1(unit.obus(), max_payload), lost);
  }
  void send_payload(const char* hex, bool marker = true) {
    Bytes bytes;
    ASSERT_TRUE(from_hex(hex, bytes));
    give(bytes, marker);
    ++sequence;
  }
  void give(const Bytes& payload, bool marker) {
    depacketizer.handle({sequence, timestamp, marker, payload});
    collect();
  }
  void collect() {
    while (auto output = depacketizer.poll()) {
      if (auto* unit = std::get_if<Av1Depacketizer::Unit>(&*output)) {
        keyframes += unit->keyframe ? 1 : 0;
        timestamps.push_back(unit->timestamp);
        received.push_back(opaque ? unit->bytes : write_obu_stream(unit->obus));
      } else {
        ++requests;
      }
    }
  }

  Av1Depacketizer depacketizer;
  std::uint16_t sequence = 65530;
  std::uint32_t timestamp = 0xffffff00;
  bool markers = true, opaque = false;
  std::vector<Bytes> received;
  std::vector<std::uint32_t> timestamps;
  int keyframes = 0, requests = 0;
};

std::vector<Av1Unit> some_units() {
  std::vector<Av1Unit> units;
  units.push_back(test::key_unit(700));
  units.push_back(test::delta_unit(1));
  units.push_back(test::delta_unit(129));
  units.push_back(std::move(Av1Unit()
                                .add(ObuType::frame_header, {0x30, 5})
                                .add(ObuType::tile_group, Bytes(90, 1))
                                .add(ObuType::tile_group, Bytes(0))
                                .add(ObuType::tile_group, Bytes(140, 3))
                                .add(ObuType::metadata, {4})));
  units.push_back(std::move(
      Av1Unit().add_frame(test::shown_delta, 60, 0x20).add_frame(test::shown_delta, 200, 0x28)));
  return units;
}

TEST(Av1Depacketizer, EverySizeOfPacketRoundTrips) {
  const auto units = some_units();
  for (std::size_t max_payload = min_av1_payload; max_payload < 1000; ++max_payload) {
    Line line;
    for (const auto& unit : units) line.send(unit, max_payload);
    ASSERT_EQ(line.received.size(), units.size()) << max_payload;
    for (std::size_t i = 0; i < units.size(); ++i)
      ASSERT_EQ(line.received[i], units[i].stream()) << max_payload << " " << i;
    ASSERT_EQ(line.keyframes, 1);
    ASSERT_EQ(line.requests, 0);
    ASSERT_EQ(line.depacketizer.counts().malformed, 0u);
  }
}

TEST(Av1Depacketizer, UnitsEndWithTheirTimestampToo) {
  Line line;
  line.markers = false;
  const auto units = some_units();
  for (const auto& unit : units) line.send(unit, 100);
  EXPECT_EQ(line.received.size(), units.size() - 1);
  line.depacketizer.finish();
  line.collect();
  ASSERT_EQ(line.received.size(), units.size());
  for (std::size_t i = 0; i < units.size(); ++i)
    EXPECT_EQ(line.timestamps[i], static_cast<std::uint32_t>(0xffffff00u + 3000 * (i + 1))) << i;
}

// Whichever packet of whichever unit is lost: what comes out is what was sent, and after a loss
// nothing until the next keyframe.
TEST(Av1Depacketizer, EachPacketLostInTurn) {
  for (const auto resume : {Resume::at_keyframe, Resume::anywhere}) {
    const auto units = some_units();
    for (std::size_t u = 0; u < units.size(); ++u) {
      const auto count = packetize_av1(units[u].obus(), 50).size();
      for (std::size_t p = 0; p < count; ++p) {
        Line line({Av1Depacketizer::Content::obus, resume});
        line.send(test::key_unit(30), 50);
        for (std::size_t i = 0; i < units.size(); ++i)
          line.send(units[i], 50, i == u ? std::set{p} : std::set<std::size_t>{});
        line.send(test::delta_unit(80), 50);
        const auto before = line.received.size();
        line.send(test::key_unit(333), 50);
        line.send(test::delta_unit(77), 50);
        ASSERT_EQ(line.received.size(), before + 2) << u << " " << p;
        EXPECT_EQ(line.received.back(), test::delta_unit(77).stream());
        EXPECT_GT(line.requests, 0) << u << " " << p;
        ASSERT_GE(before, u + 1);
        for (std::size_t i = 0; i < u; ++i) EXPECT_EQ(line.received[i + 1], units[i].stream());
        if (resume == Resume::at_keyframe) {
          EXPECT_EQ(before, u + 1) << u << " " << p;
          continue;
        }
        // When the first packet is missing nobody knows that the next unit is whole.
        EXPECT_GE(before, units.size()) << u << " " << p;
      }
    }
  }
}

// What is left of it begins with a whole OBU, and looks like a unit.
TEST(Av1Depacketizer, TheRestOfAUnitIsNoUnit) {
  for (const auto content : {Av1Depacketizer::Content::obus, Av1Depacketizer::Content::opaque}) {
    Line line({content, Resume::anywhere});
    line.send(test::delta_unit(30), 50);
    const auto unit = std::move(
        Av1Unit().add_frame(test::shown_delta, 48).add(ObuType::tile_group, Bytes(40, 1)));
    EXPECT_FALSE(packetize_av1(unit.obus(), 50)[0].continued);
    line.send(unit, 50, {0});
    EXPECT_EQ(line.received.size(), 1u);
    line.send(test::delta_unit(30), 50);
    EXPECT_EQ(line.received.size(), 2u);
  }
}

TEST(Av1Depacketizer, AKeyframeRightAfterAGapIsTaken) {
  for (const bool flag : {true, false}) {
    Line line;
    line.send(test::key_unit(30), 50);
    line.send(test::delta_unit(40), 50, {0});
    const auto unit = test::key_unit(300);
    auto packets = packetize_av1(unit.obus(), 50);
    packets[0].begins_sequence = flag;  // not every sender sets it
    line.send(packets);
    EXPECT_EQ(line.received.size(), 2u) << flag;
    EXPECT_EQ(line.depacketizer.counts().gaps, 1u);
  }
}

TEST(Av1Depacketizer, BeginsWithAKeyframe) {
  Line line;
  line.send(test::delta_unit(40), 50);
  EXPECT_TRUE(line.received.empty());
  EXPECT_EQ(line.requests, 1);
  line.send(test::key_unit(40), 50);
  EXPECT_EQ(line.received.size(), 1u);
  Line anywhere({Av1Depacketizer::Content::obus, Resume::anywhere});
  anywhere.send(test::delta_unit(40), 50);
  EXPECT_EQ(anywhere.received.size(), 1u);
}

TEST(Av1Depacketizer, LateAndDoubledPacketsAreIgnored) {
  Line line;
  line.send(test::key_unit(30), 50);
  const auto unit = test::delta_unit(120);
  const auto packets = packetize_av1(unit.obus(), 50);
  line.timestamp += 3000;
  for (std::size_t i = 0; i < packets.size(); ++i, ++line.sequence) {
    const bool last = i + 1 == packets.size();
    line.give(packets[i].bytes(), last);
    line.give(packets[i].bytes(), last);
    line.depacketizer.handle({static_cast<std::uint16_t>(line.sequence - 99), 7, true, {}});
  }
  EXPECT_EQ(line.received.size(), 2u);
  EXPECT_EQ(line.requests, 0);
}

TEST(Av1Depacketizer, ASenderThatBeginsAnew) {
  Line line;
  line.send(test::key_unit(30), 50);
  line.sequence = static_cast<std::uint16_t>(line.sequence - 5000);
  line.send(test::key_unit(31), 50);
  EXPECT_EQ(line.received.size(), 2u);
  line.sequence = 9;
  line.depacketizer.reset();
  line.send(test::delta_unit(31), 50);
  EXPECT_EQ(line.received.size(), 2u);
  line.send(test::key_unit(31), 50);
  EXPECT_EQ(line.received.size(), 3u);
}

TEST(Av1Depacketizer, PacketsWithoutPayloadFillTheLine) {
  Line line;
  line.send(test::key_unit(30), 50);
  line.give({}, false);
  ++line.sequence;
  line.send(test::delta_unit(120), 50);
  EXPECT_EQ(line.received.size(), 2u);
  EXPECT_EQ(line.requests, 0);
}

struct Vector {
  const char* name;
  std::vector<const char*> payloads;  // packets in a row, the last has the marker
  const char* stream;                 // without the delimiter in front; nullptr: nothing comes out
};

// pion/rtp 1.8, codecs/av1_depacketizer_test.go
const Vector pion[] = {
    {"nothing but a header", {"00"}, nullptr},
    {"length cut off", {"00ff"}, nullptr},
    {"longer than the packet", {"009901"}, nullptr},
    {"nothing after a length", {"0001"}, nullptr},
    {"fewer elements than W says", {"300101"}, nullptr},
    {"single OBU", {"000420010203"}, "2203010203"},
    {"padding behind", {"000420010203000000"}, "2203010203"},
    {"with a size field", {"00052203010203"}, "2203010203"},
    {"W=1", {"1020010203"}, "2203010203"},
    {"size field cut off", {"000222ff"}, nullptr},
    {"size beyond the element", {"00052204030102"}, nullptr},
    {"size below the element", {"00052202030102"}, nullptr},
    {"three OBUs", {"00042001020304200405060420070809"}, "220301020322030405062203070809"},
    {"three OBUs, W=3", {"300420010203042004050620070809"}, "220301020322030405062203070809"},
    {"a fragment and no more", {"4003010203"}, nullptr},
    {"a fragment of nothing", {"8003010203"}, nullptr},
    {"a fragment that nothing continues", {"4003010203", "000420040506"}, nullptr},
    {"temporal delimiter", {"000410010203"}, nullptr},
    {"tile list", {"000440010203"}, nullptr},
    {"over four packets",
     {"40022001", "c003020304", "c0020506", "80020708"},
     "22080102030405060708"},
    {"over packets and among others",
     {"4004080102030438040506023807", "c002080904180a0b0c04300d0e0f023810", "a002111218131415",
      "000430161718"},
     "0a030102033a030405063a030708091a030a0b0c32030d0e0f3a031011121a031314153203161718"},
    {"empty payload", {"000130"}, "3200"},
    {"Z of nothing", {"800120"}, nullptr},
    {"N", {"080130"}, "3200"},
    {"Z, Y and N", {"c80130"}, nullptr},
};

TEST(Av1Depacketizer, PublishedVectors) {
  for (const auto& vector : pion) {
    Line line({Av1Depacketizer::Content::obus, Resume::anywhere});
    for (const auto* payload : vector.payloads)
      line.send_payload(payload, payload == vector.payloads.back());
    if (!vector.stream) {
      EXPECT_TRUE(line.received.empty()) << vector.name;
      continue;
    }
    ASSERT_EQ(line.received.size(), 1u) << vector.name;
    EXPECT_EQ(to_hex(line.received[0]), std::string("1200") + vector.stream) << vector.name;
    EXPECT_EQ(line.requests, 0) << vector.name;
  }
}

TEST(Av1Depacketizer, NOnlyBeginsAUnit) {
  Line line({Av1Depacketizer::Content::obus, Resume::anywhere});
  line.send_payload("103001", false);
  line.send_payload("183001");
  EXPECT_TRUE(line.received.empty());
  EXPECT_EQ(line.depacketizer.counts().malformed, 1u);
  EXPECT_EQ(line.depacketizer.counts().dropped, 1u);
}

TEST(Av1Depacketizer, HoldsNoMoreThanAUnitMayHave) {
  Line line;
  line.timestamp += 3000;
  Bytes payload(60000, 1);
  payload[0] = 0x58;
  std::size_t sent = 0;
  for (; line.requests == 0 && sent < 2 * limits::max_temporal_unit; sent += payload.size()) {
    line.give(payload, false);
    ++line.sequence;
    payload[0] = 0xd0;
  }
  EXPECT_LE(sent, limits::max_temporal_unit + 2 * payload.size());
  Line many;
  Bytes obus{0x00};
  for (int i = 0; i < 700; ++i) obus.insert(obus.end(), {0x01, 0x30});
  for (int i = 0; i < 12; ++i, ++many.sequence) many.give(obus, false);
  EXPECT_EQ(many.depacketizer.counts().malformed, 1u);
}

TEST(Av1Depacketizer, OpaqueFramesRoundTrip) {
  Bytes frame(3000);
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i * 7);
  for (const std::size_t max_payload : {2, 3, 100, 1200, 5000}) {
    Line line({Av1Depacketizer::Content::opaque, Resume::at_keyframe});
    line.opaque = true;
    line.send(packetize_opaque(frame, FrameKind::delta, max_payload));
    EXPECT_EQ(line.requests, 1);
    line.send(packetize_opaque(frame, FrameKind::key, max_payload));
    line.send(packetize_opaque(frame, FrameKind::delta, max_payload));
    EXPECT_EQ(line.received, (std::vector<Bytes>{frame, frame})) << max_payload;
    line.send_payload("1800");
    line.send_payload("0000");  // of nothing
    EXPECT_EQ(line.received.size(), 3u);
    line.received.pop_back();
    line.send(packetize_opaque(frame, FrameKind::delta, max_payload), {0});
    line.send(packetize_opaque(frame, FrameKind::delta, max_payload));
    EXPECT_EQ(line.received.size(), 2u);
    line.send(packetize_opaque(frame, FrameKind::key, max_payload));
    EXPECT_EQ(line.received.size(), 3u);
  }
}

}  // namespace
}  // namespace genos::core
