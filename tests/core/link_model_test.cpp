// SPDX-License-Identifier: LGPL-2.1-or-later
// The path that tests send their packets over keeps to its own numbers.
#include "support/link_model.hpp"

#include <gtest/gtest.h>

namespace genos::test {
namespace {

using namespace std::chrono_literals;
using core::Time;
using Model = LinkModel<int>;

constexpr std::size_t packet_size = 1000;

std::vector<int> drain(Model& link, Time until) {
  std::vector<int> arrived;
  while (link.deadline() <= until)
    if (auto packet = link.poll(link.deadline())) arrived.push_back(*packet);
  return arrived;
}

// Packets 0..count, one each millisecond, and the order in which they arrive.
std::vector<int> run(const LinkOptions& options, int count, std::uint64_t seed = 1) {
  Model link(options, seed);
  std::vector<int> arrived;
  for (int i = 0; i < count; ++i) {
    const Time now{std::chrono::milliseconds(i)};
    for (const int packet : drain(link, now)) arrived.push_back(packet);
    link.send(i, packet_size, now);
  }
  for (const int packet : drain(link, Time{1h})) arrived.push_back(packet);
  return arrived;
}

TEST(LinkModel, DeliversAtOnceWithoutOptions) {
  Model link({}, 1);
  link.send(7, packet_size, Time{5ms});
  EXPECT_EQ(link.poll(Time{5ms}), 7);
  EXPECT_EQ(link.poll(Time{5ms}), std::nullopt);
  EXPECT_EQ(link.deadline(), core::never);
}

TEST(LinkModel, Delays) {
  Model link({.delay = 40ms}, 1);
  link.send(7, packet_size, Time{5ms});
  EXPECT_EQ(link.deadline(), Time{45ms});
  EXPECT_EQ(link.poll(Time{45ms - 1us}), std::nullopt);
  EXPECT_EQ(link.poll(Time{45ms}), 7);
}

TEST(LinkModel, JitterStaysInItsBoundsAndKeepsTheOrder) {
  Model link({.delay = 10ms, .jitter = 30ms}, 1);
  Time earliest = core::never;
  Time latest{};
  for (int i = 0; i < 200; ++i) {
    link.send(i, packet_size, Time{});
    link.poll(Time{});
  }
  for (int i = 0; i < 200; ++i) {
    earliest = std::min(earliest, link.deadline());
    latest = std::max(latest, link.deadline());
    EXPECT_EQ(link.poll(link.deadline()), i);
  }
  EXPECT_GE(earliest, Time{10ms});
  EXPECT_LE(latest, Time{40ms});
  EXPECT_GT(latest - earliest, 15ms);
}

TEST(LinkModel, LosesTheShareThatItIsToldTo) {
  const auto arrived = run({.loss = 0.1}, 10'000).size();
  EXPECT_GT(arrived, 8'800U);
  EXPECT_LT(arrived, 9'200U);
}

TEST(LinkModel, ReordersOnlyWhenToldTo) {
  const auto kept = run({.delay = 20ms, .jitter = 20ms}, 500);
  const auto mixed = run({.delay = 20ms, .reorder = 0.05}, 500);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_FALSE(std::is_sorted(mixed.begin(), mixed.end()));
  EXPECT_EQ(mixed.size(), 500U);
}

TEST(LinkModel, SendsNoFasterThanItsRate) {
  Model link({.bits_per_second = 1'000'000}, 1);  // 1,000 bytes take 8 ms
  for (int i = 0; i < 10; ++i) link.send(i, packet_size, Time{});
  EXPECT_EQ(drain(link, Time{40ms}).size(), 5U);
  EXPECT_EQ(drain(link, Time{80ms}).size(), 5U);
}

TEST(LinkModel, DropsWhatItsQueueDoesNotHold) {
  Model link({.bits_per_second = 1'000'000, .queue_bytes = 3 * packet_size}, 1);
  for (int i = 0; i < 10; ++i) link.send(i, packet_size, Time{});
  EXPECT_EQ(link.stats().dropped, 7U);
  drain(link, Time{1s});
  link.send(10, packet_size, Time{1s});  // an idle wire has room again
  EXPECT_EQ(link.stats().dropped, 7U);
}

TEST(LinkModel, TheSameSeedGivesTheSameFate) {
  const LinkOptions options{.delay = 5ms, .jitter = 9ms, .loss = 0.2, .reorder = 0.1};
  EXPECT_EQ(run(options, 300, 4), run(options, 300, 4));
  EXPECT_NE(run(options, 300, 4), run(options, 300, 5));
}

}  // namespace
}  // namespace genos::test
