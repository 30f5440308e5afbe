// SPDX-License-Identifier: LGPL-2.1-or-later
// What a genosroomsrc takes of what the others send: they are told, and send no more than that.
#include <algorithm>
#include <utility>

#include "room_properties.hpp"
#include "room_src.hpp"
#include "track_about.hpp"

namespace genos::element {
namespace {

// A pad that nobody has linked by then is one that nobody wants: whoever builds a pipeline by hand
// links in the moment in which a pad comes, players within one.
constexpr guint link_patience_ms = 2000;

// What sends nothing for so long may be dead, which its link knows only after ten seconds. Silence
// with DTX has a packet each 0.4 s.
constexpr gint64 silence_patience = 2L * G_USEC_PER_SEC;
// Who links a pad by hand has done so by then.
constexpr gint64 spare_patience = G_USEC_PER_SEC / 4;
constexpr guint look_ms = 100;

}  // namespace

bool RoomSrc::wants(const TrackIn::About& about) {
  const std::scoped_lock guard(lock);
  if (settings.media == MediaChoice::video && about.is_sound) return false;
  if (settings.media == MediaChoice::audio && !about.is_sound) return false;
  if (!chooses(about)) return false;
  const auto from = words_of(settings.from.c_str());
  return from.empty() || about.peer.empty() || from.contains(about.peer) ||
         from.contains(about.identity);
}

bool RoomSrc::chooses(const TrackIn::About& about) const {
  const auto streams = words_of(settings.streams.c_str());
  return streams.empty() || about.peer.empty() || streams.contains(about.stream) ||
         streams.contains(title_of(about)) || streams.contains(kind_of(about));
}

RoomMedia::Wish RoomSrc::wish_now() const {
  core::MediaWish media{settings.quality, core::Quality::automatic};
  if (settings.media == MediaChoice::video) media.sound = core::Quality::none;
  if (settings.media == MediaChoice::audio) media.picture = core::Quality::none;
  return {media, words_of(settings.from.c_str()), untaken_};
}

void RoomSrc::wish() {
  const std::scoped_lock guard(lock);
  if (!media_) return;
  media_->set_wish(wish_now());
  session_.post([this] { choose_anew(); });
}

// --- pads that nobody links -------------------------------------------------------------------

void RoomSrc::await_link(const ExitRef& exit) {
  const auto since = ++exit->links;
  exit->changed = 0;
  watch_silence();
  session_.post_later(link_patience_ms, [this, since, weak = std::weak_ptr(exit)] {
    const auto alive = weak.lock();
    if (!alive || alive->links != since || gst_pad_is_linked(alive->pad.get())) return;
    alive->spare = true;
    tell_untaken();
  });
}

void RoomSrc::on_linked(const ExitRef& exit) {
  ++exit->links;
  exit->changed = 0;
  exit->spare = false;
  tell_untaken();
  begin(exit);
  await_silence();
  keep_silence();
}

void RoomSrc::on_unlinked(const ExitRef& exit) {
  leave_off(exit);
  await_link(exit);
}

// --- what falls silent ------------------------------------------------------------------------

// As long as there is something that could be shown instead.
void RoomSrc::watch_silence() {
  if (std::exchange(watches_silence_, true)) return;
  session_.post_later(look_ms, [this] {
    watches_silence_ = false;
    replace_silent();
    const auto is_unlinked = [this](const auto& exit) {
      return is_shown(*exit) && !gst_pad_is_linked(exit->pad.get());
    };
    if (std::ranges::any_of(exits_, is_unlinked)) watch_silence();
  });
}

gint64 RoomSrc::quiet_for(Exit& exit) {
  const bool is_linked = gst_pad_is_linked(exit.pad.get());
  const auto packets = is_linked ? exit.track->figures().packets : 0;
  const auto now = g_get_monotonic_time();
  if (exit.changed == 0 || std::exchange(exit.packets, packets) != packets) exit.changed = now;
  return now - exit.changed;
}

// Each track is left once only: two that send something now and then take no turns.
void RoomSrc::replace_silent() {
  if (ends_with_last()) return;  // one track on one pad
  std::vector<ExitRef> silent, spare;
  for (const auto& exit : exits_) {
    if (!is_shown(*exit) || exit->ending) continue;
    const auto quiet = quiet_for(*exit);
    if (gst_pad_is_linked(exit->pad.get())) {
      if (quiet >= silence_patience) silent.push_back(exit);
    } else if (quiet >= spare_patience && !left_.contains(exit->track)) {
      spare.push_back(exit);
    }
  }
  for (const auto& exit : silent) {
    const auto other = std::ranges::find_if(
        spare, [&](const auto& each) { return each->about.is_sound == exit->about.is_sound; });
    if (other == spare.end()) continue;
    change_places(exit, *other);
    spare.erase(other);
  }
}

void RoomSrc::change_places(const ExitRef& silent, const ExitRef& spare) {
  left_.insert(silent->track);
  auto last = silent->track;
  give(silent, spare->track);
  give(spare, std::move(last));
  const auto start = adopt(stream_start(spare->stream.get(), group_of(spare->about)));
  gst_pad_store_sticky_event(spare->pad.get(), start.get());
  tell_tracks();
  begin(silent);
  tell_untaken();
}

// Of the pictures of a stream, and of its sounds, one that is taken takes all.
RoomMedia::Untakens RoomSrc::untaken_now() const {
  RoomMedia::Untakens untaken;
  for (const auto& [key, stream] : streams_)
    if (!stream.tracks.empty() && !chooses(stream.tracks.front()->about())) {
      const auto& about = stream.tracks.front()->about();
      untaken[about.peer][about.stream] = {.picture = true, .sound = true};
    }
  const auto mark = [&](bool is_spare) {
    for (const auto& exit : exits_) {
      if (!is_shown(*exit) || exit->spare != is_spare) continue;
      auto& stream = untaken[exit->about.peer][exit->about.stream];
      (exit->about.is_sound ? stream.sound : stream.picture) = is_spare;
    }
  };
  mark(true);
  mark(false);
  for (auto& [peer, streams] : untaken)
    std::erase_if(streams, [](const auto& one) { return one.second == RoomMedia::Untaken(); });
  std::erase_if(untaken, [](const auto& one) { return one.second.empty(); });
  return untaken;
}

void RoomSrc::tell_untaken() {
  const std::scoped_lock guard(lock);
  auto untaken = untaken_now();
  if (!media_ || untaken == untaken_) return;
  untaken_ = std::move(untaken);
  media_->set_wish(wish_now());
}

}  // namespace genos::element
