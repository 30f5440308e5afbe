// SPDX-License-Identifier: LGPL-2.1-or-later
// Sender and receiver whose clocks do not run alike. 500 ppm, the worst that sound cards have, is
// hurried here: 1 % over half a minute is what 500 ppm are over ten.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

constexpr auto watched = 30s;
constexpr double apart = 0.01;
constexpr double drift =
    30 * apart;                 // in seconds, as those below: by so much the clocks come apart
constexpr double settled = 10;  // the estimate of a clock needs some
constexpr double in_step = 0.1;
constexpr int loud = 8000;
constexpr int bright = 127;

// A clock that runs `rate` times as fast as the system's.
Ref<GstClock> clock_at(double rate) {
  auto clock = sink(GST_CLOCK(g_object_new(GST_TYPE_SYSTEM_CLOCK, nullptr)));
  const auto now = gst_clock_get_internal_time(clock.get());
  gst_clock_set_calibration(clock.get(), now, now, GstClockTime(rate * 1e6), 1'000'000);
  return clock;
}

// What came to a fakesink: when by its timestamp, how long after it, and whether it is a mark.
struct Arrival {
  double at, age;
  bool mark;
};

class Watch {
 public:
  Watch(const TestLine& line, const char* name, bool is_sound) : is_sound_(is_sound) {
    const auto sink = line.element(name);
    g_object_set(sink.get(), "signal-handoffs", TRUE, nullptr);
    g_signal_connect(sink.get(), "handoff", G_CALLBACK(note), this);
  }
  std::vector<Arrival> seen() const {
    const std::scoped_lock guard(lock_);
    return seen_;
  }

 private:
  // A sound's mark is its first loud sample after silence, a picture's its corner that turns.
  bool is_mark(std::span<const std::uint8_t> bytes) {
    if (is_sound_) {
      const auto* samples = reinterpret_cast<const gint16*>(bytes.data());
      const bool is = std::any_of(samples, samples + bytes.size() / 2,
                                  [](gint16 each) { return std::abs(each) > loud; });
      return is != std::exchange(was_, is) && is;
    }
    const bool is = int(bytes[0]) > bright;
    return is != std::exchange(was_, is);
  }
  static void note(GstElement* sink, GstBuffer* buffer, GstPad*, gpointer self) {
    auto& watch = *static_cast<Watch*>(self);
    const MappedBuffer mapped(buffer);
    const auto clock = adopt(gst_element_get_clock(sink));
    const auto now = gst_clock_get_time(clock.get()) - gst_element_get_base_time(sink);
    const double at = double(GST_BUFFER_PTS(buffer)) / GST_SECOND;
    const std::scoped_lock guard(watch.lock_);
    watch.seen_.push_back({at, double(now) / GST_SECOND - at, watch.is_mark(mapped.bytes())});
  }

  const bool is_sound_;
  bool was_ = false;
  mutable std::mutex lock_;  // guards seen_ and was_
  std::vector<Arrival> seen_;
};

// When a live source of a line began: it counts its pictures and samples from there, and two of
// them begin some 10 ms apart, or 250 on a busy machine.
class Beginning {
 public:
  Beginning(const TestLine& line, const char* name) {
    const auto pad = adopt(gst_element_get_static_pad(line.element(name).get(), "src"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, note, this, nullptr);
  }
  double at() const { return at_; }

 private:
  static GstPadProbeReturn note(GstPad*, GstPadProbeInfo* info, gpointer self) {
    const auto* first = GST_PAD_PROBE_INFO_BUFFER(info);
    static_cast<Beginning*>(self)->at_ = double(GST_BUFFER_PTS(first)) / GST_SECOND;
    return GST_PAD_PROBE_REMOVE;
  }

  std::atomic<double> at_ = 0;
};

// One who sends by a clock of that rate, and one who watches by the system's.
struct Pair {
  Pair(const std::string& sink, const std::string& src, double rate)
      : sender(
            "videotestsrc name=camera is-live=true pattern=ball flip=true ! "
            "video/x-raw,width=64,height=48,framerate=25/1 ! vp8enc deadline=1 ! s.video_0 "
            "audiotestsrc name=microphone is-live=true wave=ticks freq=1000 volume=1 ! s.audio_0" +
            sink),
        watcher(src +
                "r.video_0 ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=v sync=false "
                "r.audio_0 ! audioconvert ! audio/x-raw,format=S16LE,channels=1 ! "
                "fakesink name=a sync=false") {
    gst_pipeline_use_clock(GST_PIPELINE(sender.pipeline()), clock_at(rate).get());
    sender.play();
    watcher.play();
  }
  bool goes_on_for(std::chrono::seconds time) const {
    return TestLine::until(
        [&] {
          const auto seen = pictures.seen();
          return !seen.empty() && seen.back().at > seen.front().at + double(time.count());
        },
        time * 2);
  }

  TestLine sender, watcher;
  Beginning shown{sender, "camera"}, spoken{sender, "microphone"};
  Watch pictures{watcher, "v", false}, sounds{watcher, "a", true};
};

std::vector<Arrival> after(double moment, std::vector<Arrival> seen) {
  std::erase_if(seen, [&](const Arrival& each) { return each.at < moment; });
  return seen;
}

double median_age(std::span<const Arrival> seen) {
  std::vector<double> ages;
  for (const auto& each : seen) ages.push_back(each.age);
  std::nth_element(ages.begin(), ages.begin() + std::ptrdiff_t(ages.size() / 2), ages.end());
  return ages[ages.size() / 2];
}

// By how much more the last quarter was held back than the first one; a stall in between is none.
double drift_of(const std::vector<Arrival>& seen) {
  const std::span all(seen);
  const auto quarter = seen.size() / 4;
  return std::abs(median_age(all.last(quarter)) - median_age(all.first(quarter)));
}

// How far each picture that is a mark is from the sound that belongs to it, at most. The picture
// began by `later` seconds after the sound.
double most_apart(const std::vector<Arrival>& pictures, const std::vector<Arrival>& sounds,
                  double later) {
  double most = 0;
  unsigned marks = 0;
  for (const auto& picture : pictures) {
    if (!picture.mark) continue;
    ++marks;
    double nearest = 1;
    for (const auto& sound : sounds)
      if (sound.mark) nearest = std::min(nearest, std::abs(picture.at - later - sound.at));
    most = std::max(most, nearest);
  }
  EXPECT_GE(marks, 8U) << "of a turn every two seconds";
  return most;
}

class RoomClocksTest : public RoomMediaTest {};

TEST_F(RoomClocksTest, WhatIsTakenByAnotherClockStaysInStepAndIsNotHeldBack) {
  // Beside each other, as they mostly wait.
  const Pair fast(sink_of("room=fast"), src_of("room=fast"), 1 + apart);
  const Pair slow(sink_of("room=slow"), src_of("room=slow"), 1 - apart);
  for (const auto* pair : {&fast, &slow}) {
    ASSERT_TRUE(pair->goes_on_for(watched));
    const auto pictures = after(settled, pair->pictures.seen());
    const auto sounds = after(settled, pair->sounds.seen());
    EXPECT_LT(most_apart(pictures, sounds, pair->shown.at() - pair->spoken.at()), in_step);
    ASSERT_GT(pictures.size(), 400U);
    ASSERT_GT(sounds.size(), 400U);
    EXPECT_LT(drift_of(pictures), drift / 5);
    EXPECT_LT(drift_of(sounds), drift / 5);
  }
}

}  // namespace
}  // namespace genos
