// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/room_media.hpp"

#include <utility>

#include "genos/node_media.hpp"
#include "genos/objects.hpp"

namespace genos {

void RoomMedia::attach(GstGenosRoom* room) {
  front_ = front_of(room);
  front_->attach(shared_from_this());
}

void RoomMedia::detach() {
  {
    const std::scoped_lock guard(lock_);
    events_ = {};
  }
  if (const auto front = std::exchange(front_, {})) front->detach(shared_from_this());
}

void RoomMedia::set_wish(Wish wish) {
  if (!front_) {
    wish_ = std::move(wish);
    return;
  }
  front_->on_library([self = shared_from_this(), wish = std::move(wish)](NodeMedia* media) {
    self->wish_ = wish;
    if (media) media->tell_wish();
  });
}

void RoomMedia::send(StreamOut stream) {
  if (!front_) return;
  front_->on_library([self = shared_from_this(), stream = std::move(stream)](NodeMedia* media) {
    const auto id = stream.id;
    self->streams_.insert_or_assign(id, stream);
    if (media) media->send(*self, id);
  });
}

void RoomMedia::end(const std::string& stream) {
  if (!front_) return;
  front_->on_library([self = shared_from_this(), stream](NodeMedia* media) {
    if (media)
      media->end(*self, stream);
    else
      self->streams_.erase(stream);
  });
}

void RoomMedia::end(const std::string& stream, const std::shared_ptr<FanOut>& track) {
  if (!front_) return;
  front_->on_library([self = shared_from_this(), stream, track](NodeMedia* media) {
    if (media) return media->end(*self, stream, track);
    if (const auto found = self->streams_.find(stream); found != self->streams_.end())
      std::erase(found->second.tracks, track);
  });
}

void RoomMedia::stop_viewer(const std::string& peer) {
  if (!front_) return;
  front_->on_library([self = shared_from_this(), peer](NodeMedia* media) {
    if (media) media->stop(*self, peer);
  });
}

core::StreamWishes RoomMedia::wish_for(const Peer& peer) const {
  using core::Quality;
  const bool takes = wish_ && (wish_->from.empty() || wish_->from.contains(peer.id) ||
                               wish_->from.contains(peer.identity));
  if (!takes) return core::StreamWishes({Quality::none, Quality::none});
  core::StreamWishes wishes(wish_->media);
  const auto found = wish_->untaken.find(peer.id);
  if (found == wish_->untaken.end()) return wishes;
  for (const auto& [stream, untaken] : found->second) {
    auto wish = wish_->media;
    if (untaken.picture) wish.picture = Quality::none;
    if (untaken.sound) wish.sound = Quality::none;
    wishes.set(stream, wish);
  }
  return wishes;
}

bool RoomMedia::admits(const Peer& peer, std::size_t others) {
  const std::scoped_lock guard(lock_);
  return !events_.admits || events_.admits(peer, others);
}

void RoomMedia::watches(const Peer& peer) {
  if (viewers_[peer.id]++ > 0) return;
  const std::scoped_lock guard(lock_);
  if (events_.viewer_added) events_.viewer_added(peer);
}

void RoomMedia::leaves_off(const Peer& peer) {
  if (--viewers_[peer.id] > 0) return;
  viewers_.erase(peer.id);
  const std::scoped_lock guard(lock_);
  if (events_.viewer_removed) events_.viewer_removed(peer);
}

void RoomMedia::refused(const Peer& peer, const std::shared_ptr<FanOut>& track) {
  const std::scoped_lock guard(lock_);
  if (events_.refused) events_.refused(peer, track);
}

void RoomMedia::wants_other(const Peer& peer, const std::shared_ptr<FanOut>& track) {
  const std::scoped_lock guard(lock_);
  if (events_.wants_other) events_.wants_other(peer, track);
}

void RoomMedia::leaves_other(const Peer& peer, const std::shared_ptr<FanOut>& track) {
  const std::scoped_lock guard(lock_);
  if (events_.leaves_other) events_.leaves_other(peer, track);
}

void RoomMedia::came(const std::vector<std::shared_ptr<TrackIn>>& tracks) {
  const std::scoped_lock guard(lock_);
  if (events_.came) events_.came(tracks);
}

void RoomMedia::ended(const std::shared_ptr<TrackIn>& track) {
  const std::scoped_lock guard(lock_);
  if (events_.ended) events_.ended(track);
}

}  // namespace genos
