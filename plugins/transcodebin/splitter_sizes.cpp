// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "bridge/element_message.hpp"
#include "splitter_state.hpp"

namespace genos::element {

void begin_stream(const Splitter& state, GstPad* pad) {
  const auto copy = [](GstPad*, GstEvent** event, gpointer to) noexcept -> gboolean {
    gst_pad_store_sticky_event(GST_PAD(to), *event);
    return TRUE;
  };
  if (state.is_sound) {
    gst_pad_sticky_events_foreach(state.sink, copy, pad);
  } else if (const auto start =
                 adopt(gst_pad_get_sticky_event(state.sink, GST_EVENT_STREAM_START, 0))) {
    gst_pad_store_sticky_event(pad, start.get());
  }
}

static void push_rest_of_beginning(Splitter& state, Exit& exit) {
  if (std::exchange(exit.begun, true)) return;
  const auto push = [](GstPad*, GstEvent** event, gpointer to) noexcept -> gboolean {
    if (GST_EVENT_TYPE(*event) > GST_EVENT_CAPS)
      gst_pad_push_event(GST_PAD(to), gst_event_ref(*event));
    return TRUE;
  };
  gst_pad_sticky_events_foreach(state.sink, push, exit.pad.get());
}

static void push_video_caps(const Exit& exit, const GstVideoInfo& from) {
  GstVideoInfo info = resized(from, *exit.size);
  const guint wanted = exit.outlet->words.frames;
  if (wanted > 0 && (info.fps_n == 0 || guint(info.fps_n) > wanted * guint(info.fps_d))) {
    info.fps_n = gint(wanted);
    info.fps_d = 1;
  }
  const auto caps = adopt(gst_video_info_to_caps(&info));
  gst_pad_push_event(exit.pad.get(), gst_event_new_caps(caps.get()));
}

// `above`: what the next larger rung is scaled to.
static void plan_scaler(Exit& exit, const GstVideoInfo& info, const GstVideoInfo& above) {
  const auto own = resized(info, *exit.size);
  const bool as_it_comes =
      own.width == above.width && own.height == above.height && above.par_n == above.par_d;
  exit.scaler = as_it_comes ? nullptr : FrameScaler::make(above, own);
  if (as_it_comes || exit.scaler) return;
  exit.size.reset();
  tell_unscaled(exit);
}

void tell_unscaled(const Exit& exit) {
  post_error({exit.queue.get(), GST_CAT_DEFAULT}, GST_STREAM_ERROR_FAILED,
             "its pictures cannot be scaled");
}

void plan_scalers(Splitter& state, const Exits& exits, const std::vector<bool>& taken) {
  GstVideoInfo above = state.info;
  for (std::size_t i = 0; i < exits.size(); ++i) {
    auto& exit = *exits[i];
    exit.scaler = nullptr;
    if (!taken[i]) continue;
    plan_scaler(exit, state.info, above);
    if (exit.size) above = resized(state.info, *exit.size);
  }
  state.scaled = taken;
}

// Sizes for all rungs: a new one may change nothing for the others, a new picture for all.
static void plan(Splitter& state, const Exits& exits) {
  std::vector<core::RungWords> words;
  for (const auto& exit : exits) words.push_back(exit->outlet->words);
  const auto sizes = core::plan_sizes(words, picture_of(state.info));
  state.scaled.clear();
  for (std::size_t i = 0; i < exits.size(); ++i) {
    auto& exit = *exits[i];
    exit.size = sizes[i];
    exit.outlet->width = exit.size ? exit.size->width : 0;
    exit.outlet->height = exit.size ? exit.size->height : 0;
    if (!exit.size) continue;
    push_video_caps(exit, state.info);
    push_rest_of_beginning(state, exit);
  }
}

Exits planned_exits(Splitter& state) {
  Exits exits;
  {
    const std::scoped_lock guard(state.lock);
    exits = state.exits;
    if (std::exchange(state.planned, state.changes) == state.changes) return exits;
  }
  plan(state, exits);
  return exits;
}

// How fast its frames come is no matter of the size.
static bool take_other_size(Splitter& state, GstVideoInfo info) {
  info.fps_n = state.info.fps_n;
  info.fps_d = state.info.fps_d;
  const bool is_as_first = gst_video_info_is_equal(&info, &state.info);
  state.fitting = is_as_first ? nullptr : FrameScaler::fit(info, state.info);
  return is_as_first || state.fitting != nullptr;
}

bool take_caps(Splitter& state, const GstCaps* caps) {
  GstVideoInfo info;
  if (!gst_video_info_from_caps(&info, caps)) return false;
  if (state.has_frame && state.keeps_size) return take_other_size(state, info);
  state.info = info;
  state.has_info = true;
  state.planned = 0;
  planned_exits(state);
  return true;
}

}  // namespace genos::element
