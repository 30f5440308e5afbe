// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures for the AV1 elements, and a harness around one element.
#pragma once

#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "av1dec/gstgenosav1dec.h"
#include "av1enc/gstgenosav1enc.h"
#include "layer_meta.hpp"
#include "video_refs.hpp"

namespace genos {

using Buffers = std::vector<Ref<GstBuffer>>;
using Properties = std::vector<std::pair<const char*, const char*>>;

using Seen = std::vector<std::vector<std::uint8_t>>;  // pictures, as pixels() gives them

inline constexpr GstClockTime frame_time = GST_SECOND / 30;

inline std::string raw_caps(int width, int height, const std::string& more = "framerate=30/1",
                            const std::string& format = "I420") {
  return "video/x-raw,format=" + format + ",width=" + std::to_string(width) +
         ",height=" + std::to_string(height) + "," + more;
}

inline GstVideoInfo info_of(int width, int height, GstVideoFormat format = GST_VIDEO_FORMAT_I420) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, guint(width), guint(height));
  return info;
}

// A still background with a bright square that moves; `noise` keeps an encoder busy.
inline Ref<GstBuffer> picture(const GstVideoInfo& info, unsigned number, unsigned noise = 0) {
  auto buffer = adopt(gst_buffer_new_allocate(nullptr, info.size, nullptr));
  GST_BUFFER_PTS(buffer.get()) = number * frame_time;
  GST_BUFFER_DURATION(buffer.get()) = frame_time;
  std::uint32_t random = number * 2654435761U + 1;
  const MappedPicture into(info, buffer.get(), GST_MAP_WRITE);
  for (guint plane = 0; plane < 3; ++plane) {
    const int width = GST_VIDEO_INFO_COMP_WIDTH(&info, plane);
    const int depth = int(GST_VIDEO_INFO_COMP_DEPTH(&info, plane));
    for (int y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT(&info, plane); ++y)
      for (int x = 0; x < width; ++x) {
        random = random * 1664525U + 1013904223U;
        const bool square = plane == 0 && (unsigned(x) / 16 + number) % 16 == 0 && y / 16 == 2;
        int value = square ? 230 : 60 + int(plane) * 40 + (x * 3 + y * 2) % 64;
        if (noise > 0) value += int((random >> 16) % noise);
        if (depth > 8)
          reinterpret_cast<guint16*>(into.plane(plane) + y * into.stride(plane))[x] =
              guint16(value << (depth - 8));
        else
          into.plane(plane)[y * into.stride(plane) + x] = guint8(value);
      }
  }
  return buffer;
}

inline bool is_key(const Ref<GstBuffer>& buffer) {
  return !GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
}

inline gsize bytes_in(const Buffers& buffers, std::size_t from, std::size_t to) {
  gsize sum = 0;
  for (auto i = from; i < to && i < buffers.size(); ++i)
    sum += gst_buffer_get_size(buffers[i].get());
  return sum;
}

