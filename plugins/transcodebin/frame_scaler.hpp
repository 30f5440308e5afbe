// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes frames of one size from frames of another, in buffers that are used again.
#pragma once

#include <gst/video/video.h>

#include <memory>

#include "bridge/ref.hpp"

namespace genos::element {

class FrameScaler {
 public:
  // Null when the formats do not go together.
  static std::unique_ptr<FrameScaler> make(const GstVideoInfo& from, const GstVideoInfo& to);
  FrameScaler(const FrameScaler&) = delete;
  FrameScaler& operator=(const FrameScaler&) = delete;
  ~FrameScaler();

  // With the timestamps and flags of the frame; empty when it could not be mapped or allocated.
  Ref<GstBuffer> scale(GstBuffer* frame);

 private:
  FrameScaler() = default;

  GstVideoInfo from_{}, to_{};
  GstVideoConverter* converter_ = nullptr;
  GstBufferPool* pool_ = nullptr;
};

}  // namespace genos::element
