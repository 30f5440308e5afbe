// SPDX-License-Identifier: LGPL-2.1-or-later
// What waits for a peer: full queues, requests, goodbyes, negotiation in the channel.
#include "node_fixture.hpp"

namespace genos::core {
namespace {

template <Overflow policy> void small_queue(Node::Options& options) {
  options.overflow = policy;
  options.queue_limit = 1000;
  options.send_high = 1;  // whatever was written has to drain first
}

struct NodeQueue : NodeTest {
  std::uint64_t sent = 0;
  LinkId link{0};

  void slow_peer(void (*settings)(Node::Options&)) {
    again(nullptr, settings);
    link = connect(low);
    feed(Node::LinkDrained{link, 100});  // it takes no more
    take<Node::Write>();
  }
  TransferId send(std::size_t size) {
    const TransferId id{++sent};
    feed(Node::Send{id, room, {}, message(std::string(size, 'x'))});
    return id;
  }
};

TEST_F(NodeQueue, WaitingPeersAreToldAndThenRefuseMore) {
  slow_peer(small_queue<Overflow::wait>);
  send(600);
  EXPECT_TRUE(take<Node::QueueFull>().empty());
  send(600);
  EXPECT_EQ(take<Node::QueueFull>().size(), 1u);
  send(600);
  EXPECT_TRUE(take<Node::QueueFull>().empty()) << "said once";
  EXPECT_TRUE(take<Node::Sent>().empty());
  const TransferId last = send(600);
  const auto refused = take<Node::Sent>();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].id, last);
  EXPECT_EQ(refused[0].failed, std::vector{low});
  for (int i = 0; i < 4; ++i) feed(Node::LinkDrained{link, 0});
  EXPECT_EQ(take<Node::QueueReady>().size(), 1u);
  EXPECT_EQ(take<Node::Sent>().size(), 3u);
}

struct NodeBulk : NodeQueue {
  void SetUp() override {
    NodeQueue::SetUp();
    link = connect(low);
    feed(Node::LinkDrained{link, 0});
    take<Node::Write>();
  }
  std::size_t written() {
    std::size_t bytes = 0;
    for (const auto& write : take<Node::Write>()) bytes += write.bytes.size();
    return bytes;
  }
};

