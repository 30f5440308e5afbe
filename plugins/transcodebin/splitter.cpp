// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <new>
#include <utility>

#include "bridge/define_type.hpp"
#include "splitter_state.hpp"

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

static Exits exits_of(Splitter& state) {
  const std::scoped_lock guard(state.lock);
  return state.exits;
}

// --- frames -----------------------------------------------------------------------------------

static bool is_live(Splitter& state) {
  const std::scoped_lock guard(state.lock);
  return state.live;
}

static bool is_full(Splitter& state, const Exit& exit, bool is_key) {
  if (state.is_sound || !exit.queue || !is_live(state)) return false;
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
  outlet.position = guint64(std::max<gint64>(0, running_time.count())) * GST_USECOND;
  gst_pad_push(exit.pad.get(), frame_for(state, outlet, frame));
}

static bool is_taken(Exit& exit) {
  const bool taken = exit.outlet->taken && !exit.outlet->failed;
  if (taken && !exit.was_taken) exit.grid.reset();
  exit.was_taken = taken;
  return taken;
}

// Down the chain of those that are taken, as far as one wants this frame.
static void split_video(Splitter& state, GstBuffer* frame, core::Duration running_time) {
  const auto exits = planned_exits(state);
  std::vector<bool> taken, kept;
  for (const auto& exit : exits) {
    taken.push_back(is_taken(*exit) && exit->size);
    kept.push_back(taken.back() && exit->pace.is_kept(running_time));
  }
  if (taken != state.scaled) plan_scalers(state, exits, taken);
  const auto last = std::ranges::find(kept.rbegin(), kept.rend(), true);
  const auto end = std::size_t(kept.rend() - last);
  Ref<GstBuffer> above = retain(frame);
  for (std::size_t i = 0; i < end; ++i) {
    auto& exit = *exits[i];
    if (!taken[i] || !exit.size) continue;
    if (exit.scaler) above = exit.scaler->scale(above.get());
    if (!above) return tell_unscaled(exit);
    if (kept[i]) give(state, exit, above.get(), running_time);
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

static void split_sound(Splitter& state, Ref<GstBuffer> sound) {
  const auto running_time = running_time_of(state, sound.get());
  const bool has_time =
      state.segment.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(sound.get());
  if (has_time && !is_live(state))
    sound = state.order.cut(std::move(sound), running_time, state.channels);
  if (!sound) return;
  for (const auto& exit : exits_of(state))
    if (is_taken(*exit)) give(state, *exit, sound.get(), running_time);
}

static GstFlowReturn splitter_chain(GstPad*, GstObject* parent, GstBuffer* raw) {
  auto& state = state_of(GST_GENOS_SPLITTER(parent));
  auto frame = adopt(raw);
  if (state.is_sound) {
    split_sound(state, std::move(frame));
    return GST_FLOW_OK;
  }
  if (!state.has_info) return GST_FLOW_NOT_NEGOTIATED;
  state.has_frame = true;
  if (state.fitting) frame = state.fitting->scale(frame.get());
  if (!frame) return GST_FLOW_ERROR;
  state.last = running_time_of(state, frame.get());
  split_video(state, frame.get(), state.last);
  return GST_FLOW_OK;
}

// --- events -----------------------------------------------------------------------------------

// Running time begins again.
static void begin_anew(Splitter& state) {
  gst_segment_init(&state.segment, GST_FORMAT_UNDEFINED);
  state.last = {};
  state.order.reset();
  const std::scoped_lock guard(state.lock);
  for (const auto& exit : state.exits) {
    exit->pace = core::FramePace(exit->outlet->words.frames, state.key_interval);
    exit->grid = core::KeyGrid(state.key_interval);
  }
}

static gboolean splitter_event(GstPad*, GstObject* parent, GstEvent* raw) {
  auto& state = state_of(GST_GENOS_SPLITTER(parent));
  const auto event = adopt(raw);
  if (GST_EVENT_TYPE(raw) == GST_EVENT_CAPS) {
    GstCaps* caps = nullptr;
    gst_event_parse_caps(raw, &caps);
    if (!state.is_sound) return take_caps(state, caps);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "channels", &state.channels);
  }
  if (GST_EVENT_TYPE(raw) == GST_EVENT_SEGMENT) gst_event_copy_segment(raw, &state.segment);
  if (GST_EVENT_TYPE(raw) == GST_EVENT_FLUSH_STOP) begin_anew(state);
  const bool is_empty =
      GST_EVENT_TYPE(raw) == GST_EVENT_GAP || GST_EVENT_TYPE(raw) == GST_EVENT_EOS;
  if (is_empty && state.has_info) planned_exits(state);  // size and segment go first
  for (const auto& exit : exits_of(state)) gst_pad_push_event(exit->pad.get(), gst_event_ref(raw));
  return TRUE;
}

// The converter before it makes what is asked for here.
static gboolean splitter_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto& state = state_of(GST_GENOS_SPLITTER(parent));
  const auto caps =
      state.is_sound && state.keeps_size ? adopt(gst_pad_get_current_caps(pad)) : Ref<GstCaps>();
  if (!caps || GST_QUERY_TYPE(query) != GST_QUERY_CAPS)
    return gst_pad_query_default(pad, parent, query);
  GstCaps* filter = nullptr;
  gst_query_parse_caps(query, &filter);
  const auto fitting = filter ? adopt(gst_caps_intersect(caps.get(), filter)) : caps;
  gst_query_set_caps_result(query, fitting.get());
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
  begin_stream(state, pad);
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

void splitter_set_keeps_size(GstGenosSplitter* self, bool keeps) {
  state_of(self).keeps_size = keeps;
}

std::optional<core::Picture> splitter_picture(GstGenosSplitter* self) {
  const auto& state = state_of(self);
  return state.has_info ? std::optional(picture_of(state.info)) : std::nullopt;
}

GstGenosSplitter* splitter_new(bool is_sound) {
  auto* self = GST_GENOS_SPLITTER(g_object_new(gst_genos_splitter_get_type(), nullptr));
  auto& state = state_of(self);
  state.is_sound = is_sound;
  state.sink = gst_pad_new_from_static_template(is_sound ? &sound_sink : &video_sink, "sink");
  gst_pad_set_chain_function(state.sink, splitter_chain);
  gst_pad_set_event_function(state.sink, splitter_event);
  gst_pad_set_query_function(state.sink, splitter_query);
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
