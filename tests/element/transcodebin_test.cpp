// SPDX-License-Identifier: LGPL-2.1-or-later
// genostranscodebin in lines as gst-launch-1.0 runs them, raw frames in.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/test_line.hpp"
#include "transcode_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

TEST_F(TranscodeBin, MakesARungAPadWithKeyframesAtTheSameMoments) {
  Transcoding line(picture(640, 360, 150) +
                   "genostranscodebin name=t keyframe-interval=1000000000 "
                   "ladder=360p30:400k:vp8,240p15:200k:vp8,180p10:100k:vp9");
  EXPECT_EQ(line.play().outcome(), "eos");
  const std::vector<guint64> whole = {0, 1000, 2000, 3000, 4000};
  std::vector<guint64> rounded;
  for (const char* pad : {"rung_0", "rung_1", "rung_2"}) {
    rounded.clear();
    for (const auto at : line.keys(pad)) rounded.push_back((at + 1) / 10 * 10);
    EXPECT_EQ(rounded, whole) << pad;
  }
  EXPECT_EQ(line.frames("rung_0").size(), 150U);
  EXPECT_EQ(line.frames("rung_1").size(), 75U);
  EXPECT_EQ(line.frames("rung_2").size(), 50U);
  EXPECT_TRUE(has(line.caps("rung_0"), "width=(int)640, height=(int)360")) << line.caps("rung_0");
  EXPECT_TRUE(has(line.caps("rung_1"), "width=(int)426, height=(int)240")) << line.caps("rung_1");
  EXPECT_TRUE(has(line.caps("rung_2"), "video/x-vp9")) << line.caps("rung_2");
  EXPECT_TRUE(has(line.caps("rung_2"), "width=(int)320, height=(int)180")) << line.caps("rung_2");
  // The same frames have the same times in every rung.
  std::set<guint64> times;
  for (const auto& frame : line.frames("rung_0")) times.insert(frame.at);
  for (const char* pad : {"rung_1", "rung_2"})
    for (const auto& frame : line.frames(pad)) EXPECT_TRUE(times.contains(frame.at)) << frame.at;
}

TEST_F(TranscodeBin, NeverEnlarges) {
  Transcoding line(picture(320, 180, 10) +
                   "genostranscodebin name=t "
                   "ladder=1080p:vp8,720p:vp8,180p:vp8,90p:vp8");
  EXPECT_EQ(line.play().outcome(), "eos");
  EXPECT_EQ(line.pads(), 2U);
  EXPECT_TRUE(has(line.caps("rung_0"), "height=(int)180"));
  EXPECT_TRUE(has(line.caps("rung_1"), "height=(int)90"));
}

TEST_F(TranscodeBin, PixelsBecomeSquareAndSidesEven) {
  Transcoding line(
      "videotestsrc num-buffers=10 ! video/x-raw,width=721,height=481,framerate=30/1,"
      "pixel-aspect-ratio=8/9 ! genostranscodebin name=t ladder=480p:vp8,241p:vp8");
  EXPECT_EQ(line.play().outcome(), "eos");
  EXPECT_TRUE(has(line.caps("rung_0"), "width=(int)638, height=(int)480")) << line.caps("rung_0");
  EXPECT_TRUE(has(line.caps("rung_1"), "height=(int)240")) << line.caps("rung_1");
  EXPECT_FALSE(has(line.caps("rung_0"), "8/9"));
}

TEST_F(TranscodeBin, SoundComesInVariants) {
  Transcoding line(
      "audiotestsrc num-buffers=100 samplesperbuffer=441 ! "
      "audio/x-raw,rate=44100,channels=2 ! genostranscodebin name=t "
      "sounds=opus:96k,opus:24k,aac:128k");
  EXPECT_EQ(line.play().outcome(), "eos");
  EXPECT_TRUE(has(line.caps("sound_0"), "audio/x-opus"));
  EXPECT_TRUE(has(line.caps("sound_2"), "audio/mpeg")) << line.caps("sound_2");
  std::size_t large = 0, small = 0;
  for (const auto& frame : line.frames("sound_0")) large += frame.size;
  for (const auto& frame : line.frames("sound_1")) small += frame.size;
  EXPECT_GT(large, small);
  ASSERT_FALSE(line.frames("sound_1").empty());
  EXPECT_NEAR(double(line.frames("sound_1").size()), 50.0, 3.0);
}

