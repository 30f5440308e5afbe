// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of GStreamer's video types.
#pragma once

#include <gst/video/video.h>

#include "bridge/ref.hpp"

namespace genos {

template <> struct RefOps<GstVideoCodecState> {
  static void ref(GstVideoCodecState* state) { gst_video_codec_state_ref(state); }
  static void unref(GstVideoCodecState* state) { gst_video_codec_state_unref(state); }
};
template <> struct RefOps<GstVideoCodecFrame> {
  static void ref(GstVideoCodecFrame* frame) { gst_video_codec_frame_ref(frame); }
  static void unref(GstVideoCodecFrame* frame) { gst_video_codec_frame_unref(frame); }
};

// A picture's planes for as long as this object lives; false when mapping failed.
class MappedPicture {
 public:
  MappedPicture(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags how) {
    mapped_ = gst_video_frame_map(&frame_, const_cast<GstVideoInfo*>(&info), buffer, how);
  }
  MappedPicture(const MappedPicture&) = delete;
  MappedPicture& operator=(const MappedPicture&) = delete;
  ~MappedPicture() {
    if (mapped_) gst_video_frame_unmap(&frame_);
  }

  explicit operator bool() const { return mapped_; }
  [[nodiscard]] guint8* plane(guint i) const {
    return static_cast<guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, i));
  }
  [[nodiscard]] int stride(guint i) const { return GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, i); }

 private:
  GstVideoFrame frame_ = GST_VIDEO_FRAME_INIT;
  bool mapped_ = false;
};

}  // namespace genos
