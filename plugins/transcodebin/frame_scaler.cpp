// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame_scaler.hpp"

namespace genos::element {

std::unique_ptr<FrameScaler> FrameScaler::make(const GstVideoInfo& from, const GstVideoInfo& to) {
  std::unique_ptr<FrameScaler> made(new FrameScaler);
  made->from_ = from;
  made->to_ = to;
  // Linear is what videoscale does by default; with more taps when it makes things smaller.
  auto* options = gst_structure_new("options", GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD,
                                    GST_TYPE_VIDEO_RESAMPLER_METHOD,
                                    GST_VIDEO_RESAMPLER_METHOD_LINEAR, nullptr);
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
