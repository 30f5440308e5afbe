// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom a node lets into a room: trusted, strict, password, the application's own handshake.
#include "core/wire/json.hpp"
#include "node_fixture.hpp"

namespace genos::core {
namespace {

using RoomRule = void (*)(Node::RoomOptions&);

void trusting(Node::RoomOptions& rules) { rules.trusted = {"KEY", "bbb"}; }
void strictly(Node::RoomOptions& rules) { rules.strict = true; }
void guarded(Node::RoomOptions& rules) {
  rules.prove = [](std::string_view challenge) { return "pw" + std::string(challenge); };
}
void questioning(Node::RoomOptions& rules) { rules.application_handshake = true; }

struct Visitor {
  const char* name;
  RoomRule rule;
  const char* peer;
  std::optional<Advertisement> genos;
  std::optional<std::string> identity;
  const char* objection;  // none: it is let in
};

struct NodeRefusal : NodeTest {};

TEST_F(NodeRefusal, EveryRuleLetsInWhomItNames) {
  const Visitor visitors[] = {
      {"open room, page", nullptr, "aaa", {}, {}, nullptr},
      {"trusted key", trusting, "aaa", sender, "KEY", nullptr},
      {"trusted id", trusting, "bbb", sender, {}, nullptr},
      {"trusted id, page", trusting, "bbb", {}, {}, nullptr},
      {"no key", trusting, "aaa", sender, {}, "proved no key"},
      {"another key", trusting, "aaa", sender, "OTHER", "is not trusted"},
      {"strict, page", strictly, "aaa", {}, {}, "plain Trystero peer"},
      {"strict, no identity", strictly, "aaa", sender, {}, "no signed identity"},
      {"strict, identity", strictly, "aaa", sender, "KEY", nullptr},
  };
  for (const Visitor& visitor : visitors) {
    SCOPED_TRACE(visitor.name);
    again(visitor.rule);
    offer_from(PeerId{visitor.peer}, "one", visitor.genos, visitor.identity);
    EXPECT_EQ(take<Node::OpenLink>().size(), visitor.objection ? 0u : 1u);
    const auto failed = take<Node::JoinFailed>();
    ASSERT_EQ(failed.size(), visitor.objection ? 1u : 0u);
    if (!visitor.objection) continue;
    EXPECT_NE(failed[0].why.find(visitor.objection), std::string::npos);
  }
}

TEST_F(NodeRefusal, TheAnswererIsJudgedToo) {
  again(trusting);
  feed(Node::Heard{room, high, sender});
  const LinkId link = take<Node::OpenLink>().at(0).link;
  feed(Node::FromLink{link, Description{DescriptionType::offer, "mine"}});
  const OfferId offer = take<Node::Deliver>().at(0).offer;
  feed(Node::Signalled{room, high, offer, Description{DescriptionType::answer, "x"}, sender, {}});
  EXPECT_TRUE(take<Node::ToLink>().empty());
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
  EXPECT_EQ(take<Node::JoinFailed>().size(), 1u);
}

TEST_F(NodeRefusal, WhoIsRefusedIsNotHeardForTenSecondsThenForTwenty) {
  again(trusting);
  offer_from(low, "one");
  EXPECT_EQ(take<Node::JoinFailed>().size(), 1u);
  feed(Node::Heard{room, low, sender});
  EXPECT_TRUE(take<Node::Wake>().empty());
  pass(milliseconds(9999));
  EXPECT_TRUE(take<Node::Wake>().empty());
  pass(milliseconds(2));
  EXPECT_EQ(take<Node::Wake>().size(), 1u) << "asked again";
  offer_from(low, "two");
  pass(milliseconds(19999));
  offer_from(low, "three", sender, "KEY");
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  pass(milliseconds(2));
  offer_from(low, "three", sender, "KEY");
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
  EXPECT_TRUE(take<Node::JoinFailed>().empty()) << "said at most once a minute";
}

TEST_F(NodeRefusal, AWrongPasswordIsToldAndTriedAgainLater) {
  again(guarded);
  const LinkId link = open(high);  // we are the initiator: we ask
  EXPECT_EQ(written(link), (Names{"+", "genos:hello", "@_hsdata"}));
  action(link, "@_hsdata", R"({"__trystero_pw":"response","h":"wrong"})", PayloadKind::json);
  EXPECT_NE(take<Node::JoinFailed>().at(0).why.find("password"), std::string::npos);
  EXPECT_EQ(written(link), (Names{"-"})) << "so that it does not wait for us";
  EXPECT_EQ(take<Node::CloseLink>().size(), 1u);
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
}

TEST_F(NodeRefusal, TheRightPasswordOpensTheRoom) {
  again(guarded);
  const LinkId link = open(low);  // it asks
  action(link, "chat", "before the proof");
  action(link, "@_hsready");
  EXPECT_TRUE(take<Node::PeerJoined>().empty()) << "it did not ask for our proof yet";
  action(link, "@_hsdata", R"({"__trystero_pw":"challenge","c":"xyz"})", PayloadKind::json);
  EXPECT_EQ(written(link), (Names{"+", "genos:hello", "@_hsdata", "@_hsready"}));
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
  EXPECT_TRUE(take<Node::Received>().empty());
}

TEST_F(NodeRefusal, NoPartOfAMessageFromBeforeTheHandshakeIsKept) {
  const LinkId link = open(low);
  Chunk early;
  early.action = "chat";
  early.last = false;
  early.payload = bytes_of("early ");
  feed(Node::LinkReceived{link, encode_chunk(room, early)});
  action(link, "@_hsready");
  action(link, "chat", "late");
  const auto received = take<Node::Received>();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(text_of(*received[0].message.payload), "late");
}

TEST_F(NodeRefusal, ARoomThatFailedOnALinkIsBegunAgainOnIt) {
  const LinkId link = connect(low);
  join(other_room);
  take<Node::Write>();
  presence(link, true, other_room);
  EXPECT_EQ(written(link, other_room), (Names{"genos:hello", "@_hsready"}));
  pass_alive(link, seconds(10));
  EXPECT_EQ(take<Node::JoinFailed>().size(), 1u) << "it was never ready";
  EXPECT_EQ(written(link, other_room), (Names{"-"}));
  pass_alive(link, seconds(9));
  EXPECT_TRUE(written(link, other_room).empty());
  pass_alive(link, seconds(2));
  EXPECT_EQ(written(link, other_room), (Names{"+", "genos:hello", "@_hsready"}));
  action(link, "@_hsready", "", PayloadKind::text, other_room);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 2u);
}

TEST_F(NodeRefusal, WhoEndsTheHandshakeIsMetAgainWhenItSaysSo) {
  const LinkId link = connect(low);
  join(other_room);
  presence(link, true, other_room);
  take<Node::Write>();
  presence(link, false, other_room);
  EXPECT_EQ(take<Node::JoinFailed>().size(), 1u);
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  EXPECT_TRUE(written(link, other_room).empty());
  presence(link, true, other_room);
  EXPECT_EQ(written(link, other_room), (Names{"genos:hello", "@_hsready"}));
}

TEST_F(NodeRefusal, TheApplicationAsksAndDecides) {
  struct Case {
    std::optional<std::string> failure;
    std::size_t joined;
    std::size_t refused;
  };
  for (const Case& one : {Case{{}, 1, 0}, Case{"not invited", 0, 1}}) {
    again(questioning);
    const LinkId link = open(low);
    EXPECT_FALSE(take<Node::HandshakeBegun>().at(0).initiator);
    EXPECT_EQ(written(link), (Names{"+", "genos:hello"}));
    feed(Node::HandshakeSend{room, low, message("who are you?")});
    EXPECT_EQ(written(link), (Names{"@_hsdata"}));
    action(link, "@_hsdata", "me");
    EXPECT_EQ(text_of(*take<Node::HandshakeReceived>().at(0).message.payload), "me");
    action(link, "@_hsready");
    EXPECT_TRUE(take<Node::PeerJoined>().empty()) << "ours is not done";
    feed(Node::HandshakeResult{room, low, one.failure});
    EXPECT_EQ(take<Node::PeerJoined>().size(), one.joined);
    EXPECT_EQ(take<Node::JoinFailed>().size(), one.refused);
  }
}

TEST_F(NodeRefusal, AForgottenPeerLeavesAndIsRefused) {
  const LinkId link = connect(low);
  take<Node::Write>();
  feed(Node::Forget{room, low, "too loud"});
  EXPECT_EQ(written(link), (Names{"@_leave", "-"}));
  const auto left = take<Node::PeerLeft>();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].reason, LeaveReason::refused);
  take<Node::OpenLink>();
  offer_from(low, "two");
  EXPECT_TRUE(take<Node::OpenLink>().empty());
}

TEST_F(NodeRefusal, PassivePeersHaveNothingToDoWithEachOther) {
  const auto passively = [](Node::RoomOptions& rules) { rules.passive = true; };
  again(passively);
  feed(Node::Heard{room, high, sender, true});
  EXPECT_TRUE(take<Node::PeerSeen>().empty());
  EXPECT_TRUE(take<Node::OpenLink>().empty());
  feed(Node::Heard{room, high, sender, false});
  EXPECT_EQ(take<Node::OpenLink>().size(), 1u);
}

TEST_F(NodeRefusal, WhatCannotBeDecryptedIsToldOnceAMinute) {
  feed(Node::Undecryptable{room, high});
  feed(Node::Undecryptable{room, high});
  EXPECT_NE(take<Node::JoinFailed>().at(0).why.find("password"), std::string::npos);
  now += seconds(61);
  feed(Node::Undecryptable{room, high});
  EXPECT_EQ(take<Node::JoinFailed>().size(), 1u);
}

}  // namespace
}  // namespace genos::core
