// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/fan_out.hpp"

#include <algorithm>
#include <utility>

#include "bridge/pump.hpp"

namespace genos {

// A pad of nobody's, linked to the link's; it goes with the last who pushes through it.
struct FanOut::Viewer {
  Watcher who;
  Ref<GstPad> pad;
  // With the lock:
  core::RungChoice choice;
  std::optional<Rung> now;  // what it gets, until a keyframe of its choice has come
  core::RtpSplice splice;

  Viewer(const Watcher& watcher, Ref<GstPad> made, core::Quality wish)
      : who(watcher), pad(std::move(made)), choice(wish) {}
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;
  ~Viewer() {
    gst_pad_set_active(pad.get(), FALSE);
    if (const auto peer = adopt(gst_pad_get_peer(pad.get()))) gst_pad_unlink(pad.get(), peer.get());
  }
};

namespace {

core::PictureIds ids_of(GstCaps* caps) {
  const char* name = gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name");
  if (g_strcmp0(name, "VP8") == 0) return core::PictureIds::vp8;
  return g_strcmp0(name, "VP9") == 0 ? core::PictureIds::vp9 : core::PictureIds::none;
}

// A packet's header has a memory of its own; what is in the payload needs all of them.
int memories_with(core::PictureIds ids) { return ids == core::PictureIds::none ? 1 : -1; }

std::optional<core::RtpPlace> place_in(GstBufferList* frame, guint at, core::PictureIds ids) {
  auto* packet = gst_buffer_list_get(frame, at);
  GstMapInfo info;
  if (!gst_buffer_map_range(packet, 0, memories_with(ids), &info, GST_MAP_READ)) return {};
  const auto place = core::place_of({info.data, info.size}, ids);
  gst_buffer_unmap(packet, &info);
  return place;
}

// The same packets with other numbers; the payload stays shared where nothing in it changes.
Ref<GstBufferList> shifted(GstBufferList* frame, core::PictureIds ids, const core::RtpPlace& by) {
  const guint length = gst_buffer_list_length(frame);
  auto list = adopt(gst_buffer_list_new_sized(length));
  for (guint i = 0; i < length; ++i) {
    auto* packet = gst_buffer_copy(gst_buffer_list_get(frame, i));
    GstMapInfo info;
    if (gst_buffer_map_range(packet, 0, memories_with(ids), &info, GST_MAP_READWRITE)) {
      core::shift({info.data, info.size}, ids, by);
      gst_buffer_unmap(packet, &info);
    }
    gst_buffer_list_add(list.get(), packet);
  }
  return list;
}

Ref<GstCaps> moved(const Ref<GstCaps>& caps, std::uint32_t ssrc_by) {
  guint ssrc = 0;
  if (!caps || ssrc_by == 0) return caps;
  auto other = adopt(gst_caps_copy(caps.get()));
  gst_structure_get_uint(gst_caps_get_structure(other.get(), 0), "ssrc", &ssrc);
  gst_caps_set_simple(other.get(), "ssrc", G_TYPE_UINT, ssrc + ssrc_by, nullptr);
  return other;
}

bool is_larger(const core::RungWords& one, const core::RungWords& other) {
  return one.lines != other.lines ? one.lines > other.lines : one.bitrate > other.bitrate;
}

}  // namespace

FanOut::FanOut(Kind kind, GstCaps* caps, GstCaps* other)
    : kind_(kind),
      caps_(retain(caps)),
      other_(other ? retain(other) : nullptr),
      ids_(ids_of(caps)) {}
FanOut::~FanOut() = default;

Ref<GstCaps> FanOut::caps(std::uint32_t ssrc_by) const { return moved(caps_, ssrc_by); }
Ref<GstCaps> FanOut::other(std::uint32_t ssrc_by) const { return moved(other_, ssrc_by); }

// --- rungs ------------------------------------------------------------------------------------

FanOut::Level* FanOut::level(Rung rung) {
  const auto found = std::ranges::find(levels_, rung, &Level::name);
  return found == levels_.end() ? nullptr : &*found;
}

// True: it waits for a keyframe of another rung now, or gets none any more.
bool FanOut::follow(Viewer& viewer, core::Time now) {
  if (!viewer.choice.follow(ladder_, now)) return false;
  if (!viewer.choice.rung()) viewer.now.reset();
  if (viewer.choice.rung() == viewer.now) return true;
  level(*viewer.choice.rung())->wish.joined(now);
  return true;
}

void FanOut::levels_changed(core::Time now) {
  ladder_.clear();
  for (const auto& level : levels_) ladder_.push_back(level.name);
  for (const auto& viewer : viewers_) follow(*viewer, now);
}

FanOut::Rung FanOut::add_rung(const core::RungWords& words) {
  Rung name{};
  {
    const std::scoped_lock guard(lock_);
    name = next_++;
    const auto smaller = std::ranges::find_if(
        levels_, [&](const Level& other) { return is_larger(words, other.words); });
    levels_.insert(smaller, Level{name, words, {}, {}});
    levels_changed(monotonic_now());
  }
  tell();
  return name;
}

void FanOut::remove_rung(Rung rung) {
  {
    const std::scoped_lock guard(lock_);
    levels_.remove_if([&](const Level& level) { return level.name == rung; });
    for (const auto& viewer : viewers_)
      if (viewer->now == rung) viewer->now.reset();
    levels_changed(monotonic_now());
  }
  tell();
}

bool FanOut::is_wanted(Rung rung) const {
  const std::scoped_lock guard(lock_);
  const auto takes = [](const auto& viewer) { return viewer->choice.rung().has_value(); };
  if (std::ranges::none_of(viewers_, takes)) return !levels_.empty() && levels_.back().name == rung;
  return std::ranges::any_of(viewers_, [&](const auto& viewer) {
    return viewer->now == rung || viewer->choice.rung() == rung;
  });
}

void FanOut::on_change(std::function<void()> told) {
  const std::scoped_lock guard(telling_);
  told_ = std::move(told);
}

void FanOut::tell() {
  const std::scoped_lock guard(telling_);
  if (told_) told_();
}

// --- packets ----------------------------------------------------------------------------------

std::vector<FanOut::Delivery> FanOut::deliveries(Level& level, GstBufferList* frame, bool begins,
                                                 core::Time now, bool& changed) {
  const auto first = place_in(frame, 0, ids_);
  const auto last = place_in(frame, gst_buffer_list_length(frame) - 1, ids_);
  if (!first || !last) return {};
  // Of a keyframe that comes in parts nobody begins with the second.
  const bool is_first = level.timestamp != first->timestamp;
  level.timestamp = last->timestamp;
  if (begins && is_first && kind_ == Kind::picture) level.wish.made(now);
  std::vector<Delivery> all;
  for (const auto& viewer : viewers_) {
    changed = follow(*viewer, now) || changed;
    if (begins && is_first && viewer->choice.rung() == level.name && viewer->now != level.name) {
      viewer->now = level.name;
      viewer->splice.change_over(*first);
      changed = true;
    }
    if (viewer->now != level.name) continue;
    all.push_back({viewer, viewer->splice.take(*first, *last)});
    all.back().by.ssrc = viewer->who.ssrc_by;
  }
  return all;
}

bool FanOut::push(Rung rung, GstBufferList* frame, bool begins) {
  const auto now = monotonic_now();
  std::vector<Delivery> all;
  bool changed = false;
  {
    const std::scoped_lock guard(lock_);
    auto* own = level(rung);
    if (!own) return false;
    all = deliveries(*own, frame, begins, now, changed);
  }
  // What becomes of it there is the link's matter, and nobody else's.
  for (const auto& [to, by] : all)
    gst_pad_push_list(to->pad.get(), by == core::RtpPlace() ? gst_buffer_list_ref(frame)
                                                            : shifted(frame, ids_, by).release());
  if (changed) tell();
  const std::scoped_lock guard(lock_);
  auto* own = level(rung);
  return own && kind_ == Kind::picture && own->wish.due(now);
}

// --- viewers ----------------------------------------------------------------------------------

namespace {

struct Origin {
  std::weak_ptr<FanOut> fan;
  core::LinkId link;
};

}  // namespace

// What comes back from a viewer: its wish for a keyframe, which is answered for all at once.
gboolean FanOut::on_event(GstPad* pad, GstObject*, GstEvent* raw) noexcept {
  const auto event = adopt(raw);
  if (!gst_event_has_name(raw, "GstForceKeyUnit")) return TRUE;
  const auto& origin = *static_cast<Origin*>(pad->eventdata);
  if (const auto self = origin.fan.lock()) self->lost(origin.link);
  return TRUE;
}

void FanOut::lost(core::LinkId link) {
  const std::scoped_lock guard(lock_);
  for (const auto& viewer : viewers_) {
    const auto rung = viewer->now ? viewer->now : viewer->choice.rung();
    if (viewer->who.link != link || !rung) continue;
    if (auto* own = level(*rung)) own->wish.lost(monotonic_now());
  }
}

// Nothing here waits for a clock, and nothing in front of it either.
static gboolean answer_query(GstPad* pad, GstObject* parent, GstQuery* query) noexcept {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

bool FanOut::add(const Watcher& watcher, GstPad* to, GstClockTime base_time) {
  auto pad = sink(gst_pad_new("src", GST_PAD_SRC));
  gst_pad_set_event_function_full(pad.get(), on_event, new Origin{weak_from_this(), watcher.link},
                                  [](gpointer data) { delete static_cast<Origin*>(data); });
  gst_pad_set_query_function(pad.get(), answer_query);
  gst_pad_set_active(pad.get(), TRUE);
  if (gst_pad_link_full(pad.get(), to, GST_PAD_LINK_CHECK_NOTHING) != GST_PAD_LINK_OK) return false;
  gst_pad_push_event(pad.get(), gst_event_new_stream_start("genos"));
  gst_pad_push_event(pad.get(), gst_event_new_caps(caps(watcher.ssrc_by).get()));
  // The link's running time out of the system clock's: so all links share the same buffers.
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = base_time;
  gst_pad_push_event(pad.get(), gst_event_new_segment(&segment));
  auto viewer = std::make_shared<Viewer>(watcher, std::move(pad), of(watcher.wish));
  {
    const std::scoped_lock guard(lock_);
    follow(*viewer, monotonic_now());
    viewers_.push_back(std::move(viewer));
  }
  tell();
  return true;
}

// The next frame that comes finds it.
bool FanOut::wish(core::LinkId link, const core::MediaWish& wish) {
  bool is_here = false;
  const std::scoped_lock guard(lock_);
  for (const auto& viewer : viewers_) {
    if (viewer->who.link != link) continue;
    viewer->choice.wish(of(wish));
    is_here = true;
  }
  return is_here;
}

bool FanOut::remove(core::LinkId link) {
  std::vector<std::shared_ptr<Viewer>> gone;  // ends without the lock
  {
    const std::scoped_lock guard(lock_);
    for (auto& viewer : viewers_)
      if (viewer->who.link == link) gone.push_back(viewer);
    std::erase_if(viewers_, [&](const auto& viewer) { return viewer->who.link == link; });
  }
  if (!gone.empty()) tell();
  return !gone.empty();
}

std::vector<FanOut::Seat> FanOut::seats() const {
  std::vector<Seat> all;
  const std::scoped_lock guard(lock_);
  for (const auto& viewer : viewers_) {
    const auto found = std::ranges::find_if(
        levels_, [&](const Level& level) { return viewer->now == level.name; });
    const bool has_words = found != levels_.end() && found->words.lines > 0;
    all.push_back({viewer->who.peer, has_words ? core::to_words(found->words) : ""});
  }
  return all;
}

}  // namespace genos
