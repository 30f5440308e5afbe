// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/overloaded.hpp"
#include "core/room/discovery.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RelayId one{1};
constexpr RelayId two{2};

// One machine in virtual time; what it did, as "ms announce relay" and so on.
class Bench {
 public:
  explicit Bench(Discovery::Mode mode = Discovery::Mode::active)
      : machine({{"self"}, mode, &random_}) {}

  void feed(const Discovery::Input& input) {
    machine.handle(input, now);
    drain();
  }
  void run(Duration duration) {
    const Time end = now + duration;
    while (machine.deadline() <= end) {
      ASSERT_GE(machine.deadline(), now - milliseconds(1)) << "does not move on";
      now = std::max(now, machine.deadline());
      machine.advance(now);
      drain();
    }
    now = end;
  }
  std::vector<std::string> take() { return std::exchange(log_, {}); }
  std::size_t announcements() { return std::exchange(announcements_, 0); }

  Time now{seconds(1000)};
  Discovery machine;

 private:
  void drain() {
    while (auto output = machine.poll()) {
      const auto at = std::chrono::duration_cast<milliseconds>(now - Time(seconds(1000))).count();
      std::visit(
          Overloaded{[&](const Discovery::Announce& a) {
                       ++announcements_;
                       log_.push_back(std::to_string(at) + " announce " +
                                      std::to_string(a.relay.value));
                     },
                     [&](const Discovery::Poke& p) {
                       log_.push_back("poke " + p.peer.value + " " + std::to_string(p.relay.value));
                     },
                     [&](const Discovery::Activate&) { log_.push_back("activate"); },
                     [&](const Discovery::Deactivate&) { log_.push_back("deactivate"); }},
          *output);
    }
  }
  SeededRandom random_{7};
  std::vector<std::string> log_;
  std::size_t announcements_ = 0;
};

using Log = std::vector<std::string>;

TEST(Discovery, AnnouncesAsTrysteroDoesThenEveryMinute) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.run(seconds(50));
  EXPECT_EQ(bench.take(),
            (Log{"0 announce 1", "233 announce 1", "766 announce 1", "2099 announce 1"}));
  bench.announcements();
  bench.run(seconds(600));
  EXPECT_NEAR(static_cast<double>(bench.announcements()), 10, 1);
}

TEST(Discovery, NothingBeforeStartAndNothingAfterStop) {
  Bench bench;
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  bench.feed(Discovery::Wake{{"a"}});
  bench.run(seconds(100));
  EXPECT_EQ(bench.take(), Log{});
  bench.feed(Discovery::Start{});
  EXPECT_EQ(bench.take(), Log{"100000 announce 1"});
  bench.feed(Discovery::Stop{});
  bench.run(seconds(1000));
  EXPECT_EQ(bench.take(), Log{});
  EXPECT_EQ(bench.machine.deadline(), never);
}

TEST(Discovery, EachRelayHasABurstOfItsOwn) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.run(seconds(10));
  bench.take();
  bench.feed(Discovery::RelayUp{two});
  EXPECT_EQ(bench.take(), Log{"10000 announce 2"});
  bench.run(seconds(10));
  EXPECT_EQ(bench.take().size(), 3u);
  bench.feed(Discovery::RelayDown{two});
  bench.run(seconds(30));
  EXPECT_EQ(bench.take(), Log{});
  bench.feed(Discovery::RelayUp{two});
  bench.run(milliseconds(100));
  ASSERT_EQ(bench.announcements(), 9u);  // a relay that comes back is told at once
}

TEST(Discovery, LosingAPeerBeginsTheBurstAgain) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  bench.feed(Discovery::Linked{{"a"}});
  bench.run(seconds(10));
  bench.announcements();
  bench.feed(Discovery::Unlinked{{"a"}, false});  // it left: nobody to look for
  bench.run(seconds(5));
  EXPECT_EQ(bench.announcements(), 0u);
  bench.feed(Discovery::Linked{{"a"}});
  bench.feed(Discovery::Unlinked{{"a"}, true});
  bench.run(milliseconds(51));
  EXPECT_EQ(bench.announcements(), 1u);
  bench.run(seconds(5));
  EXPECT_EQ(bench.announcements(), 3u);
}

