// SPDX-License-Identifier: LGPL-2.1-or-later
// A stranger writes on the room's topics whatever it likes; two good peers go on talking.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "crypto/identity.hpp"
#include "hostile/attacks.hpp"
#include "hostile/good_pair.hpp"
#include "hostile/stranger.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::test {
namespace {

using core::SealedKind;
using namespace std::chrono_literals;
using As = Stranger::As;

constexpr std::uint64_t seed = 20260101;
// A relay is read at 2,000 messages a second; cases that nobody reads would prove nothing.
constexpr int between_pauses = 100;
constexpr auto pause = 60ms;

class HostileSignalling : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(good.meet());
    ASSERT_TRUE(good.unharmed());
    before = Footprint::now();
  }
  void TearDown() override {
    EXPECT_TRUE(good.unharmed());
    const auto after = Footprint::now();
    RecordProperty("kibibytes", static_cast<int>(after.kibibytes - before.kibibytes));
    RecordProperty("threads", static_cast<int>(after.threads - before.threads));
    EXPECT_LT(after.kibibytes - before.kibibytes, memory_share * 400 * 1024);
  }
  void breathe(int round) {
    if (round % between_pauses == 0) run(pause);
  }
  std::string stranger_id() { return "zz" + random.alphanumerics(18); }
  const std::string& victim() {
    return random.below(std::uint64_t{2}) ? good.first.id : good.second.id;
  }
  std::uint64_t below(std::uint64_t bound) { return random.below(bound); }

  HostileRelay relay;
  Stranger stranger{relay, "signalling"};
  core::SeededRandom random{seed};
  std::mt19937 twister{seed};
  std::deque<std::string> strangers;
  GoodPair good{"signalling", relay.uri()};
  Footprint before;
};

// Every field of a message absent, of the wrong type, too long, too deep, or not UTF-8.
TEST_F(HostileSignalling, EnvelopesOutOfShape) {
  constexpr std::array fields = {"peerId",    "offerId", "offer", "answer",
                                 "candidate", "passive", "genos", "x"};
  for (int round = 0; round < 2500; round++) {
    std::string text = "{";
    for (const char* field : fields) {
      if (below(3) == 0) continue;
      const bool named = std::string_view(field) == "peerId" && below(4) != 0;
      const auto value = named ? '"' + stranger_id() + '"' : odd_json(random);
      text += (text.size() > 1 ? ",\"" : "\"") + std::string(field) + "\":" + value;
    }
    text += "}";
    const auto content = below(3) == 0 ? spoiled(text, random) : text;
    relay.deliver(below(2) ? stranger.root() : stranger.topic_of(victim()), content);
    breathe(round);
  }
}

TEST_F(HostileSignalling, SealedTextsOutOfShape) {
  const auto right = stranger.sealed(fixture("chromium-data-offer.sdp"));
  constexpr std::array kinds = {"offer", "answer", "candidate"};
  for (int round = 0; round < 500; round++) {
    const auto content = core::to_text(core::Json::object()
                                           .set("peerId", stranger_id())
                                           .set("offerId", random.alphanumerics(12))
                                           .set(kinds[below(3)], spoiled(right, random)));
    relay.deliver(stranger.topic_of(victim()), content);
    breathe(round);
  }
}

// Well sealed, so that they come as far as the gate and, if that lets them pass, webrtcbin.
TEST_F(HostileSignalling, OffersOutOfShape) {
  const std::vector<std::string> bases = {
      fixture("chromium-data-offer.sdp"), fixture("firefox-data-offer.sdp"),
      fixture("webrtcbin-1.22-data-offer.sdp"), fixture("chromium-media-offer.sdp"),
      fixture("firefox-added-again-offer.sdp")};
  for (int round = 0; round < 1500; round++) {
    const auto& base = bases[below(bases.size())];
    const auto sdp = mutated(base, bases[below(bases.size())], twister);
    stranger.say(stranger_id(), victim(), below(2) ? As::page : As::genos, SealedKind::offer,
                 random.alphanumerics(12), below(50) ? sdp : random_text(random, 200000));
    if (round % 25 == 0) run(pause);
    if (round % 500 == 0) {
      EXPECT_TRUE(good.unharmed());
    }
  }
}

