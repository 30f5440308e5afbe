// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/repairs.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

std::string video(const char* main, const char* repair) {
  return "m=video 9 UDP/TLS/RTP/SAVPF 120 96\r\na=ssrc-group:FID " + std::string(main) + ' ' +
         repair + "\r\na=ssrc:" + main + " cname:we\r\na=ssrc:" + repair +
         " msid:a b\r\na=ssrc:" + repair + " cname:we\r\n";
}

std::string kept(Repairs& repairs, const std::string& media) {
  auto sdp = Sdp::parse("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + media);
  EXPECT_TRUE(sdp);
  if (!sdp) return {};
  repairs.keep(*sdp);
  const auto text = (*sdp).text();
  return text.substr(text.find("m="));
}

TEST(Repairs, WhatWasToldFirstHolds) {
  Repairs repairs;
  EXPECT_EQ(kept(repairs, video("10", "11")), video("10", "11"));
  EXPECT_EQ(kept(repairs, video("10", "12")), video("10", "11"));
  EXPECT_EQ(repairs.told(), (std::map<std::uint32_t, std::uint32_t>{{10, 11}}));
}

TEST(Repairs, EachStreamHasItsOwn) {
  Repairs repairs;
  kept(repairs, video("10", "11"));
  EXPECT_EQ(kept(repairs, video("10", "21") + video("20", "11")),
            video("10", "11") + video("20", "11"));
  EXPECT_EQ(kept(repairs, video("20", "22")), video("20", "11"));
}

TEST(Repairs, OtherLinesStay) {
  Repairs repairs;
  const std::string odd =
      "m=video 9 UDP/TLS/RTP/SAVPF 120\r\na=ssrc-group:SIM 1 2 3\r\na=ssrc-group:FID 1\r\n"
      "a=ssrc-group:FID 1 99999999999\r\na=ssrc:2 cname:we\r\na=mid:video1\r\n";
  EXPECT_EQ(kept(repairs, odd), odd);
  EXPECT_TRUE(repairs.told().empty());
}

}  // namespace
}  // namespace genos::core
