// SPDX-License-Identifier: LGPL-2.1-or-later
// Viewers that cannot decode what a genosroomsink makes: a rung more, while they are there.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

class RoomFallbackTest : public RoomMediaTest {
 protected:
  // Watches one picture that comes in VP8 and nothing else, decoded.
  std::string watch_vp8(const std::string& more = "") const {
    return src_of("media=video codecs=vp8 " + more) +
           "! video/x-vp8 ! vp8dec ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out";
  }
  static std::vector<Ref<GstElement>> made_by(const TestLine& line, const char* factory) {
    std::vector<Ref<GstElement>> found;
    const auto sink = line.element("s");
    GstIterator* all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(sink.get()), factory);
    const auto note = [](const GValue* item, gpointer list) {
      static_cast<std::vector<Ref<GstElement>>*>(list)->push_back(
          retain(GST_ELEMENT(g_value_get_object(item))));
    };
    while (gst_iterator_foreach(all, note, &found) == GST_ITERATOR_RESYNC) {
      found.clear();
      gst_iterator_resync(all);
    }
    gst_iterator_free(all);
    return found;
  }
  static std::size_t encoders(const TestLine& line, const char* factory = "vp8enc") {
    return made_by(line, factory).size();
  }
  static bool moves(const TestLine& line) {
    constexpr std::size_t size = 64 * 48;
    const auto got = line.received();
    const auto count = got.size() / size;
    return count > 1 && got.substr(0, size) != got.substr((count - 1) * size, size);
  }
  // What the bus has of that type, and takes off it.
  static std::vector<std::string> warnings(const TestLine& line) {
    std::vector<std::string> all;
    const auto bus = adopt(gst_element_get_bus(line.pipeline()));
    while (const auto message = adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_WARNING))) {
      Owned<GError> error;
      {
        Out<GError> slot(error);
        gst_message_parse_warning(message.get(), slot, nullptr);
      }
      all.emplace_back(error->message);
    }
    return all;
  }
};

// When buffers came to the fakesink "out", by their own time.
class Times {
 public:
  explicit Times(const TestLine& line)
      : handoff_(on<void(GstElement*, GstBuffer*, GstPad*)>(
            line.element("out").get(), "handoff", [this](auto*, GstBuffer* buffer, auto*) {
              const std::scoped_lock guard(lock_);
              times_.push_back(GST_BUFFER_PTS(buffer));
            })) {}
  GstClockTime longest_gap() {
    const std::scoped_lock guard(lock_);
    GstClockTime longest = 0;
    for (std::size_t i = 1; i < times_.size(); ++i)
      if (times_[i] > times_[i - 1]) longest = std::max(longest, times_[i] - times_[i - 1]);
    return longest;
  }

 private:
  std::mutex lock_;  // guards times_
  std::vector<GstClockTime> times_;
  Connection handoff_;
};

TEST_F(RoomFallbackTest, WhoTakesNoAv1GetsVp8WhileItIsThere) {
  TestLine sender(picture() + sink_of("fallback=true"));
  TestLine fine(watch());
  sender.play();
  fine.play();
  ASSERT_TRUE(sees(fine));
  EXPECT_EQ(encoders(sender), 0U);
  Times times(fine);
  for (int round = 0; round < 2; ++round) {
    {
      TestLine poor(watch_vp8());
      poor.play();
      ASSERT_TRUE(sees(poor, 45)) << round;
      EXPECT_TRUE(moves(poor));
      EXPECT_EQ(encoders(sender), 1U);
      EXPECT_EQ(viewers(sender), 2U);
    }
    ASSERT_TRUE(TestLine::until([&] { return encoders(sender) == 0; }, 40s)) << round;
  }
  EXPECT_TRUE(sees(fine));
  EXPECT_LT(times.longest_gap(), 500 * GST_MSECOND);
  EXPECT_EQ(viewers(sender), 1U);
  EXPECT_TRUE(warnings(sender).empty());
}

