// SPDX-License-Identifier: LGPL-2.1-or-later
// Viewers of one genosroomsink that get different rungs of its ladder, over real links.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "room_rungs_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

constexpr GstClockTimeDiff keyframe_interval = 2 * GST_SECOND;

TEST_F(RoomQualityTest, EachViewerGetsTheRungThatItWishesFor) {
  TestLine sender(large() + two_rungs());
  TestLine one(watch("quality=low")), other(watch());
  Pictures small(one), whole(other);
  sender.play();
  one.play();
  other.play();
  ASSERT_TRUE(small.sees(64, 30));
  ASSERT_TRUE(whole.sees(128, 30));
  EXPECT_EQ(small.widths(), std::vector{64});
  EXPECT_EQ(whole.widths(), std::vector{128});
  EXPECT_EQ(rungs(sender), (std::vector<std::string>{"48p30:100k", "96p30:200k"}));
  EXPECT_EQ(viewers(sender), 2U);
}

class RoomQualityOfCodecTest : public RoomQualityTest,
                               public testing::WithParamInterface<const char*> {};

TEST_P(RoomQualityOfCodecTest, AWishThatChangesIsFollowedWithoutABreak) {
  TestLine sender(large() + two_rungs(GetParam()));
  // A busy machine delays packets; what is missing is told from what is late.
  TestLine watcher(watch("latency=1500"));
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128, 20));
  for (int round = 0; round < 3; ++round) {
    wish(watcher, "low");
    ASSERT_TRUE(pictures.sees(64, 20)) << round;
    wish(watcher, "high");
    ASSERT_TRUE(pictures.sees(128, 20)) << round;
  }
  EXPECT_EQ(pictures.widths(), (std::vector{128, 64, 128, 64, 128, 64, 128}));
  EXPECT_GT(pictures.longest_gap(), 0);
  EXPECT_LT(pictures.longest_gap(), keyframe_interval);
  EXPECT_EQ(lost(watcher), 0U);
  EXPECT_EQ(watcher.outcome(0s), "");
}

INSTANTIATE_TEST_SUITE_P(Codecs, RoomQualityOfCodecTest,
                         testing::Values(":av1", ":vp8", ":vp9", ":h264"),
                         [](const auto& of) { return std::string(of.param + 1); });

TEST_F(RoomQualityTest, ARungThatNobodyWatchesIsNotMade) {
  TestLine sender(large() + two_rungs());
  TestLine watcher(watch("quality=low"));
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(64));
  auto before = made(sender);
  ASSERT_TRUE(pictures.sees(64, 30));
  auto after = made(sender);
  EXPECT_EQ(after["rung_0"], before["rung_0"]);
  EXPECT_GE(after["rung_1"], before["rung_1"] + 20);
  wish(watcher, "high");
  ASSERT_TRUE(pictures.sees(128));
  before = made(sender);
  ASSERT_TRUE(pictures.sees(128, 30));
  after = made(sender);
  EXPECT_EQ(after["rung_1"], before["rung_1"]);
  EXPECT_GE(after["rung_0"], before["rung_0"] + 20);
}

TEST_F(RoomQualityTest, WhatNobodyTakesIsNeitherSentNorMade) {
  TestLine sender(large() + two_rungs());
  // It sends, and takes nothing: no genosroomsrc is of its peer yet.
  TestLine other(sound() + sink_of("peer=other"));
  sender.play();
  other.play();
  using Rungs = std::vector<std::string>;
  const auto gets = [&](const Rungs& all) {
    return TestLine::until([&] { return rungs(sender) == all; });
  };
  ASSERT_TRUE(gets({""}));
  const auto watch_it = [&](guint count) {
    return TestLine::until([&] { return viewers(sender) == count; });
  };
  EXPECT_TRUE(watch_it(0));
  const auto frames_of = [&](const char* rung) { return made(sender)[rung]; };
  const auto goes_on = [&] {
    const auto begun = frames_of("rung_1");
    return TestLine::until([&] { return frames_of("rung_1") >= begun + 20; });
  };
  EXPECT_TRUE(TestLine::until([&] {
    const auto before = frames_of("rung_0");
    return goes_on() && frames_of("rung_0") == before;
  }));
  {
    TestLine watcher(watch("peer=other from=nobody"));
    Pictures pictures(watcher);
    watcher.play();
    EXPECT_TRUE(goes_on() && goes_on());
    EXPECT_EQ(rungs(sender), Rungs{""});
    EXPECT_EQ(viewers(sender), 0U);
    g_object_set(watcher.element("r").get(), "from", "", nullptr);
    EXPECT_TRUE(pictures.sees(128));
    EXPECT_EQ(viewers(sender), 1U);
    g_object_set(watcher.element("r").get(), "media", 2, nullptr);  // sound
    EXPECT_TRUE(gets({""}));
    EXPECT_TRUE(watch_it(0));
    g_object_set(watcher.element("r").get(), "media", 0, nullptr);
    EXPECT_TRUE(pictures.sees(128));
    EXPECT_EQ(viewers(sender), 1U);
  }
  EXPECT_TRUE(gets({""}));
  EXPECT_TRUE(watch_it(0));
}