TEST(Discovery, PokesOnceAtOnceThenEverMoreSeldomUntilLinked) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::RelayUp{two});
  bench.run(seconds(3));
  bench.take();
  bench.feed(Discovery::HeardFrom{two, {"a"}});
  bench.feed(Discovery::Wake{{"a"}});
  EXPECT_EQ(bench.take(), Log{"poke a 2"});  // where it was heard
  bench.run(milliseconds(1260));
  EXPECT_EQ(bench.take(), Log{"poke a 2"});
  for (int i = 0; i < 100; ++i) bench.feed(Discovery::Wake{{"a"}});
  EXPECT_LE(bench.take().size(), 1u);
  bench.run(seconds(40));
  const auto pokes = bench.take().size();
  EXPECT_GE(pokes, 3u);
  EXPECT_LE(pokes, 6u);
  bench.feed(Discovery::Wake{{"a"}});
  EXPECT_EQ(bench.take(), Log{"poke a 2"});
  bench.feed(Discovery::Linked{{"a"}});
  bench.feed(Discovery::Wake{{"a"}});
  bench.run(seconds(7));
  EXPECT_EQ(bench.take(), Log{});
}

TEST(Discovery, WhoWasLinkedAMomentAgoIsPokedSooner) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.run(seconds(3));
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  bench.feed(Discovery::Wake{{"a"}});
  bench.feed(Discovery::Linked{{"a"}});
  bench.feed(Discovery::Unlinked{{"a"}, false});
  bench.take();
  bench.run(milliseconds(500));
  bench.feed(Discovery::Wake{{"a"}});
  EXPECT_EQ(bench.take(), Log{"poke a 1"});  // half a second after the one before
  bench.run(milliseconds(320));
  EXPECT_EQ(bench.take(), Log{"poke a 1"});
  bench.run(seconds(120));
  EXPECT_LE(bench.take().size(), 4u + 2u);  // four pokes more, two announcements
}

TEST(Discovery, ARateLimitHoldsThatRelayLongerEachTime) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::RelayUp{two});
  bench.feed(Discovery::RelayRefused{one, Refusal::rate_limited});
  bench.run(milliseconds(59990));
  for (const auto& line : bench.take())
    EXPECT_TRUE(line == "0 announce 1" || line.ends_with("announce 2")) << line;
  bench.run(milliseconds(20));
  EXPECT_EQ(bench.take(), Log{"60000 announce 1"});
  Duration hold = seconds(120);
  for (int i = 0; i < 6; ++i) {
    bench.feed(Discovery::RelayRefused{one, Refusal::rate_limited});
    bench.feed(Discovery::RelayRefused{one, Refusal::rate_limited});  // an echo
    bench.feed(Discovery::RelayUp{one});                              // no way around it
    bench.run(hold - milliseconds(20));
    for (const auto& line : bench.take()) EXPECT_TRUE(line.ends_with("announce 2")) << line;
    bench.run(milliseconds(20));
    EXPECT_GE(bench.take().size(), 1u) << i;
    hold = std::min<Duration>(hold * 2, std::chrono::minutes(15));
  }
}

TEST(Discovery, PokesAvoidARelayThatIsRateLimited) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::RelayUp{two});
  bench.feed(Discovery::RelayRefused{one, Refusal::rate_limited});
  bench.take();
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  bench.feed(Discovery::HeardFrom{two, {"a"}});
  bench.feed(Discovery::Wake{{"a"}});
  EXPECT_EQ(bench.take(), Log{"poke a 2"});
  bench.feed(Discovery::HeardFrom{one, {"b"}});
  bench.feed(Discovery::Wake{{"b"}});
  EXPECT_EQ(bench.take(), Log{"poke b 1"});  // no other way
}

