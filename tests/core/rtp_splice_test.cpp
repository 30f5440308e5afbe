// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/splice.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace genos::core {
namespace {

using Packet = std::vector<std::uint8_t>;

// RFC 3550 section 5.1: number 0x1234, time 0x01020304.
Packet packet(const Packet& payload) {
  Packet bytes = {0x80, 45, 0x12, 0x34, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd};
  for (const auto byte : payload) bytes.push_back(byte);
  return bytes;
}

RtpPlace sent(RtpSplice& splice, const RtpPlace& place) {
  const auto by = splice.take(place, place);
  return {std::uint16_t(place.sequence + by.sequence), place.timestamp + by.timestamp,
          std::uint16_t((place.picture + by.picture) & 0x7fff)};
}

TEST(RtpSplice, TheFirstStreamKeepsItsNumbers) {
  RtpSplice splice;
  const RtpPlace first = {65'535, 4'000'000'000, 32'767}, next = {0, 5, 0};
  splice.change_over(first);
  EXPECT_EQ(sent(splice, first), first);
  EXPECT_EQ(sent(splice, next), next);
}

TEST(RtpSplice, ASourceMayBeSentAsAnother) {
  auto bytes = packet({1, 2, 3});
  RtpPlace by;
  by.ssrc = 0x55443324;
  shift(bytes, PictureIds::none, by);
  auto expected = packet({1, 2, 3});
  for (std::size_t i = 8; i < 12; ++i) expected[i] = i < 11 ? 0 : 1;
  EXPECT_EQ(bytes, expected) << "modulo 2^32";
}

TEST(RtpSplice, NumbersGoOnAndTimesStayWhatTheyAre) {
  RtpSplice splice;
  splice.change_over({100, 9'000, 7});
  splice.take({100, 9'000, 7}, {110, 12'000, 8});
  splice.change_over({50'000, 15'000, 30'000});
  EXPECT_EQ(sent(splice, {50'000, 15'000, 30'000}), (RtpPlace{111, 15'000, 9}));
  EXPECT_EQ(sent(splice, {50'001, 15'000, 30'000}), (RtpPlace{112, 15'000, 9}));
  EXPECT_EQ(sent(splice, {50'002, 18'000, 30'001}), (RtpPlace{113, 18'000, 10}));
  splice.change_over({113, 21'000, 9});
  EXPECT_EQ(sent(splice, {113, 21'000, 9}), (RtpPlace{114, 21'000, 11}));
}

TEST(RtpSplice, AnOlderPictureGoesAfterTheLastOneAndIsCaughtUpWith) {
  constexpr auto step = RtpSplice::least_step;
  constexpr std::uint32_t last = 0xffff'ff00;
  RtpSplice splice;
  splice.change_over({1, last, 0});
  sent(splice, {1, last, 0});
  splice.change_over({1, last - 6'000, 0});
  EXPECT_EQ(sent(splice, {1, last - 6'000, 0}).timestamp, last + step);
  EXPECT_EQ(sent(splice, {2, last - 6'000, 0}).timestamp, last + step) << "of the same picture";
  EXPECT_EQ(sent(splice, {3, last - 3'000, 1}).timestamp, last + 2 * step);
  EXPECT_EQ(sent(splice, {4, last, 2}).timestamp, last + 3 * step);
  EXPECT_EQ(sent(splice, {5, last + 3'000, 3}).timestamp, last + 3'000);
  EXPECT_EQ(sent(splice, {6, last + 3'010, 4}).timestamp, last + 3'010);
}

TEST(RtpSplice, APacketsNumbersAreReadAndWritten) {
  auto bytes = packet({1, 2, 3});
  EXPECT_EQ(place_of(bytes, PictureIds::none), (RtpPlace{0x1234, 0x01020304, 0}));
  shift(bytes, PictureIds::none, {0xffff, 0x10, 5});
  EXPECT_EQ(place_of(bytes, PictureIds::none), (RtpPlace{0x1233, 0x01020314, 0}));
  EXPECT_EQ(Packet(bytes.begin() + 8, bytes.end()), (Packet{0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3}));
}

TEST(RtpSplice, PictureIdsBehindSourcesAndExtensions) {
  // RFC 7741 section 4.2: X, I, M and 15 bits.
  auto vp8 = packet({0, 0, 0, 1, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 0x90, 0x80, 0xff, 0xfe, 77});
  vp8[0] = 0x91;
  EXPECT_EQ(place_of(vp8, PictureIds::vp8)->picture, 0x7ffe);
  shift(vp8, PictureIds::vp8, {0, 0, 3});
  EXPECT_EQ(place_of(vp8, PictureIds::vp8)->picture, 1);
  EXPECT_EQ(vp8.back(), 77);
  // RFC 9628 section 4.2: I, M and 15 bits.
  auto vp9 = packet({0x8c, 0x80, 0x05, 77});
  shift(vp9, PictureIds::vp9, {0, 0, 0x7ffb});
  EXPECT_EQ(place_of(vp9, PictureIds::vp9)->picture, 0);
  EXPECT_EQ(Packet(vp9.end() - 3, vp9.end()), (Packet{0x80, 0, 77}));
}

TEST(RtpSplice, WhatIsNoSuchPacketIsLeftAlone) {
  EXPECT_FALSE(place_of({}, PictureIds::none));
  for (const Packet& payload :
       {Packet{}, Packet{0x10}, Packet{0x90}, Packet{0x90, 0x00}, Packet{0x90, 0x80},
        Packet{0x90, 0x80, 0x80}, Packet{0x90, 0x80, 0x7f, 1}}) {
    auto bytes = packet(payload);
    const auto before = bytes;
    shift(bytes, PictureIds::vp8, {1, 1, 1});
    EXPECT_EQ(bytes, before);
    EXPECT_TRUE(place_of(bytes, PictureIds::none));
  }
  auto cut = packet({});
  for (const std::uint8_t first : {0x40, 0x90, 0x8f}) {
    cut[0] = first;
    EXPECT_FALSE(place_of(cut, PictureIds::none)) << int(first);
  }
}

}  // namespace
}  // namespace genos::core
