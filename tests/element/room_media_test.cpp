// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures and sound from line to line, over real links.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

TEST_F(RoomMediaTest, ALineWatchesALine) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(watch());
  sender.play();
  watcher.play();
  EXPECT_TRUE(sees(watcher, 30));
  EXPECT_EQ(viewers(sender), 1U);
}

struct Encoded {
  const char* name;
  const char* line;
  const char* caps;
};

class RoomEncodedTest : public RoomMediaTest, public testing::WithParamInterface<Encoded> {};

TEST_P(RoomEncodedTest, AnEncodedStreamIsPassedOnAsItIs) {
  const bool is_sound = std::string_view(GetParam().caps).starts_with("audio");
  TestLine sender((is_sound ? sound() : picture()) + GetParam().line + " ! " + sink_of());
  TestLine watcher(src_of() + "! " + GetParam().caps + " ! fakesink name=out");
  sender.play();
  watcher.play();
  EXPECT_TRUE(TestLine::until([&] { return watcher.received().size() > 3000; }));
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, RoomEncodedTest,
    testing::Values(Encoded{"vp8", "vp8enc deadline=1 keyframe-max-dist=1000", "video/x-vp8"},
                    Encoded{"vp9", "vp9enc deadline=1 cpu-used=8", "video/x-vp9"},
                    Encoded{"h264", "x264enc tune=zerolatency", "video/x-h264"},
                    Encoded{"av1", "genosav1enc", "video/x-av1"},
                    Encoded{"opus", "opusenc", "audio/x-opus"}),
    [](const auto& of) { return std::string(of.param.name); });

TEST_F(RoomMediaTest, SilenceIsHardlySentWithDtx) {
  TestLine sender("audiotestsrc is-live=true wave=silence name=a ! s.audio_0 " + picture() +
                  "s.video_0" + sink_of("sounds=opus:24k:dtx"));
  TestLine watcher(watch());
  TestLine listener(src_of("media=audio") + "! audio/x-opus ! fakesink name=out");
  std::atomic<int> packets = 0;
  const auto counted = on<void(GstElement*, GstBuffer*, GstPad*)>(
      listener.element("out").get(), "handoff", [&](auto*, auto*, auto*) { ++packets; });
  for (auto* line : {&sender, &watcher, &listener}) line->play();
  ASSERT_TRUE(TestLine::until([&] { return packets > 0; }));
  ASSERT_TRUE(sees(watcher));
  const int first = packets;
  ASSERT_TRUE(sees(watcher, 60));
  EXPECT_LT(packets - first, 30) << "of 100 in two seconds";
  g_object_set(sender.element("a").get(), "wave", 0, nullptr);
  const int silent = packets;
  EXPECT_TRUE(TestLine::until([&] { return packets > silent + 50; }));
}

TEST_F(RoomMediaTest, WhoComesLateBeginsWithAKeyframe) {
  TestLine sender(picture() + "vp8enc deadline=1 keyframe-max-dist=100000 !" + sink_of());
  TestLine first(src_of() + "! video/x-vp8 ! fakesink name=out");
  sender.play();
  first.play();
  ASSERT_TRUE(TestLine::until([&] { return first.received().size() > 3000; }));
  TestLine late(src_of() + "! video/x-vp8 ! fakesink name=out");
  late.play();
  ASSERT_TRUE(TestLine::until([&] { return late.received().size() > 1000; }));
  // RFC 6386 section 9.1: the lowest bit of a keyframe is 0.
  EXPECT_EQ(late.received()[0] & 1, 0);
}