// The good ones lead, so they offer to every stranger; each gets an answer that is none.
TEST_F(HostileSignalling, AnswersOutOfShape) {
  const std::vector<std::string> bases = {fixture("chromium-data-answer.sdp"),
                                          fixture("firefox-data-answer.sdp"),
                                          fixture("webrtcbin-1.22-media-answer.sdp")};
  int answered = 0;
  struct Reply {
    std::string from, to, offer;
  };
  std::vector<Reply> due;
  relay.published = [&](const core::nostr::Event& event) {
    const auto envelope = core::decode_envelope(event.content);
    const auto* topic = event.tag("x");
    if (!envelope || !envelope->sealed || envelope->sealed->kind != SealedKind::offer) return true;
    for (const auto& id : strangers)
      if (topic && *topic == stranger.topic_of(id).value)
        due.push_back({id, envelope->from.value, envelope->sealed->offer.value});
    return true;
  };
  for (int round = 0; round < 200; round++) {
    strangers.push_back(stranger_id());
    stranger.announce(strangers.back(), below(2) ? As::page : As::genos);
    if (strangers.size() > 40) strangers.pop_front();
    run(40ms);
    for (const auto& reply : std::exchange(due, {}))
      for (int twice = 0; twice < 2; twice++, answered++)
        stranger.say(reply.from, reply.to, As::page, SealedKind::answer,
                     below(8) ? reply.offer : random.alphanumerics(12),
                     mutated(bases[below(3)], bases[below(3)], twister));
  }
  relay.published = nullptr;
  RecordProperty("answers", answered);
  EXPECT_GT(answered, 100);
}

TEST_F(HostileSignalling, CandidatesOutOfShape) {
  const std::string right =
      R"({"candidate":"candidate:1 1 UDP 2122252543 127.0.0.1 9 typ host","sdpMid":"0",)"
      R"("sdpMLineIndex":0,"usernameFragment":"abcd"})";
  for (int round = 0; round < 1500; round++) {
    const auto text = below(4) ? spoiled(right, random) : odd_json(random);
    stranger.say(below(4) ? stranger_id() : good.second.id, good.first.id, As::genos,
                 SealedKind::candidate, below(3) ? "" : random.alphanumerics(12), text);
    breathe(round);
  }
}

// Thousands of peers that do not exist, each with an offer of its own.
TEST_F(HostileSignalling, CrowdsThatAreNotThere) {
  const auto offer = fixture("chromium-data-offer.sdp");
  const auto sealed = stranger.sealed(offer);
  long most_threads = 0;
  for (int wave = 0; wave < 5; wave++) {
    for (int round = 0; round < 2000; round++) {
      const auto id = (below(2) ? "zz" : "000") + random.alphanumerics(17);
      core::Envelope envelope;
      envelope.from.value = id;
      if (below(2)) envelope.genos = core::Advertisement{1, {"send"}};
      relay.deliver(stranger.root(), core::encode_envelope(envelope));
      envelope.sealed =
          core::Sealed{SealedKind::offer, core::OfferId{random.alphanumerics(12)}, sealed};
      relay.deliver(stranger.topic_of(victim()), core::encode_envelope(envelope));
      if (round % 200 == 0) run(5ms);
    }
    run(500ms);
    most_threads = std::max(most_threads, Footprint::now().threads);
    EXPECT_TRUE(good.unharmed());
  }
  RecordProperty("most_threads", static_cast<int>(most_threads));
  // 32 connections in the making for each of the two, of a few threads each.
  EXPECT_LT(most_threads - before.threads, 2 * 32 * 8);
}

// Answers and candidates that nobody asked for, and one offer in many versions.
TEST_F(HostileSignalling, EverythingInTheWrongOrder) {
  const auto offer = fixture("chromium-data-offer.sdp");
  const auto answer = fixture("chromium-data-answer.sdp");
  for (int round = 0; round < 500; round++) {
    const auto id = below(3) ? stranger_id() : good.second.id;
    stranger.say(id, good.first.id, As::genos, SealedKind::answer,
                 below(2) ? "" : random.alphanumerics(12), answer);
    stranger.say(id, good.first.id, As::page, SealedKind::candidate, "sameoffer", "{}");
    if (id != good.second.id)
      stranger.say(id, good.first.id, As::page, SealedKind::offer, "sameoffer",
                   mutated(offer, answer, twister));
    breathe(round);
  }
}

}  // namespace
}  // namespace genos::test