TEST(Discovery, ARetiredRelayIsNotUsedAgain) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.take();
  bench.feed(Discovery::RelayRefused{one, Refusal::retired});
  bench.feed(Discovery::RelayUp{one});
  bench.run(seconds(1000));
  EXPECT_EQ(bench.take(), Log{});
  EXPECT_TRUE(bench.machine.routes({"a"}).empty());
}

TEST(Discovery, RoutesAreWhereAPeerWasHeard) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::RelayUp{two});
  EXPECT_EQ(bench.machine.routes({"a"}), (std::vector{one, two}));
  bench.feed(Discovery::HeardFrom{two, {"a"}});
  EXPECT_EQ(bench.machine.routes({"a"}), (std::vector{two}));
  bench.feed(Discovery::RelayDown{two});
  EXPECT_EQ(bench.machine.routes({"a"}), (std::vector{one}));
}

TEST(Discovery, APassivePeerWakesForAnActiveOneAndDozesOff) {
  Bench bench(Discovery::Mode::passive);
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::HeardFrom{one, {"p"}, Discovery::Mode::passive});
  bench.run(seconds(100));
  EXPECT_EQ(bench.take(), Log{});
  EXPECT_FALSE(bench.machine.active());
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  EXPECT_EQ(bench.take(), (Log{"activate", "100000 announce 1"}));
  bench.run(milliseconds(7532));
  EXPECT_TRUE(bench.machine.active());
  bench.take();
  bench.run(milliseconds(2));
  EXPECT_EQ(bench.take(), Log{"deactivate"});
  bench.run(seconds(100));
  EXPECT_EQ(bench.take(), Log{});
}

TEST(Discovery, APassivePeerStaysAwakeWhileItIsLinked) {
  Bench bench(Discovery::Mode::passive);
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::HeardFrom{one, {"a"}});
  bench.feed(Discovery::Linked{{"a"}});
  bench.run(seconds(20));
  EXPECT_TRUE(bench.machine.active());
  bench.feed(Discovery::Unlinked{{"a"}, true});
  EXPECT_FALSE(bench.machine.active());
}

TEST(Discovery, InventedPeersCostLittle) {
  Bench bench;
  bench.feed(Discovery::Start{});
  bench.feed(Discovery::RelayUp{one});
  bench.feed(Discovery::HeardFrom{one, {"friend"}});
  bench.feed(Discovery::Linked{{"friend"}});
  for (int i = 0; i < 10000; ++i) {
    bench.machine.handle(Discovery::HeardFrom{one, {"x" + std::to_string(i)}}, bench.now);
    bench.machine.handle(Discovery::Wake{{"x" + std::to_string(i)}}, bench.now);
  }
  bench.take();
  bench.run(seconds(1));
  EXPECT_LE(bench.take().size(), 80u);  // 32 at once, 40 a second, and the announcements
  bench.feed(Discovery::RelayUp{two});
  EXPECT_EQ(bench.machine.routes({"friend"}), (std::vector{one}));  // not pushed out
  bench.announcements();
  bench.feed(Discovery::Unlinked{{"friend"}, true});
  bench.run(seconds(11));
  EXPECT_GE(bench.announcements(), 1u);  // not silenced
}

// --- many peers, one relay