TEST_F(TranscodeBin, TheEncoderCanBeChosen) {
  Transcoding line(picture(320, 180, 30) +
                   "genostranscodebin name=t ladder=180p:h264 "
                   "encoders=h264=openh264enc,aac=voaacenc sounds=aac "
                   "audiotestsrc num-buffers=50 ! t.audio");
  line.play();  // whose reader of sound may be the first to have its end
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() == 30; }));
  EXPECT_STREQ(gst_structure_get_string(line.stats("rung_0").get(), "encoder"), "openh264enc");
  EXPECT_STREQ(gst_structure_get_string(line.stats("sound_0").get(), "encoder"), "voaacenc");
  EXPECT_TRUE(TestLine::until([&] { return !line.frames("sound_0").empty(); }));
}

TEST_F(TranscodeBin, AnEmptyTrackHoldsUpNobody) {
  Transcoding line(picture(320, 180, 30) +
                   "genostranscodebin name=t ladder=180p:vp8 audiotestsrc num-buffers=1 ! "
                   "valve drop=true drop-mode=forward-sticky-events ! t.audio");
  std::atomic<bool> all = false;
  g_signal_connect(line.t(), "no-more-pads",
                   G_CALLBACK(+[](GstElement*, std::atomic<bool>* told) { *told = true; }), &all);
  line.play();  // whose reader of sound may be the first to have its end
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() == 30; }));
  EXPECT_TRUE(all) << "who waits for all pads waits for ever";
  EXPECT_TRUE(line.frames("sound_0").empty());
}

TEST_F(TranscodeBin, ARungNobodyTakesIsNotMade) {
  Transcoding line(picture(320, 180, 60) + "genostranscodebin name=t ladder=180p:vp8,90p:vp8");
  EXPECT_EQ(line.leave_unread("rung_0").play().outcome(), "eos");
  guint64 frames = 1;
  const auto first = line.stats("rung_0");
  ASSERT_TRUE(gst_structure_get_uint64(first.get(), "frames", &frames));
  EXPECT_EQ(frames, 0U);
  EXPECT_EQ(line.frames("rung_1").size(), 60U);
}

TEST_F(TranscodeBin, ASmallRungIsMadeWithoutTheLargerOnes) {
  Transcoding line(picture(1280, 720, 60) + "genostranscodebin name=t ladder=480p:vp8,72p10:vp8");
  EXPECT_EQ(line.leave_unread("rung_0").play().outcome(), "eos");
  EXPECT_EQ(line.frames("rung_1").size(), 20U);
  EXPECT_TRUE(has(line.caps("rung_1"), "width=(int)128"));
}

TEST_F(TranscodeBin, OpusSaysAgainWhatMayBeLost) {
  Transcoding line("audiotestsrc num-buffers=50 ! genostranscodebin name=t sounds=opus:32k");
  line.play();
  EXPECT_EQ(line.outcome(), "eos");
  const auto encoder = line.encoder("sound_0");
  ASSERT_TRUE(encoder);
  gboolean fec = FALSE;
  g_object_get(encoder.get(), "inband-fec", &fec, nullptr);
  EXPECT_TRUE(fec);
}

TEST_F(TranscodeBin, ARungIsSwitchedOffAndOn) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8,90p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto pad = adopt(gst_element_get_static_pad(line.t(), "rung_1"));
  g_object_set(pad.get(), "enabled", FALSE, nullptr);
  std::size_t off = 0;  // when what was under way has come out
  ASSERT_TRUE(TestLine::until([&] {
    off = line.frames("rung_1").size();
    std::this_thread::sleep_for(300ms);
    return line.frames("rung_1").size() == off;
  }));
  const auto other = line.frames("rung_0").size();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > other + 10; }));
  EXPECT_EQ(line.frames("rung_1").size(), off);
  g_object_set(pad.get(), "enabled", TRUE, nullptr);
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > off + 5; }));
  EXPECT_TRUE(line.frames("rung_1")[off].key) << "who comes back needs a keyframe";
}