TEST_F(RoomMediaTest, TwoSendersWithSoundBreakNoLineThatTakesOnePicture) {
  const std::string both = picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of();
  TestLine one(both), two(both);
  TestLine watcher(src_of() + "! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out");
  one.play();
  two.play();
  watcher.play();
  EXPECT_TRUE(sees(watcher, 60));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomMediaTest, PictureAndSoundOfAPeerAreOneStreamInStep) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of("title=door"));
  TestLine watcher(src_of() +
                   "r.video_0 ! videoconvert ! fakesink name=v async=false sync=false "
                   "r.audio_0 ! audioconvert ! fakesink name=a async=false sync=false");
  sender.play();
  watcher.play();
  const auto sample = [&](const char* sink) {
    GstSample* raw = nullptr;
    g_object_get(watcher.element(sink).get(), "last-sample", &raw, nullptr);
    return raw;
  };
  const auto time_of = [&](const char* sink) {
    GstSample* got = sample(sink);
    if (!got) return GST_CLOCK_TIME_NONE;
    const auto at = GST_BUFFER_PTS(gst_sample_get_buffer(got));
    gst_sample_unref(got);
    return at;
  };
  ASSERT_TRUE(TestLine::until([&] {
    return GST_CLOCK_TIME_IS_VALID(time_of("v")) && GST_CLOCK_TIME_IS_VALID(time_of("a")) &&
           time_of("v") > GST_SECOND;
  }));
  const auto apart = std::abs(GST_CLOCK_DIFF(time_of("v"), time_of("a")));
  EXPECT_LT(apart, GstClockTimeDiff(100 * GST_MSECOND));
  // Tags say who it is, and what they call it.
  const auto pad = adopt(gst_element_get_static_pad(watcher.element("v").get(), "sink"));
  const auto event = adopt(gst_pad_get_sticky_event(pad.get(), GST_EVENT_TAG, 0));
  ASSERT_TRUE(event);
  GstTagList* tags = nullptr;
  gst_event_parse_tag(event.get(), &tags);
  gchar* title = nullptr;
  gst_tag_list_get_string(tags, GST_TAG_TITLE, &title);
  const Owned<char> held(title);
  EXPECT_STREQ(title, "door");
}

// The loudest sample of what came since `from` bytes.
int peak(const TestLine& line, std::size_t from) {
  const auto all = line.received();
  int most = 0;
  for (std::size_t at = from / 2 * 2; at + 2 <= all.size(); at += 2) {
    gint16 sample = 0;
    std::memcpy(&sample, all.data() + at, sizeof sample);
    most = std::max(most, std::abs(int(sample)));
  }
  return most;
}

TEST_F(RoomMediaTest, ThePeersOfARoomAreAsLoudAsOneLikes) {
  TestLine sender("audiotestsrc is-live=true volume=0.5 ! audio/x-raw,channels=2 !" +
                  sink_of("self-id=abcdefghijklmnopqrst"));
  TestLine watcher(src_of("media=audio") +
                   "! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! fakesink name=out");
  const auto watched = watcher.element("r");
  sender.play();
  watcher.play();
  // Half a second of sound, of which the first tenth may be as loud as before.
  const auto loudness = [&] {
    const auto begun = watcher.received().size() + 9600;
    EXPECT_TRUE(TestLine::until([&] { return watcher.received().size() > begun + 48000; }));
    return peak(watcher, begun);
  };
  const int loud = loudness();
  EXPECT_GT(loud, 10000);
  g_signal_emit_by_name(watched.get(), "set-volume", "abcdefghijklmnopqrst", 0.25);
  EXPECT_TRUE(TestLine::until([&] { return loudness() < loud / 3; }));
  EXPECT_GT(loudness(), loud / 6);
  g_signal_emit_by_name(watched.get(), "set-mute", "abcdefghijklmnopqrst", TRUE);
  EXPECT_TRUE(TestLine::until([&] { return loudness() == 0; }));
  g_signal_emit_by_name(watched.get(), "set-mute", "somebody", FALSE);
  EXPECT_EQ(loudness(), 0);
  g_signal_emit_by_name(watched.get(), "set-mute", "abcdefghijklmnopqrst", FALSE);
  g_signal_emit_by_name(watched.get(), "set-volume", "abcdefghijklmnopqrst", 1.0);
  EXPECT_TRUE(TestLine::until([&] { return loudness() > loud * 2 / 3; }));
}

TEST_F(RoomMediaTest, AnEndIsTold) {
  TestLine sender(picture("is-live=true num-buffers=45") + sink_of());
  TestLine watcher(watch("end-with-last=true"));
  watcher.play();
  sender.play();
  EXPECT_EQ(sender.outcome(), "eos");
  EXPECT_EQ(watcher.outcome(), "eos");
  EXPECT_GT(frames(watcher), 10U);
}

