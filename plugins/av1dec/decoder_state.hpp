// SPDX-License-Identifier: LGPL-2.1-or-later
// What one genosav1dec holds, and the functions between its two files.
#pragma once

#include <dav1d/dav1d.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "dav1d_picture.hpp"
#include "gstgenosav1dec.h"
#include "video_refs.hpp"

GST_DEBUG_CATEGORY_EXTERN(genos_av1_dec_debug);

namespace genos::element {

struct CloseDav1d {
  void operator()(Dav1dContext* context) const { dav1d_close(&context); }
};

struct DecoderSettings {
  guint threads = 0, frame_delay = 0;
};

struct DecoderState {
  std::mutex lock;           // guards settings
  DecoderSettings settings;  // as last set; taken with the caps

  // Under the base class's stream lock:
  Ref<GstVideoCodecState> input;
  std::unique_ptr<Dav1dContext, CloseDav1d> decoder;
  guint frame_delay = 1;
  bool whole_units = true;           // each input buffer shows a picture
  std::deque<guint32> waiting;       // numbers of the frames that dav1d has
  std::optional<PictureFormat> out;  // as negotiated
  bool may_wrap = false;             // downstream reads GstVideoMeta
  bool key_asked = false;
  GstClockTime key_asked_at = GST_CLOCK_TIME_NONE;
};

DecoderState& state_of(GstVideoDecoder* base);

// The frame, and those that wait behind it, are not what was encoded.
void ask_for_key(GstVideoDecoder* base, GstVideoCodecFrame* frame);
// No picture comes of this frame. An error only where the application has set max-errors.
GstFlowReturn give_up(GstVideoDecoder* base, Ref<GstVideoCodecFrame> frame, const char* why);
// Frames before `number` of which dav1d has made nothing; hidden ones where buffers are frames.
GstFlowReturn forget_before(GstVideoDecoder* base, guint32 number);

// One picture out of dav1d; `none` when it has none now.
enum class Taken { picture, none, damaged };
Taken take(GstVideoDecoder* base, GstFlowReturn& flow);

}  // namespace genos::element