TEST_F(TranscodeBin, TheLadderFollowsWhilePlaying) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:400k:vp8,90p:100k:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  g_object_set(line.t(), "ladder", "180p:200k:vp8,120p:100k:vp8", nullptr);
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_2").size() > 5; }));
  EXPECT_TRUE(has(line.caps("rung_2"), "height=(int)120"));
  EXPECT_TRUE(line.frames("rung_2")[0].key);
  // The one that is gone ended, and left.
  EXPECT_TRUE(
      TestLine::until([&] { return !adopt(gst_element_get_static_pad(line.t(), "rung_1")); }));
  const auto stats = line.stats("rung_0");
  guint bitrate = 0;
  ASSERT_TRUE(gst_structure_get_uint(stats.get(), "bitrate", &bitrate));
  EXPECT_EQ(bitrate, 200'000U);
  const auto encoder = line.encoder("rung_0");
  ASSERT_TRUE(encoder);
  gint target = 0;
  g_object_get(encoder.get(), "target-bitrate", &target, nullptr);
  EXPECT_EQ(target, 200'000);
  const auto before = line.frames("rung_0").size();
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > before + 5; }));
  EXPECT_LE(line.keys("rung_0").size(), 2 + line.frames("rung_0").size() / 60)
      << "a new bitrate needs no keyframe";
}

// Of a source that waits for its readers, as files do.
TEST_F(TranscodeBin, ARungWhoseReaderStandsStillCanBeTakenAway) {
  Transcoding line(picture(160, 90, -1) + "genostranscodebin name=t ladder=90p:vp8,60p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto pad = adopt(gst_element_get_static_pad(line.t(), "rung_1"));
  const auto hold = [](GstPad*, GstPadProbeInfo*, gpointer) noexcept { return GST_PAD_PROBE_OK; };
  const gulong block =
      gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM, hold, nullptr, nullptr);
  std::size_t before = 0;
  ASSERT_TRUE(TestLine::until([&] {
    before = line.frames("rung_0").size();
    std::this_thread::sleep_for(200ms);
    return line.frames("rung_0").size() == before;
  })) << "one waits for the other";
  g_object_set(line.t(), "ladder", "90p:vp8", nullptr);
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > before + 30; }));
  gst_pad_remove_probe(pad.get(), block);
  EXPECT_TRUE(TestLine::until([&] {
    return !adopt(gst_element_get_static_pad(line.t(), "rung_1"));
  })) << "what was under way is read to its end";
}

