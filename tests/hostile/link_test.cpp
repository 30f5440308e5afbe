// SPDX-License-Identifier: LGPL-2.1-or-later
// A stranger with a real, open link, or under the name of somebody who has one.
#include <gtest/gtest.h>

#include "core/wire/frame.hpp"
#include "hostile/attacks.hpp"
#include "hostile/good_pair.hpp"
#include "hostile/stranger.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::test {
namespace {

using namespace std::chrono_literals;
using As = Stranger::As;
using core::Bytes;
using core::LinkRole;

constexpr std::uint64_t seed = 20260102;

// Makes frames of every kind that a link may carry, and of many that none should.
class FrameMill {
 public:
  FrameMill(core::Random& random, core::RoomToken token)
      : random_(random), token_(std::move(token)) {}

  Bytes next() {
    switch (random_.below(std::uint64_t{8})) {
      case 0: return random_bytes(random_, random_.below(std::uint64_t{4}) ? 300 : 65536);
      case 1: return core::encode_presence(token(), random_.below(std::uint64_t{8}) != 0);
      case 2: return spoiled_frame();
      case 3: return core::encode_chunk(token(), endless_part());
      case 4: return core::encode_chunk(token(), control());
      case 5: return core::encode_chunk(token(), question());
      default: return core::encode_chunk(token(), any_chunk());
    }
  }

 private:
  core::RoomToken token() {
    if (random_.below(std::uint64_t{8})) return token_;
    return core::RoomToken{random_.alphanumerics(1 + random_.below(std::uint64_t{128}))};
  }
  core::ByteView keep(std::string text) {
    text_ = std::move(text);
    text_.resize(std::min<std::size_t>(text_.size(), 60000));
    return core::bytes_of(text_);
  }
  core::Chunk any_chunk() {
    core::Chunk chunk;
    chunk.action = random_.below(std::uint64_t{3}) ? "chat" : random_.alphanumerics(32);
    chunk.nonce = static_cast<std::uint16_t>(random_.next());
    chunk.last = random_.below(std::uint64_t{2}) != 0;
    chunk.meta = random_.below(std::uint64_t{4}) == 0;
    chunk.kind = static_cast<core::PayloadKind>(random_.below(std::uint64_t{3}));
    chunk.progress = static_cast<std::uint8_t>(random_.next());
    chunk.payload =
        keep(random_.below(std::uint64_t{2}) ? odd_json(random_) : random_text(random_, 500));
    return chunk;
  }
  core::Chunk endless_part() {
    core::Chunk chunk = any_chunk();
    chunk.last = chunk.meta = false;
    chunk.payload = keep(std::string(core::limits::chunk_payload, 'p'));
    return chunk;
  }
  // Signals, pings, turns, the handshake over and over; goodbyes have a test of their own.
  core::Chunk control() {
    constexpr std::array actions = {"@_hsdata", "@_hsready",  "@_ping",      "@_pong",
                                    "@_signal", "genos:turn", "genos:hello", "@_response",
                                    "@_stream", "@_track",    "genos:what"};
    core::Chunk chunk;
    chunk.action = actions[random_.below(std::uint64_t{actions.size()})];
    chunk.nonce = static_cast<std::uint16_t>(random_.next());
    chunk.kind = static_cast<core::PayloadKind>(random_.below(std::uint64_t{3}));
    if (chunk.action == std::string_view("@_signal"))
      chunk.payload = keep(signal());
    else
      chunk.payload = keep(odd_json(random_));
    return chunk;
  }
  std::string signal() {
    constexpr std::array types = {"candidate", "answer", "rollback", ""};
    const auto* type = types[random_.below(std::uint64_t{types.size()})];
    return core::to_text(core::Json::object()
                             .set("type", type)
                             .set("sdp", random_.below(std::uint64_t{2})
                                             ? spoiled(description_, random_)
                                             : random_.alphanumerics(40)));
  }
  core::Chunk question() {
    core::Chunk chunk;
    chunk.action = "chat";
    chunk.meta = true;
    chunk.last = false;
    chunk.nonce = static_cast<std::uint16_t>(random_.next());
    chunk.payload = keep("{\"r\":" + odd_json(random_) + ",\"m\":" + odd_json(random_) + "}");
    return chunk;
  }
  Bytes spoiled_frame() {
    const auto frame = core::encode_chunk(token_, any_chunk());
    const auto text = spoiled({frame.begin(), frame.end()}, random_) + ' ';
    const auto kept = text.substr(0, core::limits::max_link_message);
    return {kept.begin(), kept.end()};
  }