TEST_F(RoomMediaTest, WhoWatchesWaitsForTheNext) {
  TestLine watcher(watch());
  watcher.play();
  {
    TestLine sender(picture() + sink_of());
    sender.play();
    ASSERT_TRUE(sees(watcher));
  }
  TestLine next(picture() + sink_of());
  next.play();
  EXPECT_TRUE(sees(watcher));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomMediaTest, ALineMayStopAndPlayAgain) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(watch());
  watcher.play();
  for (int round = 0; round < 3; ++round) {
    sender.play();
    EXPECT_TRUE(sees(watcher)) << round;
    sender.set_state(GST_STATE_NULL);
  }
}

// gst_parse_launch() links a pad that comes later once only, so this application does it itself.
TEST_F(RoomMediaTest, AWatcherMayStopAndPlayAgain) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(src_of("media=video") +
                   "videoconvert name=c ! video/x-raw,format=GRAY8 ! fakesink name=out");
  const auto linked = on<void(GstElement*, GstPad*)>(
      watcher.element("r").get(), "pad-added",
      [entry = adopt(gst_element_get_static_pad(watcher.element("c").get(), "sink"))](
          auto*, GstPad* pad) { gst_pad_link(pad, entry.get()); });
  sender.play();
  for (int round = 0; round < 3; ++round) {
    watcher.play();
    EXPECT_TRUE(sees(watcher)) << round;
    watcher.set_state(GST_STATE_NULL);
  }
}

TEST_F(RoomMediaTest, AFileIsShownAtItsPace) {
  TestLine sender(picture("num-buffers=60") + sink_of());
  const auto begun = std::chrono::steady_clock::now();
  sender.play();
  EXPECT_EQ(sender.outcome(), "eos");
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 1800ms);
}

TEST_F(RoomMediaTest, NoMoreViewersThanAllowedAndOneMayBeStopped) {
  std::vector<std::string> told;
  TestLine sender(picture() + sink_of("max-viewers=1"));
  std::mutex lock;
  const auto added = on<void(GstElement*, const char*)>(sender.element("s").get(), "viewer-added",
                                                        [&](auto*, const char* peer) {
                                                          const std::scoped_lock guard(lock);
                                                          told.emplace_back(peer);
                                                        });
  sender.play();
  TestLine first(watch());
  first.play();
  ASSERT_TRUE(sees(first));
  TestLine second(watch());
  second.play();
  EXPECT_TRUE(sees(first, 45));
  EXPECT_EQ(frames(second), 0U);
  EXPECT_EQ(viewers(sender), 1U);
  {
    const std::scoped_lock guard(lock);
    ASSERT_EQ(told.size(), 1U);
    g_signal_emit_by_name(sender.element("s").get(), "stop-viewer", told[0].c_str());
  }
  EXPECT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
}

TEST_F(RoomMediaTest, AViewerThatIsStoppedGetsNothingUntilItComesAgain) {
  TestLine sender(picture() + sink_of());
  std::mutex lock;
  std::vector<std::string> told;
  const auto added = on<void(GstElement*, const char*)>(sender.element("s").get(), "viewer-added",
                                                        [&](auto*, const char* peer) {
                                                          const std::scoped_lock guard(lock);
                                                          told.emplace_back(peer);
                                                        });
  sender.play();
  TestLine watcher(src_of("media=video") +
                   "videoconvert name=c ! video/x-raw,format=GRAY8 ! fakesink name=out");
  const auto linked = on<void(GstElement*, GstPad*)>(
      watcher.element("r").get(), "pad-added",
      [entry = adopt(gst_element_get_static_pad(watcher.element("c").get(), "sink"))](
          auto*, GstPad* pad) { gst_pad_link(pad, entry.get()); });
  watcher.play();
  ASSERT_TRUE(sees(watcher));
  {
    const std::scoped_lock guard(lock);
    g_signal_emit_by_name(sender.element("s").get(), "stop-viewer", told.at(0).c_str());
  }
  ASSERT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
  // Another stream is for those that may watch.
  const auto more = sink(gst_parse_bin_from_description(
      "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=30/1", TRUE, nullptr));
  gst_bin_add(GST_BIN(sender.pipeline()), more.get());
  const auto to = adopt(gst_element_request_pad_simple(sender.element("s").get(), "video_1"));
  const auto from = adopt(gst_element_get_static_pad(more.get(), "src"));
  ASSERT_EQ(gst_pad_link(from.get(), to.get()), GST_PAD_LINK_OK);
  gst_element_sync_state_with_parent(more.get());
  TestLine other(watch());
  other.play();
  ASSERT_TRUE(sees(other, 45));
  EXPECT_EQ(viewers(sender), 1U);
  watcher.set_state(GST_STATE_NULL);
  watcher.play();
  EXPECT_TRUE(sees(watcher));
  EXPECT_EQ(viewers(sender), 2U);
}

