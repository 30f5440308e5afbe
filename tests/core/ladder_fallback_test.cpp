// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/fallback.hpp"

#include <gtest/gtest.h>

#include "core/ladder/limits.hpp"

namespace genos::core {
namespace {

using std::chrono::seconds;

constexpr Time at(int s) { return Time(seconds(s)); }
const int patience = int(std::chrono::duration_cast<seconds>(FallbackWish::patience).count());

TEST(FallbackWish, NobodyWantsOne) {
  FallbackWish wish;
  EXPECT_FALSE(wish.is_wanted(at(0)));
  wish.left("who took everything", at(1));
  EXPECT_FALSE(wish.is_wanted(at(1)));
}

TEST(FallbackWish, OneIsForAllAndStaysForTheLast) {
  FallbackWish wish;
  wish.refused("a");
  wish.refused("b");
  wish.left("a", at(1));
  EXPECT_TRUE(wish.is_used());
  EXPECT_TRUE(wish.is_wanted(at(100'000)));
  wish.left("b", at(200'000));
  EXPECT_FALSE(wish.is_used());
  EXPECT_TRUE(wish.is_wanted(at(200'000 + patience - 1)));
  EXPECT_FALSE(wish.is_wanted(at(200'000 + patience)));
}

TEST(FallbackWish, WhoComesBackSoonFindsIt) {
  FallbackWish wish;
  for (int s = 0; s < 100; s += 2) {
    wish.refused("page " + std::to_string(s));
    EXPECT_TRUE(wish.is_wanted(at(s)));
    wish.left("page " + std::to_string(s), at(s + 1));
    EXPECT_TRUE(wish.is_wanted(at(s + 1)));
  }
  EXPECT_FALSE(wish.is_wanted(at(99 + patience)));
}

TEST(FallbackWish, WhoLeavesTwiceLeavesOnce) {
  FallbackWish wish;
  wish.refused("a");
  wish.refused("a");
  wish.left("a", at(0));
  wish.left("a", at(5));
  EXPECT_FALSE(wish.is_wanted(at(patience)));
}

TEST(Fallback, IsAsLargeAndHasMoreBits) {
  const auto rung = parse_ladder("720p30:1500k")->front();
  const auto other = fallback_of(rung, "av1", "vp8");
  EXPECT_EQ(other.lines, 720u);
  EXPECT_EQ(other.frames, 30u);
  EXPECT_EQ(other.codec, "vp8");
  EXPECT_EQ(other.bitrate, 2'238'000u);
  EXPECT_EQ(fallback_of(rung, "h264", "vp8").bitrate, 1'500'000u);
}

TEST(Fallback, HasNoMoreBitsThanALadderMay) {
  const auto rung = parse_ladder("2160p:400M")->front();
  const auto other = fallback_of(rung, "av1", "vp8");
  EXPECT_EQ(other.bitrate, limits::max_bitrate);
  EXPECT_TRUE(parse_ladder(to_words(other)));
}

TEST(Fallback, StandsInTheLadderOnce) {
  const auto rung = parse_ladder("720p30:2238k:vp8")->front();
  EXPECT_EQ(*ladder_with("720p30", rung), "720p30:1500k,720p30:2238k:vp8");
  EXPECT_EQ(*ladder_with("720p30,720p30:2238k:vp8", rung), "720p30:2238k:vp8,720p30:1500k");
  EXPECT_TRUE(parse_ladder(*ladder_with("medium", rung)));
}

TEST(Fallback, AFullLadderHasNoRoom) {
  std::string full;
  for (std::uint32_t i = 0; i < limits::max_rungs; ++i)
    full += (i ? "," : "") + std::to_string(100 + i) + "p";
  ASSERT_TRUE(parse_ladder(full));
  EXPECT_FALSE(ladder_with(full, parse_ladder("720p:vp8")->front()));
  EXPECT_FALSE(ladder_with("nonsense", parse_ladder("720p:vp8")->front()));
}

}  // namespace
}  // namespace genos::core
