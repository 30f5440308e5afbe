// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes frames of one size from frames of another, in buffers that are used again.
#pragma once

#include <gst/video/video.h>

#include <memory>

#include "bridge/ref.hpp"
#include "core/ladder/plan.hpp"

namespace genos::element {

core::Picture picture_of(const GstVideoInfo& info);
// The same pictures in another size, with square pixels.
GstVideoInfo resized(const GstVideoInfo& whole, const core::Size& size);

class FrameScaler {
 public:
  // Null when the formats do not go together.
  static std::unique_ptr<FrameScaler> make(const GstVideoInfo& from, const GstVideoInfo& to);
  // The whole picture in its shape, and black beside it.
  static std::unique_ptr<FrameScaler> fit(const GstVideoInfo& from, const GstVideoInfo& to);
  FrameScaler(const FrameScaler&) = delete;
  FrameScaler& operator=(const FrameScaler&) = delete;
  ~FrameScaler();

  // With the timestamps and flags of the frame; empty when it could not be mapped or allocated.
  Ref<GstBuffer> scale(GstBuffer* frame);

 private:
  FrameScaler() = default;
  static std::unique_ptr<FrameScaler> make(const GstVideoInfo& from, const GstVideoInfo& to,
                                           const core::Place& place);

  GstVideoInfo from_{}, to_{};
  GstVideoConverter* converter_ = nullptr;
  GstBufferPool* pool_ = nullptr;
};

}  // namespace genos::element