TEST_F(RoomFallbackTest, OneRungIsForAllWhoNeedItAndForWhoComesBackSoon) {
  TestLine sender(picture() + sink_of("fallback=true"));
  sender.play();
  std::vector<Ref<GstElement>> first;
  {
    TestLine one(watch_vp8()), other(watch_vp8());
    one.play();
    ASSERT_TRUE(sees(one));
    first = made_by(sender, "vp8enc");
    other.play();
    ASSERT_TRUE(sees(other));
    EXPECT_TRUE(sees(one));
    EXPECT_EQ(encoders(sender), 1U);
  }
  ASSERT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
  TestLine again(watch_vp8());
  again.play();
  EXPECT_TRUE(sees(again));
  const auto now = made_by(sender, "vp8enc");
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now[0].get(), first[0].get());
}

// The link was there before anybody said what it may carry.
TEST_F(RoomFallbackTest, WhatSomebodyDecodesIsAskedAtEachOffer) {
  TestLine call(sound() + sink_of("peer=a")),
      listener(src_of("peer=b media=audio codecs=opus") + "! audio/x-raw ! fakesink name=out");
  call.play();
  listener.play();
  ASSERT_TRUE(TestLine::until([&] { return !listener.received().empty(); }));
  TestLine watcher(watch_vp8("peer=b"));
  watcher.play();
  TestLine sender(picture() + sink_of("peer=a fallback=true"));
  sender.play();
  EXPECT_TRUE(sees(watcher));
}

TEST_F(RoomFallbackTest, PictureAndSoundStayOneStream) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" +
                  sink_of("fallback=true title=door"));
  TestLine watcher(src_of("codecs=vp8,opus") +
                   "r.video_0 ! video/x-vp8 ! fakesink name=v async=false sync=false "
                   "r.audio_0 ! audio/x-opus ! fakesink name=a async=false sync=false");
  sender.play();
  watcher.play();
  const auto group_of = [&](const char* name) {
    const auto pad = adopt(gst_element_get_static_pad(watcher.element(name).get(), "sink"));
    const auto event = adopt(gst_pad_get_sticky_event(pad.get(), GST_EVENT_STREAM_START, 0));
    guint group = 0;
    if (event) gst_event_parse_group_id(event.get(), &group);
    return group;
  };
  const auto came = [&](const char* name) {
    GstSample* got = nullptr;
    g_object_get(watcher.element(name).get(), "last-sample", &got, nullptr);
    if (got) gst_sample_unref(got);
    return got != nullptr;
  };
  ASSERT_TRUE(TestLine::until([&] { return came("v") && came("a"); }));
  EXPECT_NE(group_of("v"), 0U);
  EXPECT_EQ(group_of("v"), group_of("a"));
  EXPECT_EQ(viewers(sender), 1U);
}

TEST_F(RoomFallbackTest, OfWhatComesEncodedThereIsNoOtherAndThatIsSaidOnce) {
  TestLine sender(picture() + "genosav1enc !" + sink_of("fallback=true"));
  TestLine one(watch_vp8()), other(watch_vp8());
  TestLine fine(watch());
  sender.play();
  fine.play();
  one.play();
  other.play();
  std::vector<std::string> said;
  ASSERT_TRUE(TestLine::until([&] {
    const auto more = warnings(sender);
    said.insert(said.end(), more.begin(), more.end());
    return !said.empty();
  }));
  EXPECT_NE(said[0].find("cannot decode AV1"), std::string::npos) << said[0];
  EXPECT_NE(said[0].find("genostranscodebin"), std::string::npos) << said[0];
  EXPECT_TRUE(sees(fine, 60));
  EXPECT_TRUE(warnings(sender).empty());
  EXPECT_EQ(said.size(), 1U);
  EXPECT_EQ(encoders(sender), 0U);
}

TEST_F(RoomFallbackTest, ViewersOfTheOtherRungAreCountedAndStoppedAsAll) {
  TestLine sender(picture() + sink_of("fallback=true max-viewers=1"));
  std::string told;
  std::mutex lock;
  const auto added = on<void(GstElement*, const char*)>(sender.element("s").get(), "viewer-added",
                                                        [&](auto*, const char* peer) {
                                                          const std::scoped_lock guard(lock);
                                                          told = peer;
                                                        });
  sender.play();
  TestLine poor(watch_vp8());
  poor.play();
  ASSERT_TRUE(sees(poor));
  TestLine late(watch_vp8()), fine(watch());
  late.play();
  fine.play();
  EXPECT_TRUE(sees(poor, 60));
  EXPECT_EQ(frames(late) + frames(fine), 0U);
  EXPECT_EQ(viewers(sender), 1U);
  {
    const std::scoped_lock guard(lock);
    g_signal_emit_by_name(sender.element("s").get(), "stop-viewer", told.c_str());
  }
  EXPECT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
  EXPECT_TRUE(TestLine::until([&] { return encoders(sender) == 0; }, 40s));
}

