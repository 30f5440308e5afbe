// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dav1d_picture.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "video_refs.hpp"

namespace genos::element {
namespace {

// By layout and depth: 8, 10 and 12 bits. GStreamer has no grey of 10 bits in two bytes, so that
// comes with neutral chroma.
constexpr std::array<std::array<GstVideoFormat, 3>, 4> formats = {{
    {GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_I420_12LE},
    {GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_I420_10LE, GST_VIDEO_FORMAT_I420_12LE},
    {GST_VIDEO_FORMAT_Y42B, GST_VIDEO_FORMAT_I422_10LE, GST_VIDEO_FORMAT_I422_12LE},
    {GST_VIDEO_FORMAT_Y444, GST_VIDEO_FORMAT_Y444_10LE, GST_VIDEO_FORMAT_Y444_12LE},
}};
constexpr std::array<GstVideoFormat, 3> rgb_formats = {
    GST_VIDEO_FORMAT_GBR, GST_VIDEO_FORMAT_GBR_10LE, GST_VIDEO_FORMAT_GBR_12LE};

std::size_t stride_of(const Picture& picture, guint plane) {
  return std::size_t(picture->stride[plane > 0 ? 1 : 0]);
}

const std::uint8_t* plane_of(const Picture& picture, guint plane) {
  return static_cast<const std::uint8_t*>(picture->data[plane]);
}

void copy_plane(const Picture& picture, const GstVideoInfo& info, guint plane,
                const MappedPicture& into) {
  const auto* from = plane_of(picture, plane);
  auto* to = into.plane(plane);
  const auto bytes = std::size_t(GST_VIDEO_INFO_COMP_WIDTH(&info, plane)) *
                     (GST_VIDEO_INFO_COMP_DEPTH(&info, plane) > 8 ? 2 : 1);
  for (int row = 0; row < GST_VIDEO_INFO_COMP_HEIGHT(&info, plane); ++row) {
    std::memcpy(to, from, bytes);
    from += stride_of(picture, plane);
    to += into.stride(plane);
  }
}

void fill_neutral(const GstVideoInfo& info, guint plane, const MappedPicture& into) {
  const auto middle = std::uint16_t(1 << (GST_VIDEO_INFO_COMP_DEPTH(&info, plane) - 1));
  for (int row = 0; row < GST_VIDEO_INFO_COMP_HEIGHT(&info, plane); ++row) {
    auto* to = reinterpret_cast<std::uint16_t*>(into.plane(plane) +
                                                std::ptrdiff_t(row) * into.stride(plane));
    std::fill_n(to, GST_VIDEO_INFO_COMP_WIDTH(&info, plane), middle);
  }
}

}  // namespace

PictureFormat format_of(const Picture& picture) {
  const auto& sequence = *picture->seq_hdr;
  const auto depth = std::size_t(std::clamp((picture->p.bpc - 8) / 2, 0, 2));
  const bool is_rgb =
      sequence.mtrx == DAV1D_MC_IDENTITY && picture->p.layout == DAV1D_PIXEL_LAYOUT_I444;
  PictureFormat format;
  format.format = is_rgb ? rgb_formats[depth] : formats[picture->p.layout][depth];
  format.width = picture->p.w;
  format.height = picture->p.h;
  format.colour = {
      sequence.color_range ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235,
      gst_video_color_matrix_from_iso(guint(sequence.mtrx)),
      gst_video_transfer_function_from_iso(guint(sequence.trc)),
      gst_video_color_primaries_from_iso(guint(sequence.pri))};
  if (sequence.chr == DAV1D_CHR_VERTICAL) format.site = GST_VIDEO_CHROMA_SITE_MPEG2;
  if (sequence.chr == DAV1D_CHR_COLOCATED) format.site = GST_VIDEO_CHROMA_SITE_COSITED;
  return format;
}

void set_colours(const PictureFormat& format, GstVideoInfo& info) {
  const auto& colour = format.colour;
  info.colorimetry.range = colour.range;
  if (colour.matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN) info.colorimetry.matrix = colour.matrix;
  if (colour.transfer != GST_VIDEO_TRANSFER_UNKNOWN) info.colorimetry.transfer = colour.transfer;
  if (colour.primaries != GST_VIDEO_COLOR_PRIMARIES_UNKNOWN)
    info.colorimetry.primaries = colour.primaries;
  if (format.site != GST_VIDEO_CHROMA_SITE_UNKNOWN) info.chroma_site = format.site;
}

Ref<GstBuffer> wrap(Picture& picture, const GstVideoInfo& info) {
  const guint planes = GST_VIDEO_INFO_N_PLANES(&info);
  gsize offsets[GST_VIDEO_MAX_PLANES] = {};
  gint strides[GST_VIDEO_MAX_PLANES] = {};
  gsize size = 0;
  for (guint i = 0; i < planes; ++i) {
    // dav1d puts the planes one after the other; not all that GStreamer has need be there.
    if (!picture->data[i] || picture->stride[i > 0 ? 1 : 0] <= 0) return {};
    if (plane_of(picture, i) < plane_of(picture, 0) + size) return {};
    offsets[i] = gsize(plane_of(picture, i) - plane_of(picture, 0));
    strides[i] = gint(stride_of(picture, i));
    size = offsets[i] + stride_of(picture, i) * gsize(GST_VIDEO_INFO_COMP_HEIGHT(&info, i));
  }
  auto* first = picture->data[0];
  auto kept = std::make_unique<Picture>(std::move(picture));
  auto buffer = adopt(gst_buffer_new_wrapped_full(
      GST_MEMORY_FLAG_READONLY, first, size, 0, size, kept.release(),
      [](gpointer held) noexcept { delete static_cast<Picture*>(held); }));
  gst_buffer_add_video_meta_full(buffer.get(), GST_VIDEO_FRAME_FLAG_NONE,
                                 GST_VIDEO_INFO_FORMAT(&info), guint(info.width),
                                 guint(info.height), planes, offsets, strides);
  return buffer;
}

bool copy(const Picture& picture, const GstVideoInfo& info, GstBuffer* buffer) {
  const MappedPicture into(info, buffer, GST_MAP_WRITE);
  if (!into) return false;
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(&info); ++plane) {
    if (picture->data[plane])
      copy_plane(picture, info, plane, into);
    else
      fill_neutral(info, plane, into);
  }
  return true;
}

}  // namespace genos::element
