// SPDX-License-Identifier: LGPL-2.1-or-later
// The head of a ladder: takes raw frames of one stream and gives each rung its own, scaled from the
// next larger one, at its rate, with a request for a keyframe where the common grid has one.
//
// One sink pad, one src pad a rung. A rung that fails, or that nobody takes, is not noticed by the
// others. Not registered: only genostranscodebin makes it.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "core/base/time.hpp"
#include "core/ladder/plan.hpp"
#include "core/ladder/words.hpp"

G_DECLARE_FINAL_TYPE(GstGenosSplitter, gst_genos_splitter, GST, GENOS_SPLITTER, GstElement)

namespace genos::element {

// What the bin and a splitter both know of a rung; figures are written by the splitter only.
struct Outlet {
  core::RungWords words;  // of a sound: no lines
  std::atomic<bool> taken{false};
  std::atomic<bool> failed{false};
  std::atomic<guint> width{0}, height{0};
  std::atomic<guint64> frames{0}, dropped{0}, keyframes{0};
  std::atomic<guint64> position{0};  // running time of the last one, in nanoseconds
};

// Makes a src pad for the outlet; before the next frame, from any thread. Its queue is asked how
// full it is, when the source is live: frames that an encoder cannot keep up with are dropped
// before it, sound never.
GstPad* splitter_add(GstGenosSplitter* self, std::shared_ptr<Outlet> outlet, GstElement* queue);
// What was given to it goes on its way, and then its end.
void splitter_remove(GstGenosSplitter* self, GstPad* pad);
void splitter_set_key_interval(GstGenosSplitter* self, core::Duration interval);
void splitter_set_live(GstGenosSplitter* self, bool live);
// Whether all sizes, and the channels of sound, stay as they are first; before data.
void splitter_set_keeps_size(GstGenosSplitter* self, bool keeps);
// What sizes are planned for, in the thread of the data; none: no picture has come.
std::optional<core::Picture> splitter_picture(GstGenosSplitter* self);

GstGenosSplitter* splitter_new(bool is_sound);

}  // namespace genos::element
