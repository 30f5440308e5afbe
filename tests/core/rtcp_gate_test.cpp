// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/rtcp_gate.hpp"

#include <gtest/gtest.h>

#include "core/rtp/limits.hpp"

namespace genos::core {
namespace {

using Verdict = RtcpGate::Verdict;

bool is_media(std::uint32_t ssrc) { return ssrc == 7 || ssrc == 8; }

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes name(std::uint32_t ssrc) {
  return {std::uint8_t(ssrc >> 24), std::uint8_t(ssrc >> 16), std::uint8_t(ssrc >> 8),
          std::uint8_t(ssrc)};
}
// RFC 3550 section 6.4, with one report block; 6.5; and 6.6.
const Bytes block(24, 0xbb);
Bytes sender_report(std::uint32_t ssrc) {
  return Bytes{0x81, 200, 0, 12} + name(ssrc) + Bytes(20, 0xaa) + block;
}
Bytes receiver_report(std::uint32_t ssrc) { return Bytes{0x81, 201, 0, 7} + name(ssrc) + block; }
Bytes description(std::uint32_t ssrc) {
  return Bytes{0x81, 202, 0, 2} + name(ssrc) + Bytes{1, 1, 'a', 0};
}
Bytes goodbye(std::uint32_t ssrc) { return Bytes{0x81, 203, 0, 1} + name(ssrc); }
// RFC 4585 section 6.2.1
Bytes loss(std::uint32_t ssrc) {
  return Bytes{0x81, 205, 0, 3} + name(ssrc) + name(9) + Bytes{0, 1, 0, 0};
}

TEST(RtcpGate, WhatBelongsToMediaPassesAsItIs) {
  RtcpGate gate;
  for (const auto& packet :
       {sender_report(7), sender_report(7) + description(7), sender_report(7) + sender_report(8),
        receiver_report(1) + loss(1), receiver_report(1) + description(1) + goodbye(1), loss(7)}) {
    auto passed = packet;
    EXPECT_EQ(gate.check(passed, is_media), Verdict::pass);
    EXPECT_EQ(passed, packet);
  }
}

TEST(RtcpGate, WhoSendsNothingReportsAsAReceiver) {
  RtcpGate gate;
  auto alone = sender_report(5) + description(5), behind = sender_report(7) + sender_report(5);
  EXPECT_EQ(gate.check(alone, is_media), Verdict::changed);
  EXPECT_EQ(alone, receiver_report(5) + description(5));
  EXPECT_EQ(gate.check(behind, is_media), Verdict::changed);
  EXPECT_EQ(behind, sender_report(7) + receiver_report(5));
}

TEST(RtcpGate, NobodyReportsAsASenderBehindOneThatDoesNot) {
  RtcpGate gate;
  for (const auto& first : {receiver_report(5), loss(5), goodbye(5), description(5)}) {
    auto packet = first + sender_report(7);
    EXPECT_EQ(gate.check(packet, is_media), Verdict::changed);
    EXPECT_EQ(packet, first + receiver_report(7));
  }
}

TEST(RtcpGate, SoManyReportAndNoMore) {
  RtcpGate gate;
  std::uint32_t ssrc = 100;
  for (std::size_t i = 0; i < limits::max_reporters; ++i) {
    auto packet = receiver_report(ssrc++);
    EXPECT_EQ(gate.check(packet, is_media), Verdict::pass);
  }
  for (auto packet : {receiver_report(ssrc), sender_report(ssrc), description(ssrc),
                      receiver_report(100) + description(ssrc)})
    EXPECT_EQ(gate.check(packet, is_media), Verdict::drop);
  for (auto packet : {receiver_report(100), sender_report(7) + description(7), goodbye(ssrc)})
    EXPECT_EQ(gate.check(packet, is_media), Verdict::pass);
}

TEST(RtcpGate, WhatIsLongerThanAnybodySendsIsDropped) {
  RtcpGate gate;
  Bytes most;
  while (most.size() < limits::max_rtcp) most = most + goodbye(1);
  auto more = most + goodbye(1);
  EXPECT_EQ(gate.check(most, is_media), Verdict::pass);
  EXPECT_EQ(gate.check(more, is_media), Verdict::drop);
}

TEST(RtcpGate, WhatIsNoCompoundIsDropped) {
  RtcpGate gate;
  const auto whole = sender_report(7);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes part(whole.begin(), whole.begin() + std::ptrdiff_t(size));
    EXPECT_EQ(gate.check(part, is_media), Verdict::drop) << size;
  }
  for (auto packet : {whole + Bytes{0x81}, Bytes{0x41, 201, 0, 1} + name(7), Bytes{0x80, 201, 0, 0},
                      Bytes{0x80, 200, 0, 1} + name(7),
                      Bytes{0x82, 202, 0, 4} + name(7) + name(0) + name(8) + name(0)})
    EXPECT_EQ(gate.check(packet, is_media), Verdict::drop);
}

}  // namespace
}  // namespace genos::core