TEST_F(RoomMediaTest, APadMayBeReleasedAndAnotherAddedWhilePlaying) {
  TestLine sender(picture() + "s.video_0 " + sound() + "queue name=q ! s.audio_0" + sink_of());
  TestLine watcher(watch());
  sender.play();
  watcher.play();
  ASSERT_TRUE(sees(watcher));
  const auto element = sender.element("s");
  const auto from = adopt(gst_element_get_static_pad(sender.element("q").get(), "src"));
  const auto to = adopt(gst_pad_get_peer(from.get()));
  const auto block = gst_pad_add_probe(
      from.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  ASSERT_TRUE(TestLine::until([&] { return gst_pad_is_blocking(from.get()); }));
  gst_pad_unlink(from.get(), to.get());
  gst_element_release_request_pad(element.get(), to.get());
  EXPECT_TRUE(sees(watcher, 60));
  const auto again = adopt(gst_element_request_pad_simple(element.get(), "audio_0"));
  ASSERT_EQ(gst_pad_link(from.get(), again.get()), GST_PAD_LINK_OK);
  gst_pad_remove_probe(from.get(), block);
  TestLine listener(src_of("media=audio") + "! audioconvert ! fakesink name=out");
  listener.play();
  EXPECT_TRUE(TestLine::until([&] { return listener.received().size() > 100'000; }));
  EXPECT_TRUE(sees(watcher));
}

// Its line is replaced while its thread is inside of who reads it.
TEST_F(RoomMediaTest, OneReaderThatStandsStillHoldsUpNobodyElse) {
  auto first = std::make_unique<TestLine>(picture() + sink_of());
  TestLine watcher(watch());
  first->play();
  watcher.play();
  ASSERT_TRUE(sees(watcher));
  std::atomic<bool> stands = false;
  const auto gate = adopt(gst_element_get_static_pad(watcher.element("out").get(), "sink"));
  const auto probe = gst_pad_add_probe(
      gate.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer flag) noexcept {
        *static_cast<std::atomic<bool>*>(flag) = true;
        return GST_PAD_PROBE_OK;
      },
      &stands, nullptr);
  ASSERT_TRUE(TestLine::until([&] { return stands.load(); }));
  first.reset();
  TestLine second(picture() + sink_of()), third(picture() + sink_of());
  second.play();
  ASSERT_TRUE(TestLine::until([&] { return viewers(second) == 1; }));
  third.play();
  EXPECT_TRUE(TestLine::until([&] { return watcher.element("r")->numsrcpads == 2; }));
  gst_pad_remove_probe(gate.get(), probe);
  EXPECT_TRUE(sees(watcher));
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomMediaTest, TwoOfOneNameAreOnePeerAndCallEachOther) {
  const auto caller = [&](const std::string& name) {
    return picture() + "s.video_0" + sink_of("peer=" + name) + watch("peer=" + name);
  };
  TestLine one(caller("one")), two(caller("two"));
  one.play();
  two.play();
  EXPECT_TRUE(sees(one, 30));
  EXPECT_TRUE(sees(two, 30));
}

// The element that refused it is in the bin when the pipeline is stopped, at whatever moment.
TEST_F(RoomMediaTest, ALadderThatCannotBeIsSaidAndStopsNothing) {
  for (int i = 0; i < 20; ++i) {
    TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of("ladder=700q"));
    sender.play();
    EXPECT_NE(sender.outcome(5s).find("700q"), std::string::npos);
    ASSERT_EQ(sender.set_state(GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
  }
}

TEST_F(RoomMediaTest, WhatIsNoMetadataIsSaid) {
  TestLine sender(picture() + sink_of("meta=door"));
  EXPECT_EQ(sender.set_state(GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  EXPECT_NE(sender.outcome(1s).find("not a JSON object"), std::string::npos);
  TestLine much(picture() + sink_of("title=" + std::string(20'000, 'x')));
  EXPECT_EQ(much.set_state(GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  EXPECT_NE(much.outcome(1s).find("16384 are taken"), std::string::npos);
}

}  // namespace
}  // namespace genos
