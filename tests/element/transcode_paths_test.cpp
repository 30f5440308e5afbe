// SPDX-License-Identifier: LGPL-2.1-or-later
// genostranscodebin's inputs: encoded ones, ones that go and come back, and sound when time is
// short.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "av1_fixture.hpp"
#include "support/leak_census.hpp"
#include "support/test_line.hpp"
#include "transcode_fixture.hpp"

namespace genos {
namespace {

class TranscodePaths : public TranscodeBin {
 protected:
  static void SetUpTestSuite() {
    TranscodeBin::SetUpTestSuite();
    GST_ELEMENT_REGISTER(genosav1enc, nullptr);
    GST_ELEMENT_REGISTER(genosav1dec, nullptr);
  }
};

guint64 figure(const Transcoding& line, const char* pad, const char* name) {
  guint64 value = 0;
  const auto stats = line.stats(pad);
  if (stats) gst_structure_get_uint64(stats.get(), name, &value);
  return value;
}

// Each reader is too slow: of pictures some are left out, of sound nothing.
TEST_F(TranscodePaths, SoundIsKeptWhereFramesAreDropped) {
  Transcoding line(
      "videotestsrc is-live=true ! video/x-raw,framerate=60/1,width=160,height=90 ! "
      "genostranscodebin name=t ladder=90p:vp8 sounds=opus audiotestsrc is-live=true "
      "num-buffers=50 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 ! t.audio");
  line.read_slowly("rung_0").read_slowly("sound_0").play();
  ASSERT_TRUE(TestLine::until([&] { return line.frames("sound_0").size() >= 50; }));
  EXPECT_GT(figure(line, "rung_0", "dropped"), 20U);
  EXPECT_EQ(figure(line, "sound_0", "dropped"), 0U);
  EXPECT_EQ(figure(line, "sound_0", "frames"), 50U);
  const auto packets = line.frames("sound_0");      // of 20 ms
  for (std::size_t i = 2; i < packets.size(); ++i)  // the first begins before 0
    EXPECT_NEAR(double(packets[i].at - packets[i - 1].at), 20e6, 1e6) << i;
}

// --- encoded inputs ---------------------------------------------------------------------------

struct Encoded {
  const char *name, *picture, *sound;
  bool is_bare = false;  // its caps are not told
};

class TranscodeEncoded : public TranscodePaths, public testing::WithParamInterface<Encoded> {};

GstPadProbeReturn leave_out_caps(GstPad*, GstPadProbeInfo* info, gpointer) noexcept {
  return GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS ? GST_PAD_PROBE_DROP
                                                                          : GST_PAD_PROBE_OK;
}

TEST_P(TranscodeEncoded, IsDecoded) {
  Transcoding line(picture(320, 180, 30) + GetParam().picture +
                   " ! identity name=i ! t.video audiotestsrc num-buffers=50 samplesperbuffer=960 "
                   "! audio/x-raw,rate=48000,channels=2 ! " +
                   GetParam().sound +
                   " ! t.audio genostranscodebin name=t ladder=180p:vp8,90p15:av1 sounds=opus");
  const auto identity = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "i"));
  const auto out = adopt(gst_element_get_static_pad(identity.get(), "src"));
  if (GetParam().is_bare)
    gst_pad_add_probe(out.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, leave_out_caps, nullptr,
                      nullptr);
  line.play();  // whose reader of sound may be the first to have its end
  EXPECT_TRUE(TestLine::until([&] {
    return line.frames("rung_0").size() == 30 && line.frames("rung_1").size() == 15 &&
           line.frames("sound_0").size() >= 50;
  })) << line.frames("rung_0").size()
      << " and " << line.frames("rung_1").size() << ", " << line.frames("sound_0").size();
  EXPECT_TRUE(has(line.caps("rung_0"), "width=(int)320, height=(int)180")) << line.caps("rung_0");
  EXPECT_TRUE(has(line.caps("rung_1"), "width=(int)160, height=(int)90")) << line.caps("rung_1");
}