TEST_F(TranscodeBin, ALateRungKeepsToTheGrid) {
  Transcoding line(picture(160, 90, -1, "is-live=true") +
                   "genostranscodebin name=t keyframe-interval=500000000 ladder=90p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > 20; }));
  g_object_set(line.t(), "ladder", "90p:vp8,60p:vp8", nullptr);
  ASSERT_TRUE(TestLine::until([&] { return line.keys("rung_1").size() > 3; }));
  const auto late = line.keys("rung_1");
  // Each rung has an encoder of its own, which may be a frame behind.
  ASSERT_TRUE(
      TestLine::until([&] { return line.frames("rung_0").back().at / GST_MSECOND > late.back(); }));
  const auto first = line.keys("rung_0");
  const std::set<guint64> there(first.begin(), first.end());
  for (std::size_t i = 1; i < late.size(); ++i)
    EXPECT_TRUE(there.contains(late[i])) << late[i] << " is no keyframe of the first rung";
}

TEST_F(TranscodeBin, WhatIsTooSlowLosesFramesButNoKeyframe) {
  Transcoding line(picture(160, 90, -1, "is-live=true") +
                   "genostranscodebin name=t keyframe-interval=500000000 ladder=90p:vp8,60p:vp8");
  line.read_slowly("rung_1").play();
  ASSERT_TRUE(TestLine::until([&] { return line.keys("rung_1").size() > 9; }));
  const auto slow = line.keys("rung_1"), whole = line.keys("rung_0");
  ASSERT_GE(whole.size(), slow.size());
  const std::set<guint64> there(whole.begin(), whole.end());
  for (std::size_t i = 1; i < slow.size(); ++i) EXPECT_TRUE(there.contains(slow[i])) << slow[i];
  guint64 dropped = 0;
  gst_structure_get_uint64(line.stats("rung_1").get(), "dropped", &dropped);
  EXPECT_GT(dropped, 30U);
}

TEST_F(TranscodeBin, TheSizeMayChangeInTheMiddle) {
  Transcoding line(
      "videotestsrc name=v ! capsfilter name=c "
      "caps=video/x-raw,width=640,height=360,framerate=30/1 ! identity sync=true ! "
      "genostranscodebin name=t ladder=360p:vp8,180p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto filter = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "c"));
  gst_util_set_object_arg(G_OBJECT(filter.get()), "caps",
                          "video/x-raw,width=320,height=240,framerate=30/1");
  ASSERT_TRUE(TestLine::until([&] {
    return has(line.caps("rung_1"), "width=(int)240, height=(int)180");
  })) << line.caps("rung_1");
}

TEST_F(TranscodeBin, AFlushingSeekBeginsAnew) {
  Transcoding line(
      "videotestsrc ! video/x-raw,width=320,height=180,framerate=30/1 ! identity sleep-time=3000 ! "
      "genostranscodebin name=t ladder=180p:vp8,90p15:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 9; }));
  ASSERT_TRUE(gst_element_seek(line.pipeline(), 1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                               GST_SEEK_TYPE_SET, 2 * GST_SECOND, GST_SEEK_TYPE_SET,
                               3 * GST_SECOND));
  EXPECT_EQ(line.outcome(), "eos");
  for (const auto& [pad, count] : {std::pair("rung_0", 30U), std::pair("rung_1", 15U)}) {
    const auto frames = line.frames(pad);
    std::size_t first = frames.size() - 1;
    while (first > 0 && frames[first - 1].at < frames[first].at) --first;
    ASSERT_GT(first, 0U) << pad;
    EXPECT_TRUE(frames[first].key) << pad;
    EXPECT_EQ(frames[first].at, 0U) << pad;
    EXPECT_EQ(frames.size() - first, count) << pad;
  }
}

TEST_F(TranscodeBin, WhatCannotBeMadeIsSaid) {
  struct Wrong {
    const char *settings, *said;
  };
  for (const auto& [settings, said] :
       {Wrong{"ladder=720", "like 720p30:1500k"}, Wrong{"sounds=mp3", "opus or aac"},
        Wrong{"encoders=av1=x265enc", "CODEC=ELEMENT"}}) {
    Transcoding line(picture(320, 180, 10) + "genostranscodebin name=t " + settings);
    EXPECT_TRUE(has(line.play().outcome(1s), said)) << settings;
  }
}

TEST_F(TranscodeBin, AReaderThatFailsMayBeReplaced) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8,90p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto pad = adopt(gst_element_get_static_pad(line.t(), "rung_1"));
  const auto entry = adopt(gst_pad_get_peer(pad.get()));
  const auto reader = adopt(gst_pad_get_parent_element(entry.get()));
  gst_element_set_locked_state(reader.get(), TRUE);
  gst_element_set_state(reader.get(), GST_STATE_NULL);  // before it is unlinked
  const auto other = line.frames("rung_0").size();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > other + 10; }));
  const auto before = line.frames("rung_1").size();
  gst_element_set_locked_state(reader.get(), FALSE);
  gst_element_sync_state_with_parent(reader.get());
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > before + 5; }));
}

TEST_F(TranscodeBin, FramesWithoutTimesAreFrames) {
  Transcoding line(
      "videotestsrc num-buffers=60 ! video/x-raw,width=320,height=180,framerate=30/1 ! "
      "identity name=i ! genostranscodebin name=t ladder=180p30:vp8,90p15:vp8");
  const auto identity = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "i"));
  const auto exit = adopt(gst_element_get_static_pad(identity.get(), "src"));
  gst_pad_add_probe(
      exit.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) noexcept {
        auto* frame = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        GST_BUFFER_PTS(frame) = GST_BUFFER_DTS(frame) = GST_CLOCK_TIME_NONE;
        info->data = frame;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  line.play().outcome();
  guint64 whole = 0, half = 0;
  gst_structure_get_uint64(line.stats("rung_0").get(), "frames", &whole);
  gst_structure_get_uint64(line.stats("rung_1").get(), "frames", &half);
  EXPECT_EQ(whole, 60U);
  EXPECT_NEAR(double(half), 30, 1);  // the last is two seconds after nothing: a keyframe
}

