// SPDX-License-Identifier: LGPL-2.1-or-later
// One encoder on a made-up scene, then decoders on what it made: CPU time, PSNR, keyframe bytes.
// bench_video_codec talk|pan WIDTH HEIGHT FRAMES ENCODER DECODER... -> a JSON line
#include <gst/check/gstharness.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "video_refs.hpp"

namespace genos {
namespace {

using Buffers = std::vector<Ref<GstBuffer>>;

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return double(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         double(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

std::uint32_t hash(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  std::uint32_t x = a * 0x9E3779B1U ^ b * 0x85EBCA77U ^ c * 0xC2B2AE3DU;
  x = (x ^ x >> 15) * 0x2C1B3C6DU;
  x = (x ^ x >> 12) * 0x297A2D39U;
  return x ^ x >> 15;
}

// Weaker the finer, as in most photographs.
double texture(double x, double y, unsigned seed) {
  double sum = 0;
  for (int period = 128; period >= 4; period /= 2) {
    const double u = x / period, v = y / period;
    const auto i = std::int32_t(std::floor(u)), j = std::int32_t(std::floor(v));
    const auto at = [&](int di, int dj) {
      return double(hash(std::uint32_t(i + di), std::uint32_t(j + dj), seed + unsigned(period)) &
                    0xFFFF) /
                 65'535 -
             0.5;
    };
    const double s = u - i, t = v - j;
    sum +=
        period / 128.0 *
        ((at(0, 0) * (1 - s) + at(1, 0) * s) * (1 - t) + (at(0, 1) * (1 - s) + at(1, 1) * s) * t);
  }
  return sum;
}

// A texture, computed once.
class Map {
 public:
  Map(int width, int height, unsigned seed) : width_(width), height_(height) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) values_.push_back(float(texture(x, y, seed)));
  }
  [[nodiscard]] double at(double x, double y) const {
    const auto i = std::clamp(int(x), 0, width_ - 2), j = std::clamp(int(y), 0, height_ - 2);
    const double s = x - i, t = y - j;
    const auto* row = &values_[std::size_t(j * width_ + i)];
    return (row[0] * (1 - s) + row[1] * s) * (1 - t) +
           (row[width_] * (1 - s) + row[width_ + 1] * s) * t;
  }

 private:
  const int width_, height_;
  std::vector<float> values_;
};

// A head before a still wall, or a camera that turns; both with a sensor's noise.
class Scene {
 public:
  Scene(bool pans, const GstVideoInfo& info) : pans_(pans), info_(info) {
    for (unsigned plane = 0; plane < 3; ++plane)
      maps_.emplace_back(info.width + 1000, info.height + 200, plane * 1000);
  }

  Ref<GstBuffer> frame(unsigned number) {
    auto buffer = adopt(gst_buffer_new_allocate(nullptr, info_.size, nullptr));
    GST_BUFFER_PTS(buffer.get()) = gst_util_uint64_scale(number, GST_SECOND, 30);
    GST_BUFFER_DURATION(buffer.get()) = GST_SECOND / 30;
    const MappedPicture into(info_, buffer.get(), GST_MAP_WRITE);
    for (guint plane = 0; plane < 3; ++plane) fill(into, plane, number);
    return buffer;
  }

 private:
  void fill(const MappedPicture& into, guint plane, unsigned number) const {
    const int scale = plane == 0 ? 1 : 2;
    for (int y = 0; y < GST_VIDEO_INFO_COMP_HEIGHT(&info_, plane); ++y)
      for (int x = 0; x < GST_VIDEO_INFO_COMP_WIDTH(&info_, plane); ++x) {
        const auto noise = hash(std::uint32_t(x), std::uint32_t(y), number * 3 + plane);
        const double value = 128 +
                             (plane == 0 ? 150 : 60) * look(x * scale, y * scale, plane, number) +
                             double(noise & 7) / 2 + double(noise >> 3 & 7) / 2 - 3.5;
        into.plane(plane)[y * into.stride(plane) + x] = guint8(std::clamp(value, 16.0, 235.0));
      }
  }
  [[nodiscard]] double look(double x, double y, guint plane, unsigned number) const {
    if (pans_) return maps_[plane].at(x + 2.5 * number, y + 0.5 * number);
    const double dx = info_.width / 30.0 * std::sin(number / 11.0);
    const double dy = info_.height / 40.0 * std::cos(number / 7.0);
    const double u = (x - info_.width / 2.0 - dx) / (info_.width / 8.0);
    const double v = (y - info_.height * 0.55 - dy) / (info_.height / 3.5);
    if (u * u + v * v < 1) return 0.15 + maps_[plane].at(x - dx + 300, y - dy + 100);
    return maps_[plane].at(x, y);
  }

