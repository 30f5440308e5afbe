// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/negotiator.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "core/base/overloaded.hpp"
#include "core/base/random.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using namespace std::chrono_literals;
using N = Negotiator;

// One side: a negotiator and a webrtcbin that does what it is told, or not.
struct Side {
  Side(LinkRole role, Partner partner, std::string its_name, bool forgets_offers = true)
      : negotiator({role, partner, forgets_offers}), name(std::move(its_name)) {}

  void feed(N::Input input, Time now) {
    negotiator.handle(std::move(input), now);
    drain();
  }
  void drain() {
    while (auto output = negotiator.poll()) take(*output);
  }
  void take(N::Output& output) {
    std::visit(
        Overloaded{
            [&](N::CreateOffer) {
              EXPECT_EQ(signalling, "stable") << name << ": create-offer";
              calls.push_back(N::Created{name + std::to_string(++made)});
            },
            [&](N::CreateAnswer) {
              EXPECT_EQ(signalling, "have-remote-offer") << name;
              calls.push_back(N::Created{name + std::to_string(++made)});
            },
            [&](N::SetLocal& o) { set(o.description, "have-local-offer", "have-remote-offer"); },
            [&](N::SetRemote& o) { set(o.description, "have-remote-offer", "have-local-offer"); },
            [&](N::AddCandidate& o) {
              EXPECT_TRUE(remote) << name << ": candidate before the description";
              candidates.push_back(o.candidate.candidate);
            },
            [&](N::Send& o) { sent.push_back(o.signal); },
            [&](N::Negotiated& o) { (o.ours ? rounds_ours : rounds_theirs)++; },
            [&](N::Ended& o) { ended.push_back(o.why); },
        },
        output);
  }
  void set(const Description& d, const char* by_offer, const char* before_answer) {
    const bool offer = d.type == DescriptionType::offer;
    EXPECT_EQ(signalling, offer ? "stable" : before_answer) << name;
    signalling = offer ? by_offer : "stable";
    remote = remote || std::string(by_offer) == "have-remote-offer";
    calls.push_back(N::Done{});
  }
  // webrtcbin answers its oldest call.
  bool work(Time now) {
    if (calls.empty()) return false;
    N::Input reply = std::move(calls.front());
    calls.pop_front();
    feed(std::move(reply), now);
    return true;
  }

  Negotiator negotiator;
  std::string name, signalling = "stable";
  std::deque<N::Input> calls;
  std::deque<Signal> sent;
  std::vector<std::string> candidates, ended;
  int made = 0, rounds_ours = 0, rounds_theirs = 0;
  bool remote = false;
};

struct Two {
  explicit Two(Partner partner, bool forgets_offers = true)
      : a(LinkRole::offerer, partner, "a", forgets_offers),
        b(LinkRole::answerer, partner, "b", forgets_offers) {}
  bool deliver(Side& from, Side& to) {
    if (from.sent.empty()) return false;
    Signal signal = std::move(from.sent.front());
    from.sent.pop_front();
    to.feed(N::Remote{std::move(signal)}, now);
    return true;
  }
  bool step(unsigned which) {
    switch (which % 4) {
      case 0: return a.work(now);
      case 1: return b.work(now);
      case 2: return deliver(a, b);
      default: return deliver(b, a);
    }
  }
  void settle() {
    while (step(0) || step(1) || step(2) || step(3)) {
    }
  }
  void connect() {
    a.feed(N::Begin{}, now);
    settle();
    a.feed(N::Open{}, now);
    b.feed(N::Open{}, now);
  }
  Time now{};
  Side a, b;
};

Candidate candidate(const std::string& text) { return {text, {}, 0, {}}; }

class BothKinds : public testing::TestWithParam<Partner> {};
INSTANTIATE_TEST_SUITE_P(Negotiator, BothKinds, testing::Values(Partner::page, Partner::genos));

TEST_P(BothKinds, TheFirstRoundIsTheOfferers) {
  Two two(GetParam());
  two.connect();
  EXPECT_EQ(two.a.made, 1);
  EXPECT_EQ(two.b.made, 1);
  EXPECT_EQ(two.a.signalling + two.b.signalling, "stablestable");
  EXPECT_EQ(two.a.rounds_ours, 0) << "opening is not reported as a later round";
}