INSTANTIATE_TEST_SUITE_P(
    Each, TranscodeEncoded,
    testing::Values(Encoded{"h264", "x264enc tune=zerolatency ! h264parse", "avenc_aac ! aacparse"},
                    Encoded{"elementary",
                            "x264enc ! video/x-h264,stream-format=byte-stream,alignment=au",
                            "opusenc", true},
                    Encoded{"vp8", "vp8enc deadline=1", "opusenc ! opusparse"},
                    Encoded{"av1", "genosav1enc", "opusenc"}),
    [](const auto& of) { return std::string(of.param.name); });

// --- inputs that go and come back -------------------------------------------------------------

Ref<GstElement> attach(Transcoding& line, const std::string& source, const char* name) {
  Owned<GError> error;
  auto bin = sink(gst_parse_bin_from_description(source.c_str(), TRUE, out(error)));
  EXPECT_FALSE(error) << (error ? error->message : "");
  gst_bin_add(GST_BIN(line.pipeline()), bin.get());
  const auto entry = adopt(gst_element_request_pad_simple(line.t(), name));
  const auto exit = adopt(gst_element_get_static_pad(bin.get(), "src"));
  EXPECT_EQ(gst_pad_link(exit.get(), entry.get()), GST_PAD_LINK_OK);
  gst_element_sync_state_with_parent(bin.get());
  return bin;
}

// In the middle of its data; what comes after that is dropped, or its source might say that it is
// not linked, which would be an error of the line.
void release(Transcoding& line, const Ref<GstElement>& source, const char* name) {
  const auto entry = adopt(gst_element_get_static_pad(line.t(), name));
  const auto exit = adopt(gst_element_get_static_pad(source.get(), "src"));
  gst_pad_add_probe(
      exit.get(), GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) noexcept { return GST_PAD_PROBE_DROP; }, nullptr,
      nullptr);
  gst_element_release_request_pad(line.t(), entry.get());
  gst_element_set_locked_state(source.get(), TRUE);
  gst_element_set_state(source.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(line.pipeline()), source.get());
}

Ref<GstPad> reader_of(const Transcoding& line, const char* name) {
  const auto pad = adopt(gst_element_get_static_pad(line.t(), name));
  return pad ? adopt(gst_pad_get_peer(pad.get())) : Ref<GstPad>();
}

// Its reader has the end, and it is gone.
bool leaves(const Transcoding& line, const char* name, const Ref<GstPad>& reader) {
  return TestLine::until([&] {
    return GST_PAD_IS_EOS(reader.get()) && !adopt(gst_element_get_static_pad(line.t(), name));
  });
}

bool goes_on(const Transcoding& line, const char* pad) {
  const auto before = line.frames(pad).size();
  return TestLine::until([&] { return line.frames(pad).size() > before + 5; });
}

struct Sources {
  const char* name;
  std::string picture, sound;
};

class TranscodeComing : public TranscodePaths, public testing::WithParamInterface<Sources> {
 protected:
  static std::string pictures(const char* size) {
    return std::string("videotestsrc is-live=true ! video/x-raw,framerate=60/1,") + size +
           " ! identity" + GetParam().picture;
  }
  static std::string sounds() { return "audiotestsrc is-live=true" + GetParam().sound; }
  static constexpr const char *large = "width=320,height=180", *square = "width=180,height=180";
};

