// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/candidate.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "core/negotiation/sdp.hpp"
#include "core/wire/limits.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::core {
namespace {

Candidate of(std::string line, std::uint32_t mline = 0) {
  Candidate candidate;
  candidate.candidate = std::move(line);
  candidate.mline = mline;
  return candidate;
}

// The value of a string or number in one line of JSON that a browser wrote.
std::string field(const std::string& json, const std::string& name) {
  const auto at = json.find('"' + name + "\":");
  if (at == std::string::npos) return {};
  auto value = json.substr(at + name.size() + 3);
  if (value.front() != '"') return value.substr(0, value.find_first_of(",}"));
  value.erase(0, 1);
  return value.substr(0, value.find('"'));
}

TEST(Candidate, ReadsWhatBrowsersAndLibniceWrite) {
  const auto chromium = parse_candidate(
      "candidate:342956714 1 udp 2122265343 fd00::2 49290 typ host generation 0 ufrag 3cJQ "
      "network-id 2");
  ASSERT_TRUE(chromium);
  EXPECT_EQ((*chromium).address, "fd00::2");
  EXPECT_EQ((*chromium).family, Address::ipv6);
  EXPECT_EQ((*chromium).ufrag, "3cJQ");
  EXPECT_EQ((*chromium).priority, 2122265343u);
  const auto libnice = parse_candidate("a=candidate:1 1 UDP 2015363327 192.0.2.2 58439 typ host");
  ASSERT_TRUE(libnice);
  EXPECT_EQ((*libnice).port, 58439);
  const auto relayed =
      parse_candidate("candidate:4 1 UDP 91 203.0.113.7 3478 typ relay raddr 0.0.0.0 rport 0");
  ASSERT_TRUE(relayed);
  EXPECT_EQ((*relayed).kind, CandidateKind::relay);
  EXPECT_EQ(to_line(*relayed), "candidate:4 1 UDP 91 203.0.113.7 3478 typ relay");
}

TEST(Candidate, IsWrittenAsItWasRead) {
  for (const auto line : {"candidate:a+/9 1 UDP 0 ::ffff:192.0.2.1 1 typ prflx ufrag abcd",
                          "candidate:2 2 TCP 9 ab-c.local 9 typ host tcptype active",
                          "candidate:3 1 UDP 4294967295 1:2:3:4:5:6:7:8 65535 typ srflx"}) {
    const auto read = parse_candidate(line);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(to_line(*read), line);
  }
}

TEST(Candidate, RefusesWhatIsMalformed) {
  for (const std::string line : {
           "candidate:",
           "candidate:1",
           "candidate:1 1 UDP 1 192.0.2.2 5 host typ",
           "candidate:! 1 UDP 1 192.0.2.2 5 typ host",
           "candidate:1 0 UDP 1 192.0.2.2 5 typ host",
           "candidate:1 257 UDP 1 192.0.2.2 5 typ host",
           "candidate:1 1 SCTP 1 192.0.2.2 5 typ host",
           "candidate:1 1 UDP 4294967296 192.0.2.2 5 typ host",
           "candidate:1 1 UDP -1 192.0.2.2 5 typ host",
           "candidate:1 1 UDP 1 192.0.2 5 typ host",
           "candidate:1 1 UDP 1 192.0.2.256 5 typ host",
           "candidate:1 1 UDP 1 1:2:3 5 typ host",
           "candidate:1 1 UDP 1 ::1::2 5 typ host",
           "candidate:1 1 UDP 1 fe80::1%eth0 5 typ host",
           "candidate:1 1 UDP 1 1:2:3:4:5:6:7:8:9 5 typ host",
           "candidate:1 1 UDP 1 example.com 5 typ host",
           "candidate:1 1 UDP 1 a.b.local 5 typ host",
           "candidate:1 1 UDP 1 -a.local 5 typ host",
           "candidate:1 1 UDP 1 .local 5 typ host",
           "candidate:1 1 UDP 1 192.0.2.2 65536 typ host",
           "candidate:1 1 UDP 1 192.0.2.2 5 typ other",
           "candidate:1 1 UDP 1 192.0.2.2 5 typ host ufrag",
           "candidate:1 1 UDP 1 192.0.2.2 5 typ host ufrag a!b",
           "candidate:1 1 UDP 1 192.0.2.2 5  typ host",
           "candidate:1 1 TCP 1 192.0.2.2 9 typ host",
           "candidate:1 1 TCP 1 192.0.2.2 9 typ host tcptype odd",
           "candidate:1 1 UDP 1 192.0.2.2 5 typ host tcptype active",
       }) {
    EXPECT_FALSE(parse_candidate(line)) << line;
    EXPECT_EQ(sort_candidate(of(line == "candidate:" ? "candidate:x" : line), {}).verdict,
              Verdict::refuse);
  }
  EXPECT_FALSE(
      parse_candidate("candidate:1 1 UDP 1 " + std::string(64, 'a') + ".local 5 typ host"));
  const std::string good = "candidate:1 1 UDP 1 192.0.2.2 5 typ host x ";
  EXPECT_TRUE(parse_candidate(good + std::string(100, 'y')));
  EXPECT_FALSE(parse_candidate(good + std::string(limits::max_candidate, 'y')));
}

TEST(Candidate, TheEndIsNoCandidate) {
  for (const auto text : {"", "candidate:", "a=end-of-candidates"}) {
    EXPECT_EQ(sort_candidate(of(text), {}).verdict, Verdict::finished);
    EXPECT_EQ(sort_candidate(of(text, 3), {}).verdict, Verdict::finished);
  }
}

TEST(Candidate, WhatIsOfNoUseIsDropped) {
  const std::string udp = "candidate:1 1 UDP 1 192.0.2.2 5000 typ host";
  EXPECT_EQ(sort_candidate(of(udp), {}).verdict, Verdict::keep);
  EXPECT_EQ(sort_candidate(of(udp, 1), {}).verdict, Verdict::drop);
  EXPECT_EQ(sort_candidate(of("candidate:1 2 UDP 1 192.0.2.2 5 typ host"), {}).verdict,
            Verdict::drop);
  EXPECT_EQ(sort_candidate(of("candidate:1 1 UDP 1 192.0.2.2 9 typ host"), {}).verdict,
            Verdict::drop);
  const auto tcp = of("candidate:1 1 TCP 1 192.0.2.2 9 typ host tcptype active");
  EXPECT_EQ(sort_candidate(tcp, {}).verdict, Verdict::drop);
  EXPECT_EQ(sort_candidate(tcp, {.tcp = true}).verdict, Verdict::keep);
  const auto mdns = of("candidate:1 1 UDP 1 0a-b.local 5000 typ host");
  EXPECT_EQ(sort_candidate(mdns, {}).verdict, Verdict::drop);
  EXPECT_EQ(sort_candidate(mdns, {.mdns = true}).verdict, Verdict::keep);
}

TEST(Candidate, BelongsToOneIceSessionAndMid) {
  auto candidate = of("candidate:1 1 UDP 1 192.0.2.2 5000 typ host ufrag abcd");
  EXPECT_EQ(sort_candidate(candidate, {}, "abcd").verdict, Verdict::keep);
  EXPECT_EQ(sort_candidate(candidate, {}, "efgh").verdict, Verdict::drop);
  candidate.ufrag = "efgh";
  EXPECT_EQ(sort_candidate(candidate, {}, "abcd").verdict, Verdict::drop);
  candidate = of("candidate:1 1 UDP 1 192.0.2.2 5000 typ host");
  candidate.mline.reset();
  candidate.mid = "0";
  EXPECT_EQ(sort_candidate(candidate, {}, {}, "0").verdict, Verdict::keep);
  EXPECT_EQ(sort_candidate(candidate, {}, {}, "1").verdict, Verdict::drop);
}

TEST(Candidate, OfRecordedBrowsersNoneIsRefused) {
  std::size_t kept = 0, dropped = 0, finished = 0;
  for (const auto name : {"firefox", "firefox-mdns", "chromium", "chromium-mdns"}) {
    std::istringstream lines(test::fixture(std::string(name) + "-candidates.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      auto candidate = of(field(line, "candidate"));
      candidate.mline =
          static_cast<std::uint32_t>(number(field(line, "sdpMLineIndex"), 99).value());
      candidate.ufrag = field(line, "usernameFragment");
      const auto sorted = sort_candidate(candidate, {.tcp = false, .mdns = true}, *candidate.ufrag);
      EXPECT_NE(sorted.verdict, Verdict::refuse) << line << sorted.why;
      kept += sorted.verdict == Verdict::keep;
      dropped += sorted.verdict == Verdict::drop;
      finished += sorted.verdict == Verdict::finished;
    }
  }
  EXPECT_GT(kept, 10u);
  EXPECT_GT(dropped, 40u);  // Firefox: component 2, TCP, other m-lines
  EXPECT_GT(finished, 2u);  // Firefox: the empty one
}

}  // namespace
}  // namespace genos::core
