// SPDX-License-Identifier: LGPL-2.1-or-later
#include "splitter.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "core/ladder/plan.hpp"
#include "frame_scaler.hpp"

using namespace genos;
using namespace genos::element;

namespace {

// Frames that wait for an encoder of a live source: more is delay, fewer and a keyframe, which
// takes three times as long, costs a frame.
constexpr guint live_frames_waiting = 3;
// The frame with which the common grid has a keyframe may wait behind them: were it left out, that
// rung's keyframe would be another than the others'. Less than the queue takes before it blocks.
constexpr guint live_keys_waiting = 6;

// A hundred years: what is later is no time of a frame.
constexpr guint64 furthest = guint64{100} * 365 * 24 * 3600 * GST_SECOND;

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
  guint planned = 0;       // which of the changes sizes and scalers are for; 0: none
  core::Duration last{0};  // running time
};

GstStaticPadTemplate video_sink = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-raw,format=I420"));
GstStaticPadTemplate sound_sink = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=[1,2]"));
GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

}  // namespace

struct _GstGenosSplitter {
  GstElement parent;
};
using GstGenosSplitterPrivate = Splitter;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosSplitter, gst_genos_splitter, GST_TYPE_ELEMENT)

static Splitter& state_of(GstGenosSplitter* self) {
  return *static_cast<Splitter*>(gst_genos_splitter_get_instance_private(self));
}

using Exits = std::vector<std::shared_ptr<Exit>>;

static Exits exits_of(Splitter& state) {
  const std::scoped_lock guard(state.lock);
  return state.exits;
}

// --- sizes ------------------------------------------------------------------------------------

static GstVideoInfo info_of(const GstVideoInfo& whole, const core::Size& size) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, size.width, size.height);
  info.fps_n = whole.fps_n;
  info.fps_d = whole.fps_d;
  info.colorimetry = whole.colorimetry;
  info.chroma_site = whole.chroma_site;
  return info;
}

