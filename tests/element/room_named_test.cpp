// SPDX-License-Identifier: LGPL-2.1-or-later
// Pads of a genosroomsrc that are named before there is anything for them.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

class RoomNamedTest : public RoomMediaTest {
 protected:
  // As the design prints it: the muxer's pads are chosen while the line is read.
  std::string recording() const {
    return src_of() +
           "webmmux name=m ! fakesink name=out r.video_0 ! queue ! m. r.audio_0 ! queue ! m.";
  }
  static bool has(const TestLine& line, const char* text) {
    return TestLine::until([&] {
      const auto all = line.received();
      return std::string_view(all.data(), all.size()).find(text) != std::string_view::npos;
    });
  }
  static guint64 rendered(const TestLine& line, const char* name) {
    guint64 count = 0;
    gst_structure_get_uint64(stats_of(line.element(name).get()).get(), "rendered", &count);
    return count;
  }
  static bool flows(const TestLine& line, const char* name) {
    const auto begun = rendered(line, name);
    return TestLine::until([&] { return rendered(line, name) >= begun + 10; });
  }
  static int width_at(const TestLine& line, const char* name) {
    const auto pad = adopt(gst_element_get_static_pad(line.element(name).get(), "sink"));
    const auto caps = adopt(gst_pad_get_current_caps(pad.get()));
    int width = 0;
    if (caps) gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &width);
    return width;
  }
  static std::string end(const std::string& number) {
    return "r.video_" + number + " ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=v" +
           number + " sync=false async=false ";
  }
};

TEST_F(RoomNamedTest, ALineWhoseMuxerChoosesItsPadsRecords) {
  for (const auto& heard : {std::string(), sound() + "s.audio_0"}) {
    TestLine sender(picture() + "s.video_0 " + heard + sink_of());
    TestLine recorder(recording());
    sender.play();
    recorder.play();
    EXPECT_TRUE(has(recorder, "V_AV1")) << heard;
    EXPECT_TRUE(has(recorder, "A_OPUS")) << heard;
    gst_element_send_event(recorder.pipeline(), gst_event_new_eos());
    EXPECT_EQ(recorder.outcome(), "eos") << heard;
  }
}

TEST_F(RoomNamedTest, ItsNumberIsWhoseItIs) {
  TestLine first(picture() + sink_of());
  TestLine watcher(src_of("media=video") + end("1") + end("0"));
  first.play();
  watcher.play();
  ASSERT_TRUE(flows(watcher, "v0"));
  EXPECT_EQ(rendered(watcher, "v1"), 0U);
  TestLine second("videotestsrc is-live=true ! video/x-raw,width=128,height=96 ! " + sink_of());
  second.play();
  EXPECT_TRUE(flows(watcher, "v1"));
  EXPECT_EQ(width_at(watcher, "v0"), 64);
  EXPECT_EQ(width_at(watcher, "v1"), 128);
  EXPECT_EQ(watcher.element("r")->numsrcpads, 2);
}

TEST_F(RoomNamedTest, ItIsThereWhenItsElementPlaysAgain) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(src_of("media=video") + end("0"));
  sender.play();
  for (int i = 0; i < 3; ++i) {
    watcher.play();
    EXPECT_TRUE(flows(watcher, "v0")) << i;
    gst_element_set_state(watcher.pipeline(), i == 1 ? GST_STATE_NULL : GST_STATE_READY);
    EXPECT_EQ(watcher.element("r")->numsrcpads, 1);
  }
}

TEST_F(RoomNamedTest, WhenItIsReleasedItsTrackIsOneThatNobodyTook) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(src_of("media=video") + end("0"));
  sender.play();
  watcher.play();
  ASSERT_TRUE(flows(watcher, "v0"));
  const auto source = watcher.element("r");
  const auto pad = adopt(gst_element_get_static_pad(source.get(), "video_0"));
  const auto to = adopt(gst_pad_get_peer(pad.get()));
  gst_pad_unlink(pad.get(), to.get());
  gst_element_release_request_pad(source.get(), pad.get());
  EXPECT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
  const auto other = adopt(gst_element_get_static_pad(source.get(), "video_1"));
  ASSERT_TRUE(other);
  EXPECT_EQ(source->numsrcpads, 1);
  ASSERT_EQ(gst_pad_link(other.get(), to.get()), GST_PAD_LINK_OK);
  EXPECT_TRUE(flows(watcher, "v0"));
}

// Whose thread is in the middle of it: nobody who releases it waits for that.
TEST_F(RoomNamedTest, ItIsReleasedWhileItsReaderStandsStill) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(src_of("media=video") +
                   "r.video_0 ! videoconvert ! fakesink name=v0 sync=true async=false");
  sender.play();
  watcher.play();
  ASSERT_TRUE(flows(watcher, "v0"));
  gst_element_set_state(watcher.pipeline(), GST_STATE_PAUSED);
  const auto source = watcher.element("r");
  const auto pad = adopt(gst_element_get_static_pad(source.get(), "video_0"));
  gst_element_release_request_pad(source.get(), pad.get());
  EXPECT_EQ(source->numsrcpads, 0);
}

