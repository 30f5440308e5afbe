// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame_scaler.hpp"

namespace genos::element {

core::Picture picture_of(const GstVideoInfo& info) {
  return {guint(info.width), guint(info.height), guint(info.par_n), guint(info.par_d)};
}

GstVideoInfo resized(const GstVideoInfo& whole, const core::Size& size) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, size.width, size.height);
  info.fps_n = whole.fps_n;
  info.fps_d = whole.fps_d;
  info.colorimetry = whole.colorimetry;
  info.chroma_site = whole.chroma_site;
  return info;
}

std::unique_ptr<FrameScaler> FrameScaler::make(const GstVideoInfo& from, const GstVideoInfo& to) {
  return make(from, to, {0, 0, guint(to.width), guint(to.height)});
}

std::unique_ptr<FrameScaler> FrameScaler::fit(const GstVideoInfo& from, const GstVideoInfo& to) {
  return make(from, to, core::fit(picture_of(from), picture_of(to)));
}

std::unique_ptr<FrameScaler> FrameScaler::make(const GstVideoInfo& from, const GstVideoInfo& to,
                                               const core::Place& place) {
  std::unique_ptr<FrameScaler> made(new FrameScaler);
  made->from_ = from;
  made->to_ = to;
  // Linear is what videoscale does by default; with more taps when it makes things smaller.
  auto* options = gst_structure_new(
      "options", GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD,
      GST_VIDEO_RESAMPLER_METHOD_LINEAR, GST_VIDEO_CONVERTER_OPT_DEST_X, G_TYPE_INT, gint(place.x),
      GST_VIDEO_CONVERTER_OPT_DEST_Y, G_TYPE_INT, gint(place.y), GST_VIDEO_CONVERTER_OPT_DEST_WIDTH,
      G_TYPE_INT, gint(place.width), GST_VIDEO_CONVERTER_OPT_DEST_HEIGHT, G_TYPE_INT,
      gint(place.height), nullptr);
  made->converter_ = gst_video_converter_new(&made->from_, &made->to_, options);
  if (!made->converter_) return nullptr;
  const auto caps = adopt(gst_video_info_to_caps(&made->to_));
  made->pool_ = gst_video_buffer_pool_new();
  auto* config = gst_buffer_pool_get_config(made->pool_);
  gst_buffer_pool_config_set_params(config, caps.get(), guint(made->to_.size), 0, 0);
  if (!gst_buffer_pool_set_config(made->pool_, config) ||
      !gst_buffer_pool_set_active(made->pool_, TRUE))
    return nullptr;
  return made;
}

FrameScaler::~FrameScaler() {
  if (converter_) gst_video_converter_free(converter_);
  if (!pool_) return;
  gst_buffer_pool_set_active(pool_, FALSE);
  gst_object_unref(pool_);
}

Ref<GstBuffer> FrameScaler::scale(GstBuffer* frame) {
  GstBuffer* raw = nullptr;
  if (gst_buffer_pool_acquire_buffer(pool_, &raw, nullptr) != GST_FLOW_OK) return {};
  auto scaled = adopt(raw);
  GstVideoFrame in, out;
  if (!gst_video_frame_map(&in, &from_, frame, GST_MAP_READ)) return {};
  if (!gst_video_frame_map(&out, &to_, scaled.get(), GST_MAP_WRITE)) {
    gst_video_frame_unmap(&in);
    return {};
  }
  gst_video_converter_frame(converter_, &in, &out);
  gst_video_frame_unmap(&out);
  gst_video_frame_unmap(&in);
  constexpr auto what = GstBufferCopyFlags(GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS);
  gst_buffer_copy_into(scaled.get(), frame, what, 0, gsize(-1));
  return scaled;
}

}  // namespace genos::element
