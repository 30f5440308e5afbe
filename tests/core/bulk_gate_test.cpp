// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate of large messages on lines of all kinds, in virtual time.
#include "core/room/bulk_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace genos::core {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t chunk = 16 * 1024;

// Carries so many bytes a second, and holds what comes faster in a queue without end.
struct Line {
  struct Answer {
    Time due, asked;
    std::uint64_t mark;
  };
  BulkGate gate;
  double rate;
  Duration trip;
  Time now{};
  Time free_at{};
  std::deque<Answer> answers;
  std::uint64_t carried = 0;
  // What a word said then would have had to wait.
  Duration worst{}, waits{};
  std::int64_t steps = 0;

  Line(double bytes_a_second, Duration round_trip) : rate(bytes_a_second), trip(round_trip) {}

  void mark() { answers.push_back({std::max(now, free_at) + trip, now, gate.mark(now)}); }
  void write() {
    if (gate.quiet()) mark();
    gate.wrote(chunk, now);
    carried += chunk;
    const auto time = std::chrono::duration<double>(chunk / rate);
    free_at = std::max(now, free_at) + std::chrono::duration_cast<Duration>(time);
    if (gate.mark_due()) mark();
  }
  void step(bool busy) {
    now += microseconds(200);
    while (!answers.empty() && answers.front().due <= now) {
      const auto answer = answers.front();
      answers.pop_front();
      gate.passed(answer.mark, now - answer.asked, now);
      if (gate.mark_due()) mark();
    }
    while (busy && gate.open(now)) write();
    const auto wait = std::max(Duration{}, free_at - now);
    worst = std::max(worst, wait);
    waits += wait;
    ++steps;
  }
  [[nodiscard]] Duration mean() const { return waits / steps; }
  // Bytes a second.
  double run(Duration time, bool busy = true) {
    worst = waits = {};
    steps = 0;
    const auto before = carried;
    for (const auto end = now + time; now < end;) step(busy);
    return static_cast<double>(carried - before) / std::chrono::duration<double>(time).count();
  }
};

TEST(BulkGate, FillsALineAndKeepsItsQueueShort) {
  for (const double rate : {1e6, 5e6, 50e6})
    for (const auto trip : {milliseconds(1), milliseconds(20), milliseconds(100)}) {
      Line line(rate, trip);
      line.run(seconds(2) + 20 * trip);
      EXPECT_GT(line.run(seconds(9)), 0.93 * rate) << rate << " B/s, " << trip.count() << " ms";
      EXPECT_LT(line.mean(), milliseconds(40)) << rate << " B/s, " << trip.count() << " ms";
    }
}

TEST(BulkGate, KeepsItShortFromTheBeginning) {
  Line line(2e6, milliseconds(100));
  line.run(seconds(5));
  EXPECT_LT(line.worst, milliseconds(100));
}

TEST(BulkGate, FollowsALineThatBecomesSlower) {
  Line line(20e6, milliseconds(20));
  line.run(seconds(3));
  line.rate = 1e6;
  line.run(seconds(3));
  EXPECT_GT(line.run(seconds(3)), 0.9e6);
  EXPECT_LT(line.mean(), milliseconds(40));
}

TEST(BulkGate, GoesOnWhenACutPathIsBack) {
  Line line(5e6, milliseconds(20));
  line.run(seconds(3));
  line.free_at = line.now + seconds(30);  // nothing leaves until then
  line.run(seconds(30));
  line.run(seconds(1));
  EXPECT_GT(line.run(seconds(1)), 1e6);
}

TEST(BulkGate, LearnsThatAPathBecameLonger) {
  Line line(5e6, milliseconds(10));
  line.run(seconds(5));
  line.trip = milliseconds(200);
  line.run(seconds(20));
  EXPECT_GT(line.run(seconds(20)), 0.9 * 5e6);
  EXPECT_LT(line.mean(), milliseconds(40));
}

TEST(BulkGate, TimesTheIdleLinkOnceInAWhile) {
  Line line(5e6, milliseconds(50));
  line.run(seconds(3));
  int idle = 0;
  for (int i = 0; i < 200'000; ++i) {
    line.step(true);
    if (line.free_at <= line.now) ++idle;
  }
  EXPECT_GT(idle, 200);
  EXPECT_LT(idle, 200'000 / 20);
}

TEST(BulkGate, TheEndIsMarkedToo) {
  Line line(5e6, milliseconds(20));
  line.write();
  line.run(seconds(1), false);
  EXPECT_TRUE(line.gate.quiet());
  EXPECT_TRUE(line.answers.empty()) << "nothing more is asked of an idle link";
}

TEST(BulkGate, WhoNeverAnswersGetsAWindow) {
  BulkGate gate;
  std::size_t given = 0;
  for (; gate.open(Time{}) && given < 1'000'000; given += chunk) {
    if (gate.quiet()) gate.mark(Time{});
    gate.wrote(chunk, Time{});
    if (gate.mark_due()) gate.mark(Time{});
  }
  EXPECT_EQ(given, gate.window());
  gate.forget();
  EXPECT_TRUE(gate.open(Time{}));
  gate.passed(1'000'000, milliseconds(1), Time{});  // of the one that was forgotten
  EXPECT_TRUE(gate.quiet());
}

}  // namespace
}  // namespace genos::core
