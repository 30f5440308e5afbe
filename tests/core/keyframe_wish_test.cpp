// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/keyframe_wish.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

using std::chrono::milliseconds;

constexpr Time at(int ms) { return Time(milliseconds(ms)); }

TEST(KeyframeWish, NobodyWantsOne) {
  KeyframeWish wish;
  EXPECT_FALSE(wish.due(at(0)));
  EXPECT_FALSE(wish.due(at(100'000)));
}

TEST(KeyframeWish, TheFirstViewerIsServedAtOnce) {
  KeyframeWish wish;
  wish.joined(at(0));
  EXPECT_TRUE(wish.due(at(0)));
  EXPECT_FALSE(wish.due(at(33))) << "it is on its way";
  wish.made(at(40));
  EXPECT_FALSE(wish.due(at(2000)));
}

TEST(KeyframeWish, AHundredViewersAreOneWish) {
  KeyframeWish wish;
  int asked = 0, made = 0;
  for (int ms = 0; ms < 1000; ms += 10) {
    wish.joined(at(ms));
    if (wish.due(at(ms))) {
      asked++;
      wish.made(at(ms + 5));
      made++;
    }
  }
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(made, 4);
}

TEST(KeyframeWish, WhoJoinsJustAfterOneGetsTheNext) {
  KeyframeWish wish;
  wish.made(at(0));
  wish.joined(at(10));
  EXPECT_FALSE(wish.due(at(10)));
  EXPECT_TRUE(wish.due(at(250)));
}

TEST(KeyframeWish, ALossJustBeforeAKeyframeNeedsNoOther) {
  KeyframeWish wish;
  wish.made(at(1000));
  wish.lost(at(1050));
  EXPECT_FALSE(wish.due(at(5000)));
  wish.lost(at(5000));
  EXPECT_TRUE(wish.due(at(5000)));
}

TEST(KeyframeWish, AnEncoderThatGaveNoneIsAskedAgain) {
  KeyframeWish wish;
  wish.lost(at(0));
  EXPECT_TRUE(wish.due(at(0)));
  EXPECT_FALSE(wish.due(at(999)));
  EXPECT_TRUE(wish.due(at(1000)));
}

}  // namespace
}  // namespace genos::core
