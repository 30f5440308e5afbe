// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/plan.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace genos::core {
namespace {

using std::chrono::microseconds;

std::string plan(std::string_view ladder, const Picture& picture) {
  std::string text;
  for (const auto& size : plan_sizes(*parse_ladder(ladder), picture)) {
    if (!text.empty()) text += " ";
    text += size ? std::to_string(size->width) + "x" + std::to_string(size->height) : "-";
  }
  return text;
}

TEST(LadderPlan, KeepsTheShapeAndNeverEnlarges) {
  EXPECT_EQ(plan("720p,360p,180p", {1920, 1080}), "1280x720 640x360 320x180");
  EXPECT_EQ(plan("720p,360p,180p", {1280, 720}), "1280x720 640x360 320x180");
  EXPECT_EQ(plan("720p,360p", {640, 480}), "640x480 480x360");
  EXPECT_EQ(plan("720p,360p,180p", {640, 360}), "- 640x360 320x180");
  EXPECT_EQ(plan("livestream", {852, 480}), "- - 852x480 640x360");
  EXPECT_EQ(plan("livestream", {711, 400}), "- - 710x400 640x360");
  EXPECT_EQ(plan("360p", {64, 48}), "64x48");
}

TEST(LadderPlan, AnUprightPictureIsNoLarger) {
  EXPECT_EQ(plan("720p,360p", {1080, 1920}), "720x1280 360x640");
}

TEST(LadderPlan, PixelsAreSquare) {
  EXPECT_EQ(plan("480p", {720, 480, 8, 9}), "640x480");                 // NTSC, 4:3
  EXPECT_EQ(plan("480p,360p", {720, 576, 64, 45}), "720x404 640x360");  // PAL, 16:9
  EXPECT_EQ(plan("576p", {720, 576, 64, 45}), "720x404");
}

TEST(LadderPlan, SidesAreEven) {
  EXPECT_EQ(plan("360p", {321, 179}), "320x178");
  EXPECT_EQ(plan("361p,181p", {1921, 1081}), "640x360 320x180");
  EXPECT_EQ(plan("16p", {1, 1}), "2x2");
}

TEST(KeyGrid, BeginsEachIntervalWhoeverBeganWhen) {
  for (const int frames : {30, 25, 24, 15}) {
    KeyGrid early{std::chrono::seconds(2)}, late{std::chrono::seconds(2)};
    for (int i = 0; i < 20 * frames; ++i) {
      const microseconds at(std::int64_t(i) * 1'000'000 / frames);
      const bool key = early.is_key(at);
      EXPECT_EQ(key, i % (2 * frames) == 0) << i;
      if (i < 3 * frames + 1) continue;
      const bool late_key = late.is_key(at);
      EXPECT_EQ(late_key, key || i == 3 * frames + 1) << i;
    }
  }
}

TEST(KeyGrid, ARoundedTimeIsNotTheIntervalBefore) {
  KeyGrid grid{std::chrono::seconds(2)};
  EXPECT_TRUE(grid.is_key(microseconds(0)));
  EXPECT_FALSE(grid.is_key(microseconds(1'966'666)));
  EXPECT_TRUE(grid.is_key(microseconds(1'999'500)));
  EXPECT_FALSE(grid.is_key(microseconds(2'033'333)));
}

TEST(KeyGrid, AGapHasOneKeyframe) {
  KeyGrid grid{std::chrono::seconds(2)};
  EXPECT_TRUE(grid.is_key(microseconds(-33'333)));
  EXPECT_TRUE(grid.is_key(microseconds(0)));
  EXPECT_FALSE(grid.is_key(microseconds(1'966'666)));
  EXPECT_TRUE(grid.is_key(microseconds(60'500'000)));
  EXPECT_FALSE(grid.is_key(microseconds(60'600'000)));
  EXPECT_TRUE(grid.is_key(microseconds(62'000'000)));
}

TEST(KeyGrid, OneWildTimeDoesNotEndTheKeyframes) {
  KeyGrid grid{std::chrono::seconds(2)};
  EXPECT_TRUE(grid.is_key(microseconds(0)));
  EXPECT_TRUE(grid.is_key(std::chrono::hours(1)));
  EXPECT_TRUE(grid.is_key(std::chrono::seconds(3)));
  EXPECT_FALSE(grid.is_key(microseconds(3'033'333)));
  EXPECT_TRUE(grid.is_key(std::chrono::seconds(4)));
}

TEST(LadderFit, ThePictureIsWholeInItsShapeAndInTheMiddle) {
  const Picture canvas{640, 360};
  EXPECT_EQ(fit({320, 180}, canvas), (Place{0, 0, 640, 360}));
  EXPECT_EQ(fit({1920, 1080}, canvas), (Place{0, 0, 640, 360}));
  EXPECT_EQ(fit({640, 480}, canvas), (Place{80, 0, 480, 360}));
  EXPECT_EQ(fit({360, 640}, canvas), (Place{218, 0, 202, 360}));
  EXPECT_EQ(fit({1280, 360}, canvas), (Place{0, 90, 640, 180}));
  // Pixels are not square there, or here.
  EXPECT_EQ(fit({720, 576, 16, 15}, canvas), (Place{80, 0, 480, 360}));
  EXPECT_EQ(fit({640, 480}, {720, 480, 8, 9}), (Place{0, 0, 720, 480}));
}

TEST(LadderFit, WhateverComesStaysInside) {
  for (const Picture& picture : {Picture{1, 8640}, Picture{8640, 1},
                                 Picture{2, 2, 1, 2'000'000'000}, Picture{2, 2, 2'000'000'000, 1}})
    for (const Picture& canvas : {Picture{2, 2}, Picture{16, 9000}, Picture{639, 359}}) {
      const auto place = fit(picture, canvas);
      EXPECT_GE(place.width, 2U);
      EXPECT_GE(place.height, 2U);
      EXPECT_LE(place.x + place.width, canvas.width);
      EXPECT_LE(place.y + place.height, canvas.height);
    }
}

TEST(FramePace, HalvesEvenly) {
  FramePace pace(15, std::chrono::seconds(2));
  int kept = 0;
  for (int i = 0; i < 300; ++i) {
    const bool keep = pace.is_kept(microseconds(std::int64_t(i) * 1'000'000 / 30));
    EXPECT_EQ(keep, i % 2 == 0) << i;
    kept += keep;
  }
  EXPECT_EQ(kept, 150);
}

TEST(FramePace, KeepsAllOfAStreamOfItsOwnRateDespiteJitter) {
  FramePace pace(30, std::chrono::seconds(2));
  for (int i = 0; i < 300; ++i) {
    const int jitter = i * 7919 % 16'000 - 8'000;  // of a slot of 33,333
    EXPECT_TRUE(pace.is_kept(microseconds(std::int64_t(i) * 1'000'000 / 30 + jitter))) << i;
  }
}

TEST(FramePace, KeepsTheFramesThatAreKeyframesElsewhere) {
  for (const int frames : {7, 10, 12, 15, 24}) {
    FramePace pace(std::uint32_t(frames), std::chrono::seconds(2));
    KeyGrid grid{std::chrono::seconds(2)};
    std::set<int> kept, keys;
    for (int i = 0; i < 900; ++i) {
      const microseconds at(12'345 + std::int64_t(i) * 1'000'000 / 30);
      if (pace.is_kept(at)) kept.insert(i);
      if (grid.is_key(at)) keys.insert(i);
    }
    for (const int key : keys) EXPECT_TRUE(kept.contains(key)) << frames << " " << key;
    EXPECT_NEAR(int(kept.size()), 30 * frames, 16) << frames;
  }
}

TEST(FramePace, ANewStreamBeginsAnew) {
  FramePace pace(10, std::chrono::seconds(2));
  EXPECT_TRUE(pace.is_kept(std::chrono::seconds(1000)));
  EXPECT_TRUE(pace.is_kept(std::chrono::seconds(0)));
  EXPECT_FALSE(pace.is_kept(microseconds(33'333)));
}

}  // namespace
}  // namespace genos::core
