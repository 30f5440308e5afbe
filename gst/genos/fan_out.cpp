// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/fan_out.hpp"

#include <algorithm>

#include "bridge/pump.hpp"

namespace genos {

// A pad of nobody's, linked to the link's; it goes with the last who pushes through it.
struct FanOut::Viewer {
  core::LinkId link;
  Ref<GstPad> pad;
  bool begun = false;  // of push()'s thread

  Viewer(core::LinkId id, Ref<GstPad> made) : link(id), pad(std::move(made)) {}
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;
  ~Viewer() {
    gst_pad_set_active(pad.get(), FALSE);
    if (const auto peer = adopt(gst_pad_get_peer(pad.get()))) gst_pad_unlink(pad.get(), peer.get());
  }
};

FanOut::FanOut(Kind kind, GstCaps* caps, GstCaps* other)
    : kind_(kind), caps_(retain(caps)), other_(other ? retain(other) : nullptr) {}
FanOut::~FanOut() = default;

bool FanOut::push(GstBufferList* frame, bool begins) {
  const auto now = monotonic_now();
  std::vector<std::shared_ptr<Viewer>> viewers;
  {
    const std::scoped_lock guard(lock_);
    viewers = viewers_;
    if (begins && kind_ == Kind::picture) wish_.made(now);
  }
  for (const auto& viewer : viewers) {
    viewer->begun = viewer->begun || begins;
    // What becomes of it there is the link's matter, and nobody else's.
    if (viewer->begun) gst_pad_push_list(viewer->pad.get(), gst_buffer_list_ref(frame));
  }
  const std::scoped_lock guard(lock_);
  return kind_ == Kind::picture && wish_.due(now);
}

// What comes back from a viewer: its wish for a keyframe, which is answered for all at once.
gboolean FanOut::on_event(GstPad* pad, GstObject*, GstEvent* raw) noexcept {
  const auto event = adopt(raw);
  if (!gst_event_has_name(raw, "GstForceKeyUnit")) return TRUE;
  const auto& weak = *static_cast<std::weak_ptr<FanOut>*>(pad->eventdata);
  if (const auto self = weak.lock()) self->lost();
  return TRUE;
}

void FanOut::lost() {
  const std::scoped_lock guard(lock_);
  wish_.lost(monotonic_now());
}

// Nothing here waits for a clock, and nothing in front of it either.
static gboolean answer_query(GstPad* pad, GstObject* parent, GstQuery* query) noexcept {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

bool FanOut::add(core::LinkId link, GstPad* to, GstClockTime base_time) {
  auto pad = sink(gst_pad_new("src", GST_PAD_SRC));
  gst_pad_set_event_function_full(
      pad.get(), on_event, new std::weak_ptr<FanOut>(weak_from_this()),
      [](gpointer data) { delete static_cast<std::weak_ptr<FanOut>*>(data); });
  gst_pad_set_query_function(pad.get(), answer_query);
  gst_pad_set_active(pad.get(), TRUE);
  if (gst_pad_link_full(pad.get(), to, GST_PAD_LINK_CHECK_NOTHING) != GST_PAD_LINK_OK) return false;
  gst_pad_push_event(pad.get(), gst_event_new_stream_start("genos"));
  gst_pad_push_event(pad.get(), gst_event_new_caps(caps_.get()));
  // The link's running time out of the system clock's: so all links share the same buffers.
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = base_time;
  gst_pad_push_event(pad.get(), gst_event_new_segment(&segment));
  auto viewer = std::make_shared<Viewer>(link, std::move(pad));
  const std::scoped_lock guard(lock_);
  viewers_.push_back(std::move(viewer));
  wish_.joined(monotonic_now());
  return true;
}

bool FanOut::remove(core::LinkId link) {
  std::vector<std::shared_ptr<Viewer>> gone;  // ends without the lock
  const std::scoped_lock guard(lock_);
  for (auto& viewer : viewers_)
    if (viewer->link == link) gone.push_back(viewer);
  std::erase_if(viewers_, [&](const auto& viewer) { return viewer->link == link; });
  return !gone.empty();
}

}  // namespace genos