// `from` of a viewer, `targets` of a sender: of two each, one.
TEST_F(RoomQualityTest, OneOfTwoIsTakenAndOneOfTwoIsGiven) {
  const std::string first(20, 'a'), second(20, 'b'), third(20, 'c'), fourth(20, 'd');
  TestLine wide(large() + two_rungs("", "self-id=" + first));
  TestLine narrow(picture() + sink_of("self-id=" + second + " targets=" + third));
  TestLine chosen(watch("self-id=" + third + " from=" + second));
  TestLine other(watch("self-id=" + fourth));
  TestLine picky(watch("from=" + first));
  Pictures of_narrow(chosen), of_wide(other), of_first(picky);
  for (auto* line : {&wide, &narrow, &chosen, &other, &picky}) line->play();
  EXPECT_TRUE(of_narrow.sees(64, 30));
  EXPECT_TRUE(of_wide.sees(128, 30));
  EXPECT_TRUE(of_first.sees(128, 30));
  EXPECT_EQ(of_narrow.widths(), std::vector{64});
  EXPECT_EQ(of_wide.widths(), std::vector{128});
  EXPECT_EQ(of_first.widths(), std::vector{128});
  EXPECT_EQ(viewers(narrow), 1U);
  EXPECT_EQ(viewers(wide), 2U);
}

TEST_F(RoomQualityTest, WhoAlwaysWishesForSomethingElseHarmsNobody) {
  TestLine sender(large() + two_rungs());
  TestLine steady(src_of("media=video") + "! video/x-av1 ! fakesink name=out");
  TestLine nervous(watch());
  Pictures whole(steady), any(nervous);
  sender.play();
  steady.play();
  nervous.play();
  ASSERT_TRUE(whole.sees(128));
  ASSERT_TRUE(any.sees(128));
  // Four seconds of wishes, some thousand of them.
  const auto begun = whole.count(128);
  const auto keyframes = whole.keyframes();
  int wishes = 0;
  ASSERT_TRUE(TestLine::until([&] {
    wish(nervous, ++wishes % 2 == 0 ? "high" : "low");
    return whole.count(128) >= begun + 120;
  }));
  EXPECT_GT(wishes, 400);
  // One a second, and those of the encoder's own every two; unbounded it would be four a second.
  EXPECT_LE(whole.keyframes() - keyframes, 9U);
  EXPECT_EQ(whole.widths(), std::vector{128});
  EXPECT_LT(whole.longest_gap(), keyframe_interval);
  wish(nervous, "low");
  EXPECT_TRUE(any.sees(64, 40));
  EXPECT_EQ(nervous.outcome(0s), "");
}

TEST_F(RoomQualityTest, WhereThereIsOneRungEverybodyGetsIt) {
  TestLine sender(large() + "vp8enc deadline=1 !" + sink_of());
  TestLine watcher(watch("quality=low"));
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  EXPECT_TRUE(pictures.sees(128, 30));
  EXPECT_EQ(rungs(sender), std::vector<std::string>{""});
}

TEST_F(RoomQualityTest, APictureThatBecomesSmallHasFewerRungsAndGoesOn) {
  TestLine sender(large() + two_rungs());
  TestLine watcher(watch());
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128));
  for (int round = 0; round < 2; ++round) {
    gst_util_set_object_arg(G_OBJECT(sender.element("size").get()), "caps",
                            "video/x-raw,width=64,height=48,framerate=30/1");
    ASSERT_TRUE(pictures.sees(64, 20)) << round;
    gst_util_set_object_arg(G_OBJECT(sender.element("size").get()), "caps",
                            "video/x-raw,width=128,height=96,framerate=30/1");
    ASSERT_TRUE(pictures.sees(128, 20)) << round;
  }
  EXPECT_EQ(watcher.outcome(0s), "");
  EXPECT_EQ(sender.outcome(0s), "");
}

TEST_F(RoomQualityTest, AnEndIsTold) {
  TestLine sender(large("is-live=true num-buffers=90") + two_rungs());
  TestLine one(watch("end-with-last=true quality=low")), other(watch("end-with-last=true"));
  one.play();
  other.play();
  sender.play();
  EXPECT_EQ(sender.outcome(), "eos");
  EXPECT_EQ(one.outcome(), "eos");
  EXPECT_EQ(other.outcome(), "eos");
}

TEST_F(RoomQualityTest, AFileIsShownAtItsPaceAlsoToNobody) {
  TestLine sender(large("num-buffers=60") + two_rungs());
  const auto begun = std::chrono::steady_clock::now();
  sender.play();
  EXPECT_EQ(sender.outcome(), "eos");
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 1800ms);
}

}  // namespace
}  // namespace genos
