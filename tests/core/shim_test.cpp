// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/shim.hpp"

#include <gtest/gtest.h>

#include "support/shim_side.hpp"

namespace genos::core {
namespace {

using test::answer;
using test::fixture;
using test::offer;
using test::reach_reuse;
using test::replaced;
using test::Side;
using test::v122;
using test::v126;

class ShimOf : public testing::TestWithParam<const char*> {
 protected:
  const std::string browser = GetParam();
};

TEST_P(ShimOf, CopiesTransportDownAndLeavesOutWhatIsNotUnderstood) {
  Side side(v122);
  side.receive(offer(browser + "-all-at-once"));
  ASSERT_EQ(side.shown.media.size(), 3u);
  EXPECT_EQ(side.shown.bundle(), side.remote.sdp.bundle());
  for (const auto& section : side.shown.media) {
    EXPECT_EQ(section.find("fingerprint"), "sha-256 " + side.remote.fingerprint);
    EXPECT_EQ(section.find("ice-ufrag"), side.remote.ufrag);
    EXPECT_EQ(section.find("ice-pwd"), side.remote.password);
    EXPECT_EQ(section.find("setup"), "actpass");
    EXPECT_NE(section.port, 0);
    for (const auto name :
         {"bundle-only", "extmap-allow-mixed", "rtcp-xr", "rid", "end-of-candidates"})
      EXPECT_FALSE(section.has(name)) << name;
    for (const auto extension : section.all("extmap")) {
      EXPECT_EQ(extension.find('/'), extension.find("/", extension.find(' '))) << extension;
      EXPECT_EQ(extension.find("sdes"), std::string_view::npos);
    }
  }
  const auto text = side.shown.text();
  for (const auto name : {"telephone-event", "red/", "ulpfec", "CN/"})
    EXPECT_EQ(text.find(name), std::string::npos) << name;
  for (const auto& media : side.remote.media)
    for (const auto ssrc : media.ssrcs)
      EXPECT_NE(text.find("a=ssrc:" + std::to_string(ssrc)), std::string::npos);
}

TEST_P(ShimOf, GivesAReusedLineAnotherLineBesideIt) {
  Side side(v122);
  reach_reuse(side, browser);
  ASSERT_EQ(side.shown.media.size(), 3u);
  const auto& real = side.shown.media[1];
  const auto& beside = side.shown.media[2];
  EXPECT_EQ(side.shown.direction(real), Direction::recvonly);
  EXPECT_FALSE(real.has("ssrc"));
  EXPECT_EQ(side.shown.direction(beside), Direction::sendonly);
  EXPECT_TRUE(beside.has("ssrc"));
  EXPECT_TRUE(beside.has("msid"));
  EXPECT_NE(beside.mid(), real.mid());
  EXPECT_EQ(side.shown.bundle().size(), 3u);
  EXPECT_EQ(side.shim.receiving_line(1), 2u);
  EXPECT_EQ(side.shim.to_wire(2), 1u);
  EXPECT_EQ(side.shim.to_inner(1), 1u);

  side.make(side.webrtcbin_answer({Direction::sendrecv, Direction::sendonly, Direction::recvonly}));
  ASSERT_EQ(side.wire.media.size(), 2u);
  EXPECT_EQ(side.wire.direction(side.wire.media[1]), Direction::sendrecv);
  EXPECT_EQ(side.wire.bundle(), (std::vector<std::string>{"application0", "video1"}));
  // We offered first, so the page is the DTLS client, whatever webrtcbin says.
  for (const auto& section : side.wire.media) EXPECT_EQ(section.find("setup"), "passive");
}

// The page added its track while it applied our offer: it is on our line, and the page will not
// offer it.
TEST_P(ShimOf, OffersALineBesideForATrackThatCouldNotBeOffered) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-data"));
  side.receive(answer(browser + "-to-webrtcbin-data"));
  const auto ours = offer("webrtcbin-1.22-video");
  side.make(ours);
  auto held = *Sdp::parse(answer(browser + "-to-webrtcbin-video").sdp);
  held.media[1].add("msid", "stream track");
  side.receive({DescriptionType::answer, held.text()});
  ASSERT_TRUE(side.remote.media[1].holds_track());
  EXPECT_FALSE(side.remote.media[0].holds_track());