TEST_P(TranscodeComing, WhatIsReleasedEndsAndMayComeBack) {
  Transcoding line("pipeline.( genostranscodebin name=t ladder=180p:vp8,90p:vp8 sounds=opus )");
  auto seen = attach(line, pictures(large), "video");
  auto heard = attach(line, sounds(), "audio");
  line.play();
  ASSERT_TRUE(goes_on(line, "rung_0") && goes_on(line, "rung_1") && goes_on(line, "sound_0"));
  const auto first = reader_of(line, "rung_0"), second = reader_of(line, "rung_1"),
             sound = reader_of(line, "sound_0");

  release(line, seen, "video");
  EXPECT_TRUE(leaves(line, "rung_0", first) && leaves(line, "rung_1", second));
  EXPECT_TRUE(goes_on(line, "sound_0"));
  seen = attach(line, pictures(square), "video");
  ASSERT_TRUE(goes_on(line, "rung_2") && goes_on(line, "rung_3"));
  EXPECT_TRUE(line.frames("rung_2")[0].key && line.frames("rung_3")[0].key);
  EXPECT_TRUE(has(line.caps("rung_2"), "width=(int)180, height=(int)180")) << line.caps("rung_2");

  release(line, heard, "audio");
  EXPECT_TRUE(leaves(line, "sound_0", sound));
  EXPECT_TRUE(goes_on(line, "rung_2"));
  heard = attach(line, sounds(), "audio");
  EXPECT_TRUE(goes_on(line, "sound_1") && goes_on(line, "rung_3"));
  EXPECT_EQ(line.pads(), 6U);

  release(line, heard, "audio");
  release(line, seen, "video");
  EXPECT_EQ(line.outcome(), "eos");
}

INSTANTIATE_TEST_SUITE_P(Each, TranscodeComing,
                         testing::Values(Sources{"raw", "", ""},
                                         Sources{"encoded", " ! vp8enc deadline=1", " ! opusenc"}),
                         [](const auto& of) { return std::string(of.param.name); });

// As a muxer stands still that waits for another stream.
TEST_F(TranscodePaths, AnInputIsReleasedThoughAReaderStandsStill) {
  Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 )");
  const auto source =
      attach(line, "videotestsrc ! video/x-raw,width=160,height=90 ! identity", "video");
  line.play();
  ASSERT_TRUE(goes_on(line, "rung_0"));
  const auto reader = reader_of(line, "rung_0");
  const auto hold = [](GstPad*, GstPadProbeInfo*, gpointer) noexcept { return GST_PAD_PROBE_OK; };
  const gulong block =
      gst_pad_add_probe(reader.get(), GST_PAD_PROBE_TYPE_BLOCK, hold, nullptr, nullptr);
  const auto rung = adopt(gst_bin_get_by_name(GST_BIN(line.t()), "rung-rung_0"));
  const auto queue = adopt(gst_bin_get_by_name(GST_BIN(rung.get()), "queue"));
  const auto level = [&](const char* name) {
    guint frames = 0;
    g_object_get(queue.get(), name, &frames, nullptr);
    return frames;
  };
  ASSERT_TRUE(
      TestLine::until([&] { return level("current-level-buffers") >= level("max-size-buffers"); }));
  std::atomic<bool> released = false;
  std::thread other([&] {
    release(line, source, "video");
    released = true;
  });
  EXPECT_TRUE(TestLine::until([&] { return released.load(); }));
  gst_pad_remove_probe(reader.get(), block);
  other.join();
  EXPECT_TRUE(leaves(line, "rung_0", reader)) << "what was under way is read to its end";
  EXPECT_EQ(line.outcome(), "eos");
}

