// SPDX-License-Identifier: LGPL-2.1-or-later
// What changes while others watch: what comes into a pad, and the state of a line.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

class RoomChangesTest : public RoomMediaTest {
 protected:
  static constexpr const char* vp8 =
      "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=15 end-usage=cbr ! ";
  static constexpr const char* h264 =
      "videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=ultrafast "
      "key-int-max=15 ! "
      "video/x-h264,profile=constrained-baseline ! h264parse ! ";
  // One of which goes into the pad.
  std::string one_of(const std::string& first, const std::string& second) const {
    return picture() + first + "i.sink_0 " + picture() + second +
           "i.sink_1 input-selector name=i sync-streams=false ! s.video_0" + sink_of();
  }
  static void choose(const TestLine& sender, const char* entry) {
    const auto selector = sender.element("i");
    const auto pad = adopt(gst_element_get_static_pad(selector.get(), entry));
    g_object_set(selector.get(), "active-pad", pad.get(), nullptr);
  }
  static Ref<GstPad> first_pad(const TestLine& watcher) {
    const auto element = watcher.element("r");
    return element->srcpads ? retain(GST_PAD(element->srcpads->data)) : Ref<GstPad>();
  }
  static bool is_shown_in(const TestLine& watcher, const char* codec) {
    return TestLine::until([&] {
      const auto stats = stats_of(watcher.element("r").get());
      const Owned<char> all(gst_structure_to_string(stats.get()));
      return std::string(all.get()).find(codec) != std::string::npos;
    });
  }
  void goes_from_to(const std::string& first, const std::string& second, const char* before,
                    const char* after) {
    TestLine sender(one_of(first, second));
    TestLine watcher(watch());
    sender.play();
    watcher.play();
    ASSERT_TRUE(sees(watcher));
    EXPECT_TRUE(is_shown_in(watcher, before));
    choose(sender, "sink_1");
    EXPECT_TRUE(is_shown_in(watcher, after));
    EXPECT_TRUE(sees(watcher));
    choose(sender, "sink_0");
    EXPECT_TRUE(is_shown_in(watcher, before));
    EXPECT_TRUE(sees(watcher));
    EXPECT_EQ(sender.outcome(0s), "");
    EXPECT_EQ(watcher.outcome(0s), "");
    EXPECT_EQ(watcher.element("r")->numsrcpads, 1) << "who watches goes on watching";
  }
};

TEST_F(RoomChangesTest, APadMayBringAnotherCodec) { goes_from_to(vp8, h264, "VP8", "H264"); }

TEST_F(RoomChangesTest, APadMayBringRawPicturesAndThenEncodedOnes) {
  goes_from_to("", vp8, "AV1", "VP8");
}

TEST_F(RoomChangesTest, Av1MayComeInAnyPieces) {
  for (const char* pieces : {"obu", "frame", "tu"}) {
    TestLine sender(picture() + "genosav1enc ! av1parse ! video/x-av1,alignment=" + pieces +
                    " ! s.video_0" + sink_of());
    TestLine watcher(watch());
    sender.play();
    watcher.play();
    EXPECT_TRUE(sees(watcher)) << pieces;
    EXPECT_EQ(sender.outcome(0s), "") << pieces;
  }
}