class Crowd {
 public:
  explicit Crowd(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) add();
  }
  std::size_t add() {
    members_.push_back(std::make_unique<Member>(members_.size(), &random_));
    return members_.size() - 1;
  }
  void feed(std::size_t who, const Discovery::Input& input) {
    members_[who]->machine.handle(input, now_);
    settle(who);
  }
  void link(std::size_t left, std::size_t right) {
    feed(left, Discovery::HeardFrom{one, id(right)});
    feed(right, Discovery::HeardFrom{one, id(left)});
    feed(left, Discovery::Linked{id(right)});
    feed(right, Discovery::Linked{id(left)});
  }
  void run(Duration duration) {
    const Time end = now_ + duration;
    for (;;) {
      Time first = never;
      for (const auto& member : members_) first = std::min(first, member->machine.deadline());
      if (first > end) break;
      now_ = std::max(now_, first);
      for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i]->machine.deadline() > now_) continue;
        members_[i]->machine.advance(now_);
        settle(i);
      }
    }
    now_ = end;
  }
  // The most events that the relay got within any one second.
  std::size_t peak() const {
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < events_.size(); ++last) {
      while (events_[last] - events_[first] > seconds(1)) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }
  std::size_t events() const { return events_.size(); }
  void forget() { events_.clear(); }
  bool heard(std::size_t who) const { return members_[who]->heard; }
  Time now() const { return now_; }
  static PeerId id(std::size_t who) { return {"peer" + std::to_string(1000 + who)}; }
  std::size_t size() const { return members_.size(); }

 private:
  struct Member {
    Member(std::size_t number, Random* random)
        : machine({id(number), Discovery::Mode::active, random}) {}
    Discovery machine;
    bool heard = false;  // an announcement or poke of it arrived somewhere
  };
  void settle(std::size_t who) {
    while (auto output = members_[who]->machine.poll()) {
      events_.push_back(now_);
      members_[who]->heard = true;
    }
  }
  SeededRandom random_{11};
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Time> events_;
  Time now_{seconds(1000)};
};

Crowd settled_crowd(std::size_t size) {
  Crowd crowd(size);
  for (std::size_t i = 0; i < size; ++i) {
    crowd.feed(i, Discovery::Start{});
    crowd.feed(i, Discovery::RelayUp{one});
  }
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = i + 1; k < size; ++k) crowd.link(i, k);
  crowd.run(seconds(90));
  crowd.forget();
  return crowd;
}

TEST(DiscoveryStorm, ASettledRoomOf200IsQuiet) {
  auto crowd = settled_crowd(200);
  crowd.run(seconds(600));
  EXPECT_LE(crowd.events(), 200u * 11);
  EXPECT_LE(crowd.peak(), 100u);
}

TEST(DiscoveryStorm, LosingHalfTheRoomAtOnceIsNoStorm) {
  auto crowd = settled_crowd(200);
  for (std::size_t i = 0; i < 100; ++i)
    for (std::size_t k = 100; k < 200; ++k) {
      crowd.feed(i, Discovery::Unlinked{Crowd::id(k), true});
      crowd.feed(k, Discovery::Unlinked{Crowd::id(i), true});
    }
  crowd.run(seconds(30));
  EXPECT_LE(crowd.peak(), 120u);
  EXPECT_GE(crowd.events(), 200u);  // yet everybody looked for the others
}

TEST(DiscoveryStorm, ARelayThatComesBackIsNotTakenDownAgain) {
  auto crowd = settled_crowd(200);
  for (std::size_t i = 0; i < 200; ++i) crowd.feed(i, Discovery::RelayDown{one});
  for (std::size_t i = 0; i < 200; ++i) crowd.feed(i, Discovery::RelayUp{one});
  crowd.run(seconds(30));
  EXPECT_LE(crowd.peak(), 150u);
  EXPECT_GE(crowd.events(), 200u);
}

TEST(DiscoveryStorm, ANewcomerIsHeardAtOnce) {
  auto crowd = settled_crowd(200);
  const auto newcomer = crowd.add();
  crowd.feed(newcomer, Discovery::Start{});
  crowd.feed(newcomer, Discovery::RelayUp{one});
  EXPECT_TRUE(crowd.heard(newcomer));
  for (std::size_t i = 0; i < 200; ++i) {  // it leads: each of them wakes it, without waiting
    crowd.forget();
    crowd.feed(i, Discovery::HeardFrom{one, Crowd::id(newcomer)});
    crowd.feed(i, Discovery::Wake{Crowd::id(newcomer)});
    ASSERT_EQ(crowd.events(), 1u);
  }
}

}  // namespace
}  // namespace genos::core
