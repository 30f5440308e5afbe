// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out of a genosroomsrc and nobody links is not sent to it.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "room_rungs_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

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

TEST_F(RoomUntakenTest, AReaderTakesThePlaceOfAnotherAtOnce) {
  TestLine sender(two_pictures());
  TestLine watcher(watch());
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128));
  const auto pad = adopt(gst_element_get_static_pad(watcher.element("r").get(), "video_0"));
  const auto raw = adopt(gst_pad_get_peer(pad.get()));
  const auto end = sink(gst_element_factory_make("fakesink", "encoded"));
  const auto encoded = adopt(gst_element_get_static_pad(end.get(), "sink"));
  gst_bin_add(GST_BIN(watcher.pipeline()), end.get());
  gst_element_set_state(end.get(), GST_STATE_PLAYING);
  for (int i = 0; i < 3; ++i) {
    gst_pad_unlink(pad.get(), raw.get());
    ASSERT_EQ(gst_pad_link(pad.get(), encoded.get()), GST_PAD_LINK_OK);
    ASSERT_TRUE(flows(watcher, "encoded"));
    gst_pad_unlink(pad.get(), encoded.get());
    ASSERT_EQ(gst_pad_link(pad.get(), raw.get()), GST_PAD_LINK_OK) << "as it could be before";
    ASSERT_TRUE(flows(watcher, "out"));
  }
  // However often: the last one that was linked gets it.
  for (int i = 0; i < 10; ++i)
    for (const auto& [last, next] : {std::pair(&raw, &encoded), {&encoded, &raw}}) {
      gst_pad_unlink(pad.get(), last->get());
      ASSERT_EQ(gst_pad_link(pad.get(), next->get()), GST_PAD_LINK_OK);
    }
  EXPECT_TRUE(flows(watcher, "out"));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomUntakenTest, OfSeveralStreamsThoseThatAreNamedAreSent) {
  TestLine sender(large() + "s.video_0 " + sound() + "s.audio_0 " + picture() + "s.video_1 " +
                  two_rungs("", "video_0::title=Me video_1::kind=screen"));
  TestLine watcher(watch("streams=Me,nothing"));
  Pictures pictures(watcher);
  sender.play();
  watcher.play();
  const Rungs one{"", "96p30:200k"}, other{"", "48p30:100k"}, both{"48p30:100k", "96p30:200k"};
  ASSERT_TRUE(pictures.sees(128));
  EXPECT_TRUE(gets(sender, one));
  const auto choose = [&](const char* streams) {
    g_object_set(watcher.element("r").get(), "streams", streams, nullptr);
  };
  choose("screen");
  EXPECT_TRUE(pictures.sees(64));
  EXPECT_TRUE(gets(sender, other));
  choose("");
  ASSERT_TRUE(TestLine::until([&] { return watcher.element("r")->numsrcpads == 2; }));
  ASSERT_TRUE(link_one_more(watcher, "second"));
  EXPECT_TRUE(flows(watcher, "second"));
  EXPECT_TRUE(gets(sender, both));
  choose("nothing");
  EXPECT_TRUE(gets(sender, {"", ""}));
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

// As when its process was killed: its link is taken for good for ten seconds more.
TEST_F(RoomUntakenTest, WhatNobodyTookTakesThePlaceOfWhatFellSilent) {
  const std::string frames =
      "videotestsrc is-live=true ! valve name=v ! video/x-raw,width=128,height=96 ! ";
  TestLine first(frames + "s.video_0" + two_rungs());
  TestLine watcher(watch());
  Pictures pictures(watcher);
  first.play();
  watcher.play();
  ASSERT_TRUE(pictures.sees(128));
  TestLine second(
      "videotestsrc is-live=true ! valve name=v ! video/x-raw,width=64,height=48 ! s.video_0" +
      two_rungs());
  second.play();
  ASSERT_TRUE(TestLine::until([&] { return rungs(second).size() == 2 && viewers(second) == 0; }));
  EXPECT_TRUE(pictures.sees(128));
  g_object_set(first.element("v").get(), "drop", TRUE, nullptr);
  EXPECT_TRUE(pictures.sees(64));
  EXPECT_EQ(viewers(second), 1U);
  // It takes nothing away again, but what has fallen silent as well lost no place.
  g_object_set(first.element("v").get(), "drop", FALSE, nullptr);
  EXPECT_TRUE(pictures.sees(64, 60));
  EXPECT_TRUE(TestLine::until([&] { return viewers(first) == 0; })) << "it is told so";
  first.set_state(GST_STATE_NULL);
  EXPECT_TRUE(pictures.sees(64));
  EXPECT_EQ(watcher.outcome(0s), "");
}

}  // namespace
}  // namespace genos