TEST_F(NodeBulk, LargeMessagesWaitForWhatIsSaid) {
  send(1'000'000);
  EXPECT_LT(written(), 50'000u);  // of a link whose speed is not known
  feed(Node::LinkDrained{link, 0});
  EXPECT_EQ(written(), 0u) << "it has left the data channel, and nobody said that it came";
  feed(Node::Send{TransferId{++sent}, room, {}, message("hello", "other")});
  EXPECT_GT(written(), 5u);  // goes before the rest
  EXPECT_EQ(take<Node::Sent>().size(), 1u);
  now += milliseconds(50);
  for (int i = 0; i < 2; ++i) action(link, "@_pong");
  const auto more = written();
  EXPECT_GT(more, 10'000u);
  EXPECT_LT(more, 50'000u);
}

TEST_F(NodeBulk, WhatIsSpreadOverTimeGoesByItself) {
  send(1'000'000);
  std::size_t all = written();
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {  // 50 ms away, all of it
    pass(milliseconds(5));
    if (i % 10 == 0)
      for (int answers = 0; answers < 4; ++answers) action(link, "@_pong");
    feed(Node::LinkDrained{link, 0});
    const auto now_written = written();
    all += now_written;
    if (i > 100) most = std::max(most, now_written);
  }
  EXPECT_GT(all, 1'000'000u);
  EXPECT_LT(most, 300'000u);
}

TEST_F(NodeBulk, WhoLeavesOneRoomHoldsUpNobodyInAnother) {
  join(other_room);
  presence(link, true, other_room);
  action(link, "genos:hello", R"({"session":"s2"})", PayloadKind::json, other_room);
  action(link, "@_hsready", "", PayloadKind::text, other_room);
  take<Node::Write>();
  send(1'000'000);
  take<Node::Write>();
  feed(Node::Send{TransferId{++sent}, other_room, {}, message(std::string(1'000'000, 'y'))});
  EXPECT_EQ(written(), 0u) << "the link is as full for this room";
  action(link, "@_leave");  // and never answers
  feed(Node::LinkDrained{link, 0});
  EXPECT_GT(written(), 10'000u);
}

TEST_F(NodeBulk, WhatIsFreshWaitsForNothingAndGoesToOursOnly) {
  const PeerId page{"bbb"};
  const LinkId other = connect(page, std::nullopt, "two");
  send(1'000'000);
  feed(Node::LinkDrained{link, 250'000});
  take<Node::Write>();
  take<Node::Sent>();
  Message now_only = message("22.5");
  now_only.fresh = true;
  feed(Node::Send{TransferId{++sent}, room, {}, now_only});
  auto writes = take<Node::Write>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].link, link);
  EXPECT_NE(writes[0].link, other);
  EXPECT_TRUE(writes[0].fresh);
  EXPECT_EQ(take<Node::Sent>().at(0).failed, std::vector<PeerId>());
  feed(Node::Send{TransferId{++sent}, room, {page, PeerId{"nobody"}}, now_only});
  EXPECT_TRUE(take<Node::Write>().empty());
  EXPECT_EQ(take<Node::Sent>().at(0).failed.size(), 2u);
  now_only.meta = "{}";  // it would be a second frame
  feed(Node::Send{TransferId{++sent}, room, {low}, now_only});
  EXPECT_EQ(take<Node::Sent>().at(0).failed, std::vector{low});
}

TEST_F(NodeQueue, DropOldestKeepsTheNewest) {
  slow_peer(small_queue<Overflow::drop_oldest>);
  const TransferId oldest = send(600);
  send(300);
  EXPECT_TRUE(take<Node::Sent>().empty());
  send(600);
  const auto dropped = take<Node::Sent>();
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].id, oldest);
  EXPECT_EQ(dropped[0].failed.size(), 1u);
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
}

TEST_F(NodeQueue, DropPeerDropsThePeerAndAllThatWaits) {
  slow_peer(small_queue<Overflow::drop_peer>);
  send(600);
  send(600);
  EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::refused);
  const auto failed = take<Node::Sent>();
  ASSERT_EQ(failed.size(), 2u);
  for (const auto& one : failed) EXPECT_EQ(one.failed, std::vector{low});
}

TEST_F(NodeQueue, OneMessageMayWaitWhateverItsSize) {
  slow_peer(small_queue<Overflow::drop_peer>);
  send(5000);
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
}

TEST_F(NodeQueue, ACancelledTransferIsNotSent) {
  slow_peer(small_queue<Overflow::wait>);
  const TransferId id = send(600);
  feed(Node::Cancel{id});
  EXPECT_EQ(take<Node::Sent>().at(0).failed.size(), 1u);
  feed(Node::LinkDrained{link, 0});
  EXPECT_TRUE(written(link).empty());
}

TEST_F(NodeQueue, RequestsAreAnsweredTimedOutOrLost) {
  link = connect(low);
  feed(Node::Request{TransferId{7}, room, low, message("?", "ask"), seconds(3)});
  EXPECT_EQ(written(link).back(), "ask");
  pass_alive(link, seconds(3));
  EXPECT_EQ(take<Node::Answered>().at(0).id, TransferId{7});
  feed(Node::Request{TransferId{8}, room, low, message("?", "ask"), seconds(30)});
  action(link, "@_leave");
  const auto lost = take<Node::Answered>();
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_FALSE(lost[0].message);
  feed(Node::Request{TransferId{9}, room, low, message("?", "ask"), seconds(3)});
  EXPECT_FALSE(take<Node::Answered>().at(0).error.empty()) << "nobody there";
}

// A request of theirs: metadata first, then the payload.
struct Asking : NodeQueue {
  void ask(const std::string& id) {
    const std::string meta = R"({"r":")" + id + R"("})";
    Chunk chunk;
    chunk.action = "ask";
    chunk.last = false;
    chunk.meta = true;
    chunk.payload = bytes_of(meta);
    feed(Node::LinkReceived{link, encode_chunk(room, chunk)});
    action(link, "ask", "?");
  }
};

TEST_F(Asking, IsToldWhenNobodyAcceptsWithin500Milliseconds) {
  for (const bool accepted : {false, true}) {
    again(nullptr);
    link = connect(low);
    ask("request1");
    const auto asked = take<Node::Received>();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].request, "request1");
    take<Node::Write>();
    if (accepted) feed(Node::Accept{room, low, "request1"});
    pass(milliseconds(501));
    const Names reply{"@_response", "@_response"};  // metadata and payload
    EXPECT_EQ(written(link), accepted ? Names{} : reply);
    feed(Node::Respond{room, low, "request1", message("!"), {}});
    EXPECT_EQ(written(link), accepted ? reply : Names{});
  }
}

