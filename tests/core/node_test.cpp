// SPDX-License-Identifier: LGPL-2.1-or-later
// One node, its inputs given by hand.
#include <algorithm>

#include "core/wire/limits.hpp"
#include "node_fixture.hpp"

namespace genos::core {
namespace {

TEST_F(NodeTest, TheSmallerIdOffersTheLargerOneWakes) {
  feed(Node::Heard{room, low, sender});
  EXPECT_EQ(take<Node::Wake>().size(), 1u);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  feed(Node::Heard{room, high, sender});
  const auto opened = take<Node::OpenLink>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].role, LinkRole::offerer);
  EXPECT_EQ(take<Node::PeerSeen>().size(), 2u);
}

TEST_F(NodeTest, WhoWasHereBeforeOffersToANewcomerThatLeads) {
  pass(milliseconds(1499));
  feed(Node::Heard{room, low, sender});
  EXPECT_TRUE(take<Node::OpenLink>().empty()) << "we are new ourselves";
  EXPECT_EQ(take<Node::Wake>().size(), 1u);
  pass(seconds(1));
  EXPECT_TRUE(take<Node::OpenLink>().empty()) << "nor is it a newcomer to us";
  take<Node::Wake>();
  feed(Node::Heard{room, {"bbb"}, sender});
  const auto opened = take<Node::OpenLink>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].role, LinkRole::offerer);
  EXPECT_TRUE(take<Node::Wake>().empty());
  feed(Node::LinkClosed{opened[0].link, "failed"});
  pass(seconds(3));
  EXPECT_TRUE(take<Node::OpenLink>().empty()) << "then the leader is asked";
  EXPECT_FALSE(take<Node::Wake>().empty());
}

TEST_F(NodeTest, WhoWasHereBeforeWakesAPageThatLeads) {
  pass(seconds(2));
  feed(Node::Heard{room, low, {}});
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  EXPECT_EQ(take<Node::Wake>().size(), 1u);
}

TEST_F(NodeTest, OurOfferToANewcomerGivesWayToItsOwn) {
  pass(seconds(2));
  feed(Node::Heard{room, low, sender});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  offer_from(low, "theirs");
  EXPECT_EQ(take<Node::CloseLink>().at(0).link, link);
  const auto opened = take<Node::OpenLink>();
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0].role, LinkRole::answerer);
}

TEST_F(NodeTest, RepeatsTheSameOfferAndItsCandidatesUntilItIsAnswered) {
  feed(Node::Heard{room, high, {}});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  Candidate candidate;
  candidate.candidate = "c";
  feed(Node::FromLink{link, candidate});
  const auto first = take<Node::Deliver>();
  ASSERT_EQ(first.size(), 2u);
  pass(milliseconds(1700));
  const auto again = take<Node::Deliver>();
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].offer, first[0].offer);
  feed(Node::Signalled{
      room, high, OfferId{"other"}, Description{DescriptionType::answer, "x"}, {}, {}});
  EXPECT_TRUE(take<Node::ToLink>().empty());
  const Node::Signalled answer{
      room, high, first[0].offer, Description{DescriptionType::answer, "x"}, {}, {}};
  feed(answer);
  feed(answer);
  EXPECT_EQ(take<Node::ToLink>().size(), 1u);
}

TEST_F(NodeTest, AnUnansweredOfferEndsAfter57Seconds) {
  feed(Node::Heard{room, high, {}});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  pass(milliseconds(57332));
  EXPECT_TRUE(take<Node::CloseLink>().empty());
  pass(milliseconds(2));
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
}

TEST_F(NodeTest, WhoSaysNothingMoreIsOfferedNothingMore) {
  feed(Node::Heard{room, high, {}});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  pass(seconds(185));
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  feed(Node::Heard{room, high, {}});
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

TEST_F(NodeTest, WhoIsHeardMeanwhileIsOfferedAgain) {
  feed(Node::Heard{room, high, {}});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  pass(seconds(30));
  feed(Node::Heard{room, high, {}});
  pass(seconds(30));
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

TEST_F(NodeTest, ADoubledOfferGetsTheSameAnswerAgain) {
  offer_from(low, "one");
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::answer, "a"}});
  take<Node::Deliver>();
  now += seconds(1);
  offer_from(low, "one");
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  EXPECT_EQ(take<Node::Deliver>().size(), 1u);
}