// Whose end has not reached the last of its readers when all are to stop.
TEST_F(TranscodePaths, ARungThatLeavesHoldsUpNobodyWhoStops) {
  Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 )");
  const auto source = attach(
      line, "videotestsrc is-live=true ! video/x-raw,width=160,height=90 ! identity", "video");
  line.play();
  ASSERT_TRUE(goes_on(line, "rung_0"));
  struct Gate {
    std::atomic<bool> reached = false, open = false;
  } gate;
  const auto hold = [](GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
    auto& own = *static_cast<Gate*>(data);
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
    own.reached = true;
    TestLine::until([&] { return own.open.load(); }, std::chrono::seconds(60));
    return GST_PAD_PROBE_OK;
  };
  const auto reader = reader_of(line, "rung_0");
  gst_pad_add_probe(reader.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold, &gate, nullptr);
  const auto rung = adopt(gst_bin_get_by_name(GST_BIN(line.t()), "rung-rung_0"));
  release(line, source, "video");
  EXPECT_TRUE(
      TestLine::until([&] { return gate.reached && gst_element_is_locked_state(rung.get()); }));
  std::atomic<bool> paused = false;
  std::thread other([&] {
    gst_element_set_state(line.pipeline(), GST_STATE_PAUSED);
    paused = true;
  });
  EXPECT_TRUE(TestLine::until([&] { return paused.load(); }));
  gate.open = true;
  other.join();
}

// One that is pulled, and then one that is pushed, as it comes while others play.
TEST_F(TranscodePaths, AFileIsReleasedWithAllThatIsInIt) {
  const Owned<char> folder(g_dir_make_tmp("genos-film-XXXXXX", nullptr));
  const auto film = std::string(folder.get()) + "/a.mkv";
  TestLine made(
      "videotestsrc num-buffers=300 ! video/x-raw,width=160,height=90,framerate=30/1 ! "
      "vp8enc deadline=1 ! matroskamux name=m ! filesink location=" +
      film +
      " audiotestsrc num-buffers=500 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! "
      "opusenc ! m.");
  ASSERT_EQ(made.play().outcome(), "eos");
  Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 sounds=opus )");
  line.read_slowly("rung_0");
  auto source = attach(line, "filesrc location=" + film, "sink_0");
  line.play();
  ASSERT_TRUE(goes_on(line, "rung_0") && !line.frames("sound_0").empty());
  const auto seen = reader_of(line, "rung_0"), heard = reader_of(line, "sound_0");
  release(line, source, "sink_0");
  EXPECT_TRUE(leaves(line, "rung_0", seen) && leaves(line, "sound_0", heard));
  source = attach(line, "filesrc location=" + film, "sink_1");
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() == 300; }));
  EXPECT_LT(line.frames("rung_0").size(), 300U);
  EXPECT_EQ(line.outcome(), "eos");
  std::filesystem::remove_all(folder.get());
}

TEST_F(TranscodePaths, AnInputThatHasEndedMayBeReplaced) {
  Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 )");
  const std::string film =
      "videotestsrc num-buffers=9 ! video/x-raw,width=160,height=90 ! identity";
  auto source = attach(line, film, "video");
  EXPECT_EQ(line.play().outcome(), "eos");
  const auto reader = reader_of(line, "rung_0");
  release(line, source, "video");
  EXPECT_TRUE(leaves(line, "rung_0", reader));
  source = attach(line, film, "video");
  EXPECT_TRUE(TestLine::until([&] { return line.frames("rung_1").size() == 9; }));
  EXPECT_EQ(line.frames("rung_0").size(), 9U);
}

// Though its sources bring more.
TEST_F(TranscodePaths, AnEndThatIsSentToItEndsAll) {
  Transcoding line(
      "videotestsrc ! video/x-raw,width=160,height=90 ! genostranscodebin name=t "
      "ladder=90p:vp8,90p15:av1 sounds=opus audiotestsrc ! t.audio");
  line.play();
  ASSERT_TRUE(goes_on(line, "rung_0") && goes_on(line, "rung_1") && goes_on(line, "sound_0"));
  EXPECT_TRUE(gst_element_send_event(line.t(), gst_event_new_eos()));
  EXPECT_EQ(line.outcome(), "eos");
}

TEST_F(TranscodePaths, AnInputMayGoBeforeItBringsAnything) {
  Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 )");
  line.play();
  for (int round = 0; round < 20; ++round) {
    const auto entry = adopt(gst_element_request_pad_simple(line.t(), "video"));
    ASSERT_TRUE(entry);
    gst_element_release_request_pad(line.t(), entry.get());
  }
  const auto source = attach(line, "videotestsrc is-live=true ! vp8enc deadline=1", "video");
  EXPECT_TRUE(goes_on(line, "rung_0"));
  release(line, source, "video");
  EXPECT_EQ(line.outcome(), "eos");
}

