// SPDX-License-Identifier: LGPL-2.1-or-later
// What genostranscodebin promises of each codec, of streams that change, and what is left of it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "av1enc/gstgenosav1enc.h"
#include "support/leak_census.hpp"
#include "support/test_line.hpp"
#include "transcode_fixture.hpp"

namespace genos {
namespace {

struct Made {
  const char* codec;
  const char* factory;
  const char* property;  // its bitrate
  int unit;              // of that, in bit/s
};

std::vector<Made> pictures() {
  return {{"av1", "genosav1enc", "bitrate", 1},
          {"vp8", "vp8enc", "target-bitrate", 1},
          {"vp9", "vp9enc", "target-bitrate", 1},
          {"h264", "x264enc", "bitrate", 1000},
          {"h264", "openh264enc", "bitrate", 1}};
}

class TranscodeCodecs : public TranscodeBin {
 protected:
  static void SetUpTestSuite() {
    TranscodeBin::SetUpTestSuite();
    GST_ELEMENT_REGISTER(genosav1enc, nullptr);
  }
};

class TranscodePictures : public TranscodeCodecs, public testing::WithParamInterface<Made> {
 protected:
  static std::string bin(const std::string& more) {
    const std::string codec = GetParam().codec;
    return "genostranscodebin name=t encoders=" + codec + "=" + GetParam().factory + " " + more;
  }
  static std::string rung(const std::string& words) { return words + ":" + GetParam().codec; }
};

// Each picture is the reverse of the one before, which encoders take for another scene.
TEST_P(TranscodePictures, KeyframesAreAlignedWhateverIsSeen) {
  Transcoding line(
      "videotestsrc num-buffers=400 pattern=blink ! "
      "video/x-raw,framerate=30/1,width=160,height=90 ! " +
      bin("keyframe-interval=4000000000 ladder=" + rung("90p:200k") + "," + rung("44p15:80k")));
  EXPECT_EQ(line.play().outcome(), "eos");
  const std::vector<guint64> grid = {0, 4000, 8000, 12000};
  for (const char* pad : {"rung_0", "rung_1"}) {
    std::vector<guint64> rounded;
    for (const auto at : line.keys(pad)) rounded.push_back((at + 1) / 10 * 10);
    EXPECT_EQ(rounded, grid) << pad;
  }
  EXPECT_EQ(line.frames("rung_0").size(), 400U);
}

// What the encoder is told, and what it makes of it.
TEST_P(TranscodePictures, TheBitrateMayChangeWhilePlaying) {
  Transcoding line(
      "videotestsrc is-live=true pattern=zone-plate kx2=10 ky2=10 kt=3 ! "
      "video/x-raw,framerate=30/1,width=320,height=180 ! " +
      bin("keyframe-interval=60000000000 ladder=" + rung("180p:1M")));
  line.play();
  const auto seconds = [&](std::size_t count) {
    const auto first = line.frames("rung_0").size();
    EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() >= first + count; }));
    std::size_t bytes = 0;
    const auto all = line.frames("rung_0");
    for (std::size_t i = first; i < all.size(); ++i) bytes += all[i].size;
    return double(bytes) / double(all.size() - first);
  };
  seconds(30);
  const double before = seconds(45);
  g_object_set(line.t(), "ladder", rung("180p:250k").c_str(), nullptr);
  seconds(45);
  const double after = seconds(45);
  const auto encoder = line.encoder("rung_0");
  ASSERT_TRUE(encoder);
  const auto target = [&] {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT);
    g_object_get_property(G_OBJECT(encoder.get()), GetParam().property, &value);
    return g_value_get_int(&value);
  };
  EXPECT_EQ(target() * GetParam().unit, 250'000);
  constexpr double wanted = 250'000.0 / 8 / 30;
  EXPECT_GT(before, wanted * 1.4) << "bytes a frame";
  EXPECT_LT(after, wanted * 1.2) << "bytes a frame, and " << before << " before";
  const bool makes_one = std::string(GetParam().factory) == "openh264enc";  // its library does so
  EXPECT_EQ(line.keys("rung_0").size(), makes_one ? 2U : 1U) << "a keyframe is no price for it";
}

INSTANTIATE_TEST_SUITE_P(Each, TranscodePictures, testing::ValuesIn(pictures()),
                         [](const auto& of) { return std::string(of.param.factory); });

class TranscodeSounds : public TranscodeCodecs, public testing::WithParamInterface<Made> {};