TEST_F(NodeTest, CandidatesBeforeTheirOfferAreKept) {
  Candidate candidate;
  candidate.candidate = "early";
  feed(Node::Signalled{room, low, OfferId{"one"}, candidate, sender, {}});
  EXPECT_TRUE(take<Node::ToLink>().empty());
  offer_from(low, "one");
  EXPECT_EQ(take<Node::ToLink>().size(), 2u);
}

TEST_F(NodeTest, OfOffersThatCrossTheSmallerIdsWins) {
  feed(Node::Heard{room, high, sender});
  ASSERT_EQ(take<Node::OpenLink>().size(), 1u);
  offer_from(high, "theirs");
  EXPECT_TRUE(take<Node::OpenLink>().empty()) << "we lead: theirs is ignored";
}

TEST_F(NodeTest, PeersJoinOnceAndLeaveOnce) {
  const LinkId link = connect(low);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
  action(link, "@_hsready");
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
  action(link, "@_leave");
  feed(Node::LinkClosed{link, "closed"});
  const auto left = take<Node::PeerLeft>();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].reason, LeaveReason::said_goodbye);
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
}

TEST_F(NodeTest, WhyOneOfOursLeavesIsHeardWithinLimits) {
  const std::string longest(limits::max_leave_reason, 'x');
  for (const auto& [said, heard] : {std::pair<std::string, std::string>{"going home", "going home"},
                                    {longest, longest},
                                    {longest + "y", ""},
                                    {"\xff", ""}}) {
    again(nullptr);
    action(connect(low), "@_leave", said, PayloadKind::bytes);
    EXPECT_EQ(take<Node::PeerLeft>().at(0).detail, heard);
  }
}

TEST_F(NodeTest, NamesAreToldToOursAndHeardWithinLimits) {
  const std::string longest(limits::max_peer_name, 'n');
  const auto heard = [&](const std::string& hello) {
    again([](Node::RoomOptions& options) { options.name = "mine"; });
    connect(low, sender, "one", hello.c_str());
    return take<Node::PeerJoined>().at(0).name;
  };
  EXPECT_EQ(heard(R"({"session":"s1","name":"theirs"})"), "theirs");
  bool told = false;
  for (const auto& write : take<Node::Write>())
    told = told || text_of(write.bytes).find(R"("name":"mine")") != std::string_view::npos;
  EXPECT_TRUE(told);
  EXPECT_EQ(heard(R"({"session":"s1"})"), "");
  EXPECT_EQ(heard(R"({"session":"s1","name":7})"), "");
  EXPECT_EQ(heard(R"({"session":"s1","name":")" + longest + R"("})"), longest);
  EXPECT_EQ(heard(R"({"session":"s1","name":")" + longest + R"(n"})"), "");
}

TEST_F(NodeTest, WhyWeLeaveIsToldToOursOnly) {
  const std::string half(limits::max_leave_reason - 1, 'x');
  const auto told = [&](const std::string& reason, std::optional<Advertisement> genos) {
    again(nullptr);
    connect(low, std::move(genos));
    take<Node::Write>();
    feed(Node::Leave{room, reason});
    pass(seconds(2));
    for (const auto& write : take<Node::Write>()) {
      const auto frame = parse_frame(write.bytes);
      if (const auto* in = std::get_if<RoomFrame>(&*frame))
        return std::string(text_of(parse_chunk(in->inner)->payload));
    }
    return std::string("no goodbye");
  };
  EXPECT_EQ(told("going home", sender), "going home");
  EXPECT_EQ(told("going home", {}), "");
  EXPECT_EQ(told(half + "\u00fc", sender), half) << "no half of a letter";
}

TEST_F(NodeTest, NothingIsDeliveredBeforeTheHandshakeIsDone) {
  offer_from(low, "one");
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::LinkOpened{link});
  action(link, "chat", "early");
  action(link, "@_hsready");
  action(link, "chat", "late");
  const auto received = take<Node::Received>();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(text_of(*received[0].message.payload), "late");
}

