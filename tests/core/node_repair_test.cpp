// SPDX-License-Identifier: LGPL-2.1-or-later
// Links that fail, fall silent, are doubled, unwanted or replaced, and signalling that repeats
// itself.
#include "core/wire/limits.hpp"
#include "node_fixture.hpp"

namespace genos::core {
namespace {

struct NodeRepair : NodeTest {
  LinkId offered(const PeerId& peer) {
    feed(Node::Heard{room, peer, sender});
    const auto opened = take<Node::OpenLink>();
    return opened.empty() ? LinkId{0} : opened.back().link;
  }
};

TEST_F(NodeRepair, FailedAttemptsAreRepeatedAfterLongerAndLongerPauses) {
  LinkId link = offered(high);
  for (const int pause : {1, 2, 4, 8, 8}) {
    feed(Node::LinkClosed{link, "failed"});
    pass(seconds(pause) - milliseconds(1));
    EXPECT_TRUE(take<Node::OpenLink>().empty()) << pause;
    pass(milliseconds(2));
    const auto opened = take<Node::OpenLink>();
    ASSERT_EQ(opened.size(), 1u) << pause;
    link = opened[0].link;
  }
}

TEST_F(NodeRepair, LinksThatEndAsSoonAsTheyAreOpenAreMadeMoreAndMoreRarely) {
  const auto lives = [&](LinkId link, Duration how_long) {
    feed(Node::LinkOpened{link});
    action(link, "genos:hello", R"({"session":"s1"})", PayloadKind::json);
    action(link, "@_hsready");
    pass_alive(link, how_long);
    take<Node::OpenLink>();
    feed(Node::LinkClosed{link, "cannot be negotiated"});
  };
  LinkId link = offered(high);
  for (const int pause : {0, 250, 500, 1000, 2000, 4000, 4000}) {
    lives(link, milliseconds(100));
    if (pause > 0) {
      pass(milliseconds(pause - 1));
      EXPECT_TRUE(take<Node::OpenLink>().empty()) << pause;
      pass(milliseconds(1));
    }
    const auto opened = take<Node::OpenLink>();
    ASSERT_EQ(opened.size(), 1u) << pause;
    link = opened[0].link;
    EXPECT_TRUE(take<Node::PeerLeft>().empty());
  }
  lives(link, seconds(6));
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u) << "it had lived for a while";
}

TEST_F(NodeRepair, WakesAreRepeatedMoreAndMoreRarely) {
  feed(Node::Heard{room, low, sender});
  pass(seconds(120));
  const std::size_t wakes = take<Node::Wake>().size();
  EXPECT_GE(wakes, 6u);
  EXPECT_LE(wakes, 10u);
}

TEST_F(NodeRepair, OffersInAnyOrderMakeOneLink) {
  offer_from(low, "one");
  const LinkId link = take<Node::OpenLink>().at(0).link;
  for (const char* again : {"one", "two", "one"}) offer_from(low, again);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  feed(Node::LinkOpened{link});
  action(link, "genos:hello", R"({"session":"s1"})", PayloadKind::json);
  action(link, "@_hsready");
  offer_from(low, "one");
  EXPECT_TRUE(take<Node::OpenLink>().empty()) << "a late copy of the offer that was answered";
  now += seconds(3);
  offer_from(low, "new");
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u) << "one of ours knows why it offers again";
}

TEST_F(NodeRepair, CandidatesAreGivenOnceAndOnlyToTheirOffer) {
  Candidate candidate;
  candidate.candidate = "c";
  offer_from(low, "one");
  take<Node::ToLink>();
  for (int i = 0; i < 3; ++i)
    feed(Node::Signalled{room, low, OfferId{"one"}, candidate, sender, {}});
  EXPECT_EQ(take<Node::ToLink>().size(), 1u);
  feed(Node::Signalled{room, low, OfferId{"other"}, candidate, sender, {}});
  EXPECT_TRUE(take<Node::ToLink>().empty());
}

