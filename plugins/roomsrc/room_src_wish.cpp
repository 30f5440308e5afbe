// SPDX-License-Identifier: LGPL-2.1-or-later
// What a genosroomsrc takes of what the others send: they are told, and send no more than that.
#include <utility>

#include "room_properties.hpp"
#include "room_src.hpp"
#include "track_about.hpp"

namespace genos::element {
namespace {

// A pad that nobody has linked by then is one that nobody wants: whoever builds a pipeline by hand
// links in the moment in which a pad comes, players within one.
constexpr guint link_patience_ms = 2000;

}  // namespace

bool RoomSrc::wants(const TrackIn::About& about) {
  const std::scoped_lock guard(lock);
  if (settings.media == MediaChoice::video && about.is_sound) return false;
  if (settings.media == MediaChoice::audio && !about.is_sound) return false;
  const auto from = words_of(settings.from.c_str());
  return from.empty() || from.contains(about.peer) || from.contains(about.identity);
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
  session_.post_later(link_patience_ms, [this, since, weak = std::weak_ptr(exit)] {
    const auto alive = weak.lock();
    if (!alive || alive->links != since || gst_pad_is_linked(alive->pad.get())) return;
    alive->spare = true;
    tell_untaken();
  });
}

void RoomSrc::on_linked(const ExitRef& exit) {
  ++exit->links;
  exit->spare = false;
  tell_untaken();
  begin(exit);
}

void RoomSrc::on_unlinked(const ExitRef& exit) {
  leave_off(exit);
  await_link(exit);
}

// Of the pictures of a stream, and of its sounds, one that is taken takes all.
void RoomSrc::tell_untaken() {
  RoomMedia::Untakens untaken;
  const auto mark = [&](bool is_spare) {
    for (const auto& exit : exits_) {
      if (!exit->track || exit->spare != is_spare) continue;
      auto& stream = untaken[exit->about.peer][exit->about.stream];
      (exit->about.is_sound ? stream.sound : stream.picture) = is_spare;
    }
  };
  mark(true);
  mark(false);
  for (auto& [peer, streams] : untaken)
    std::erase_if(streams, [](const auto& one) { return one.second == RoomMedia::Untaken(); });
  std::erase_if(untaken, [](const auto& one) { return one.second.empty(); });
  const std::scoped_lock guard(lock);
  if (!media_ || untaken == untaken_) return;
  untaken_ = std::move(untaken);
  media_->set_wish(wish_now());
}

}  // namespace genos::element
