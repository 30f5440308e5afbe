// SPDX-License-Identifier: LGPL-2.1-or-later
// A relay that misbehaves in every way, beside an honest one, and alone with peers that are linked.
#include <gtest/gtest.h>

#include "hostile/attacks.hpp"
#include "hostile/good_pair.hpp"
#include "hostile/stranger.hpp"

namespace genos::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t seed = 20260103;

class HostileRelays : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(good.meet());
    ASSERT_TRUE(until([&] { return bad.clients() == 1 && !bad.subscriptions().empty(); }));
    before = Footprint::now();
  }
  void TearDown() override {
    EXPECT_TRUE(good.unharmed());
    const auto after = Footprint::now();
    EXPECT_LT(after.kibibytes - before.kibibytes, memory_share * 200 * 1024);
    // Strangers that the relay made up: 32 connections in the making for each of the two.
    EXPECT_LT(after.files - before.files, 2 * 32 * 12);
  }
  std::string subscription() {
    const auto ids = bad.subscriptions();
    return ids.empty() || random.below(std::uint64_t{3}) == 0 ? random.alphanumerics(64)
                                                              : *ids.begin();
  }
  std::string event() {
    return event_message(
        subscription(),
        random.below(std::uint64_t{2}) ? stranger.root() : stranger.topic_of(good.first.id),
        "{\"peerId\":\"zz" + random.alphanumerics(18) + "\"}");
  }

  HostileRelay honest;
  HostileRelay bad;
  core::SeededRandom random{seed};
  Stranger stranger{bad, "relays"};
  GoodPair good{"relays", honest.uri() + "," + bad.uri()};
  Footprint before;
};

TEST_F(HostileRelays, MessagesOutOfShape) {
  const std::array<std::string, 6> rights = {R"(["OK","aa",true,"duplicate: seen"])",
                                             R"(["EOSE","sub"])",
                                             R"(["NOTICE","slow down"])",
                                             R"(["AUTH","challenge"])",
                                             R"(["COUNT","sub",{"count":1}])",
                                             R"(["OK","aa",false,"rate-limited: slow down"])"};
  for (int round = 0; round < 1500; round++) {
    switch (random.below(std::uint64_t{4})) {
      case 0: bad.text(spoiled(event(), random)); break;
      case 1: bad.text(rights[random.below(std::uint64_t{rights.size()})]); break;
      case 2: bad.text("[" + odd_json(random) + "," + odd_json(random) + "]"); break;
      default: bad.text(event());
    }
    if (round % 100 == 0) run(60ms);
  }
}

// Whole messages of nothing: as many as fit through the socket.
TEST_F(HostileRelays, Floods) {
  for (int round = 0; round < 30; round++) {
    std::string flood;
    for (int i = 0; i < 500; i++)
      flood += framed(round % 2 ? event() : R"(["NOTICE","again and again"])");
    bad.raw(flood);
    run(50ms);
  }
}

// Frames of WebSocket that are none, or too large, or never end. It ends the connection at most.
TEST_F(HostileRelays, FramesOutOfShape) {
  const std::string megabyte = framed(std::string(1 << 20, 'm'));
  for (int round = 0; round < 18; round++) {
    ASSERT_TRUE(until([&] { return bad.clients() > 0; }, 30s)) << round;
    switch (round % 6) {
      case 0: bad.raw(megabyte); break;
      case 1: bad.raw(random_text(random, 2000) + "\xff\xff\xff"); break;
      case 2: bad.raw(std::string("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10)); break;
      case 3: bad.raw(spoiled(framed(event()), random)); break;
      case 4: bad.raw(std::string("\x01\x03", 2) + "abc" + framed(event())); break;
      default: bad.hang_up();
    }
    run(80ms);
  }
}

// A frame of which one byte comes at a time, and an answer to the handshake that never ends.
TEST_F(HostileRelays, Dribbles) {
  const auto frame = framed(event());
  for (const char byte : frame.substr(0, 100)) {
    bad.raw(std::string(1, byte));
    run(2ms);
  }
  bad.greeting = [](const std::string& right) { return right.substr(0, 40); };
  bad.hang_up();
  run(500ms);
  for (int i = 0; i < 200; i++) {
    bad.raw("X-Slow: loris\r\n");
    run(2ms);
  }
}

TEST_F(HostileRelays, HandshakesOutOfShape) {
  const std::array<std::string, 5> greetings = {
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nno!",
      "HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "SSH-2.0-relay\r\n", "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999\r\n\r\n"};
  std::size_t which = 0;
  bad.greeting = [&](const std::string&) {
    return greetings[which++ % greetings.size()] + random_text(random, 200);
  };
  bad.hang_up();
  run(4s);
}

// Opens and hangs up at once: nobody comes back in a hurry for ever.
TEST_F(HostileRelays, HangsUpAtOnce) {
  bad.greeting = [](const std::string& right) {
    return right + std::string("\x88\x02\x03\xe9", 4);
  };
  bad.hang_up();
  run(2s);
  const auto some = bad.connections();
  run(3s);
  EXPECT_LT(bad.connections() - some, 10u);
}

TEST_F(HostileRelays, RefusalsInStorms) {
  for (int round = 0; round < 500; round++)
    bad.text(round % 3 ? R"(["OK","aa",false,"rate-limited: no"])" : R"(["NOTICE","no"])");
  run(200ms);
  for (int round = 0; round < 500; round++)
    bad.text(round % 2 ? R"(["OK","aa",false,"blocked: no"])" : R"(["CLOSED","sub","auth: no"])");
  run(200ms);
}

// Linked peers need no relay at all.
TEST_F(HostileRelays, AllRelaysEnd) {
  honest.greeting = bad.greeting = [](const std::string&) { return std::string(); };
  honest.hang_up();
  bad.hang_up();
  run(1s);
}

}  // namespace
}  // namespace genos::test
