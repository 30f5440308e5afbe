// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines that name a pad for sound when nobody sends any, or not yet, or no more.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

class RoomSilenceTest : public RoomMediaTest {
 protected:
  // Both into a file, as a person types it.
  std::string recording() const {
    return src_of() +
           "webmmux name=m ! fakesink name=out r.video_0 ! queue ! m.video_0 "
           "r.audio_0 ! queue ! m.audio_0";
  }
  // Pictures, and what is heard.
  std::string listening() const {
    return src_of() +
           "r.video_0 ! fakesink name=pictures sync=false async=false "
           "r.audio_0 ! audioconvert ! audio/x-raw,format=S16LE,channels=2 ! fakesink name=out";
  }
  // All of the last tenth of a second.
  static bool is_silent(const TestLine& line) {
    const auto heard = line.received();
    const std::size_t tenth = 48000 / 10 * 4;
    return heard.size() >= tenth &&
           std::all_of(heard.end() - std::ptrdiff_t(tenth), heard.end(), [](char c) { return !c; });
  }
  static bool becomes_silent(const TestLine& line) {
    return TestLine::until([&] { return is_silent(line); });
  }
  static bool is_heard(const TestLine& line) {
    const auto before = line.received().size();
    return TestLine::until([&] { return line.received().size() > before && !is_silent(line); });
  }
};

TEST_F(RoomSilenceTest, ARecordingOfWhoSendsNoSoundIsWritten) {
  TestLine sender(picture() + sink_of());
  TestLine recorder(recording());
  sender.play();
  recorder.play();
  const auto written = [&](std::size_t more) {
    const auto before = recorder.received().size();
    return TestLine::until([&] { return recorder.received().size() > before + more; });
  };
  ASSERT_TRUE(written(2000));
  EXPECT_TRUE(written(2000));
  gst_element_send_event(recorder.pipeline(), gst_event_new_eos());  // as -e does on Ctrl-C
  EXPECT_EQ(recorder.outcome(), "eos");
}

TEST_F(RoomSilenceTest, SoundThatComesLateIsHeardAndWhenItEndsThereIsSilenceAgain) {
  TestLine sender(picture() + "s.video_0" + sink_of());
  TestLine listener(listening());
  sender.play();
  listener.play();
  ASSERT_TRUE(becomes_silent(listener));
  for (int i = 0; i < 2; ++i) {
    add_sound(sender);
    ASSERT_TRUE(is_heard(listener)) << i;
    remove_sound(sender);
    ASSERT_TRUE(becomes_silent(listener)) << i;
  }
  EXPECT_EQ(listener.outcome(0s), "");
}

// What is heard of streams on the bus of a source.
struct News {
  std::string what, stream, video, audio;
};
std::optional<News> next_news(const TestLine& line, std::chrono::seconds limit = 20s) {
  const auto bus = adopt(gst_element_get_bus(line.pipeline()));
  std::optional<News> news;
  TestLine::until(
      [&] {
        const auto message = adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ELEMENT));
        if (!message) return false;
        const auto* said = gst_message_get_structure(message.get());
        if (!g_str_has_prefix(gst_structure_get_name(said), "genos-stream-")) return false;
        const auto text = [&](const char* field) {
          const char* value = gst_structure_get_string(said, field);
          return std::string(value ? value : "");
        };
        news = {gst_structure_get_name(said), text("stream"), text("video"), text("audio")};
        return true;
      },
      limit);
  return news;
}

TEST_F(RoomSilenceTest, ALineThatTakesWhateverFitsHearsSilenceToo) {
  TestLine sender(picture() + sink_of());
  TestLine listener(src_of() +
                    "r. ! videoconvert ! fakesink sync=false async=false r. ! audioconvert ! "
                    "audio/x-raw,format=S16LE,channels=2 ! fakesink name=out");
  sender.play();
  listener.play();
  EXPECT_TRUE(becomes_silent(listener));
}

// A microphone that is switched on, a camera that takes its time: no stream of its own.
TEST_F(RoomSilenceTest, WhatBeginsLateJoinsItsStream) {
  TestLine sender(picture() + "s.video_0" + sink_of());
  TestLine listener(listening());
  sender.play();
  listener.play();
  const auto first = next_news(listener);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->video + first->audio, "AV1");
  for (int i = 0; i < 2; ++i) {
    add_sound(sender);
    const auto later = next_news(listener);
    ASSERT_TRUE(later);
    EXPECT_EQ(later->what, "genos-stream-add");
    EXPECT_EQ(later->stream, first->stream);
    EXPECT_EQ(later->video + later->audio, "AV1OPUS");
    ASSERT_TRUE(is_heard(listener)) << i;
    remove_sound(sender);
    ASSERT_TRUE(becomes_silent(listener)) << i;
  }
  add_sound(sender);
  ASSERT_TRUE(next_news(listener));
  gst_element_send_event(sender.pipeline(), gst_event_new_eos());
  const auto last = next_news(listener);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->what, "genos-stream-remove");
  EXPECT_EQ(last->video + last->audio, "AV1OPUS");
  EXPECT_EQ(listener.outcome(0s), "");
}