TEST_P(BothKinds, CandidatesFollowDescriptionsOnBothSides) {
  Two two(GetParam());
  two.a.feed(N::Begin{}, two.now);
  two.a.feed(N::Local{candidate("x")}, two.now);
  EXPECT_TRUE(two.a.sent.empty());
  two.a.work(two.now);
  two.a.work(two.now);
  ASSERT_EQ(two.a.sent.size(), 2u);
  std::swap(two.a.sent[0], two.a.sent[1]);  // the relay turns them round
  two.settle();
  EXPECT_EQ(two.b.candidates, std::vector<std::string>{"x"});
}

TEST_P(BothKinds, DoubledSignalsAreIgnored) {
  Two two(GetParam());
  two.a.feed(N::Begin{}, two.now);
  two.a.work(two.now);
  two.a.work(two.now);
  const Signal offer = two.a.sent.front();
  two.b.feed(N::Remote{offer}, two.now);
  two.b.feed(N::Remote{offer}, two.now);
  while (two.b.work(two.now)) {
  }
  const Signal answer = two.b.sent.front();
  two.settle();
  two.a.feed(N::Remote{answer}, two.now);
  two.b.feed(N::Remote{offer}, two.now);
  two.a.feed(N::Open{}, two.now);
  two.b.feed(N::Open{}, two.now);
  two.b.feed(N::Remote{offer}, two.now);
  two.settle();
  EXPECT_EQ(two.a.made + two.b.made, 2);
  EXPECT_TRUE(two.a.ended.empty() && two.b.ended.empty());
}

TEST_P(BothKinds, EitherSideAddsAndBothAtOnce) {
  for (unsigned who = 1; who <= 3; who++) {
    Two two(GetParam());
    two.connect();
    if (who & 1) two.a.feed(N::Media{}, two.now);
    if (who & 2) two.b.feed(N::Media{}, two.now);
    two.settle();
    EXPECT_EQ(two.a.rounds_ours, who & 1 ? 1 : 0);
    EXPECT_EQ(two.b.rounds_ours, who & 2 ? 1 : 0);
    EXPECT_EQ(two.a.rounds_theirs, two.b.rounds_ours);
    EXPECT_EQ(two.b.rounds_theirs, two.a.rounds_ours);
  }
}

// Glare in every order of replies and deliveries: no side ever gets stuck or calls out of turn.
TEST_P(BothKinds, RandomOrdersEndWithEverythingNegotiated) {
  for (std::uint64_t seed = 0; seed < 3000; seed++) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    Two two(GetParam());
    two.connect();
    int wanted_a = 0, wanted_b = 0;
    for (int i = 0; i < 200; i++) {
      if (random.below(20) == 0) two.a.feed(N::Media{}, two.now), wanted_a++;
      if (random.below(20) == 0) two.b.feed(N::Media{}, two.now), wanted_b++;
      two.step(static_cast<unsigned>(random.below(4)));
    }
    two.settle();
    ASSERT_EQ(two.a.signalling + two.b.signalling, "stablestable");
    ASSERT_TRUE(two.a.ended.empty() && two.b.ended.empty());
    ASSERT_EQ(two.a.rounds_ours > 0, wanted_a > 0);
    ASSERT_EQ(two.b.rounds_ours > 0, wanted_b > 0);
    ASSERT_EQ(two.a.rounds_ours + two.a.rounds_theirs, two.b.rounds_ours + two.b.rounds_theirs);
    ASSERT_EQ(two.a.negotiator.deadline(), never);
    ASSERT_EQ(two.b.negotiator.deadline(), never);
  }
}

// At whichever step everything stops: the link ends, once, and not early.
TEST_P(BothKinds, EveryStepHasItsWatchdog) {
  for (int steps = 0; steps < 12; steps++) {
    SCOPED_TRACE(steps);
    Two two(GetParam());
    two.connect();
    two.a.feed(N::Media{}, two.now);
    two.b.feed(N::Media{}, two.now);
    int done = 0;
    for (unsigned which = 0; done < steps && which < 1000; which++) done += two.step(which);
    for (Side* side : {&two.a, &two.b}) {
      const Time deadline = side->negotiator.deadline();
      if (deadline == never) continue;
      EXPECT_EQ(deadline, two.now + 10s);
      side->negotiator.advance(deadline - 1us);
      side->drain();
      EXPECT_TRUE(side->ended.empty());
      side->negotiator.advance(deadline);
      side->drain();
      side->negotiator.advance(deadline + 100s);
      side->drain();
      EXPECT_LE(side->ended.size(), 1u);
    }
    EXPECT_TRUE(steps >= 6 || two.a.ended.size() == 1u);
  }
}

