// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out of genosav1dec: pictures, and requests for keyframes where there are none.
#include "decoder_state.hpp"

#define GST_CAT_DEFAULT genos_av1_dec_debug

namespace genos::element {

// A keyframe takes a round trip to come; asking more often only makes more of them.
constexpr GstClockTime ask_again_after = 250 * GST_MSECOND;

// Marked here: GStreamer 1.22 takes the keyframe itself for corrupted, too.
static void doubt_from(GstVideoDecoder* base, guint32 first) {
  for (const auto number : state_of(base).waiting) {
    if (number < first) continue;
    const auto frame = adopt(gst_video_decoder_get_frame(base, int(number)));
    if (!frame) continue;
    if (GST_VIDEO_CODEC_FRAME_IS_SYNC_POINT(frame.get())) break;
    GST_VIDEO_CODEC_FRAME_FLAG_SET(frame.get(), GST_VIDEO_CODEC_FRAME_FLAG_CORRUPTED);
  }
}

void ask_for_key(GstVideoDecoder* base, GstVideoCodecFrame* frame) {
  auto& state = state_of(base);
  doubt_from(base, frame->system_frame_number);
  const auto pts = frame->pts;
  if (state.key_asked && GST_CLOCK_TIME_IS_VALID(pts) &&
      GST_CLOCK_TIME_IS_VALID(state.key_asked_at) && pts >= state.key_asked_at &&
      pts < state.key_asked_at + ask_again_after)
    return;
  state.key_asked = true;
  state.key_asked_at = pts;
  gst_video_decoder_request_sync_point(base, frame, GstVideoDecoderRequestSyncPointFlags(0));
}

GstFlowReturn give_up(GstVideoDecoder* base, Ref<GstVideoCodecFrame> frame, const char* why) {
  GstFlowReturn flow = GST_FLOW_OK;
  ask_for_key(base, frame.get());
  gst_video_decoder_drop_frame(base, frame.release());
  GST_VIDEO_DECODER_ERROR(base, 1, STREAM, DECODE, ("A frame cannot be decoded: %s", why),
                          ("asked for a keyframe"), flow);
  return flow;
}

GstFlowReturn forget_before(GstVideoDecoder* base, guint32 number) {
  auto& state = state_of(base);
  GstFlowReturn flow = GST_FLOW_OK;
  while (!state.waiting.empty() && state.waiting.front() < number && flow == GST_FLOW_OK) {
    auto frame = adopt(gst_video_decoder_get_frame(base, int(state.waiting.front())));
    state.waiting.pop_front();
    if (!frame) continue;
    if (state.whole_units)
      flow = give_up(base, std::move(frame), "it has no picture");
    else
      gst_video_decoder_release_frame(base, frame.release());
  }
  return flow;
}

static bool negotiate(GstVideoDecoder* base, const Picture& picture) {
  auto& state = state_of(base);
  const auto format = element::format_of(picture);
  if (state.out == format) return true;
  const auto output = adopt(gst_video_decoder_set_output_state(
      base, format.format, guint(format.width), guint(format.height), state.input.get()));
  if (!output) return false;
  set_colours(format, output->info);
  if (!gst_video_decoder_negotiate(base)) return false;
  state.out = format;
  return true;
}

static GstFlowReturn show(GstVideoDecoder* base, Ref<GstVideoCodecFrame> frame, Picture picture) {
  auto& state = state_of(base);
  if (gst_video_decoder_get_max_decode_time(base, frame.get()) < 0)
    return gst_video_decoder_drop_frame(base, frame.release());  // too late for who plays it
  if (!negotiate(base, picture)) {
    gst_video_decoder_drop_frame(base, frame.release());
    return GST_PAD_IS_FLUSHING(base->srcpad) ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
  }
  const auto output = adopt(gst_video_decoder_get_output_state(base));
  if (state.may_wrap) frame->output_buffer = wrap(picture, output->info).release();
  if (!frame->output_buffer) {
    const auto flow = gst_video_decoder_allocate_output_frame(base, frame.get());
    if (flow != GST_FLOW_OK) {
      gst_video_decoder_drop_frame(base, frame.release());
      return flow;
    }
    if (!copy(picture, output->info, frame->output_buffer))
      return give_up(base, std::move(frame), "its buffer cannot be written");
  }
  return gst_video_decoder_finish_frame(base, frame.release());
}

Taken take(GstVideoDecoder* base, GstFlowReturn& flow) {
  auto& state = state_of(base);
  Picture picture;
  const int result = dav1d_get_picture(state.decoder.get(), picture.get());
  if (result == DAV1D_ERR(EAGAIN)) return Taken::none;
  if (result < 0) return Taken::damaged;
  const auto number = guint32(picture->m.timestamp);
  flow = forget_before(base, number);
  if (flow != GST_FLOW_OK) return Taken::picture;
  if (!state.waiting.empty() && state.waiting.front() == number) state.waiting.pop_front();
  if (auto frame = adopt(gst_video_decoder_get_frame(base, int(number))))
    flow = show(base, std::move(frame), std::move(picture));
  return Taken::picture;
}

}  // namespace genos::element