TEST_F(RoomSilenceTest, WhatJoinedGoesOnWhenTheFirstHasEnded) {
  TestLine sender(
      "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=30/1 ! "
      "identity eos-after=120 ! s.video_0" +
      sink_of());
  TestLine listener(listening());
  sender.play();
  listener.play();
  const auto first = next_news(listener);
  ASSERT_TRUE(first);
  add_sound(sender);
  ASSERT_TRUE(next_news(listener));
  const auto pictures = [&] {
    const auto stats = stats_of(listener.element("r").get());
    const Owned<char> all(gst_structure_to_string(stats.get()));
    return std::string(all.get()).find("AV1") != std::string::npos;
  };
  ASSERT_TRUE(TestLine::until([&] { return !pictures(); })) << "they have ended";
  ASSERT_TRUE(is_heard(listener));
  const auto before = listener.received().size();
  EXPECT_TRUE(TestLine::until([&] { return listener.received().size() > before + 192'000; }));
  EXPECT_FALSE(next_news(listener, 1s)) << "the stream goes on";
  remove_sound(sender);
  const auto last = next_news(listener);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->what, "genos-stream-remove");
  EXPECT_EQ(last->stream, first->stream);
}

TEST_F(RoomSilenceTest, WhoHeardOneHearsSilenceBesideAnotherWhoSendsNoSound) {
  auto first =
      std::make_unique<TestLine>(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine listener(listening());
  first->play();
  listener.play();
  ASSERT_TRUE(is_heard(listener));
  first.reset();
  // Nobody shows anything: nothing is made up.
  EXPECT_FALSE(TestLine::until([&] { return is_silent(listener); }, 3s));
  TestLine second(picture() + sink_of());
  second.play();
  EXPECT_TRUE(becomes_silent(listener));
  EXPECT_EQ(listener.outcome(0s), "");
}

TEST_F(RoomSilenceTest, SoundThatPausesHoldsUpNoFile) {
  TestLine sender(picture() + "s.video_0 audiotestsrc is-live=true ! valve name=v ! s.audio_0" +
                  sink_of());
  TestLine recorder(recording());
  TestLine listener(listening());
  sender.play();
  recorder.play();
  listener.play();
  const auto pause = [&](bool does) {
    g_object_set(sender.element("v").get(), "drop", gboolean(does), nullptr);
  };
  ASSERT_TRUE(is_heard(listener));
  for (int i = 0; i < 2; ++i) {
    pause(true);
    ASSERT_TRUE(becomes_silent(listener)) << i;
    // A muxer that waits for its sound stops within what its queues hold: a second.
    for (int second = 0; second < 4; ++second) {
      const auto before = recorder.received().size();
      ASSERT_TRUE(TestLine::until([&] { return recorder.received().size() > before + 5000; }));
    }
    pause(false);
    ASSERT_TRUE(is_heard(listener)) << i;
  }
  EXPECT_EQ(recorder.outcome(0s), "");
}

TEST_F(RoomSilenceTest, WithoutPicturesSilenceWaitsToo) {
  TestLine sender(
      "videotestsrc is-live=true ! valve name=v ! video/x-raw,width=64,height=48,framerate=30/1 ! "
      "s.video_0" +
      sink_of());
  TestLine listener(listening());
  sender.play();
  listener.play();
  ASSERT_TRUE(becomes_silent(listener));
  g_object_set(sender.element("v").get(), "drop", TRUE, nullptr);
  const auto grows = [&](std::chrono::seconds limit) {
    const auto before = listener.received().size();
    return TestLine::until([&] { return listener.received().size() > before + 192'000; }, limit);
  };
  EXPECT_FALSE(grows(3s)) << "a second of it";
  g_object_set(sender.element("v").get(), "drop", FALSE, nullptr);
  EXPECT_TRUE(grows(20s));
}

TEST_F(RoomSilenceTest, ItGoesOnWhenOtherThingsAreChosen) {
  TestLine sender(picture() + sink_of("title=door"));
  TestLine listener(listening());
  sender.play();
  listener.play();
  ASSERT_TRUE(becomes_silent(listener));
  const auto goes_on = [&] {
    const auto before = listener.received().size();
    return TestLine::until([&] { return listener.received().size() > before + 384'000; });
  };
  const std::pair<const char*, const char*> choices[] = {
      {"streams", "door"}, {"quality", "low"}, {"streams", ""}, {"quality", "auto"}};
  for (const auto& [property, value] : choices) {
    gst_util_set_object_arg(G_OBJECT(listener.element("r").get()), property, value);
    EXPECT_TRUE(goes_on()) << property << "=" << value << ": two seconds of it";
  }
  EXPECT_EQ(listener.outcome(0s), "");
}

TEST_F(RoomSilenceTest, WhoWaitsForNothingGetsNone) {
  TestLine sender(picture() + sink_of());
  TestLine watcher(src_of() + "! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out");
  sender.play();
  watcher.play();
  ASSERT_TRUE(sees(watcher, 90));
  EXPECT_EQ(watcher.element("r")->numsrcpads, 1);
}

TEST_F(RoomSilenceTest, SoundThatIsNotWantedIsNotMadeUp) {
  TestLine sender(picture() + sink_of());
  TestLine listener(src_of("media=video") +
                    "r.video_0 ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out "
                    "r.audio_0 ! fakesink name=heard async=false");
  sender.play();
  listener.play();
  ASSERT_TRUE(sees(listener, 90));
  guint64 heard = 1;
  gst_structure_get_uint64(stats_of(listener.element("heard").get()).get(), "rendered", &heard);
  EXPECT_EQ(heard, 0U);
}

}  // namespace
}  // namespace genos