// What was said before it was there: of pictures only what goes before their size.
static void begin_stream(Splitter& state, GstPad* pad, bool whole) {
  const auto copy = [](GstPad*, GstEvent** event, gpointer to) noexcept -> gboolean {
    gst_pad_store_sticky_event(GST_PAD(to), *event);
    return TRUE;
  };
  if (whole) {
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
  GstVideoInfo info = info_of(from, *exit.size);
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
  const auto own = info_of(info, *exit.size);
  const bool as_it_comes =
      own.width == above.width && own.height == above.height && above.par_n == above.par_d;
  exit.scaler = as_it_comes ? nullptr : FrameScaler::make(above, own);
  if (!as_it_comes && !exit.scaler) exit.size.reset();
}

// Sizes for all rungs: a new one may change nothing for the others, a new picture for all.
static void plan(Splitter& state, const Exits& exits) {
  std::vector<core::RungWords> words;
  for (const auto& exit : exits) words.push_back(exit->outlet->words);
  const auto& info = state.info;
  const auto sizes = core::plan_sizes(
      words, {guint(info.width), guint(info.height), guint(info.par_n), guint(info.par_d)});
  GstVideoInfo above = info;
  for (std::size_t i = 0; i < exits.size(); ++i) {
    auto& exit = *exits[i];
    exit.size = sizes[i];
    if (exit.size) plan_scaler(exit, info, above);
    exit.outlet->width = exit.size ? exit.size->width : 0;
    exit.outlet->height = exit.size ? exit.size->height : 0;
    if (!exit.size) continue;
    push_video_caps(exit, info);
    push_rest_of_beginning(state, exit);
    above = info_of(info, *exit.size);
  }
}

static Exits planned_exits(Splitter& state) {
  Exits exits;
  {
    const std::scoped_lock guard(state.lock);
    exits = state.exits;
    if (std::exchange(state.planned, state.changes) == state.changes) return exits;
  }
  plan(state, exits);
  return exits;
}

// --- frames -----------------------------------------------------------------------------------

static bool is_full(Splitter& state, const Exit& exit, bool is_key) {
  if (state.is_sound || !exit.queue) return false;
  {
    const std::scoped_lock guard(state.lock);
    if (!state.live) return false;
  }
  guint waiting = 0;
  g_object_get(exit.queue.get(), "current-level-buffers", &waiting, nullptr);
  return waiting >= (is_key ? live_keys_waiting : live_frames_waiting);
}

// A frame of a slower rung stands for longer. A muxer writes its duration, and matroskamux (1.22)
// makes those keyframes that are not as long as the rate says.
static GstBuffer* frame_for(const Splitter& state, const Outlet& outlet, GstBuffer* frame) {
  const guint rate = state.is_sound ? 0 : outlet.words.frames;
  const GstClockTime least = rate > 0 ? GST_SECOND / rate : 0;
  if (!GST_BUFFER_DURATION_IS_VALID(frame) || GST_BUFFER_DURATION(frame) >= least)
    return gst_buffer_ref(frame);
  auto* longer = gst_buffer_copy(frame);  // its memory is shared
  GST_BUFFER_DURATION(longer) = least;
  return longer;
}

// What becomes of it there is no matter of the others.
static void give(Splitter& state, Exit& exit, GstBuffer* frame, core::Duration running_time) {
  auto& outlet = *exit.outlet;
  if (!state.is_sound) {
    if (!exit.pace.is_kept(running_time)) return;
    if (is_full(state, exit, exit.grid.is_next(running_time))) {
      outlet.dropped++;
      return;
    }
    if (exit.grid.is_key(running_time)) {
      outlet.keyframes++;
      gst_pad_push_event(exit.pad.get(), gst_video_event_new_downstream_force_key_unit(
                                             GST_BUFFER_PTS(frame), GST_CLOCK_TIME_NONE,
                                             GST_CLOCK_TIME_NONE, TRUE, guint(outlet.keyframes)));
    }
  }
  outlet.frames++;
  gst_pad_push(exit.pad.get(), frame_for(state, outlet, frame));
}

static bool is_taken(Exit& exit) {
  const bool taken = exit.outlet->taken && !exit.outlet->failed;
  if (taken && !exit.was_taken) exit.grid.reset();
  exit.was_taken = taken;
  return taken;
}

// Down the chain as far as somebody takes something.
static void split_video(Splitter& state, GstBuffer* frame, core::Duration running_time) {
  const auto exits = planned_exits(state);
  std::vector<bool> taken;
  for (const auto& exit : exits) taken.push_back(is_taken(*exit) && exit->size);
  auto last = std::ranges::find(taken.rbegin(), taken.rend(), true);
  const auto end = std::size_t(taken.rend() - last);
  Ref<GstBuffer> above = retain(frame);
  for (std::size_t i = 0; i < end; ++i) {
    auto& exit = *exits[i];
    if (!exit.size) continue;
    if (exit.scaler) above = exit.scaler->scale(above.get());
    if (!above) return;
    if (taken[i]) give(state, exit, above.get(), running_time);
  }
}

// Frames without a time follow each other at the rate of the stream.
static core::Duration running_time_of(const Splitter& state, GstBuffer* frame) {
  guint64 time = 0;
  const int sign = state.segment.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(frame)
                       ? gst_segment_to_running_time_full(&state.segment, GST_FORMAT_TIME,
                                                          GST_BUFFER_PTS(frame), &time)
                       : 0;
  if (sign != 0) return core::Duration(gint64(std::min(time, furthest) / GST_USECOND) * sign);
  const auto& info = state.info;
  const bool has_rate = info.fps_n > 0 && info.fps_d > 0;
  return state.last + core::Duration(has_rate ? G_USEC_PER_SEC * gint64(info.fps_d) / info.fps_n
                                              : G_USEC_PER_SEC / 30);
}

static GstFlowReturn splitter_chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto& state = state_of(GST_GENOS_SPLITTER(parent));
  const auto frame = adopt(raw);
  if (state.is_sound) {
    for (const auto& exit : exits_of(state))
      if (is_taken(*exit)) give(state, *exit, frame.get(), {});
    return GST_FLOW_OK;
  }
  if (!state.has_info) return GST_FLOW_NOT_NEGOTIATED;
  state.last = running_time_of(state, frame.get());
  split_video(state, frame.get(), state.last);
  return GST_FLOW_OK;
}

// --- events -----------------------------------------------------------------------------------

static gboolean take_caps(Splitter& state, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  if (!gst_video_info_from_caps(&state.info, caps)) return FALSE;
  state.has_info = true;
  state.planned = 0;
  planned_exits(state);
  return TRUE;
}

// Running time begins again.
static void begin_anew(Splitter& state) {
  gst_segment_init(&state.segment, GST_FORMAT_UNDEFINED);
  state.last = {};
  const std::scoped_lock guard(state.lock);
  for (const auto& exit : state.exits) {
    exit->pace = core::FramePace(exit->outlet->words.frames, state.key_interval);
    exit->grid = core::KeyGrid(state.key_interval);
  }
}