TEST(Negotiator, TheFirstAnswerMayTakeAsLongAsAnOfferLives) {
  Two two(Partner::page);
  two.a.feed(N::Begin{}, two.now);
  EXPECT_EQ(two.a.negotiator.deadline(), two.now + 10s);
  two.a.work(two.now);
  two.a.work(two.now);
  EXPECT_EQ(two.a.negotiator.deadline(), two.now + 60s);
  two.a.negotiator.advance(two.now + 60s);
  two.a.drain();
  EXPECT_EQ(two.a.ended.size(), 1u);
}

TEST_P(BothKinds, AFailureIsTheEndAndNothingFollows) {
  Two two(GetParam());
  two.a.feed(N::Begin{}, two.now);
  two.a.feed(N::Failed{"why"}, two.now);
  two.a.feed(N::Begin{}, two.now);
  two.a.feed(N::Media{}, two.now);
  two.a.feed(N::Remote{Description{DescriptionType::answer, "x"}}, two.now);
  EXPECT_EQ(two.a.ended, std::vector<std::string>{"why"});
  EXPECT_EQ(two.a.calls.size(), 1u);
  EXPECT_EQ(two.a.negotiator.deadline(), never);
}

TEST_P(BothKinds, StrayAnswersTurnsAndLateRepliesAreIgnored) {
  Two two(GetParam());
  two.b.feed(N::Remote{Description{DescriptionType::answer, "x"}}, two.now);
  two.b.feed(N::Remote{TurnRequest{}}, two.now);
  two.b.feed(N::Done{}, two.now);
  two.b.feed(N::Created{"x"}, two.now);
  EXPECT_TRUE(two.b.calls.empty() && two.b.sent.empty() && two.b.ended.empty());
  two.connect();
  two.b.feed(N::Remote{TurnRequest{}}, two.now);  // it did not ask
  two.settle();
  EXPECT_EQ(two.b.made, 1);
}

TEST(Negotiator, AnUnusedTurnGoesBack) {
  Two two(Partner::genos);
  two.connect();
  two.a.feed(N::Remote{TurnRequest{}}, two.now);
  two.a.feed(N::Media{}, two.now);
  EXPECT_TRUE(two.a.calls.empty()) << "the turn is theirs";
  two.a.negotiator.advance(two.now + 10s);
  two.a.drain();
  EXPECT_TRUE(two.a.ended.empty());
  EXPECT_EQ(two.a.calls.size(), 1u);
}

// webrtcbin 1.26 would abort the process in create-answer.
TEST(Negotiator, OffersThatCrossEndTheConnectionWhereWebrtcbinForgetsNone) {
  for (const bool shown : {false, true}) {
    Two two(Partner::page, false);
    two.connect();
    two.b.feed(N::Media{}, two.now);
    if (shown) two.b.work(two.now);
    two.b.feed(N::Remote{Description{DescriptionType::offer, "crossing"}}, two.now);
    two.b.work(two.now);
    EXPECT_EQ(two.b.ended.size(), 1u) << shown;
  }
  Two two(Partner::page, false);
  two.connect();
  two.b.feed(N::Media{}, two.now);
  two.settle();
  EXPECT_EQ(two.b.rounds_ours, 1);
  two.a.feed(N::Media{}, two.now);
  two.settle();
  EXPECT_EQ(two.a.rounds_ours, 1);
  EXPECT_TRUE(two.a.ended.empty() && two.b.ended.empty());
}

TEST(Negotiator, APageHearsNoEndOfCandidatesAndAFloodIsCut) {
  Two two(Partner::page);
  two.connect();
  two.a.feed(N::Local{candidate("")}, two.now);
  EXPECT_TRUE(two.a.sent.empty());
  for (std::size_t i = 0; i < limits::link_candidates + 50; i++)
    two.a.feed(N::Remote{candidate("x")}, two.now);
  EXPECT_EQ(two.a.candidates.size(), limits::link_candidates);
}

}  // namespace
}  // namespace genos::core
