// SPDX-License-Identifier: LGPL-2.1-or-later
// Viewers of one genosroomsink that get different rungs of its ladder, over real links.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

constexpr GstClockTimeDiff keyframe_interval = 2 * GST_SECOND;

// What came to the fakesink "out": widths and times, in order.
class Pictures {
 public:
  explicit Pictures(const TestLine& line)
      : handoff_(on<void(GstElement*, GstBuffer*, GstPad*)>(
            line.element("out").get(), "handoff", [this](auto*, GstBuffer* buffer, GstPad* pad) {
              const auto caps = adopt(gst_pad_get_current_caps(pad));
              int width = 0;
              gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &width);
              const std::scoped_lock guard(lock_);
              const bool is_delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
              all_.push_back({width, GST_BUFFER_PTS(buffer), !is_delta});
            })) {}
  std::vector<int> widths() const {
    std::vector<int> runs;
    const std::scoped_lock guard(lock_);
    for (const auto& one : all_)
      if (runs.empty() || runs.back() != one.width) runs.push_back(one.width);
    return runs;
  }
  std::size_t count(int width) const {
    const std::scoped_lock guard(lock_);
    return std::size_t(std::ranges::count(all_, width, &Picture::width));
  }
  std::size_t keyframes() const {
    const std::scoped_lock guard(lock_);
    return std::size_t(std::ranges::count(all_, true, &Picture::is_key));
  }
  // Some more of that width, and nothing else any more.
  bool sees(int width, std::size_t more = 10) const {
    const auto begun = count(width);
    return TestLine::until([&] { return count(width) >= begun + more; }) && last() == width;
  }
  // Negative: a picture came after a later one.
  GstClockTimeDiff longest_gap() const {
    GstClockTimeDiff longest = 0;
    const std::scoped_lock guard(lock_);
    for (std::size_t i = 1; i < all_.size(); ++i) {
      const auto gap = GST_CLOCK_DIFF(all_[i - 1].at, all_[i].at);
      if (gap <= 0) return gap - 1;
      longest = std::max(longest, gap);
    }
    return longest;
  }

 private:
  struct Picture {
    int width;
    GstClockTime at;
    bool is_key;  // while it is encoded
  };
  int last() const {
    const std::scoped_lock guard(lock_);
    return all_.back().width;
  }
  mutable std::mutex lock_;  // guards all_
  std::vector<Picture> all_;
  Connection handoff_;
};

class RoomQualityTest : public RoomMediaTest {
 protected:
  static std::string large(const std::string& more = "is-live=true") {
    return "videotestsrc " + more +
           " ! capsfilter name=size caps=video/x-raw,width=128,height=96,framerate=30/1 ! ";
  }
  std::string two_rungs(const std::string& codec = "", const std::string& more = "") const {
    return sink_of("ladder=96p30:200k" + codec + ",48p30:100k" + codec + " " + more);
  }
  static void wish(const TestLine& watcher, const char* quality) {
    gst_util_set_object_arg(G_OBJECT(watcher.element("r").get()), "quality", quality);
  }
  static Owned<GstStructure> stats_of(GstElement* element) {
    GstStructure* raw = nullptr;
    g_object_get(element, "stats", &raw, nullptr);
    return Owned<GstStructure>(raw);
  }
  // Of each rung, by its pad.
  static std::map<std::string, guint64> made(const TestLine& sender) {
    std::map<std::string, guint64> all;
    const auto sink = sender.element("s");
    const auto transcoder = [&] {
      GValue found = G_VALUE_INIT;
      GstIterator* each =
          gst_bin_iterate_all_by_element_factory_name(GST_BIN(sink.get()), "genostranscodebin");
      Ref<GstElement> first;
      if (gst_iterator_next(each, &found) == GST_ITERATOR_OK)
        first = retain(GST_ELEMENT(g_value_get_object(&found)));
      g_value_unset(&found);
      gst_iterator_free(each);
      return first;
    }();
    const auto stats = stats_of(transcoder.get());
    for (int i = 0; i < gst_structure_n_fields(stats.get()); ++i) {
      const char* pad = gst_structure_nth_field_name(stats.get(), guint(i));
      GstStructure* one = nullptr;
      gst_structure_get(stats.get(), pad, GST_TYPE_STRUCTURE, &one, nullptr);
      const Owned<GstStructure> held(one);
      gst_structure_get_uint64(one, "frames", &all[pad]);
    }
    return all;
  }
  // Who gets which, as the sink says it.
  static std::vector<std::string> rungs(const TestLine& sender) {
    std::vector<std::string> all;
    const auto stats = stats_of(sender.element("s").get());
    const GValue* list = gst_structure_get_value(stats.get(), "pictures");
    for (guint i = 0; i < gst_value_list_get_size(list); ++i)
      all.emplace_back(gst_structure_get_string(
          gst_value_get_structure(gst_value_list_get_value(list, i)), "rung"));
    std::ranges::sort(all);
    return all;
  }
  static guint64 lost(const TestLine& watcher) {
    const auto stats = stats_of(watcher.element("r").get());
    const GValue* list = gst_structure_get_value(stats.get(), "tracks");
    guint64 count = G_MAXUINT64;
    if (gst_value_list_get_size(list) == 1)
      gst_structure_get_uint64(gst_value_get_structure(gst_value_list_get_value(list, 0)), "lost",
                               &count);
    return count;
  }
};

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