  const bool pans_;
  const GstVideoInfo info_;
  std::vector<Map> maps_;
};

struct Run {
  Buffers out;
  Ref<GstCaps> caps;
  double seconds = 0;        // of CPU
  double first_seconds = 0;  // until the first buffer came
};

Run run(const char* line, const Ref<GstCaps>& caps, const Buffers& in) {
  Run run;
  auto* harness = gst_harness_new_parse(line);
  gst_harness_set_src_caps(harness, gst_caps_ref(caps.get()));
  const double begin = cpu_seconds();
  for (const auto& buffer : in) {
    gst_harness_push(harness, gst_buffer_ref(buffer.get()));
    if (run.first_seconds == 0 && gst_harness_buffers_in_queue(harness) > 0)
      run.first_seconds = cpu_seconds() - begin;
  }
  gst_harness_push_event(harness, gst_event_new_eos());
  run.seconds = cpu_seconds() - begin;
  while (auto buffer = adopt(gst_harness_try_pull(harness))) run.out.push_back(std::move(buffer));
  run.caps = adopt(gst_pad_get_current_caps(harness->sinkpad));
  gst_harness_teardown(harness);
  return run;
}

double luma_psnr(const GstVideoInfo& info, const Ref<GstBuffer>& a, const Ref<GstBuffer>& b) {
  const MappedPicture one(info, a.get(), GST_MAP_READ), two(info, b.get(), GST_MAP_READ);
  double sum = 0;
  for (int y = 0; y < info.height; ++y)
    for (int x = 0; x < info.width; ++x) {
      const int difference =
          one.plane(0)[y * one.stride(0) + x] - two.plane(0)[y * two.stride(0) + x];
      sum += difference * difference;
    }
  return 10 * std::log10(255.0 * 255.0 * info.width * info.height / std::max(sum, 1.0));
}

double mean_psnr(const GstVideoInfo& info, const Buffers& given, const Buffers& seen) {
  double sum = 0;
  const auto count = std::min(given.size(), seen.size());
  for (std::size_t i = 0; i < count; ++i) sum += luma_psnr(info, given[i], seen[i]);
  return count > 0 ? sum / double(count) : 0;
}

int bench(int argc, char** argv) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, guint(std::atoi(argv[2])),
                            guint(std::atoi(argv[3])));
  GST_VIDEO_INFO_FPS_N(&info) = 30;
  GST_VIDEO_INFO_FPS_D(&info) = 1;
  Scene scene(std::string(argv[1]) == "pan", info);
  Buffers given;
  for (int i = 0; i < std::atoi(argv[4]); ++i) given.push_back(scene.frame(unsigned(i)));
  const auto encoded = run(argv[5], adopt(gst_video_info_to_caps(&info)), given);
  if (encoded.out.size() != given.size()) {
    std::fprintf(stderr, "%s: %zu frames of %zu\n", argv[5], encoded.out.size(), given.size());
    return 1;
  }
  gsize bytes = 0;
  for (const auto& unit : encoded.out) bytes += gst_buffer_get_size(unit.get());
  const auto frames = double(given.size());
  std::printf("{\"encode_fps\": %.1f, \"kbit\": %.0f, \"key_bytes\": %zu, \"key_ms\": %.1f",
              frames / encoded.seconds, double(bytes) * 8 * 30 / frames / 1000,
              gst_buffer_get_size(encoded.out[0].get()), encoded.first_seconds * 1000);
  for (int i = 6; i < argc; ++i) {
    const auto decoded = run(argv[i], encoded.caps, encoded.out);
    if (i == 6) std::printf(", \"psnr\": %.2f", mean_psnr(info, given, decoded.out));
    std::printf(", \"decode_fps_%d\": %.0f", i - 6, double(decoded.out.size()) / decoded.seconds);
  }
  std::puts("}");
  return 0;
}

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc >= 7) return genos::bench(argc, argv);
  std::fprintf(stderr, "bench_video_codec talk|pan WIDTH HEIGHT FRAMES ENCODER DECODER...\n");
  return 2;
}