TEST_F(NodeRepair, FakePeersDoNotKeepRealOnesOut) {
  for (int i = 0; i < 200; ++i) offer_from(PeerId{"fake" + std::to_string(i)}, "o", {});
  EXPECT_EQ(take<Node::OpenLink>().size(), 32u);
  offer_from(low, "real");
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  now += seconds(6);
  offer_from(low, "real");
  const auto opened = take<Node::OpenLink>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].peer, low);
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u) << "the oldest one gives way";
}

TEST_F(NodeRepair, StrangersFloodingTheRosterAreForgotten) {
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 100; ++i)
      feed(Node::Heard{room, PeerId{"s" + std::to_string(second * 100 + i)}, {}, false});
    pass(seconds(1));
  }
  EXPECT_LE(take<Node::PeerSeen>().size(), 256u + 60 * 50 + 1);
}

TEST_F(NodeRepair, BothEndsKeepTheSameOfTwoLinks) {
  struct Case {
    const char* first;   // hello of the link that is active first
    const char* second;  // and of the other one
    bool moves;
  };
  // Our own counts are 1 and 2.
  const Case cases[] = {
      {R"({"session":"s","made":1})", R"({"session":"s","made":2})", true},
      {R"({"session":"s","made":9})", R"({"session":"s","made":8})", false},
      {R"({"session":"s","made":2})", R"({"session":"s","made":1})", true},  // by the offer's name
      {R"({"session":"s","made":8})", R"({"session":"s","made":9})", true},
  };
  for (const Case& one : cases) {
    again(nullptr);
    const LinkId first = connect(low, sender, "a", one.first);
    now += seconds(3);
    const LinkId second = connect(low, sender, "b", one.second);
    EXPECT_EQ(take<Node::PeerMoved>().size(), one.moves ? 1u : 0u) << one.first;
    pass_alive(one.moves ? second : first, seconds(3));
    const auto closed = take<Node::CloseLink>();
    ASSERT_EQ(closed.size(), 1u) << one.first;
    EXPECT_EQ(closed[0].link, one.moves ? first : second) << one.first;
    EXPECT_TRUE(take<Node::PeerLeft>().empty());
  }
}

TEST_F(NodeRepair, TheLeaderReplacesADoubtfulLinkTheFollowerAsksForIt) {
  connect(high);
  pass(milliseconds(4600));
  EXPECT_EQ(take<Node::OpenLink>().at(0).role, LinkRole::offerer);
  again(nullptr);
  connect(low);
  pass(milliseconds(4600));
  EXPECT_EQ(take<Node::Wake>().size(), 1u);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  pass(milliseconds(1500));
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u) << "the leader has not noticed";
}

TEST_F(NodeRepair, AnAttemptForADoubtfulLinkEndsWhenThePathIsBack) {
  const LinkId link = connect(high);
  pass(milliseconds(4600));
  const LinkId attempt = take<Node::OpenLink>().at(0).link;
  feed(Node::LinkHeard{link});
  EXPECT_EQ(take<Node::CloseLink>().at(0).link, attempt);
  pass_alive(link, seconds(20));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
}

TEST_F(NodeRepair, ASilentLinkIsKeptWhileSignallingShowsLife) {
  connect(low);
  pass(seconds(8));
  feed(Node::Heard{room, low, sender});
  pass(seconds(10));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  pass(seconds(10));
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::lost);
}

// Its announcement was on its way when it died.
TEST_F(NodeRepair, WhoWasSignalledJustBeforeItFellSilentIsLostInTime) {
  for (const int late : {100, 1900}) {
    again(nullptr);
    const LinkId link = connect(low);
    pass_alive(link, seconds(3));
    pass(milliseconds(late));
    feed(Node::Heard{room, low, sender});
    pass(seconds(9) - milliseconds(late) - milliseconds(1));
    EXPECT_TRUE(take<Node::PeerLeft>().empty()) << late;
    pass(milliseconds(2));
    EXPECT_EQ(take<Node::PeerLeft>().size(), 1U) << late;
  }
}

