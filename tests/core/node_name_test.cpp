// SPDX-License-Identifier: LGPL-2.1-or-later
// Somebody comes in the name of a peer that is here.
#include "core/node_fixture.hpp"
#include "core/wire/json.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* key = "key";
constexpr const char* session = R"({"session":"s1"})";

class NodeName : public NodeTest {
 protected:
  void SetUp() override {
    NodeTest::SetUp();
    own = open(low, sender, "one", session, key);
    action(own, "@_hsready");
    pass(seconds(1));
    feed(Node::LinkHeard{own});
    outputs.clear();
  }
  LinkId come(const char* hello, std::optional<std::string> identity) {
    const LinkId link = open(low, sender, "two", hello, std::move(identity));
    action(link, "@_hsready");
    return link;
  }
  [[nodiscard]] std::string told(LinkId link) {
    for (const auto& write : take<Node::Write>()) {
      const auto frame = parse_frame(write.bytes);
      const auto* in = frame ? std::get_if<RoomFrame>(&*frame) : nullptr;
      if (write.link != link || !in) continue;
      const auto chunk = parse_chunk(in->inner);
      if (chunk->action == "genos:hello")
        return parse_json(text_of(chunk->payload))->string_at("session").value_or("");
    }
    return {};
  }
  LinkId own{};
};

TEST_F(NodeName, WhoAnswersOnItsOwnLinkStays) {
  const LinkId other = come(R"({"session":"s2"})", key);
  EXPECT_EQ(written(own), (Names{"@_ping"}));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  pass(milliseconds(200));
  action(own, "@_pong");
  pass(seconds(2));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  EXPECT_TRUE(take<Node::PeerJoined>().empty());
  const auto closed = take<Node::CloseLink>();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].link, other);
}

TEST_F(NodeName, WhoDoesNotAnswerIsReplaced) {
  come(R"({"session":"s2"})", key);
  pass(seconds(2));
  EXPECT_EQ(take<Node::PeerLeft>().size(), 1u);
  EXPECT_EQ(take<Node::PeerJoined>().size(), 1u);
}

TEST_F(NodeName, TheSameSessionAndKeyMoveAtOnce) {
  come(session, key);
  EXPECT_EQ(take<Node::PeerMoved>().size(), 1u);
}

TEST_F(NodeName, AnotherKeyNeverMoves) {
  come(session, "another key");
  pass(seconds(2));
  EXPECT_TRUE(take<Node::PeerMoved>().empty());
  const auto joined = take<Node::PeerJoined>();
  ASSERT_EQ(joined.size(), 1u) << "of one who did not answer";
  EXPECT_EQ(joined[0].identity, "another key");
}

TEST_F(NodeName, NobodyLearnsOurSessionByCallingAMembersName) {
  const std::string first = told(come(R"({"session":"guess"})", key));
  action(own, "@_pong");
  pass(seconds(2));
  offer_from(low, "three", sender, key);
  const LinkId link = take<Node::OpenLink>().back().link;
  feed(Node::FromLink{link, Description{DescriptionType::answer, "a"}});
  feed(Node::LinkOpened{link});
  EXPECT_EQ(told(link), "") << "it has not said its own";
  action(link, "genos:hello", session, PayloadKind::json);
  const std::string real = told(link);
  EXPECT_FALSE(real.empty());
  EXPECT_NE(real, first);
}

// A room that trusts some only: their links do not end because of what others send.
TEST_F(NodeName, AForgedOfferRefusesNobodyWhoIsHere) {
  again([](Node::RoomOptions& options) { options.trusted = {key}; });
  own = open(low, sender, "one", session, key);
  action(own, "@_hsready");
  offer_from(low, "two");
  pass_alive(own, seconds(5));
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
  EXPECT_TRUE(take<Node::CloseLink>().empty());
}

}  // namespace
}  // namespace genos::core
