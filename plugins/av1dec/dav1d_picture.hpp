// SPDX-License-Identifier: LGPL-2.1-or-later
// dav1d's pictures as GStreamer sees them.
#pragma once

#include <dav1d/dav1d.h>
#include <gst/video/video.h>

#include "bridge/ref.hpp"

namespace genos::element {

// One reference to a decoded picture.
class Picture {
 public:
  Picture() = default;
  Picture(Picture&& other) noexcept : raw_(other.raw_) { other.raw_ = {}; }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  ~Picture() {
    if (raw_.data[0]) dav1d_picture_unref(&raw_);
  }
  Dav1dPicture* operator->() { return &raw_; }
  const Dav1dPicture* operator->() const { return &raw_; }
  Dav1dPicture* get() { return &raw_; }

 private:
  Dav1dPicture raw_{};
};

// What caps say of a picture.
struct PictureFormat {
  GstVideoFormat format = GST_VIDEO_FORMAT_UNKNOWN;
  int width = 0, height = 0;
  GstVideoColorimetry colour{};  // unknown where the stream does not say
  GstVideoChromaSite site = GST_VIDEO_CHROMA_SITE_UNKNOWN;
  bool operator==(const PictureFormat& other) const {
    return format == other.format && width == other.width && height == other.height &&
           gst_video_colorimetry_is_equal(&colour, &other.colour) && site == other.site;
  }
};
[[nodiscard]] PictureFormat format_of(const Picture& picture);
// Adds to `info` what the stream says of its colours.
void set_colours(const PictureFormat& format, GstVideoInfo& info);

// The picture's own memory as a read-only buffer with a GstVideoMeta. None, and the picture stays,
// when it is in pieces or lacks planes that its format has.
[[nodiscard]] Ref<GstBuffer> wrap(Picture& picture, const GstVideoInfo& info);
// Into a buffer of `info`; false when that cannot be written.
[[nodiscard]] bool copy(const Picture& picture, const GstVideoInfo& info, GstBuffer* buffer);

}  // namespace genos::element