TEST_F(RoomChangesTest, WhatJoinedLateGoesOnBesideAnotherCodec) {
  TestLine sender(one_of(vp8, h264));
  TestLine watcher(src_of() +
                   "r.video_0 ! fakesink async=false "
                   "r.audio_0 ! audioconvert ! audio/x-raw,format=S16LE ! fakesink name=out");
  sender.play();
  watcher.play();
  ASSERT_TRUE(is_shown_in(watcher, "VP8"));
  add_sound(sender);
  const auto goes_on = [&] {
    const auto before = watcher.received().size();
    return TestLine::until([&] { return watcher.received().size() > before + 96'000; });
  };
  ASSERT_TRUE(is_shown_in(watcher, "OPUS"));
  ASSERT_TRUE(goes_on());
  for (const char* entry : {"sink_1", "sink_0"}) {
    choose(sender, entry);
    EXPECT_TRUE(is_shown_in(watcher, std::string(entry) == "sink_1" ? "H264" : "VP8"));
    EXPECT_TRUE(goes_on()) << entry;
    EXPECT_TRUE(is_shown_in(watcher, "OPUS"));
  }
  EXPECT_EQ(sender.outcome(0s), "");
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomChangesTest, AnotherEncoderBeginsWithAKeyframe) {
  // Each makes one when it begins, and another when it is asked.
  const std::string encoders[] = {
      "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=9999 ! ",
      "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=9999 ! ", "genosav1enc ! "};
  for (const auto& encoder : encoders) {
    const auto bringing = [&](const char* pattern, int number) {
      return std::string("videotestsrc is-live=true pattern=") + pattern +
             " ! video/x-raw,format=I420,width=64,height=48,framerate=30/1 ! " + encoder +
             "i.sink_" + std::to_string(number) + " ";
    };
    TestLine sender(bringing("white", 0) + bringing("black", 1) +
                    "input-selector name=i sync-streams=false ! s.video_0" + sink_of());
    TestLine watcher(watch());
    sender.play();
    watcher.play();
    const auto becomes = [&](bool bright) {
      return TestLine::until([&] {
        const auto seen = watcher.received();
        return !seen.empty() && (static_cast<unsigned char>(seen.back()) > 127) == bright;
      });
    };
    ASSERT_TRUE(becomes(true)) << encoder;
    for (int i = 0; i < 2; ++i) {
      choose(sender, "sink_1");
      EXPECT_TRUE(becomes(false)) << encoder;
      choose(sender, "sink_0");
      EXPECT_TRUE(becomes(true)) << encoder;
    }
    EXPECT_TRUE(sees(watcher)) << encoder;
    EXPECT_EQ(sender.outcome(0s), "") << encoder;
    EXPECT_EQ(watcher.outcome(0s), "") << encoder;
  }
}

TEST_F(RoomChangesTest, WhatComesEncodedMayChangeItsSize) {
  // Of frames that vp9enc looks ahead, 25 unless told, each new size costs as many.
  const std::string vp9 = "vp9enc deadline=1 cpu-used=8 lag-in-frames=0 ! ";
  const std::string av1 = "genosav1enc ! ";
  const std::string obus = av1 + "av1parse ! video/x-av1,alignment=obu ! ";
  for (const std::string& encoder : {std::string(vp8), vp9, std::string(h264), av1, obus}) {
    TestLine sender(
        "videotestsrc is-live=true ! capsfilter name=size "
        "caps=video/x-raw,width=64,height=48,framerate=30/1 ! " +
        encoder + "s.video_0" + sink_of());
    TestLine watcher(src_of("media=video") + "! videoconvert name=c ! fakesink name=out");
    sender.play();
    watcher.play();
    const auto pad = adopt(gst_element_get_static_pad(watcher.element("c").get(), "src"));
    const auto becomes = [&](int wanted) {
      return TestLine::until([&] {
        const auto caps = adopt(gst_pad_get_current_caps(pad.get()));
        int width = 0;
        return caps &&
               gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &width) &&
               width == wanted;
      });
    };
    ASSERT_TRUE(becomes(64)) << encoder;
    for (const int width : {128, 32, 64}) {
      const auto caps = "video/x-raw,width=" + std::to_string(width) + ",height=96,framerate=30/1";
      gst_util_set_object_arg(G_OBJECT(sender.element("size").get()), "caps", caps.c_str());
      EXPECT_TRUE(becomes(width)) << encoder;
    }
    EXPECT_EQ(sender.outcome(0s), "") << encoder;
    EXPECT_EQ(watcher.outcome(0s), "") << encoder;
  }
}

TEST_F(RoomChangesTest, BothSidesMayPauseAndGoOn) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine watcher(watch());
  sender.play();
  watcher.play();
  ASSERT_TRUE(sees(watcher));
  for (auto* line : {&sender, &watcher}) {
    ASSERT_NE(line->set_state(GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_EQ(gst_element_get_state(line->pipeline(), nullptr, nullptr, 5 * GST_SECOND),
              GST_STATE_CHANGE_NO_PREROLL);
    const auto begun = frames(watcher);
    EXPECT_FALSE(TestLine::until([&] { return frames(watcher) > begun + 20; }, 2s));
    line->play();
    EXPECT_TRUE(sees(watcher));
  }
  EXPECT_EQ(sender.outcome(0s), "");
  EXPECT_EQ(watcher.outcome(0s), "");
}

TEST_F(RoomChangesTest, APauseIsNotShownAfterwards) {
  struct Order {
    std::atomic<unsigned> seen = 0, back = 0, early = 0;
    GstClockTime last = 0;
  };
  Order pictures, sounds;  // outlive the line that tells them
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine watcher(src_of() +
                   "r.video_0 ! videoconvert ! fakesink name=v async=false "
                   "r.audio_0 ! audioconvert ! fakesink name=a async=false");
  for (const auto& [name, order] : {std::pair("v", &pictures), {"a", &sounds}}) {
    const auto pad = adopt(gst_element_get_static_pad(watcher.element(name).get(), "sink"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad* of, GstPadProbeInfo* info, gpointer data) noexcept {
          auto& so_far = *static_cast<Order*>(data);
          const auto sink = adopt(gst_pad_get_parent_element(of));
          const auto at = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
          const auto clock = adopt(gst_element_get_clock(sink.get()));
          const auto now = gst_clock_get_time(clock.get()) - gst_element_get_base_time(sink.get());
          ++so_far.seen;
          so_far.back += at < so_far.last;
          so_far.early += at > now + GST_SECOND / 2;
          so_far.last = at;
          return GST_PAD_PROBE_OK;
        },
        order, nullptr);
  }
  const auto flow = [&] {
    const unsigned shown = pictures.seen, heard = sounds.seen;
    return TestLine::until([&] { return pictures.seen > shown + 15 && sounds.seen > heard + 25; });
  };
  sender.play();
  watcher.play();
  ASSERT_TRUE(flow());
  watcher.set_state(GST_STATE_PAUSED);
  TestLine::until([] { return false; }, 2s);
  watcher.play();
  ASSERT_TRUE(flow());
  for (const auto* order : {&pictures, &sounds}) {
    EXPECT_EQ(order->back, 0U) << "of " << order->seen;
    EXPECT_EQ(order->early, 0U) << "of " << order->seen;
  }
}

// As a page's does when its device is turned, or its path gets better. A muxer takes no other caps
// on its way, and needs none: the size stands in the stream.
TEST_F(RoomChangesTest, ARecordingGoesOnWhenAPictureChangesItsSize) {
  for (const char* encoder : {"vp8enc deadline=1 cpu-used=8", "vp9enc deadline=1 cpu-used=8",
                              "videoconvert ! genosav1enc"}) {
    TestLine sender(
        "videotestsrc is-live=true ! videoscale ! capsfilter name=size caps="
        "video/x-raw,width=64,height=48,framerate=30/1 ! " +
        std::string(encoder) + " ! s.video_0" + sink_of());
    TestLine recorder(src_of("media=video") + "! queue ! webmmux ! fakesink name=out");
    TestLine watcher(watch());
    sender.play();
    recorder.play();
    watcher.play();
    ASSERT_TRUE(sees(watcher)) << encoder;
    ASSERT_TRUE(TestLine::until([&] { return !recorder.received().empty(); })) << encoder;
    for (const char* size : {"48,height=64", "96,height=72"}) {
      const auto caps = adopt(
          gst_caps_from_string(("video/x-raw,framerate=30/1,width=" + std::string(size)).c_str()));
      g_object_set(sender.element("size").get(), "caps", caps.get(), nullptr);
      ASSERT_TRUE(sees(watcher, 30)) << encoder << size;
    }
    const auto before = recorder.received().size();
    EXPECT_TRUE(TestLine::until([&] { return recorder.received().size() > before + 4000; }))
        << encoder;
    EXPECT_EQ(recorder.outcome(0s), "") << encoder;
    EXPECT_EQ(sender.outcome(0s), "") << encoder;
  }
}

TEST_F(RoomChangesTest, OfAStreamOneTrackMayEnd) {
  TestLine sender(
      "videotestsrc num-buffers=60 is-live=true ! "
      "video/x-raw,width=64,height=48,framerate=30/1 ! s.video_0 " +
      sound() + "s.audio_0" + sink_of());
  TestLine listener(src_of("media=audio") +
                    "! audioconvert ! audio/x-raw,format=S16LE,channels=2 ! fakesink name=out");
  TestLine viewer(src_of("media=video end-with-last=true") + "! fakesink name=out");
  sender.play();
  listener.play();
  viewer.play();
  const auto heard = [&](std::size_t seconds) {
    const auto begun = listener.received().size();
    return TestLine::until([&] { return listener.received().size() > begun + seconds * 192'000; });
  };
  EXPECT_EQ(viewer.outcome(), "eos") << "of this track";
  EXPECT_TRUE(heard(2));
  EXPECT_EQ(sender.outcome(0s), "");
  EXPECT_EQ(listener.outcome(0s), "");
}

TEST_F(RoomChangesTest, HowLateItIsIsSaid) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(watch("latency=120"));
  sender.play();
  watcher.play();
  ASSERT_TRUE(sees(watcher));
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  EXPECT_TRUE(gst_pad_query(first_pad(watcher).get(), query));
  gst_query_parse_latency(query, &live, &least, &most);
  gst_query_unref(query);
  EXPECT_TRUE(live);
  EXPECT_GE(least, 120 * GST_MSECOND);
  EXPECT_LT(least, 300 * GST_MSECOND);
}

// Of all messages that came meanwhile: how many streams each collection had, and latency's.
struct Heard {
  std::vector<guint> streams;
  std::string title, artist;
  int latencies = 0;
};
Heard heard_by(const TestLine& line) {
  Heard heard;
  const auto bus = adopt(gst_element_get_bus(line.pipeline()));
  constexpr auto wanted = GstMessageType(GST_MESSAGE_STREAM_COLLECTION | GST_MESSAGE_LATENCY);
  while (const auto message = adopt(gst_bus_pop_filtered(bus.get(), wanted))) {
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_LATENCY) {
      ++heard.latencies;
      continue;
    }
    GstStreamCollection* raw = nullptr;
    gst_message_parse_stream_collection(message.get(), &raw);
    const std::unique_ptr<GstStreamCollection, decltype(&gst_object_unref)> all(raw,
                                                                                gst_object_unref);
    heard.streams.push_back(gst_stream_collection_get_size(raw));
    if (heard.streams.back() == 0) continue;
    auto* tags = gst_stream_get_tags(gst_stream_collection_get_stream(raw, 0));
    gchar *title = nullptr, *artist = nullptr;
    gst_tag_list_get_string(tags, GST_TAG_TITLE, &title);
    gst_tag_list_get_string(tags, GST_TAG_ARTIST, &artist);
    gst_tag_list_unref(tags);
    const Owned<char> titled(title), made(artist);
    heard.title = title ? title : "";
    heard.artist = artist ? artist : "";
  }
  return heard;
}

TEST_F(RoomChangesTest, WhatIsThereAndHowLateIsSaidOnTheBus) {
  TestLine watcher(src_of() +
                   "r.video_0 ! fakesink name=v async=false r.audio_0 ! fakesink async=false");
  watcher.play();
  {
    TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" +
                    sink_of("title=door name-hint=Ann"));
    sender.play();
    Heard heard;
    ASSERT_TRUE(TestLine::until([&] {
      const auto more = heard_by(watcher);
      heard.latencies += more.latencies;
      if (!more.streams.empty())
        heard.streams = more.streams, heard.title = more.title, heard.artist = more.artist;
      return !heard.streams.empty() && heard.streams.back() == 2 && heard.latencies >= 2;
    }));
    EXPECT_EQ(heard.title, "door");
    EXPECT_EQ(heard.artist, "Ann");
    gst_element_send_event(sender.pipeline(), gst_event_new_eos());
    EXPECT_EQ(sender.outcome(), "eos");
  }
  std::vector<guint> left;
  EXPECT_TRUE(TestLine::until([&] {
    for (const auto count : heard_by(watcher).streams) left.push_back(count);
    return !left.empty() && left.back() == 0;
  }));
}

TEST_F(RoomChangesTest, AStreamHasTheSameIdForAllWhoWatchIt) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  const auto id = [](const TestLine& watcher) {
    const Owned<char> text(gst_pad_get_stream_id(first_pad(watcher).get()));
    return std::string(text ? text.get() : "");
  };
  sender.play();
  TestLine one(watch()), other(watch());
  one.play();
  ASSERT_TRUE(sees(one));
  const auto first = id(one);
  EXPECT_NE(first, "");
  other.play();
  ASSERT_TRUE(sees(other));
  EXPECT_EQ(id(other), first);
}

}  // namespace
}  // namespace genos