// Elements that make AAC (1.22) look at their bitrate once: another one is another sound.
TEST_P(TranscodeSounds, TheBitrateMayChangeWhilePlaying) {
  const std::string codec = GetParam().codec;
  const bool is_new = codec == "aac";
  Transcoding line(
      "audiotestsrc is-live=true wave=pink-noise ! genostranscodebin name=t encoders=" + codec +
      "=" + GetParam().factory + " sounds=" + codec + ":128k");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("sound_0").size() > 20; }));
  g_object_set(line.t(), "sounds", (codec + ":48k").c_str(), nullptr);
  const std::string pad = is_new ? "sound_1" : "sound_0";
  const auto before = line.frames(pad).size();
  ASSERT_TRUE(TestLine::until([&] { return line.frames(pad).size() > before + 20; }));
  const auto encoder = line.encoder(pad);
  ASSERT_TRUE(encoder);
  gint bitrate = 0;
  g_object_get(encoder.get(), "bitrate", &bitrate, nullptr);
  EXPECT_EQ(bitrate, 48'000);
  EXPECT_EQ(line.pads(), is_new ? 2U : 1U);
}

INSTANTIATE_TEST_SUITE_P(Each, TranscodeSounds,
                         testing::Values(Made{"opus", "opusenc", "bitrate", 1},
                                         Made{"aac", "avenc_aac", "bitrate", 1},
                                         Made{"aac", "voaacenc", "bitrate", 1}),
                         [](const auto& of) { return std::string(of.param.factory); });

using TranscodeChanges = TranscodeCodecs;

TEST_F(TranscodeChanges, SilenceTakesAlmostNothingWithDtx) {
  Transcoding line(
      "audiotestsrc wave=silence num-buffers=200 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! "
      "genostranscodebin name=t sounds=opus:24k,opus:24k:dtx");
  EXPECT_EQ(line.play().outcome(), "eos");
  const auto large = [&](const char* pad) {
    std::size_t count = 0;
    for (const auto& frame : line.frames(pad)) count += frame.size > 2;
    return count;
  };
  EXPECT_GT(large("sound_0"), 195U);
  EXPECT_LT(large("sound_1"), 25U) << "a payloader leaves out what is no larger";
  EXPECT_STREQ(gst_structure_get_string(line.stats("sound_1").get(), "words"), "opus:24k:dtx");
}

TEST_F(TranscodeChanges, SoundWithoutTimesIsSound) {
  Transcoding line(
      "fakesrc format=time sizetype=fixed sizemax=4000 filltype=zero num-buffers=50 ! "
      "audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
      "genostranscodebin name=t sounds=opus");
  EXPECT_EQ(line.play().outcome(), "eos");
  EXPECT_GT(line.frames("sound_0").size(), 100U) << "of two seconds";
}

TEST_F(TranscodeChanges, SizesAreKeptForAFile) {
  Transcoding line(
      "videotestsrc pattern=white ! capsfilter name=c "
      "caps=video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! identity sync=true ! "
      "genostranscodebin name=t keep-size=true ladder=180p:vp8,90p:vp8");
  line.play();
  const auto shown = [&](std::size_t more) {
    const auto count = line.frames("rung_1").size();
    return TestLine::until([&] { return line.frames("rung_1").size() > count + more; });
  };
  ASSERT_TRUE(shown(5));
  const auto caps = line.caps("rung_0");
  const auto filter = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "c"));
  for (const char* next :
       {"width=160,height=120,framerate=30/1", "width=640,height=360,framerate=25/1",
        "width=90,height=160,framerate=30/1,pixel-aspect-ratio=2/1"}) {
    gst_util_set_object_arg(G_OBJECT(filter.get()), "caps",
                            (std::string("video/x-raw,format=I420,") + next).c_str());
    ASSERT_TRUE(shown(15)) << next;
    EXPECT_EQ(line.pads(), 2U) << next;
    EXPECT_EQ(line.caps("rung_0"), caps) << next;
    EXPECT_TRUE(has(line.caps("rung_1"), "width=(int)160, height=(int)90")) << next;
  }
}

TEST_F(TranscodeChanges, ChannelsAreKeptForAFile) {
  Transcoding line(
      "audiotestsrc is-live=true ! capsfilter name=c caps=audio/x-raw,rate=44100,channels=2 ! "
      "genostranscodebin name=t keep-size=true sounds=opus");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("sound_0").size() > 10; }));
  const auto caps = line.caps("sound_0");
  const auto filter = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "c"));
  gst_util_set_object_arg(G_OBJECT(filter.get()), "caps", "audio/x-raw,rate=22050,channels=1");
  const auto before = line.frames("sound_0").size();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("sound_0").size() > before + 50; }));
  EXPECT_EQ(line.caps("sound_0"), caps);
}

TEST_F(TranscodeChanges, AnEncoderThatIsNamedAndNotThereIsSaid) {
  auto* registry = gst_registry_get();
  auto* feature = gst_registry_lookup_feature(registry, "voaacenc");
  ASSERT_NE(feature, nullptr);
  gst_registry_remove_feature(registry, feature);
  Transcoding line(
      "audiotestsrc num-buffers=10 ! genostranscodebin name=t sounds=aac encoders=aac=voaacenc");
  line.play();
  EXPECT_EQ(line.outcome(),
            "error: encoders: voaacenc is not installed; name another one, or none");
  gst_registry_add_feature(registry, feature);
  gst_object_unref(feature);
}