static gboolean splitter_event(GstPad*, GstObject* parent, GstEvent* raw) {
  auto& state = state_of(GST_GENOS_SPLITTER(parent));
  const auto event = adopt(raw);
  if (GST_EVENT_TYPE(raw) == GST_EVENT_CAPS && !state.is_sound) return take_caps(state, raw);
  if (GST_EVENT_TYPE(raw) == GST_EVENT_SEGMENT) gst_event_copy_segment(raw, &state.segment);
  if (GST_EVENT_TYPE(raw) == GST_EVENT_FLUSH_STOP) begin_anew(state);
  const bool is_empty =
      GST_EVENT_TYPE(raw) == GST_EVENT_GAP || GST_EVENT_TYPE(raw) == GST_EVENT_EOS;
  if (is_empty && state.has_info) planned_exits(state);  // size and segment go first
  for (const auto& exit : exits_of(state)) gst_pad_push_event(exit->pad.get(), gst_event_ref(raw));
  return TRUE;
}

// Upstream only what concerns the source: keyframes are made here, lateness is each rung's own.
static gboolean exit_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_QOS:
    case GST_EVENT_RECONFIGURE: gst_event_unref(event); return TRUE;
    default: return gst_pad_event_default(pad, parent, event);
  }
}

// --- exits ------------------------------------------------------------------------------------

namespace genos::element {

GstPad* splitter_add(GstGenosSplitter* self, std::shared_ptr<Outlet> outlet, GstElement* queue) {
  auto& state = state_of(self);
  auto* pad = gst_pad_new_from_static_template(&src_template, nullptr);
  gst_pad_set_event_function(pad, exit_event);
  gst_pad_use_fixed_caps(pad);
  gst_pad_set_active(pad, TRUE);
  begin_stream(state, pad, state.is_sound);
  gst_element_add_pad(GST_ELEMENT(self), pad);
  const std::scoped_lock guard(state.lock);
  const auto frames = outlet->words.frames;
  const auto lines = outlet->words.lines;
  auto exit = std::make_shared<Exit>(Exit{retain(pad),
                                          retain(queue),
                                          std::move(outlet),
                                          {},
                                          {},
                                          core::FramePace(frames, state.key_interval),
                                          core::KeyGrid(state.key_interval)});
  const auto smaller = std::ranges::find_if(
      state.exits, [&](const auto& other) { return other->outlet->words.lines < lines; });
  state.exits.insert(smaller, std::move(exit));
  state.changes++;
  return pad;
}

void splitter_remove(GstGenosSplitter* self, GstPad* pad) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    std::erase_if(state.exits, [&](const auto& exit) { return exit->pad.get() == pad; });
    state.changes++;
  }
  gst_pad_push_event(pad, gst_event_new_eos());
  gst_element_remove_pad(GST_ELEMENT(self), pad);
}

void splitter_set_key_interval(GstGenosSplitter* self, core::Duration interval) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  state.key_interval = interval;
}

void splitter_set_live(GstGenosSplitter* self, bool live) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  state.live = live;
}

GstGenosSplitter* splitter_new(bool is_sound) {
  auto* self = GST_GENOS_SPLITTER(g_object_new(gst_genos_splitter_get_type(), nullptr));
  auto& state = state_of(self);
  state.is_sound = is_sound;
  state.sink = gst_pad_new_from_static_template(is_sound ? &sound_sink : &video_sink, "sink");
  gst_pad_set_chain_function(state.sink, splitter_chain);
  gst_pad_set_event_function(state.sink, splitter_event);
  gst_element_add_pad(GST_ELEMENT(self), state.sink);
  return self;
}

}  // namespace genos::element

// --- the type ---------------------------------------------------------------------------------

static void gst_genos_splitter_init(GstGenosSplitter* self) { new (&state_of(self)) Splitter(); }

static void gst_genos_splitter_finalize(GObject* object) {
  state_of(GST_GENOS_SPLITTER(object)).~Splitter();
  G_OBJECT_CLASS(gst_genos_splitter_parent_class)->finalize(object);
}

static void gst_genos_splitter_class_init(GstGenosSplitterClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = gst_genos_splitter_finalize;
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Genos ladder splitter",
                                        "Filter/Video", "Gives each rung of a ladder its frames",
                                        "Genos developers");
}