TEST_F(TranscodePaths, NothingIsLeftOfInputsThatWent) {
  ASSERT_TRUE(leaks_are_traced);
  // And what leaves on its own has left.
  const auto play = [](const std::string& encoder) {
    GWeakRef bin;
    {
      Transcoding line("pipeline.( genostranscodebin name=t ladder=90p:vp8 )");
      g_weak_ref_init(&bin, line.t());
      line.play();
      for (const char* rung : {"rung_0", "rung_1"}) {
        const auto source =
            attach(line, "videotestsrc is-live=true ! video/x-raw,width=160,height=90 ! " + encoder,
                   "video");
        EXPECT_TRUE(TestLine::until([&] { return !line.frames(rung).empty(); }));
        release(line, source, "video");
      }
    }
    EXPECT_TRUE(TestLine::until([&] { return !adopt(GST_ELEMENT(g_weak_ref_get(&bin))); }));
    g_weak_ref_clear(&bin);
  };
  for (const char* encoder : {"identity", "vp8enc deadline=1"}) {
    play(encoder);  // what is made once, is made now
    tell_tracers("activity-start-tracking");
    for (int i = 0; i < 4; ++i) play(encoder);
    Census sum;  // of what was made before, something small may go, too
    EXPECT_TRUE(TestLine::until([&] {
      const auto more = census();
      sum.made += more.made;
      sum.left += more.left;
      return sum.left <= 0;
    })) << sum.left;
    EXPECT_GT(sum.left, -4) << "what each round leaves would be hidden";
    EXPECT_GT(sum.made, 300);  // else nothing is traced
    tell_tracers("activity-stop-tracking");
  }
}

// --- what comes out ---------------------------------------------------------------------------

// With other bitrates, rates and sizes on the way.
TEST_F(TranscodePaths, Av1IsTheSameToBothDecoders) {
  Transcoding line(
      "videotestsrc pattern=zone-plate kt=2 kx2=8 ky2=8 ! capsfilter name=c "
      "caps=video/x-raw,width=320,height=180,framerate=30/1 ! "
      "genostranscodebin name=t keyframe-interval=1000000000 ladder=180p:300k:av1 "
      "t.rung_0 ! appsink name=out sync=false max-buffers=1");
  line.leave_unread("rung_0").play();
  const auto out = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "out"));
  const auto filter = adopt(gst_bin_get_by_name(GST_BIN(line.pipeline()), "c"));
  Buffers units;
  const auto read = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      GstSample* raw = nullptr;
      g_signal_emit_by_name(out.get(), "try-pull-sample", 20 * GST_SECOND, &raw);
      ASSERT_TRUE(raw);
      units.push_back(retain(gst_sample_get_buffer(raw)));
      gst_sample_unref(raw);
    }
  };
  read(20);
  g_object_set(line.t(), "ladder", "180p:100k:av1", nullptr);
  read(20);
  for (const char* next :
       {"width=320,height=180,framerate=15/1", "width=240,height=180,framerate=15/1",
        "width=320,height=180,framerate=30/1"}) {
    gst_util_set_object_arg(G_OBJECT(filter.get()), "caps",
                            (std::string("video/x-raw,") + next).c_str());
    read(25);
  }
  const auto seen = views("genosav1dec", units);
  ASSERT_EQ(seen.size(), units.size());
  EXPECT_TRUE(seen == views("av1dec", units));
  const auto narrow = std::pair(240, 180);
  EXPECT_GT(std::ranges::count(seen, narrow, &Views::value_type::first), 10);
  EXPECT_EQ(seen.back().first, std::pair(320, 180));
}

}  // namespace
}  // namespace genos