class RoomUntakenTest : public RoomQualityTest {
 protected:
  using Rungs = std::vector<std::string>;
  std::string two_pictures() const {
    const std::string one = "videotestsrc is-live=true ! video/x-raw,width=128,height=96 ! ";
    return one + "s.video_0 " + one + "s.video_1 " + two_rungs();
  }
  // Whether they take it or not.
  static bool is_offered(const TestLine& sender, std::size_t pictures) {
    return TestLine::until([&] { return rungs(sender).size() == pictures; });
  }
  static bool gets(const TestLine& sender, const Rungs& all) {
    return TestLine::until([&] { return rungs(sender) == all; });
  }
  // Links the first pad that nobody has linked yet; null: there is none.
  static Ref<GstPad> link_one_more(const TestLine& watcher, const char* name) {
    const auto end = sink(gst_element_factory_make("fakesink", name));
    const auto pad = adopt(gst_element_get_static_pad(end.get(), "sink"));
    gst_bin_add(GST_BIN(watcher.pipeline()), end.get());
    gst_element_set_state(end.get(), GST_STATE_PLAYING);
    const auto src = watcher.element("r");
    GList* each = src->srcpads;
    while (each && gst_pad_is_linked(GST_PAD(each->data))) each = each->next;
    if (!each || gst_pad_link(GST_PAD(each->data), pad.get()) != GST_PAD_LINK_OK) return {};
    return retain(GST_PAD(each->data));
  }
  static bool flows(const TestLine& watcher, const char* name) {
    const auto end = watcher.element(name);
    const auto rendered = [&] {
      guint64 count = 0;
      gst_structure_get_uint64(stats_of(end.get()).get(), "rendered", &count);
      return count;
    };
    const auto begun = rendered();
    return TestLine::until([&] { return rendered() >= begun + 10; });
  }
};

TEST_F(RoomUntakenTest, APadThatNobodyLinksGetsNothingUntilSomebodyDoes) {
  TestLine sender(two_pictures());
  TestLine watcher(watch());
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  const Rungs one{"", "96p30:200k"}, both{"96p30:200k", "96p30:200k"};
  ASSERT_TRUE(is_offered(sender, 2));
  ASSERT_TRUE(gets(sender, one));
  ASSERT_TRUE(pictures.sees(128));
  EXPECT_EQ(viewers(sender), 1U);
  const auto pad = link_one_more(watcher, "second");
  ASSERT_TRUE(pad);
  EXPECT_TRUE(flows(watcher, "second"));
  EXPECT_EQ(rungs(sender), both);
  const auto peer = adopt(gst_pad_get_peer(pad.get()));
  gst_pad_unlink(pad.get(), peer.get());
  EXPECT_TRUE(gets(sender, one));
  EXPECT_TRUE(pictures.sees(128));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomUntakenTest, ASoundThatNobodyLinksLeavesThePictureOfItsStream) {
  TestLine sender(large() + "s.video_0 " + sound() + "s.audio_0 " + two_rungs());
  TestLine watcher(src_of() + "r.video_0 ! videoconvert name=pictures ! fakesink name=out");
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128, 90));  // longer than a link is waited for
  EXPECT_EQ(viewers(sender), 1U);
  const auto video = adopt(gst_element_get_static_pad(watcher.element("r").get(), "video_0"));
  const auto shown = adopt(gst_element_get_static_pad(watcher.element("pictures").get(), "sink"));
  gst_pad_unlink(video.get(), shown.get());
  const auto count_is = [&](guint count) {
    return TestLine::until([&] { return viewers(sender) == count; });
  };
  EXPECT_TRUE(count_is(0)) << "one of the two is sent";
  ASSERT_EQ(gst_pad_link(video.get(), shown.get()), GST_PAD_LINK_OK);
  EXPECT_TRUE(count_is(1));
  EXPECT_TRUE(pictures.sees(128));
  ASSERT_TRUE(link_one_more(watcher, "heard"));
  EXPECT_TRUE(flows(watcher, "heard"));
  EXPECT_TRUE(pictures.sees(128));
}

TEST_F(RoomUntakenTest, WhoLinksNothingIsNoViewerUntilItTakesWhatIsLeft) {
  TestLine sender(large() + two_rungs());
  TestLine watcher("fakesink name=out " + src_of());
  sender.play();
  watcher.play();
  const auto count_is = [&](guint count) {
    return TestLine::until([&] { return viewers(sender) == count; });
  };
  ASSERT_TRUE(is_offered(sender, 1));
  ASSERT_TRUE(count_is(0));
  EXPECT_TRUE(gets(sender, {""}));
  ASSERT_TRUE(link_one_more(watcher, "late"));
  EXPECT_TRUE(flows(watcher, "late"));
  EXPECT_EQ(viewers(sender), 1U);
}

TEST_F(RoomUntakenTest, WhatNobodyTookTakesThePlaceOfWhatLeaves) {
  auto first = std::make_unique<TestLine>(large() + two_rungs());
  TestLine watcher(watch());
  Pictures pictures(watcher);
  first->play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128));
  TestLine second(large() + two_rungs());
  second.play();
  ASSERT_TRUE(is_offered(second, 2));  // to the first, too
  ASSERT_TRUE(TestLine::until([&] { return viewers(second) == 0; }));
  first.reset();
  EXPECT_TRUE(pictures.sees(128));
  EXPECT_EQ(viewers(second), 1U);
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