// An encoder that stops taking frames and says that it failed, as a broken one does.
TEST_F(TranscodeBin, ARungThatFailsIsReportedAndTheOthersGoOn) {
  Transcoding line(
      "videotestsrc num-buffers=60 is-live=true ! "
      "video/x-raw,width=320,height=180,framerate=30/1 ! genostranscodebin name=t "
      "ladder=180p:vp8,90p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto rung = adopt(gst_bin_get_by_name(GST_BIN(line.t()), "rung-rung_0"));
  const auto encoder = adopt(gst_bin_get_by_name(GST_BIN(rung.get()), "encoder"));
  gst_element_set_locked_state(encoder.get(), TRUE);
  gst_element_set_state(encoder.get(), GST_STATE_NULL);
  GST_ELEMENT_ERROR(encoder.get(), LIBRARY, ENCODE, ("it broke"), (nullptr));
  EXPECT_EQ(line.outcome(), "eos");
  EXPECT_TRUE(line.messages.contains("genos-rung-failed"));
  EXPECT_TRUE(line.messages.contains("genos-transcode")) << "figures, every second";
  // Of a live source what a busy machine cannot encode is dropped, and counted.
  guint64 frames = 0, dropped = 0;
  gst_structure_get_uint64(line.stats("rung_1").get(), "frames", &frames);
  gst_structure_get_uint64(line.stats("rung_1").get(), "dropped", &dropped);
  EXPECT_EQ(frames + dropped, 60U);
  EXPECT_EQ(line.frames("rung_1").size(), frames);
  EXPECT_LT(line.frames("rung_0").size(), frames);
}

TEST_F(TranscodeBin, ARungWhosePicturesCannotBeScaledFails) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8,90p:vp8");
  line.leave_unread("rung_0").play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > 5; }));
  const auto rung = adopt(gst_bin_get_by_name(GST_BIN(line.t()), "rung-rung_1"));
  const auto rung_entry = adopt(gst_element_get_static_pad(rung.get(), "sink"));
  const auto exit = adopt(gst_pad_get_peer(rung_entry.get()));
  const auto splitter = adopt(gst_pad_get_parent_element(exit.get()));
  const auto entry = adopt(gst_element_get_static_pad(splitter.get(), "sink"));
  gst_pad_add_probe(
      entry.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) noexcept {
        auto* less = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
        gst_buffer_resize(less, 0, 100);
        info->data = less;
        return GST_PAD_PROBE_OK;
      },
      nullptr, nullptr);
  EXPECT_EQ(line.outcome(), "eos");  // of the only one that is read
  EXPECT_TRUE(line.messages.contains("genos-rung-failed"));
}

TEST_F(TranscodeBin, TheLastRungThatFailsIsAnError) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > 5; }));
  const auto rung = adopt(gst_bin_get_by_name(GST_BIN(line.t()), "rung-rung_0"));
  const auto encoder = adopt(gst_bin_get_by_name(GST_BIN(rung.get()), "encoder"));
  GST_ELEMENT_ERROR(encoder.get(), LIBRARY, ENCODE, ("it broke"), (nullptr));
  EXPECT_EQ(line.outcome(), "error: it broke");
}

TEST_F(TranscodeBin, ASecondPictureIsRefused) {
  Transcoding line(picture(320, 180, 10) + "genostranscodebin name=t ladder=180p:vp8 " +
                   picture(320, 180, 10) + "t.");
  const auto outcome = line.play().outcome();
  EXPECT_TRUE(has(outcome, "one stream of pictures")) << outcome;
}

TEST_F(TranscodeBin, ItCanBeStoppedAndPlayedAgain) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t "
                   "ladder=180p:vp8,90p:vp8");
  for (int round = 0; round < 3; ++round) {
    const auto before = line.frames("rung_1").size();
    line.play();
    ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() > before + 3; }));
    gst_element_set_state(line.pipeline(), GST_STATE_READY);
    EXPECT_FALSE(adopt(gst_element_get_static_pad(line.t(), "rung_0")));
  }
}

}  // namespace
}  // namespace genos
