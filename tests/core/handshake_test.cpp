// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/handshake.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

using std::chrono::seconds;

struct HandshakeTest : ::testing::Test {
  SeededRandom random{1};
  bool application = false;
  Handshake::Proof proof = Handshake::Proof::one_way;

  Handshake make(const char* self, const char* peer, const std::string& password) {
    Handshake::Options options;
    options.self = PeerId{self};
    options.peer = PeerId{peer};
    options.application = application;
    options.proof = proof;
    options.random = &random;
    if (!password.empty())
      options.prove = [password](std::string_view text) { return password + std::string(text); };
    return {options, Time{}};
  }

  struct Story {
    int data = 0;
    bool active = false;
    bool begun = false;
    std::string failure;
  };

  // Hands what one says to the other until both are silent.
  static void carry(Handshake& from, Handshake& to, Story& story) {
    while (auto output = from.poll()) {
      if (auto* send = std::get_if<Handshake::SendData>(&*output)) {
        ++story.data;
        to.data(send->message);
      } else if (std::holds_alternative<Handshake::SendReady>(*output)) {
        to.ready();
      } else if (auto* failed = std::get_if<Handshake::Failed>(&*output)) {
        story.failure = failed->why;
      }
      story.begun = story.begun || std::holds_alternative<Handshake::Begun>(*output);
      story.active = story.active || std::holds_alternative<Handshake::Active>(*output);
    }
  }
  static void talk(Handshake& a, Handshake& b, Story& of_a, Story& of_b) {
    for (int i = 0; i < 4; ++i) {
      carry(a, b, of_a);
      carry(b, a, of_b);
    }
  }
};

TEST_F(HandshakeTest, IsOneReadyEachWayWithoutAPassword) {
  auto a = make("a", "b", ""), b = make("b", "a", "");
  Story of_a, of_b;
  talk(a, b, of_a, of_b);
  EXPECT_TRUE(of_a.active && of_b.active);
  EXPECT_EQ(of_a.data + of_b.data, 0);
}

TEST_F(HandshakeTest, OnlyTheSmallerIdAsksForAProof) {
  auto a = make("a", "b", "pw"), b = make("b", "a", "pw");
  Story of_a, of_b;
  talk(a, b, of_a, of_b);
  EXPECT_TRUE(of_a.active && of_b.active);
  EXPECT_EQ(of_a.data, 1);
  EXPECT_EQ(of_b.data, 1);
}

TEST_F(HandshakeTest, FailsWithAnotherPassword) {
  auto a = make("a", "b", "pw"), b = make("b", "a", "other");
  Story of_a, of_b;
  talk(a, b, of_a, of_b);
  EXPECT_FALSE(of_a.active || of_b.active);
  EXPECT_NE(of_a.failure.find("password"), std::string::npos);
  b.advance(Time(seconds(10)));
  carry(b, a, of_b);
  EXPECT_FALSE(of_b.failure.empty());
}

TEST_F(HandshakeTest, SaysWhenOnlyTheOtherSideHasAPassword) {
  auto a = make("a", "b", "pw"), b = make("b", "a", "");
  Story of_a, of_b;
  talk(a, b, of_a, of_b);
  EXPECT_NE(of_b.failure.find("password"), std::string::npos);
  EXPECT_FALSE(of_a.active);
}

TEST_F(HandshakeTest, StrictRoomsAskInBothDirections) {
  proof = Handshake::Proof::both;
  auto a = make("a", "b", "pw"), b = make("b", "a", "pw");
  Story of_a, of_b;
  talk(a, b, of_a, of_b);
  EXPECT_TRUE(of_a.active && of_b.active);
  EXPECT_EQ(of_a.data, 2);
  EXPECT_EQ(of_b.data, 2);
}

TEST_F(HandshakeTest, AReflectedChallengeProvesNothingInAStrictRoom) {
  proof = Handshake::Proof::both;
  auto b = make("b", "a", "pw");
  const auto challenge = std::get<Handshake::SendData>(*b.poll());
  b.data(challenge.message);  // b proves its own challenge, and gets that proof back
  const auto answer = std::get<Handshake::SendData>(*b.poll());
  b.data(answer.message);
  EXPECT_TRUE(std::holds_alternative<Handshake::Failed>(*b.poll()));
}

TEST_F(HandshakeTest, TheApplicationsTurnComesAfterThePassword) {
  application = true;
  auto a = make("a", "b", "pw"), b = make("b", "a", "pw");
  Story of_a, of_b;
  EXPECT_FALSE(a.send({}));
  talk(a, b, of_a, of_b);
  EXPECT_TRUE(of_a.begun && of_b.begun);
  EXPECT_FALSE(of_a.active);
  EXPECT_TRUE(a.send({}));
  a.finish({});
  b.finish({});
  talk(a, b, of_a, of_b);
  EXPECT_TRUE(of_a.active && of_b.active);
}

TEST_F(HandshakeTest, EndsAfterTenSeconds) {
  auto a = make("a", "b", "");
  EXPECT_TRUE(std::holds_alternative<Handshake::SendReady>(*a.poll()));
  for (int second = 1; second < 10; ++second) {
    EXPECT_EQ(a.deadline(), Time(seconds(second)));
    a.advance(a.deadline());
    EXPECT_TRUE(std::holds_alternative<Handshake::Ask>(*a.poll()));
    EXPECT_FALSE(a.poll());
  }
  EXPECT_EQ(a.deadline(), Time(seconds(10)));
  a.advance(Time(seconds(10)));
  EXPECT_TRUE(std::holds_alternative<Handshake::Failed>(*a.poll()));
  EXPECT_EQ(a.deadline(), never);
}

}  // namespace
}  // namespace genos::core
