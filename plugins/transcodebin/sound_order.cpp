// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sound_order.hpp"

#include <utility>

namespace genos::element {
namespace {

constexpr gint64 rate = 48'000;
// Containers round times, some to a hundredth of a second: encoders take that for what it is.
constexpr core::Duration rounding = std::chrono::milliseconds(12);
// More is no seam: time went back.
constexpr core::Duration furthest = std::chrono::seconds(1);

}  // namespace

Ref<GstBuffer> SoundOrder::cut(Ref<GstBuffer> sound, core::Duration running_time, int channels) {
  const gsize frame = gsize(channels) * 2;
  const gsize samples = gst_buffer_get_size(sound.get()) / frame;
  const auto end = running_time + core::Duration(gint64(samples) * G_USEC_PER_SEC / rate);
  const auto last = end_.value_or(running_time);
  const bool is_seam = running_time > last - furthest && running_time < last - rounding;
  if (is_seam && end <= last) return {};
  end_ = end;
  if (!is_seam) return sound;
  const auto there = last - running_time;
  const auto time = GST_BUFFER_PTS(sound.get()) + GstClockTime(there.count()) * GST_USECOND;
  const gsize cut = gsize(there.count()) * rate / G_USEC_PER_SEC;
  auto rest = adopt(gst_buffer_copy_region(sound.get(), GST_BUFFER_COPY_ALL, cut * frame,
                                           (samples - cut) * frame));
  GST_BUFFER_PTS(rest.get()) = time;
  GST_BUFFER_DURATION(rest.get()) = gst_util_uint64_scale_int(samples - cut, GST_SECOND, rate);
  return rest;
}

}  // namespace genos::element