  side.shim.offer_beside(1);
  auto next = *Sdp::parse(ours.sdp);
  auto mine = next.media[1], other = next.media[1];
  mine.set("mid", "video7");  // something else of ours in the same offer
  mine.remove("ssrc");
  other.set("mid", "video8");
  other.set_direction(Direction::recvonly);
  for (const auto name : {"ssrc", "ssrc-group", "msid"}) other.remove(name);
  next.media.insert(next.media.end(), {mine, other});
  side.make({DescriptionType::offer, next.text()});
  ASSERT_EQ(side.wire.media.size(), 3u);
  EXPECT_EQ(side.wire.direction(side.wire.media[1]), Direction::sendrecv);
  EXPECT_EQ(side.wire.media[2].mid(), "video7");
  EXPECT_EQ(side.shim.receiving_line(1), 3u);
  EXPECT_EQ(side.shim.to_wire(2), 2u);

  auto sends = held;
  sends.media[1].set_direction(Direction::sendrecv);
  sends.media[1].set("ssrc", "77 cname:x");
  auto third = held.media[1];
  third.set("mid", "video7");
  third.remove("msid");
  sends.media.push_back(third);
  sends.set_bundle({"application0", "video1", "video7"});
  side.receive({DescriptionType::answer, sends.text()});
  ASSERT_EQ(side.shown.media.size(), 4u);
  EXPECT_EQ(side.shown.direction(side.shown.media[1]), Direction::recvonly);
  EXPECT_FALSE(side.shown.media[1].has("ssrc"));
  EXPECT_EQ(side.shown.direction(side.shown.media[3]), Direction::sendonly);
  EXPECT_EQ(side.shown.media[3].find("ssrc"), "77 cname:x");
  EXPECT_EQ(side.shown.media[3].mid(), "video8");
}

TEST_P(ShimOf, LeavesAReusedLineAloneWhereWebrtcbinCan) {
  Side side(v126);
  reach_reuse(side, browser);
  ASSERT_EQ(side.shown.media.size(), 2u);
  EXPECT_EQ(side.shown.direction(side.shown.media[1]), Direction::sendrecv);
  EXPECT_EQ(side.shim.receiving_line(1), 1u);
}

TEST_P(ShimOf, EndsAStreamAndCarriesTheNextOne) {
  Side side(v122);
  reach_reuse(side, browser);
  const std::vector<Direction> ours{Direction::sendrecv, Direction::sendonly, Direction::recvonly,
                                    Direction::recvonly};
  side.make(side.webrtcbin_answer(ours));
  auto stops = offer(browser + "-to-webrtcbin-reuse");
  auto sdp = *Sdp::parse(stops.sdp);
  sdp.media[1].set_direction(Direction::inactive);
  side.receive({DescriptionType::offer, sdp.text()});
  EXPECT_EQ(side.shown.direction(side.shown.media[1]), Direction::recvonly);  // ours stays usable
  EXPECT_EQ(side.shown.direction(side.shown.media[2]), Direction::inactive);
  side.make(side.webrtcbin_answer(ours));
  EXPECT_EQ(side.wire.direction(side.wire.media[1]), Direction::inactive);

  side.receive(offer(browser + "-to-webrtcbin-reuse"));
  ASSERT_EQ(side.shown.media.size(), 4u);
  EXPECT_EQ(side.shown.direction(side.shown.media[2]), Direction::inactive);
  EXPECT_EQ(side.shown.direction(side.shown.media[3]), Direction::sendonly);
  EXPECT_EQ(side.shim.receiving_line(1), 3u);
  side.make(side.webrtcbin_answer(ours));
  EXPECT_EQ(side.wire.direction(side.wire.media[1]), Direction::sendrecv);
}

TEST_P(ShimOf, OffersAgainWithTheSyntheticLineHidden) {
  Side side(v122);
  reach_reuse(side, browser);
  const auto made =
      side.webrtcbin_answer({Direction::sendrecv, Direction::sendonly, Direction::recvonly});
  side.make(made);
  // webrtcbin's next offer: its three lines with the roles it remembers, and a new one.
  auto next = *Sdp::parse(made.sdp);
  auto line = next.media[1];
  line.set("mid", "video9");
  line.port = 0;
  line.add("bundle-only");
  line.set_direction(Direction::sendonly);
  next.media.push_back(line);
  side.make({DescriptionType::offer, next.text()});
  ASSERT_EQ(side.wire.media.size(), 3u);
  EXPECT_EQ(side.wire.direction(side.wire.media[1]), Direction::sendrecv);
  EXPECT_EQ(side.wire.media[2].mid(), "video9");
  EXPECT_EQ(side.wire.media[2].port, 9);
  EXPECT_FALSE(side.wire.media[2].has("bundle-only"));
  for (const auto& section : side.wire.media) EXPECT_EQ(section.find("setup"), "actpass");
  EXPECT_EQ(side.shim.to_inner(2), 3u);
  EXPECT_EQ(side.shim.to_wire(3), 2u);
}

TEST_P(ShimOf, ShowsAStoppedLineAsInactiveAndAnswersItRejected) {
  Side side(v122);
  side.make(offer(browser + "-turned-data"));
  side.receive(answer(browser + "-turned-data"));
  side.receive(offer(browser + "-turned-media"));
  side.make(side.webrtcbin_answer({}));
  EXPECT_EQ(side.wire.direction(side.wire.media[2]), Direction::recvonly);
  side.receive(offer(browser + "-turned-stopped"));
  ASSERT_EQ(side.shown.media.size(), 3u);
  EXPECT_FALSE(side.shown.media[2].rejected());
  EXPECT_EQ(side.shown.direction(side.shown.media[2]), Direction::inactive);
  EXPECT_FALSE(side.shown.media[2].formats.empty());
  side.make(side.webrtcbin_answer({}));
  EXPECT_TRUE(side.wire.media[2].rejected());
  EXPECT_EQ(side.wire.bundle().size(), 2u);
}

TEST_P(ShimOf, ShowsWhatTakesTheStoppedLinesPlaceBehindTheOthers) {
  Side side(v122);
  side.make(offer(browser + "-turned-data"));
  side.receive(answer(browser + "-turned-data"));
  side.receive(offer(browser + "-turned-media"));
  side.make(side.webrtcbin_answer({}));
  const std::string was(side.shown.media[2].mid());
  side.receive(offer(browser + "-turned-stopped"));
  side.make(side.webrtcbin_answer({}));
  EXPECT_TRUE(side.shim.knows(2, was));
  side.receive(test::recycled(browser, "another"));
  ASSERT_EQ(side.shown.media.size(), 4u);
  EXPECT_EQ(side.shown.media[2].mid(), was);
  EXPECT_EQ(side.shown.direction(side.shown.media[2]), Direction::inactive);
  EXPECT_EQ(side.shown.media[3].mid(), "another");
  EXPECT_TRUE(sends(side.shown.direction(side.shown.media[3])));
  EXPECT_EQ(side.shim.receiving_line(2), 3u);
  EXPECT_EQ(side.shim.to_wire(3), 2u);
  EXPECT_FALSE(side.shim.to_wire(2)) << "what we sent there is over";
  side.make(side.webrtcbin_answer({}));
  ASSERT_EQ(side.wire.media.size(), 3u);
  EXPECT_EQ(side.wire.media[2].mid(), "another");
  EXPECT_FALSE(side.wire.media[2].rejected());
  EXPECT_EQ(side.wire.bundle().size(), 3u);
}

TEST_P(ShimOf, AnswersALineThatIsRefusedAsRejected) {
  Side side(v122);
  side.make(offer(browser + "-turned-data"));
  side.receive(answer(browser + "-turned-data"));
  side.receive(offer(browser + "-turned-media"));
  side.shim.refuse(2);
  side.make(side.webrtcbin_answer({}));
  EXPECT_TRUE(side.wire.media[2].rejected());
  EXPECT_FALSE(side.wire.media[1].rejected());
  EXPECT_EQ(side.wire.bundle().size(), 2u);
}

TEST_P(ShimOf, MakesMixedRolesOne) {
  Side side(v122);
  side.receive(offer(browser + "-turned-data"));
  side.make(answer(browser + "-turned-data"));
  side.make(offer(browser + "-turned-media"));
  side.receive(answer(browser + "-turned-media"));
  for (const auto& section : side.shown.media) EXPECT_EQ(section.find("setup"), "passive");
}

INSTANTIATE_TEST_SUITE_P(Recorded, ShimOf, testing::Values("firefox", "chromium"),
                         [](const auto& browser) { return std::string(browser.param); });

TEST(Shim, KeepsOnlyCandidatesOfUse) {
  Side side(v122);
  side.receive(offer("firefox-mdns-data"));
  EXPECT_FALSE(side.shown.media[0].has("candidate"));
  Platform resolving;
  resolving.candidates.mdns = true;
  Side other(resolving);
  other.receive(offer("firefox-mdns-data"));
  EXPECT_EQ(other.shown.media[0].count("candidate"), 2u);  // the TCP ones are gone
}

TEST(Shim, FixesTheRoleForSetLocal) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-data"));
  side.receive(answer("chromium-to-webrtcbin-data"));
  auto again = offer("webrtcbin-1.22-video");
  again.sdp = replaced(again.sdp, "setup:actpass", "setup:active");
  const auto local = side.shim.local(again);
  ASSERT_TRUE(local);
  EXPECT_EQ((*local).sdp, offer("webrtcbin-1.22-video").sdp);
}

