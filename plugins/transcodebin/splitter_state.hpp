// SPDX-License-Identifier: LGPL-2.1-or-later
// What a splitter holds, and how it gives each exit its size.
#pragma once

#include <gst/video/video.h>

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "frame_scaler.hpp"
#include "sound_order.hpp"
#include "splitter.hpp"

namespace genos::element {

struct Exit {
  Ref<GstPad> pad;
  Ref<GstElement> queue;
  std::shared_ptr<Outlet> outlet;
  std::optional<core::Size> size;       // none: not made of this picture
  std::unique_ptr<FrameScaler> scaler;  // none: as it comes
  core::FramePace pace;
  core::KeyGrid grid;
  bool was_taken = false;
  bool begun = false;  // it has had its caps, and what follows them
};

struct Splitter {
  bool is_sound = false;
  bool keeps_size = false;
  GstPad* sink = nullptr;

  std::mutex lock;  // guards what follows
  std::vector<std::shared_ptr<Exit>> exits;
  core::Duration key_interval = std::chrono::seconds(2);
  bool live = false;
  guint changes = 1;  // of who is there

  // Of the sink pad's thread:
  GstSegment segment{};
  GstVideoInfo info{};
  bool has_info = false;
  bool has_frame = false;  // the size of the first is kept, not of caps that no picture came with
  int channels = 1;
  SoundOrder order;
  std::unique_ptr<FrameScaler> fitting;  // of another picture than that; none: as it comes
  guint planned = 0;                     // which of the changes sizes are for; 0: none
  std::vector<bool> scaled;  // of the exits, those that are taken: the scalers are for these
  core::Duration last{0};    // running time
};
using Exits = std::vector<std::shared_ptr<Exit>>;

// What was said before it was there: of pictures only what goes before their size.
void begin_stream(const Splitter& state, GstPad* pad);
// All of them, with sizes for the picture that is there now.
Exits planned_exits(Splitter& state);
// From each that is taken to the next.
void plan_scalers(Splitter& state, const Exits& exits, const std::vector<bool>& taken);
// Its rung fails by that; the others go on.
void tell_unscaled(const Exit& exit);
// The caps of pictures. False: they are none.
bool take_caps(Splitter& state, const GstCaps* caps);

}  // namespace genos::element