TEST_F(NodeTest, APageThatIsReadyButDidNotSaySoIsAsked) {
  const LinkId link = open(low, {});
  EXPECT_EQ(written(link), (Names{"+", "@_hsready"}));
  action(link, "@_stream", "{}", PayloadKind::json);
  action(link, "chat", "early");
  pass(milliseconds(999));
  EXPECT_EQ(written(link), Names{});
  pass(milliseconds(1));
  EXPECT_EQ(written(link), Names{"@_ping"});
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
  action(link, "@_pong");
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
  const auto received = take<Node::Received>();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[0].message.channel, "@_stream");
  EXPECT_EQ(text_of(*received[1].message.payload), "early");
  action(link, "@_hsready");
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
}

TEST_F(NodeTest, WhatAPageSaidBeforeItWasReadyIsOfAnEarlierTime) {
  const LinkId link = open(low, {});
  action(link, "chat", "of the room that it left");
  action(link, "@_hsready");
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
  EXPECT_TRUE(take<Node::Received>().empty());
}

TEST_F(NodeTest, APageThatIsNotReadyIsAskedUntilTheHandshakeEnds) {
  const LinkId link = open(low, {});
  for (int i = 0; i < 100; ++i) action(link, "chat", std::string(10000, 'x'));
  pass_alive(link, seconds(9));
  EXPECT_EQ(std::ranges::count(written(link), "@_ping"), 9);
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
  pass_alive(link, seconds(2));
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
}

TEST_F(NodeTest, ASecondRoomIsBoundByPresenceAlone) {
  const LinkId link = connect(low);
  join(other_room);
  take<Node::PeerJoined>();
  feed(Node::LinkReceived{link, encode_presence(other_room, true)});
  action(link, "@_hsready", "", PayloadKind::text, other_room);
  const auto joined = take<Node::PeerJoined>();
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(joined[0].link, link);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
}

TEST_F(NodeTest, ASilentPageIsLostWithinTenSeconds) {
  connect(low, std::nullopt);
  pass(milliseconds(8900));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  pass(milliseconds(200));
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::lost);
}

TEST_F(NodeTest, AKilledPeerOfOursIsLostWithinTenSeconds) {
  connect(low);
  pass(seconds(10));
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::lost);
}

TEST_F(NodeTest, AReplacedLinkMovesThePeerAndItsQueue) {
  const LinkId old = connect(low);
  feed(Node::LinkClosed{old, "broken"});
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  Message message;
  message.channel = "chat";
  feed(Node::Send{TransferId{1}, room, {}, message});
  EXPECT_TRUE(take<Node::Sent>().empty());
  const LinkId link = connect(low, sender, "two");
  EXPECT_EQ(take<Node::PeerMoved>().at(0).link, link);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
  EXPECT_EQ(take<Node::Sent>().size(), 1u);
}

TEST_F(NodeTest, APeerThatStartedAnewLeavesAndJoins) {
  connect(low);
  take<Node::PeerJoined>();
  now += seconds(3);
  connect(low, sender, "two", R"({"session":"s2"})");
  EXPECT_EQ(take<Node::PeerLeft>().size(), 1u);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
}

TEST_F(NodeTest, APagesOfferOverAHealthyLinkIsIgnored) {
  connect(low, std::nullopt);
  offer_from(low, "two", std::nullopt);
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  now += seconds(3);
  offer_from(low, "three", std::nullopt);
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

// trystero 0.25.4 answers and offers for 99 ms after its goodbye.
TEST_F(NodeTest, NoOfferMeetsAPageThatIsStillLeaving) {
  const LinkId link = connect(high, std::nullopt);
  action(link, "@_leave");
  feed(Node::LinkClosed{link, "closed"});
  take<Node::OpenLink>();
  feed(Node::Heard{room, high, std::nullopt});
  pass(milliseconds(149));
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  pass(milliseconds(2));
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

TEST_F(NodeTest, AnAnswerFromAPageThatWasLeavingHoldsUsUpForTwoSecondsOnly) {
  const LinkId first = connect(high, std::nullopt);
  action(first, "@_leave");
  feed(Node::LinkClosed{first, "closed"});
  take<Node::OpenLink>();
  feed(Node::Heard{room, high, std::nullopt});
  pass(milliseconds(200));
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "o"}});
  feed(Node::Signalled{
      room, high, OfferId{""}, Description{DescriptionType::answer, "a"}, std::nullopt, {}});
  pass(milliseconds(1900));
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  pass(seconds(2));
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