TEST_F(NodeRepair, WhoCameBackInFewerRoomsIsGoneFromTheOthers) {
  const LinkId old = connect(low);
  join(other_room);
  presence(old, true, other_room);
  action(old, "genos:hello", R"({"session":"t1"})", PayloadKind::json, other_room);
  action(old, "@_hsready", "", PayloadKind::text, other_room);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 2u);
  now += seconds(3);
  const LinkId link = connect(low, sender, "two", R"({"session":"s2"})");
  EXPECT_EQ(take<Node::PeerLeft>().size(), 1u) << "it started anew in the first room";
  pass_alive(link, seconds(30));
  const auto left = take<Node::PeerLeft>();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].room, other_room);
}

TEST_F(NodeRepair, ARetiredLinkThatFellSilentIsNoReasonToWait) {
  const LinkId old = connect(high);
  pass(milliseconds(8500));
  feed(Node::Heard{room, high, sender});
  const LinkId link = connect(high, sender, "two", R"({"session":"s2"})");
  feed(Node::LinkClosed{link, "broken at once"});
  take<Node::OpenLink>();
  pass(seconds(90));
  feed(Node::Heard{room, high, sender});
  pass(seconds(2));
  EXPECT_GE(take<Node::OpenLink>().size(), 1u) << "it is sought again";
  (void)old;
}

TEST_F(NodeRepair, AnUnwantedLinkIsGivenUpByBothInStep) {
  const LinkId link = connect(low);
  take<Node::Write>();
  action(link, "genos:unlink");
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::unwanted);
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
  pass(milliseconds(9900));
  EXPECT_TRUE(take<Node::Wake>().empty()) << "it does not want us for a while";
  pass(milliseconds(200));
  EXPECT_EQ(take<Node::Wake>().size(), 1u);
}

// Wants the last of all only.
class LastOfAll final : public Topology {
  std::set<PeerId> wanted(const PeerId&, const Advertisement&, const Roster& all) const override {
    return all.empty() ? std::set<PeerId>{} : std::set{all.rbegin()->first};
  }
};

TEST_F(NodeRepair, WhatTheTopologyNoLongerWantsIsUnlinked) {
  again(nullptr, [](Node::Options& options) { options.topology = std::make_unique<LastOfAll>(); });
  const LinkId link = connect(low);
  take<Node::Write>();
  feed(Node::Heard{room, high, sender});
  pass_alive(link, seconds(2));
  EXPECT_TRUE(take<Node::CloseLink>().empty()) << "both rosters may still change";
  pass_alive(link, seconds(2));
  EXPECT_EQ(written(link).back(), "genos:unlink");
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::unwanted);
}

TEST_F(NodeRepair, APageLeavesAndComesBackOverTheSameLink) {
  const LinkId link = connect(low, std::nullopt);
  join(other_room);
  presence(link, true, other_room);
  action(link, "@_hsready", "", PayloadKind::text, other_room);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 2u);
  take<Node::Write>();
  action(link, "@_leave");
  presence(link, false);
  EXPECT_EQ(take<Node::PeerLeft>().size(), 1u);
  EXPECT_TRUE(take<Node::CloseLink>().empty()) << "the other room needs it";
  EXPECT_TRUE(written(link).empty());
  presence(link, true);
  EXPECT_EQ(written(link), (Names{"@_hsready"}));
  action(link, "@_hsready");
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
}

TEST_F(NodeRepair, JoiningWhileLeavingSaysBothInOrder) {
  const LinkId link = connect(low);
  join(other_room);
  presence(link, true, other_room);
  take<Node::Write>();
  feed(Node::Leave{room, ""});
  join(room);
  EXPECT_EQ(written(link), (Names{"@_leave", "-", "+", "genos:hello", "@_hsready"}));
}

