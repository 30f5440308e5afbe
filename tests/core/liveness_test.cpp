// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/liveness.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct LivenessTest : ::testing::Test {
  Liveness liveness{{seconds(1), milliseconds(4500), seconds(9)}, Time{}};
  int asked = 0;
  bool doubted = false;
  bool lost = false;

  void run_until(Time end) {
    while (liveness.deadline() <= end) {
      liveness.advance(liveness.deadline());
      while (const auto output = liveness.poll()) {
        asked += *output == Liveness::Output::ask;
        doubted = doubted || *output == Liveness::Output::doubt;
        lost = lost || *output == Liveness::Output::lost;
      }
    }
  }
};

TEST_F(LivenessTest, AsksOncePerSecondOfSilence) {
  run_until(Time(milliseconds(3500)));
  EXPECT_EQ(asked, 3);
  EXPECT_FALSE(doubted);
}

TEST_F(LivenessTest, SurvivesACutOfFiveSeconds) {
  run_until(Time(milliseconds(7000)));
  EXPECT_TRUE(doubted);
  liveness.heard(Time(milliseconds(7000)));
  run_until(Time(milliseconds(15900)));
  EXPECT_FALSE(lost);
}

TEST_F(LivenessTest, ReportsASilentPeerWithinTenSeconds) {
  run_until(Time(seconds(10)));
  EXPECT_TRUE(lost);
  EXPECT_EQ(liveness.deadline(), never);
}

TEST_F(LivenessTest, AnythingHeardPutsOffTheQuestion) {
  for (int i = 1; i <= 10; ++i) liveness.heard(Time(milliseconds(900 * i)));
  run_until(Time(milliseconds(9900)));
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace genos::core