TEST_F(RoomFallbackTest, AnEndIsTold) {
  TestLine sender(picture("is-live=true num-buffers=90") + sink_of("fallback=true"));
  TestLine poor(watch_vp8("end-with-last=true"));
  poor.play();
  sender.play();
  EXPECT_EQ(sender.outcome(), "eos");
  EXPECT_EQ(poor.outcome(), "eos");
  EXPECT_GT(frames(poor), 10U);
}

TEST_F(RoomFallbackTest, AnEndComesAlsoWhileTheRungWaits) {
  TestLine sender(picture("is-live=true num-buffers=150") + sink_of("fallback=true"));
  {
    TestLine poor(watch_vp8());
    poor.play();
    sender.play();
    ASSERT_TRUE(sees(poor));
  }
  ASSERT_TRUE(TestLine::until([&] { return viewers(sender) == 0; }));
  EXPECT_EQ(encoders(sender), 1U);
  EXPECT_EQ(sender.outcome(), "eos");
}

TEST_F(RoomFallbackTest, ALineMayStopAndPlayAgain) {
  TestLine sender(picture() + sink_of("fallback=true"));
  TestLine poor(watch_vp8());
  poor.play();
  for (int round = 0; round < 3; ++round) {
    sender.play();
    EXPECT_TRUE(sees(poor)) << round;
    sender.set_state(GST_STATE_NULL);
    EXPECT_EQ(encoders(sender), 0U);
  }
}

TEST_F(RoomFallbackTest, AReleasedPadTakesItAlong) {
  TestLine sender(picture() + "queue name=q ! s.video_0 " + sound() + "s.audio_0" +
                  sink_of("fallback=true"));
  TestLine poor(watch_vp8());
  sender.play();
  poor.play();
  ASSERT_TRUE(sees(poor));
  const auto from = adopt(gst_element_get_static_pad(sender.element("q").get(), "src"));
  const auto to = adopt(gst_pad_get_peer(from.get()));
  const auto block = gst_pad_add_probe(
      from.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  ASSERT_TRUE(TestLine::until([&] { return gst_pad_is_blocking(from.get()); }));
  gst_pad_unlink(from.get(), to.get());
  gst_element_release_request_pad(sender.element("s").get(), to.get());
  const auto again = adopt(gst_element_request_pad_simple(sender.element("s").get(), "video_0"));
  ASSERT_EQ(gst_pad_link(from.get(), again.get()), GST_PAD_LINK_OK);
  gst_pad_remove_probe(from.get(), block);
  EXPECT_TRUE(sees(poor));
  EXPECT_EQ(encoders(sender), 1U);
}

TEST_F(RoomFallbackTest, WithoutVp8ItIsH264) {
  auto* vp8 = GST_PLUGIN_FEATURE(gst_element_factory_find("vp8enc"));
  ASSERT_TRUE(vp8);
  gst_registry_remove_feature(gst_registry_get(), vp8);
  {
    TestLine sender(picture() + sink_of("fallback=true"));
    TestLine poor(src_of("media=video codecs=vp8,h264") +
                  "! video/x-h264 ! avdec_h264 ! videoconvert ! video/x-raw,format=GRAY8 ! "
                  "fakesink name=out");
    sender.play();
    poor.play();
    EXPECT_TRUE(sees(poor));
  }
  gst_registry_add_feature(gst_registry_get(), vp8);
  gst_object_unref(vp8);
}

TEST_F(RoomFallbackTest, WhatIsNoCodecIsSaid) {
  TestLine watcher(src_of("codecs=av1,theora") + "! fakesink name=out");
  EXPECT_EQ(watcher.set_state(GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  EXPECT_NE(watcher.outcome(1s).find("'theora'"), std::string::npos);
}

}  // namespace
}  // namespace genos