// Announcements are sealed by nobody.
TEST_F(NodeRepair, AForgedAnnouncementTakesNobodysLink) {
  again([](Node::RoomOptions& options) { options.ours.capabilities = {"receive"}; });
  const LinkId link = connect(low);
  feed(Node::Heard{room, low, Advertisement{1, {"receive"}}});
  pass_alive(link, seconds(30));
  EXPECT_TRUE(take<Node::CloseLink>().empty());
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
}

// It hears nothing before its own side is closed, 13 to 25 s after a path broke (Chromium).
TEST_F(NodeRepair, APageThatWasLostIsToldThatWeAreHereUntilItAnswers) {
  for (const PeerId& page : {low, high}) {
    again(nullptr);
    const LinkId link = connect(page, std::nullopt);
    pass(seconds(10));
    EXPECT_EQ(take<Node::PeerLeft>().size(), 1u);
    take<Node::Wake>();
    take<Node::OpenLink>();
    pass(seconds(10));
    EXPECT_EQ(take<Node::Wake>().size(), 5u);
    feed(Node::LinkClosed{link, ""});
    feed(Node::Heard{room, page, std::nullopt});
    EXPECT_EQ(take<Node::OpenLink>().size(), page == high ? 1u : 0u);
    take<Node::Wake>();
    pass(seconds(1));
    EXPECT_TRUE(take<Node::Wake>().empty());
  }
}

TEST_F(NodeRepair, OfManyLostPagesFewAreSought) {
  for (int i = 0; i < 40; ++i) {
    const LinkId link = connect(PeerId{"y" + std::to_string(i)}, std::nullopt);
    feed(Node::LinkClosed{link, "closed"});
  }
  take<Node::Wake>();
  pass(seconds(2));
  EXPECT_EQ(take<Node::Wake>().size(), limits::max_missed);
  pass(seconds(60));
  take<Node::Wake>();
  pass(seconds(60));
  EXPECT_TRUE(take<Node::Wake>().empty());
}

// While its old connection closes a page hears no offer (trystero 0.25.4).
TEST_F(NodeRepair, APageThatComesBackIsOfferedALinkAgainSoon) {
  const auto offers = [&](bool left) {
    if (left) {
      const LinkId old = connect(high, std::nullopt);
      action(old, "@_leave");
      feed(Node::LinkClosed{old, "closed by us"});
    }
    feed(Node::Heard{room, high, std::nullopt});
    pass(milliseconds(left ? 150 : 0));  // its farewell
    const LinkId link = take<Node::OpenLink>().back().link;
    feed(Node::FromLink{link, Description{DescriptionType::offer, "o"}});
    take<Node::Deliver>();
    pass(milliseconds(800));
    return take<Node::Deliver>().size();
  };
  EXPECT_EQ(offers(true), 2u);
  again(nullptr);
  EXPECT_EQ(offers(false), 0u) << "others are given the time they need";
}

TEST_F(NodeRepair, APathThatIsAwayIsTriedWithShortAttempts) {
  const LinkId broken = connect(high);
  pass(seconds(10));
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::lost);
  take<Node::OpenLink>();
  take<Node::Deliver>();
  for (int i = 0; i < 5; ++i) {
    feed(Node::Heard{room, high, sender});
    pass(milliseconds(1600));
    const auto opened = take<Node::OpenLink>();
    ASSERT_EQ(opened.size(), 1u) << "a second after the one before, not longer and longer";
    EXPECT_NE(opened[0].link, broken);
    feed(Node::FromLink{opened[0].link, Description{DescriptionType::offer, "mine"}});
    const auto offer = take<Node::Deliver>().at(0).offer;
    take<Node::CloseLink>();
    feed(Node::Signalled{room, high, offer, Description{DescriptionType::answer, "a"}, sender,
                         std::nullopt});
    pass(milliseconds(7999));
    EXPECT_TRUE(take<Node::CloseLink>().empty());
    pass(milliseconds(2));
    EXPECT_EQ(take<Node::CloseLink>().size(), 1u) << "not after 23 s";
  }
}

}  // namespace
}  // namespace genos::core