  core::Random& random_;
  core::RoomToken token_;
  std::string text_;
  const std::string description_ = fixture("chromium-data-answer.sdp");
};

class HostileOnLink : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(good.meet());
    ASSERT_TRUE(good.unharmed());
    before = Footprint::now();
  }
  void TearDown() override {
    EXPECT_TRUE(good.unharmed());
    EXPECT_TRUE(link::drain_teardowns(20s)) << "the teardown of a link hangs";
    EXPECT_LT(Footprint::now().kibibytes - before.kibibytes, memory_share * 500 * 1024);
  }

  HostileRelay relay;
  Stranger stranger{relay, "links"};
  core::SeededRandom random{seed};
  GoodPair good{"links", relay.uri()};
  Footprint before;
};

TEST_F(HostileOnLink, FramesOutOfShape) {
  FrameMill mill(random, stranger.token);
  int sent = 0;
  for (int visit = 0; visit < 40 && sent < 2500; visit++) {
    const auto as = visit % 2 ? As::genos : As::page;
    HostileLink link(stranger,
                     {"zzvisitor" + std::to_string(visit), good.first.id, as, LinkRole::answerer});
    ASSERT_TRUE(link.open()) << visit;
    for (int round = 0; round < 400 && link.is_open(); round++, sent++) {
      link.send(mill.next());
      if (round % 20 == 0) run(20ms);
    }
    EXPECT_TRUE(good.unharmed()) << visit;
  }
  EXPECT_GE(sent, 2500);
}

// Parts without an end: what is kept for one peer is bounded, whatever it sends.
TEST_F(HostileOnLink, MessagesWithoutEnd) {
  HostileLink link(stranger, {"zzendless", good.first.id, As::page, LinkRole::answerer});
  ASSERT_TRUE(link.open());
  core::Chunk chunk;
  chunk.last = false;
  const std::string payload(core::limits::chunk_payload, 'p');
  chunk.payload = core::bytes_of(payload);
  for (int round = 0; round < 8000 && link.is_open(); round++) {
    chunk.action = "a" + std::to_string(round % 300);
    chunk.nonce = static_cast<std::uint16_t>(round % 600);
    link.send(core::encode_chunk(stranger.token, chunk));
    if (round % 50 == 0) run(10ms);
  }
  run(1s);
}

TEST_F(HostileOnLink, FloodsOfControl) {
  HostileLink link(stranger, {"zzflood", good.first.id, As::genos, LinkRole::answerer});
  ASSERT_TRUE(link.open());
  run(200ms);
  for (int round = 0; round < 3000 && link.is_open(); round++) {
    constexpr std::array actions = {"@_ping", "genos:hello", "@_hsready", "genos:turn", "@_pong"};
    link.act(actions[static_cast<std::size_t>(round) % actions.size()], "{}");
    if (round % 100 == 0) run(5ms);
  }
  run(500ms);
}

// Nobody becomes somebody by using his name: not with his session, which every member has seen,
// nor with one of its own.
TEST_F(HostileOnLink, TheNameOfSomebodyWhoIsHere) {
  for (int attempt = 0; attempt < 4; attempt++) {
    HostileLink link(stranger, {good.second.id, good.first.id, attempt % 2 ? As::genos : As::page,
                                LinkRole::offerer});
    link.open();
    run(3s);
    EXPECT_EQ(good.first.parted, 0) << attempt;
    EXPECT_EQ(good.first.met, 1) << attempt;
    EXPECT_TRUE(good.unharmed()) << attempt;
    if (HasFailure()) return;
  }
}

TEST_F(HostileOnLink, GoodbyesOverAndOver) {
  for (int visit = 0; visit < 4; visit++) {
    HostileLink link(stranger, {"zzgoodbye" + std::to_string(visit), good.first.id, As::genos,
                                LinkRole::answerer});
    ASSERT_TRUE(link.open()) << visit;
    for (int round = 0; round < 20 && link.is_open(); round++)
      link.act(visit % 2 ? "@_leave" : "genos:unlink", "\"\"");
    run(300ms);
  }
}

}  // namespace
}  // namespace genos::test
