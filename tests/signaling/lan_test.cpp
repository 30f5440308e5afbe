// SPDX-License-Identifier: LGPL-2.1-or-later
// Beacons on the loopback interface, which stands for the local network.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "net/lan.hpp"
#include "signaling/main_context.hpp"

namespace genos::net {
namespace {

TEST(Beacon, ComesBackAsItWas) {
  const Beacon here{Beacon::Kind::here, 7713, {1, 2, 3, 4, 5, 6, 7, 8}};
  const auto packet = write_beacon(here);
  EXPECT_EQ(core::to_hex(packet), "47454e4f530102001e210102030405060708");
  const auto read = read_beacon(packet);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, here);
  const Beacon question{Beacon::Kind::question, 0, {9}};
  EXPECT_EQ(*read_beacon(write_beacon(question)), question);
}

TEST(Beacon, AnythingElseIsRefused) {
  const auto good = write_beacon({Beacon::Kind::here, 7713, {}});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(read_beacon(core::ByteView(good).first(size)));
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(read_beacon(longer));
  for (std::size_t i = 0; i < 8; ++i) {  // everything before the port is fixed
    auto altered = good;
    altered[i] ^= 0x10;
    EXPECT_FALSE(read_beacon(altered)) << i;
  }
  EXPECT_FALSE(read_beacon(write_beacon({Beacon::Kind::here, 0, {}})));
  EXPECT_FALSE(read_beacon(write_beacon({Beacon::Kind::question, 1, {}})));
}

struct Station {
  Station(const TestContext& context, core::Random& random, std::optional<std::uint16_t> offer,
          bool ours = false) {
    LanBeacon::Options options;
    options.context = context.get();
    options.random = &random;
    options.port = 27714;
    options.offers = [offer] { return offer; };
    options.found = [this](const RelayUri& uri) { found.push_back(uri.port); };
    options.is_ours = [ours](const std::string&) { return ours; };
    auto opened = LanBeacon::open(std::move(options));
    EXPECT_TRUE(opened);
    if (opened) beacon = *std::move(opened);
  }
  std::vector<std::uint16_t> found;
  std::unique_ptr<LanBeacon> beacon;
};

TEST(LanBeacon, AQuestionIsAnsweredAtOnce) {
  const TestContext context;
  core::SeededRandom random(1);
  const Station one(context, random, 1001);
  const Station two(context, random, 1002);
  context.until([] { return false; }, std::chrono::milliseconds(300));
  const auto start = g_get_monotonic_time();
  Station asks(context, random, std::nullopt);
  const auto has = [&](std::uint16_t port) {
    return std::find(asks.found.begin(), asks.found.end(), port) != asks.found.end();
  };
  ASSERT_TRUE(context.until([&] { return has(1001) && has(1002); }));
  EXPECT_LT(g_get_monotonic_time() - start, 900 * 1000);  // not the next round of beacons
  context.until([] { return false; }, std::chrono::milliseconds(300));
  // Other interfaces carry the same beacons from other addresses; each is told once.
  EXPECT_LE(asks.found.size(), LanBeacon::max_found);
}

TEST(LanBeacon, ARelayOfThisMachineIsNoNews) {
  const TestContext context;
  core::SeededRandom random(1);
  const Station one(context, random, 1001);
  const Station same(context, random, std::nullopt, true);
  const Station other(context, random, std::nullopt);
  ASSERT_TRUE(context.until([&] { return !other.found.empty(); }));
  EXPECT_TRUE(same.found.empty());
}

}  // namespace
}  // namespace genos::net