// One element between two pads of the test's own.
class Rig {
 public:
  explicit Rig(const char* name, const Properties& properties = {})
      : harness_(gst_harness_new(name)) {
    for (const auto& [key, value] : properties)
      gst_util_set_object_arg(G_OBJECT(element()), key, value);
  }
  ~Rig() {
    if (harness_) gst_harness_teardown(harness_);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  [[nodiscard]] GstHarness* get() const { return harness_; }
  [[nodiscard]] GstElement* element() const { return harness_->element; }
  void caps(const std::string& text) { gst_harness_set_src_caps_str(harness_, text.c_str()); }
  GstFlowReturn push(Ref<GstBuffer> buffer) { return gst_harness_push(harness_, buffer.release()); }
  Buffers pull() {
    Buffers all;
    while (auto buffer = adopt(gst_harness_try_pull(harness_))) all.push_back(std::move(buffer));
    return all;
  }
  bool push_event(GstEvent* event) { return gst_harness_push_event(harness_, event); }
  bool push_upstream(GstEvent* event) { return gst_harness_push_upstream_event(harness_, event); }
  // How often the element asked for a keyframe since the last call.
  int keys_asked() {
    int count = 0;
    while (auto event = adopt(gst_harness_try_pull_upstream_event(harness_)))
      count += gst_video_event_is_force_key_unit(event.get());
    return count;
  }
  [[nodiscard]] Ref<GstCaps> caps_out() const {
    return adopt(gst_pad_get_current_caps(harness_->sinkpad));
  }
  [[nodiscard]] std::string caps_field(const char* name) const {
    const auto now = caps_out();
    if (!now) return "";
    const auto* value = gst_structure_get_value(gst_caps_get_structure(now.get(), 0), name);
    const Owned<char> text(value ? gst_value_serialize(value) : nullptr);
    return text ? text.get() : "";
  }

 private:
  GstHarness* harness_;
};

// What can be seen of a picture.
inline std::vector<std::uint8_t> pixels(const Ref<GstBuffer>& buffer, const GstVideoInfo& info) {
  std::vector<std::uint8_t> seen;
  const MappedPicture from(info, buffer.get(), GST_MAP_READ);
  EXPECT_TRUE(bool(from));
  for (guint plane = 0; from && plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
    const int bytes = GST_VIDEO_INFO_COMP_WIDTH(&info, plane) *
                      (GST_VIDEO_INFO_COMP_DEPTH(&info, plane) > 8 ? 2 : 1);
    for (int y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT(&info, plane); ++y) {
      const auto* row = from.plane(plane) + y * from.stride(plane);
      seen.insert(seen.end(), row, row + bytes);
    }
  }
  return seen;
}

inline double psnr(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) sum += std::pow(a[i] - b[i], 2);
  return sum > 0 ? 10 * std::log10(255.0 * 255.0 * double(a.size()) / sum) : 99;
}

// Of each buffer its size and what a decoder shows of it, at once: sizes may change on the way.
using Views = std::vector<std::pair<std::pair<int, int>, std::vector<std::uint8_t>>>;
inline Views views(const char* decoder, const Buffers& units) {
  Rig rig(decoder);
  gst_harness_set_live(rig.get(), TRUE);
  rig.caps("video/x-av1,stream-format=obu-stream,alignment=tu,framerate=30/1");
  Views all;
  for (const auto& unit : units) {
    EXPECT_EQ(rig.push(unit), GST_FLOW_OK);
    for (const auto& shown : rig.pull()) {
      GstVideoInfo info;
      EXPECT_TRUE(gst_video_info_from_caps(&info, rig.caps_out().get()));
      all.push_back({{info.width, info.height}, pixels(shown, info)});
    }
  }
  return all;
}

class Av1 : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GST_ELEMENT_REGISTER(genosav1enc, nullptr);
    GST_ELEMENT_REGISTER(genosav1dec, nullptr);
  }
  static constexpr int width = 320, height = 192;

  // Pictures `from` to `to` through an encoder that has its caps.
  static Buffers encode(Rig& rig, unsigned from, unsigned to, unsigned noise = 0,
                        const GstVideoInfo& info = info_of(width, height)) {
    for (unsigned i = from; i < to; ++i) EXPECT_EQ(rig.push(picture(info, i, noise)), GST_FLOW_OK);
    return rig.pull();
  }
  static Buffers stream(unsigned count, const Properties& properties = {}, int wide = width,
                        int high = height, unsigned noise = 0) {
    Rig rig("genosav1enc", properties);
    rig.caps(raw_caps(wide, high));
    return encode(rig, 0, count, noise, info_of(wide, high));
  }
  static std::string av1_caps(const std::string& more = "alignment=tu") {
    return "video/x-av1,stream-format=obu-stream,framerate=30/1," + more;
  }
  static Seen decode(const char* decoder, const Buffers& units, int wide = width, int high = height,
                     GstVideoFormat format = GST_VIDEO_FORMAT_I420) {
    Rig rig(decoder);
    rig.caps(av1_caps());
    for (const auto& unit : units) EXPECT_EQ(rig.push(unit), GST_FLOW_OK);
    rig.push_event(gst_event_new_eos());
    Seen seen;
    for (const auto& shown : rig.pull()) seen.push_back(pixels(shown, info_of(wide, high, format)));
    return seen;
  }
};

}  // namespace genos
