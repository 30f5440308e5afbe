// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages whose connection is alive and who say nothing on it.
#include "node_fixture.hpp"

namespace genos::core {
namespace {

// Its checks and reports are heard, and what it is given leaves.
struct NodeMute : NodeTest {
  LinkId link = LinkId{0};
  bool answers = false;
  std::size_t waits = 0;
  int asked = 0;

  void live(Duration time) {
    for (; time > Duration{}; time -= milliseconds(500)) {
      pass(milliseconds(500));
      feed(Node::LinkHeard{link});
      feed(Node::LinkDrained{link, waits});
      for (const auto& name : written(link))
        if (name == "@_ping" && ++asked && answers) action(link, "@_pong");
    }
  }
  // Nothing is heard at all.
  void be_cut_for(Duration time) {
    pass(time);
    live(milliseconds(500));
  }
  bool is_lost() { return !take<Node::PeerLeft>().empty(); }
};

TEST_F(NodeMute, APageThatSaysNothingAfterACutIsLostHoweverAliveItsConnection) {
  link = connect(low, {});
  be_cut_for(seconds(6));
  live(milliseconds(2500));
  EXPECT_FALSE(is_lost());
  live(milliseconds(500));
  EXPECT_TRUE(is_lost());
  const auto closed = take<Node::CloseLink>();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].link, link);
}

TEST_F(NodeMute, APageThatAnswersAfterACutStays) {
  link = connect(low, {});
  be_cut_for(seconds(6));
  answers = true;
  live(seconds(60));
  answers = false;
  live(seconds(20));
  EXPECT_FALSE(is_lost()) << "that cut is long ago";
}

TEST_F(NodeMute, APageWhoseScriptStandsStillIsGivenTime) {
  link = connect(low, {});
  live(milliseconds(29'500));
  EXPECT_FALSE(is_lost());
  live(seconds(1));
  EXPECT_TRUE(is_lost());
}

TEST_F(NodeMute, WhatAPageWasSentMayTakeItsTime) {
  link = connect(low, {});
  waits = 50'000;  // our questions wait behind it
  be_cut_for(seconds(6));
  live(seconds(22));
  EXPECT_FALSE(is_lost());
  waits = 0;  // it left, and who knows how far it came
  for (int i = 0; i < 2; ++i) feed(Node::Send{{}, room, {low}, message(std::string(120'000, 'x'))});
  live(seconds(18));
  EXPECT_FALSE(is_lost());
  live(seconds(2));
  EXPECT_TRUE(is_lost());
}

TEST_F(NodeMute, OneOfOursIsNotAskedWhileItIsHeard) {
  link = connect(low);
  live(seconds(60));
  EXPECT_FALSE(is_lost());
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace genos::core