TEST(Shim, WhatEndedIsInactiveOnTheWireOnly) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-video"), "");
  side.shim.retire(1);
  const auto again = side.shim.out(offer("webrtcbin-1.22-video"));
  ASSERT_TRUE(again);
  const auto wire = Sdp::parse((*again).sdp);
  ASSERT_TRUE(wire);
  EXPECT_EQ((*wire).direction((*wire).media[1]), Direction::inactive);
  for (const auto name : {"ssrc", "ssrc-group", "msid"})
    EXPECT_FALSE((*wire).media[1].has(name)) << name;
}

TEST(Shim, WritesIdentityAndMsid) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-video"), "key.signature");
  EXPECT_EQ(side.wire.session.find("genos-identity"), "key.signature");
  EXPECT_EQ(side.wire.media[1].find("msid"), "gststream 305419896");
  EXPECT_FALSE(side.wire.media[0].has("msid"));
}

TEST(Shim, RefusesWhatWebrtcbinDoesNotWrite) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-video"));
  EXPECT_FALSE(side.shim.out({DescriptionType::offer, "nonsense"}));
  EXPECT_FALSE(side.shim.out(offer("webrtcbin-1.22-data")));  // a line is gone
  auto renamed = offer("webrtcbin-1.22-video");
  renamed.sdp = replaced(renamed.sdp, "a=mid:video1", "a=mid:video2");
  EXPECT_FALSE(side.shim.out(renamed));
}