TEST_F(TranscodeChanges, AnEncoderThatIsNamedMakesItsOwnCodecOnly) {
  Transcoding line(picture(320, 180, 30) +
                   "genostranscodebin name=t ladder=180p,90p:h264 encoders=h264=openh264enc");
  EXPECT_EQ(line.play().outcome(), "eos");
  EXPECT_STRNE(gst_structure_get_string(line.stats("rung_0").get(), "codec"), "h264");
  EXPECT_STREQ(gst_structure_get_string(line.stats("rung_1").get(), "encoder"), "openh264enc");
}

TEST_F(TranscodeChanges, ABitrateThatAnEncoderDoesNotTakeIsItsNearest) {
  Transcoding line(
      "audiotestsrc num-buffers=50 ! genostranscodebin name=t sounds=aac:510k "
      "encoders=aac=voaacenc");
  EXPECT_EQ(line.play().outcome(), "eos");
  gint bitrate = 0;
  g_object_get(line.encoder("sound_0").get(), "bitrate", &bitrate, nullptr);
  EXPECT_EQ(bitrate, 320'000);
}

TEST_F(TranscodeChanges, AWrongWordWhilePlayingChangesNothing) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8");
  for (int round = 0; round < 2; ++round) {
    const auto before = line.frames("rung_0").size();
    line.play();
    ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > before + 3; }));
    g_object_set(line.t(), "ladder", "nonsense", nullptr);
    gst_element_set_state(line.pipeline(), GST_STATE_NULL);
  }
}

TEST_F(TranscodeChanges, SoundForNobodyIsSaid) {
  Transcoding line("audiotestsrc num-buffers=10 ! genostranscodebin name=t sounds=\"\"");
  EXPECT_EQ(line.play().outcome(), "error: nothing takes 'audio/x-raw': `sounds` is empty");
}

TEST_F(TranscodeChanges, WhatItsSourceTakesIsInItsLatency) {
  Transcoding line(picture(320, 180, -1, "is-live=true") +
                   "genostranscodebin name=t ladder=180p:vp8");
  line.play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() > 3; }));
  const auto pad = adopt(gst_element_get_static_pad(line.t(), "rung_0"));
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  GstClockTime least = 0;
  EXPECT_TRUE(gst_pad_query(pad.get(), query));
  gst_query_parse_latency(query, &live, &least, nullptr);
  gst_query_unref(query);
  EXPECT_TRUE(live);
  EXPECT_GE(least, GST_SECOND / 30) << "a frame of videotestsrc";
}

TEST_F(TranscodeChanges, StatsSayWhereItIs) {
  Transcoding line(picture(320, 180, 60) +
                   "genostranscodebin name=t ladder=180p:vp8,90p10:vp8 "
                   "audiotestsrc num-buffers=100 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! "
                   "t.audio");
  line.play();
  const auto position = [&](const char* pad) {
    guint64 at = 0;
    const auto stats = line.stats(pad);
    if (stats) gst_structure_get_uint64(stats.get(), "position", &at);
    return at / GST_MSECOND;
  };
  EXPECT_TRUE(TestLine::until([&] { return position("rung_0") == 1966; })) << position("rung_0");
  EXPECT_TRUE(TestLine::until([&] { return position("rung_1") / 10 == 189; }))
      << position("rung_1");
  EXPECT_TRUE(TestLine::until([&] { return position("sound_0") == 1980; })) << position("sound_0");
}

TEST_F(TranscodeChanges, NothingIsLeftOfIt) {
  ASSERT_TRUE(leaks_are_traced);
  const auto play = [] {
    Transcoding line(picture(320, 180, 30) +
                     "genostranscodebin name=t keep-size=true ladder=180p:vp8,90p15:av1 "
                     "sounds=opus:64k,opus:24k:dtx audiotestsrc num-buffers=50 ! t.audio");
    line.play();
    EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_0").size() == 30; }));
    g_object_set(line.t(), "ladder", "90p15:av1", nullptr);
  };
  play();  // what is made once, is made now
  tell_tracers("activity-start-tracking");
  for (int i = 0; i < 3; ++i) play();
  Census sum;
  // What leaves on its own takes a moment.
  EXPECT_TRUE(TestLine::until([&] {
    const auto more = census();
    sum.made += more.made;
    sum.left += more.left;
    return sum.left == 0;
  })) << sum.left;
  EXPECT_GT(sum.made, 300);  // else nothing is traced
  tell_tracers("activity-stop-tracking");
}

}  // namespace
}  // namespace genos
