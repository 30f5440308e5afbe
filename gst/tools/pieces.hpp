// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out of a pad, piece by piece, on the main loop.
#pragma once

#include <functional>
#include <string>

#include "tools/pipeline_run.hpp"

namespace genos {
template <> struct RefOps<GstSample> : MiniObjectOps {};
}  // namespace genos

namespace genos::tool {

// A frame or a packet of sound, at its running time.
struct Piece {
  Ref<GstSample> sample;
  GstClockTime at = 0;
  bool is_key = false;
};

struct PieceEvents {
  std::function<void(GstPad* end)> begun;  // before all others; of `end` keyframes are asked for
  std::function<void(Piece)> came;
  std::function<void()> ended;
};

// Links the pad, on whatever thread that is; from then on the events come. `caps` is what may come.
void take_pieces(PipelineRun& run, GstPad* pad, const char* caps, PieceEvents events);
void ask_for_keyframe(GstPad* end);

// As muxers take them; what else comes is decoded, and refused by the muxer.
inline constexpr const char* video_pieces =
    "video/x-av1,stream-format=obu-stream,alignment=tu; video/x-vp8; video/x-vp9; "
    "video/x-h264,stream-format=avc,alignment=au";
inline constexpr const char* sound_pieces = "audio/x-opus";

// Whose stream a pad of a genosroomsrc is of.
struct StreamOf {
  explicit StreamOf(GstPad* pad);
  std::string key, peer, name;  // the same key for all pads of a stream
  bool is_sound;
};

}  // namespace genos::tool
