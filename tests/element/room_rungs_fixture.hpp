// SPDX-License-Identifier: LGPL-2.1-or-later
// A genosroomsink with rungs, and what its viewers get of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "room_media_fixture.hpp"

namespace genos {

// What came to the fakesink "out": widths and times, in order.
class Pictures {
 public:
  explicit Pictures(const TestLine& line)
      : handoff_(on<void(GstElement*, GstBuffer*, GstPad*)>(
            line.element("out").get(), "handoff", [this](auto*, GstBuffer* buffer, GstPad* pad) {
              const auto caps = adopt(gst_pad_get_current_caps(pad));
              int width = 0;
              gst_structure_get_int(gst_caps_get_structure(caps.get(), 0), "width", &width);
              const std::scoped_lock guard(lock_);
              const bool is_delta = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
              all_.push_back({width, GST_BUFFER_PTS(buffer), !is_delta});
            })) {}
  std::vector<int> widths() const {
    std::vector<int> runs;
    const std::scoped_lock guard(lock_);
    for (const auto& one : all_)
      if (runs.empty() || runs.back() != one.width) runs.push_back(one.width);
    return runs;
  }
  std::size_t count(int width) const {
    const std::scoped_lock guard(lock_);
    return std::size_t(std::ranges::count(all_, width, &Picture::width));
  }
  std::size_t keyframes() const {
    const std::scoped_lock guard(lock_);
    return std::size_t(std::ranges::count(all_, true, &Picture::is_key));
  }
  // Some more of that width, and nothing else any more.
  bool sees(int width, std::size_t more = 10) const {
    const auto begun = count(width);
    return TestLine::until([&] { return count(width) >= begun + more; }) && last() == width;
  }
  // Negative: a picture came after a later one.
  GstClockTimeDiff longest_gap() const {
    GstClockTimeDiff longest = 0;
    const std::scoped_lock guard(lock_);
    for (std::size_t i = 1; i < all_.size(); ++i) {
      const auto gap = GST_CLOCK_DIFF(all_[i - 1].at, all_[i].at);
      if (gap <= 0) return gap - 1;
      longest = std::max(longest, gap);
    }
    return longest;
  }

 private:
  struct Picture {
    int width;
    GstClockTime at;
    bool is_key;  // while it is encoded
  };
  int last() const {
    const std::scoped_lock guard(lock_);
    return all_.back().width;
  }
  mutable std::mutex lock_;  // guards all_
  std::vector<Picture> all_;
  Connection handoff_;
};

class RoomQualityTest : public RoomMediaTest {
 protected:
  static std::string large(const std::string& more = "is-live=true") {
    return "videotestsrc " + more +
           " ! capsfilter name=size caps=video/x-raw,width=128,height=96,framerate=30/1 ! ";
  }
  std::string two_rungs(const std::string& codec = "", const std::string& more = "") const {
    return sink_of("ladder=96p30:200k" + codec + ",48p30:100k" + codec + " " + more);
  }
  static void wish(const TestLine& watcher, const char* quality) {
    gst_util_set_object_arg(G_OBJECT(watcher.element("r").get()), "quality", quality);
  }
  // Of each rung, by its pad.
  static std::map<std::string, guint64> made(const TestLine& sender) {
    std::map<std::string, guint64> all;
    const auto sink = sender.element("s");
    const auto transcoder = [&] {
      GValue found = G_VALUE_INIT;
      GstIterator* each =
          gst_bin_iterate_all_by_element_factory_name(GST_BIN(sink.get()), "genostranscodebin");
      Ref<GstElement> first;
      if (gst_iterator_next(each, &found) == GST_ITERATOR_OK)
        first = retain(GST_ELEMENT(g_value_get_object(&found)));
      g_value_unset(&found);
      gst_iterator_free(each);
      return first;
    }();
    const auto stats = stats_of(transcoder.get());
    for (int i = 0; i < gst_structure_n_fields(stats.get()); ++i) {
      const char* pad = gst_structure_nth_field_name(stats.get(), guint(i));
      GstStructure* one = nullptr;
      gst_structure_get(stats.get(), pad, GST_TYPE_STRUCTURE, &one, nullptr);
      const Owned<GstStructure> held(one);
      gst_structure_get_uint64(one, "frames", &all[pad]);
    }
    return all;
  }
  // Who gets which, as the sink says it.
  static std::vector<std::string> rungs(const TestLine& sender) {
    std::vector<std::string> all;
    const auto stats = stats_of(sender.element("s").get());
    const GValue* list = gst_structure_get_value(stats.get(), "pictures");
    for (guint i = 0; i < gst_value_list_get_size(list); ++i)
      all.emplace_back(gst_structure_get_string(
          gst_value_get_structure(gst_value_list_get_value(list, i)), "rung"));
    std::ranges::sort(all);
    return all;
  }
  static guint64 lost(const TestLine& watcher) {
    const auto stats = stats_of(watcher.element("r").get());
    const GValue* list = gst_structure_get_value(stats.get(), "tracks");
    guint64 count = G_MAXUINT64;
    if (gst_value_list_get_size(list) == 1)
      gst_structure_get_uint64(gst_value_get_structure(gst_value_list_get_value(list, 0)), "lost",
                               &count);
    return count;
  }
};

}  // namespace genos
