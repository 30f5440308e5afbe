// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/quality.hpp"

#include <gtest/gtest.h>

#include "core/rtp/keyframe_wish.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using enum Quality;

constexpr Time at(int ms) { return Time(milliseconds(ms)); }

TEST(Quality, AWishIsARungOfWhateverLadder) {
  struct Case {
    std::size_t rungs, low, medium, high;
  };
  for (const auto& [rungs, low_at, medium_at, high_at] :
       {Case{1, 0, 0, 0}, Case{2, 1, 0, 0}, Case{3, 2, 1, 0}, Case{4, 3, 1, 0}, Case{5, 4, 2, 0}}) {
    EXPECT_EQ(rung_of(low, rungs), low_at) << rungs;
    EXPECT_EQ(rung_of(medium, rungs), medium_at) << rungs;
    EXPECT_EQ(rung_of(high, rungs), high_at) << rungs;
    EXPECT_EQ(rung_of(automatic, rungs), high_at) << rungs;
  }
}

TEST(Quality, WordsAreThoseAndNoOthers) {
  for (const auto quality : {none, low, medium, automatic, high})
    EXPECT_EQ(parse_quality(to_word(quality)), quality);
  for (const char* word : {"", "Low", "lowest", "automatic", "high ", "2"})
    EXPECT_FALSE(parse_quality(word)) << word;
}

TEST(RungChoice, FollowsTheWish) {
  const std::vector<RungChoice::Rung> ladder = {7, 3, 9};
  RungChoice choice(medium);
  EXPECT_FALSE(choice.rung());
  EXPECT_TRUE(choice.follow(ladder, at(0)));
  EXPECT_EQ(choice.rung(), 3U);
  EXPECT_FALSE(choice.follow(ladder, at(1)));
  choice.wish(low);
  EXPECT_TRUE(choice.follow(ladder, at(2)));
  EXPECT_EQ(choice.rung(), 9U);
}

TEST(Quality, TheLargerWishCounts) {
  EXPECT_EQ(larger({none, automatic}, {low, none}), (MediaWish{low, automatic}));
  EXPECT_EQ(larger({none, none}, {none, none}), (MediaWish{none, none}));
}

TEST(StreamWishes, AreOfAllAndOfThoseOfWhichThereIsAnother) {
  const MediaWish all{high, automatic}, less{none, automatic};
  StreamWishes wishes(all);
  wishes.set("screen", less);
  wishes.set("camera", all);
  EXPECT_EQ(wishes.of("screen"), less);
  EXPECT_EQ(wishes.of("camera"), all);
  EXPECT_EQ(wishes.others().size(), 1U);
  wishes.set("screen", all);
  EXPECT_EQ(wishes, StreamWishes(all));
}

TEST(StreamWishes, TheLargerWishCountsForEachStream) {
  StreamWishes one({low, automatic}), other({medium, none});
  one.set("screen", {none, none});
  other.set("camera", {none, none});
  const auto both = larger(one, other);
  EXPECT_EQ(both, larger(other, one));
  EXPECT_EQ(both.all(), (MediaWish{medium, automatic}));
  EXPECT_EQ(both.of("screen"), (MediaWish{medium, none}));
  EXPECT_EQ(both.of("camera"), (MediaWish{low, automatic}));
  EXPECT_EQ(larger(one, StreamWishes({none, none})), one);
}

TEST(StreamWishes, TakingIsWhateverTheQuality) {
  StreamWishes one({low, automatic}), other({high, automatic});
  EXPECT_TRUE(one.takes_as(other));
  one.set("screen", {high, automatic});
  EXPECT_TRUE(one.takes_as(other) && other.takes_as(one));
  one.set("screen", {low, none});
  EXPECT_FALSE(one.takes_as(other) || other.takes_as(one));
  other.set("screen", {medium, none});
  EXPECT_TRUE(one.takes_as(other) && other.takes_as(one));
  EXPECT_FALSE(one.takes_as(StreamWishes({none, automatic})));
}

TEST(RungChoice, NoneIsNoRungUntilThereIsAnotherWish) {
  RungChoice choice(none);
  EXPECT_FALSE(choice.follow({1, 2}, at(0)));
  choice.wish(low);
  EXPECT_TRUE(choice.follow({1, 2}, at(1)));
  EXPECT_EQ(choice.rung(), 2U);
  choice.wish(none);
  EXPECT_TRUE(choice.follow({1, 2}, at(2)));
  EXPECT_FALSE(choice.rung());
  EXPECT_FALSE(choice.follow({1, 2, 3}, at(3)));
  // Back and forth is no way around the least distance.
  choice.wish(high);
  EXPECT_TRUE(choice.follow({1, 2}, at(4)));
  choice.wish(none);
  EXPECT_FALSE(choice.follow({1, 2}, at(5)));
  EXPECT_TRUE(choice.follow({1, 2}, at(600)));
}

TEST(RungChoice, ARungThatGoesIsReplacedAtOnceAndTakenAgain) {
  RungChoice choice(high);
  EXPECT_TRUE(choice.follow({1, 2}, at(0)));
  EXPECT_TRUE(choice.follow({2}, at(1)));
  EXPECT_EQ(choice.rung(), 2U);
  EXPECT_TRUE(choice.follow({}, at(2)));
  EXPECT_FALSE(choice.rung());
  EXPECT_TRUE(choice.follow({2}, at(3)));
  EXPECT_TRUE(choice.follow({3, 2}, at(4)));
  EXPECT_EQ(choice.rung(), 3U);
}

TEST(RungChoice, WhoAlwaysWantsSomethingElseChangesNowAndThenAndItsLastWishCounts) {
  const std::vector<RungChoice::Rung> ladder = {0, 1};
  RungChoice choice(high);
  EXPECT_TRUE(choice.follow(ladder, at(0)));
  int changes = 0, keyframes = 0;
  KeyframeWish wishes[2];
  for (int ms = 1; ms <= 10'000; ++ms) {
    choice.wish(ms % 2 == 0 ? high : low);
    if (choice.follow(ladder, at(ms))) {
      ++changes;
      wishes[*choice.rung()].joined(at(ms));
    }
    for (auto& wish : wishes) {
      if (!wish.due(at(ms))) continue;
      ++keyframes;
      wish.made(at(ms));
    }
  }
  EXPECT_GE(changes, 18);
  EXPECT_LE(changes, 21);
  EXPECT_LE(keyframes, changes);
  choice.wish(low);
  choice.follow(ladder, at(11'000));
  EXPECT_EQ(choice.rung(), 1U);
}

}  // namespace
}  // namespace genos::core