TEST_F(RoomNamedTest, ItsCapsAreThoseOfWhatComesNow) {
  TestLine watcher(src_of("media=video") + "r.video_0 ! video/x-av1 ! fakesink name=v0 sync=false");
  for (const int width : {64, 128, 96}) {
    TestLine sender("videotestsrc is-live=true ! video/x-raw,height=48,width=" +
                    std::to_string(width) + " ! " + sink_of());
    sender.play();
    watcher.play();
    ASSERT_TRUE(flows(watcher, "v0"));
    EXPECT_EQ(width_at(watcher, "v0"), width);
    gst_element_set_state(watcher.pipeline(), GST_STATE_NULL);
  }
}

TEST_F(RoomNamedTest, WhatAwaitsWhateverComesTakesNoneThatIsNamed) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine watcher(src_of() + "! queue ! fakesink name=any sync=false async=false " +
                   "r.audio_0 ! queue ! fakesink name=heard sync=false async=false");
  sender.play();
  watcher.play();
  EXPECT_TRUE(flows(watcher, "any"));
  EXPECT_TRUE(flows(watcher, "heard"));
  EXPECT_EQ(width_at(watcher, "any"), 64);
}

TEST_F(RoomNamedTest, WhatDoesNotFitIsSaidAndEndsNothing) {
  TestLine sender(picture() + "vp8enc deadline=1 ! s.video_0" + sink_of());
  TestLine watcher(src_of() +
                   "r.video_0 ! video/x-av1 ! fakesink async=false "
                   "r.video_1 ! video/x-vp8 ! fakesink name=out async=false");
  const auto bus = adopt(gst_element_get_bus(watcher.pipeline()));
  sender.play();
  watcher.play();
  const auto warning =
      adopt(gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GST_MESSAGE_WARNING));
  ASSERT_TRUE(warning);
  Owned<GError> said;
  gst_message_parse_warning(warning.get(), out(said), nullptr);
  const std::string words = said->message;
  for (const char* word : {"VP8", "video_0", "video/x-av1"})
    EXPECT_NE(words.find(word), std::string::npos) << words;
  TestLine second(picture() + "vp8enc deadline=1 ! s.video_0" + sink_of());
  second.play();
  EXPECT_TRUE(TestLine::until([&] { return watcher.received().size() > 2000; }));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomNamedTest, ItsEndComesWithoutATrack) {
  for (const auto& shown : {std::string(), sound() + "s.audio_0" + sink_of()}) {
    TestLine sender(shown.empty() ? "fakesrc num-buffers=0 ! fakesink" : shown);
    TestLine recorder(recording());
    sender.play();
    recorder.play();
    if (!shown.empty()) {
      EXPECT_TRUE(TestLine::until([&] { return viewers(sender) == 1; }));
    }
    gst_element_send_event(recorder.pipeline(), gst_event_new_eos());
    EXPECT_EQ(recorder.outcome(), "eos") << shown;
  }
}

TEST_F(RoomNamedTest, WhenTheLastTrackEndsSoDoItsPadsWithoutOne) {
  TestLine sender(picture("num-buffers=60 is-live=true") + sink_of());
  TestLine watcher(src_of("end-with-last=true") +
                   "r.video_0 ! fakesink name=v0 sync=false async=false " +
                   "r.audio_0 ! fakesink sync=false async=false");
  sender.play();
  watcher.play();
  ASSERT_TRUE(flows(watcher, "v0"));
  EXPECT_EQ(watcher.outcome(), "eos");
}

TEST_F(RoomNamedTest, OneThatIsNotLinkedYetIsThereForWhoComesNext) {
  auto first = std::make_unique<TestLine>(picture() + sink_of());
  TestLine watcher(src_of("media=video") + end("0") + "fakesink name=v1 sync=false async=false");
  const auto source = watcher.element("r");
  const auto spare = adopt(gst_element_request_pad_simple(source.get(), "video_1"));
  first->play();
  watcher.play();
  ASSERT_TRUE(flows(watcher, "v0"));
  TestLine second(picture() + sink_of());
  second.play();
  ASSERT_TRUE(TestLine::until([&] { return second.element("s") && viewers(*first) == 1; }));
  first.reset();
  EXPECT_TRUE(flows(watcher, "v0"));
  const auto to = adopt(gst_element_get_static_pad(watcher.element("v1").get(), "sink"));
  ASSERT_EQ(gst_pad_link(spare.get(), to.get()), GST_PAD_LINK_OK);
  TestLine third(picture() + sink_of());
  third.play();
  EXPECT_TRUE(flows(watcher, "v1"));
  EXPECT_EQ(source->numsrcpads, 2);
}

TEST_F(RoomNamedTest, ThereIsOnePadOfAName) {
  TestLine watcher("fakesink " + src_of());
  const auto source = watcher.element("r");
  const auto request = [&](const char* name) {
    return adopt(gst_element_request_pad_simple(source.get(), name));
  };
  EXPECT_TRUE(request("video_0"));
  EXPECT_TRUE(request("audio_999"));
  for (const char* none : {"video_01", "audio_1000", "audio_-1", "video_%d", "audio_%d"})
    EXPECT_FALSE(request(none)) << none;
  EXPECT_EQ(source->numsrcpads, 2);
}

}  // namespace
}  // namespace genos