TEST(Shim, RefusesAMidOfItsOwn) {
  Side side(v122);
  reach_reuse(side, "chromium");
  side.make(side.webrtcbin_answer({Direction::sendrecv, Direction::sendonly}));
  auto sdp = *Sdp::parse(fixture("chromium-to-webrtcbin-reuse-offer.sdp"));
  auto line = sdp.media[1];
  line.set("mid", "genos-beside-2");
  for (const auto name : {"ssrc", "ssrc-group"}) line.remove(name);
  sdp.media.push_back(line);
  sdp.set_bundle({"application0", "video1", "genos-beside-2"});
  const auto passed = side.gate.check({DescriptionType::offer, sdp.text()});
  ASSERT_TRUE(passed) << passed.error().detail;
  EXPECT_FALSE(side.shim.in(*passed));
}

TEST(Shim, SendsOnlyCandidatesOfTheFirstLine) {
  Side side(v122);
  side.make(offer("webrtcbin-1.22-video"));
  const std::string line = "candidate:1 1 UDP 2015363327 192.0.2.2 58439 typ host";
  const auto sent = side.shim.out(0, "a=" + line);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->candidate, line);
  EXPECT_EQ(sent->mid, "application0");
  EXPECT_EQ(sent->mline, 0u);
  EXPECT_FALSE(side.shim.out(1, line));
  EXPECT_FALSE(side.shim.out(0, ""));
  EXPECT_FALSE(side.shim.out(0, "candidate:1 2 UDP 2015363327 192.0.2.2 58439 typ host"));
}

// Whatever passes the gate, webrtcbin sees one mid once, and every SSRC that the guard lets in.
TEST(Shim, StandsMutatedOffers) {
  const std::uint32_t seed = 7;
  std::mt19937 random(seed);
  const auto other = fixture("firefox-media-offer.sdp");
  std::size_t passed = 0;
  Side prepared[] = {Side(v122), Side(v122)};
  reach_reuse(prepared[0], "chromium");
  reach_reuse(prepared[1], "firefox");
  for (auto& side : prepared)
    side.make(side.webrtcbin_answer({Direction::sendrecv, Direction::sendonly}));
  for (int i = 0; i < 2000; ++i) {
    Side start = prepared[i % 2];
    const auto text = test::mutated(start.remote.sdp.text(), other, random);
    auto remote = start.gate.check({DescriptionType::offer, text});
    if (!remote) continue;
    const auto shown = start.shim.in(*remote);
    if (!shown) continue;
    ++passed;
    auto sdp = Sdp::parse((*shown).sdp);
    ASSERT_TRUE(sdp) << "seed " << seed << " case " << i;
    EXPECT_EQ((*sdp).bundle().size(), (*sdp).media.size());
    for (const auto& media : (*remote).media)
      for (const auto ssrc : media.ssrcs)
        EXPECT_NE((*shown).sdp.find("a=ssrc:" + std::to_string(ssrc)), std::string::npos)
            << "seed " << seed << " case " << i << '\n'
            << text;
    if (HasFailure()) return;
  }
  EXPECT_GT(passed, 100u);
}

}  // namespace
}  // namespace genos::core