TEST_F(NodeTest, OfAPagesOffersTheLastOneCounts) {
  offer_from(low, "one", std::nullopt);
  const LinkId first = take<Node::OpenLink>().at(0).link;
  pass(milliseconds(100));
  offer_from(low, "two", std::nullopt);
  EXPECT_EQ(take<Node::CloseLink>().at(0).link, first);
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
  offer_from(low, "one", std::nullopt);  // late, over another relay
  EXPECT_TRUE(take<Node::OpenLink>().empty());
}

TEST_F(NodeTest, ASlowPeerStallsNobody) {
  const LinkId slow = connect(low);
  const LinkId fast = connect(PeerId{"bbb"}, sender, "x");
  take<Node::Write>();
  Message message;
  message.channel = "data";
  message.payload = std::make_shared<const Bytes>(64 * 1024, std::uint8_t{0});
  for (std::uint64_t i = 1; i <= 16; ++i) feed(Node::Send{TransferId{i}, room, {}, message});
  for (int i = 0; i < 8; ++i) feed(Node::LinkDrained{fast, 0});
  std::size_t to_slow = 0, to_fast = 0;
  for (const auto& write : take<Node::Write>())
    (write.link == slow ? to_slow : to_fast) += write.bytes.size();
  EXPECT_LT(to_slow, 256u * 1024 + 20000);
  EXPECT_GT(to_fast, 1024u * 1024);
}

TEST_F(NodeTest, LeavingSaysGoodbyeAndThenTheRoomIsLeft) {
  const LinkId link = connect(low);
  take<Node::Write>();
  feed(Node::Leave{room, ""});
  EXPECT_EQ(take<Node::Write>().size(), 2u);
  EXPECT_EQ(take<Node::CloseLink>().at(0).closing, Closing::after_flush);
  EXPECT_TRUE(take<Node::RoomLeft>().empty());
  feed(Node::LinkClosed{link, ""});
  EXPECT_EQ(take<Node::RoomLeft>().size(), 1u);
}

TEST_F(NodeTest, AFloodOfStrangersOpensABoundedNumberOfLinks) {
  for (int i = 0; i < 5000; ++i) offer_from(PeerId{"flood" + std::to_string(i)}, "o", {});
  EXPECT_LE(take<Node::OpenLink>().size(), 32u);
}

// What a crowd of strangers made us begin is threads and sockets until it has ended.
TEST_F(NodeTest, ConnectionsGivenUpCountUntilTheyHaveEnded) {
  for (int i = 0; i < 200; i++) feed(Node::Heard{room, PeerId{"x" + std::to_string(i)}, sender});
  std::size_t standing = take<Node::OpenLink>().size();
  for (const auto end = now + seconds(9); now < end;) {
    pass(seconds(1));
    standing += take<Node::OpenLink>().size();
  }
  EXPECT_EQ(standing, limits::max_half_open + limits::max_ending);
  std::size_t ended = 0;
  for (const auto& closed : take<Node::CloseLink>()) {
    feed(Node::LinkClosed{closed.link, "ended"});
    ++ended;
  }
  EXPECT_EQ(ended, limits::max_ending);
  pass(seconds(1));
  EXPECT_GT(take<Node::OpenLink>().size(), 0u);
}

TEST_F(NodeTest, PingMeasuresTheRoundTrip) {
  const LinkId link = connect(low);
  feed(Node::Ping{room, low, TransferId{5}});
  now += milliseconds(30);
  action(link, "@_pong");
  EXPECT_EQ(take<Node::Pong>().at(0).round_trip, Duration(milliseconds(30)));
}

}  // namespace
}  // namespace genos::core
