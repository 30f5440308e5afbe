// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/roster.hpp"

#include <gtest/gtest.h>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PeerId stranger(int number) { return PeerId{"s" + std::to_string(number)}; }

TEST(RoomRoster, HoldsABoundedNumberAndNeverDropsWhoIsLinked) {
  RoomRoster roster;
  Time now{};
  roster.heard(PeerId{"linked"}, {}, now);
  roster.find(PeerId{"linked"})->linked = true;
  for (int i = 0; i < 3000; ++i) {
    now += milliseconds(20);
    const auto hearing = roster.heard(stranger(i), {}, now);
    EXPECT_EQ(hearing.result, RoomRoster::Heard::added);
    EXPECT_EQ(hearing.evicted.has_value(), i + 2 > static_cast<int>(limits::max_roster));
  }
  EXPECT_EQ(roster.size(), limits::max_roster);
  EXPECT_TRUE(roster.contains(PeerId{"linked"}));
  EXPECT_FALSE(roster.contains(stranger(0))) << "who was heard longest ago goes first";
}

TEST(RoomRoster, TakesABurstOfStrangersAndThenFiftyASecond) {
  RoomRoster roster;
  int added = 0;
  const auto flood = [&](Time now) {
    for (int i = 0; i < 1000; ++i, ++added)
      if (roster.heard(stranger(added), {}, now).result == RoomRoster::Heard::ignored) break;
  };
  flood(Time{});
  EXPECT_NEAR(added, limits::roster_burst, 2);
  const int burst = added;
  flood(Time(seconds(1)));
  EXPECT_NEAR(added - burst, 50, 2);
}

TEST(RoomRoster, ForgetsTheSilentAndPardonsTheRefused) {
  RoomRoster roster;
  roster.heard(stranger(1), {}, Time{});
  roster.find(stranger(1))->refused_until = Time(seconds(10));
  EXPECT_TRUE(roster.refuses(stranger(1)));
  EXPECT_TRUE(roster.wanted().empty());
  EXPECT_EQ(roster.deadline(), Time(seconds(10)));
  EXPECT_FALSE(roster.pardon(Time(milliseconds(9999))));
  EXPECT_TRUE(roster.pardon(Time(seconds(10))));
  EXPECT_EQ(roster.wanted().size(), 1u);
  EXPECT_EQ(roster.deadline(), Time(limits::roster_memory));
  EXPECT_EQ(roster.expire(Time(limits::roster_memory)), std::vector{stranger(1)});
  EXPECT_EQ(roster.size(), 0u);
}

}  // namespace
}  // namespace genos::core