TEST_F(NodeQueue, WhatWaitsIsSentBeforeALeaveForTwoSeconds) {
  for (const bool drains : {true, false}) {
    slow_peer(small_queue<Overflow::wait>);
    send(600);
    feed(Node::Leave{room, ""});
    EXPECT_TRUE(written(link).empty()) << "the message goes first";
    if (drains) {
      feed(Node::LinkDrained{link, 0});
      EXPECT_EQ(written(link), (Names{"chat", "@_leave", "-"}));
      EXPECT_TRUE(take<Node::Sent>().at(0).failed.empty());
    } else {
      pass(milliseconds(1500));
      feed(Node::LinkHeard{link});  // so that no ping falls due
      take<Node::Write>();
      pass(milliseconds(499));
      EXPECT_TRUE(take<Node::CloseLink>().empty());
      pass(milliseconds(2));
      EXPECT_EQ(written(link), (Names{"@_leave", "-"}));
      EXPECT_EQ(take<Node::Sent>().at(0).failed.size(), 1u);
    }
    EXPECT_EQ(take<Node::PeerLeft>().at(0).reason, LeaveReason::local);
    EXPECT_TRUE(take<Node::RoomLeft>().empty());
    pass(seconds(3));
    EXPECT_EQ(take<Node::RoomLeft>().size(), 1u) << "links that do not close are not waited for";
  }
}

TEST_F(NodeQueue, AMovedPeerGetsWhatWasNotWrittenOnTheNewLink) {
  slow_peer(small_queue<Overflow::wait>);
  send(10);
  send(20);
  const LinkId next = connect(low, sender, "two");
  EXPECT_EQ(take<Node::PeerMoved>().at(0).link, next);
  for (int i = 0; i < 3; ++i) feed(Node::LinkDrained{next, 0});
  EXPECT_EQ(written(next), (Names{"+", "genos:hello", "@_hsready", "chat", "chat"}));
  EXPECT_EQ(take<Node::Sent>().size(), 2u);
  action(link, "chat", "on its way", PayloadKind::text, room, 9);
  EXPECT_EQ(take<Node::Received>().size(), 1u) << "the old link is still read";
  pass_alive(next, seconds(3));
  EXPECT_EQ(take<Node::CloseLink>().at(0).link, link);
  EXPECT_TRUE(take<Node::PeerLeft>().empty());
}

TEST_F(NodeQueue, LaterRoundsOfNegotiationTravelInTheChannel) {
  link = connect(low);
  take<Node::ToLink>();
  take<Node::Write>();
  take<Node::Deliver>();
  feed(Node::FromLink{link, Description{DescriptionType::offer, "more media"}});
  feed(Node::FromLink{link, TurnRequest{}});
  EXPECT_EQ(written(link), (Names{"@_signal", "genos:turn"}));
  EXPECT_TRUE(take<Node::Deliver>().empty());
  action(link, "@_signal", R"({"type":"answer","sdp":"s"})", PayloadKind::json);
  const auto to = take<Node::ToLink>();
  ASSERT_EQ(to.size(), 1u);
  EXPECT_EQ(std::get<Description>(to[0].signal).sdp, "s");
}

TEST_F(NodeQueue, NothingOfOursIsSaidToAPage) {
  link = connect(low, std::nullopt);
  feed(Node::FromLink{link, TurnRequest{}});
  EXPECT_EQ(written(link), (Names{"+", "@_hsready"}));
}

}  // namespace
}  // namespace genos::core
