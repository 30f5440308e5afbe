// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a node's media that speaks of what a viewer takes, and of how good a picture it
// wishes for.
#include <algorithm>
#include <utility>

#include "core/wire/limits.hpp"
#include "genos/node_host.hpp"
#include "genos/node_media.hpp"
#include "genos/node_media_messages.hpp"

namespace genos {

using core::MediaWish;
using core::Node;
using core::Quality;

void NodeMedia::tell_wish() {
  for (auto& [place, present] : present_) tell_wish(place, present);
}

// Who takes nothing of a peer says so: its link accepts every track, because one that
// is declined can never be had later (webrtcbin 1.22 to 1.28: inactive is for ever).
void NodeMedia::tell_wish(const Place& place, Present& present) {
  if (present.peer.is_page) return;
  MediaWish wish{Quality::none, Quality::none};
  for (const auto& user : users_[place.first])
    wish = core::larger(wish, user->wish_for(present.peer));
  if (wish == present.told.value_or(MediaWish())) return;
  present.told = wish;
  say_wish(place, wish);
}

void NodeMedia::say_wish(const Place& place, const MediaWish& wish) {
  const auto said = core::Json::object()
                        .set("q", core::to_word(wish.picture))
                        .set("a", core::to_word(wish.sound));
  host_.feed_later(Node::Send{{}, place.first, {place.second}, message_of(quality_wish, said)});
}

// It may be said as often as anybody likes: what is sent changes twice a second at most (FanOut).
void NodeMedia::hear_wish(const Node::Received& received) {
  const auto present = present_.find({received.room, received.peer});
  if (present == present_.end() || !received.message.payload ||
      received.message.payload->size() > core::limits::max_quality_wish)
    return;
  const auto json = core::parse_json(core::text_of(*received.message.payload));
  const auto picture = json ? core::parse_quality(json->string_at("q").value_or("")) : std::nullopt;
  if (!picture) return;
  const auto sound = core::parse_quality(json->string_at("a").value_or(""));
  const MediaWish wish{*picture, sound.value_or(Quality::automatic)};
  auto& viewer = present->second;
  viewer.wishes = wish;
  const auto before = viewer.counted;
  const auto takes = [](core::Quality quality) { return quality != core::Quality::none; };
  if ((takes(before.picture) != takes(wish.picture) || takes(before.sound) != takes(wish.sound)) &&
      viewer.changes < core::limits::max_viewer_changes) {
    viewer.counted = wish;
    ++viewer.changes;
  }
  const auto now = viewer.counted;
  const auto offers = offers_.find(present->second.link);
  if (offers == offers_.end()) return;
  for (const auto& offer : offers->second) {
    if (offer.room != received.room) continue;
    const auto follow = [&](FanOut& track) {
      if (!track.wish(viewer.link, wish) || track.is_in(before) == track.is_in(now)) return;
      if (track.is_in(now))
        offer.user->watches(viewer.peer);
      else
        offer.user->leaves_off(viewer.peer);
    };
    for (const auto& track : offer.stream.tracks) follow(*track);
    for (const auto& other : offer.others)
      if (other.instead) follow(*other.instead);
  }
}

// Who takes a track watches; who is only offered it does not.
void NodeMedia::watches(const Present& present, RoomMedia& user, const FanOut& track) {
  if (track.is_in(present.counted)) user.watches(present.peer);
}

void NodeMedia::leaves_off(const Present& present, RoomMedia& user, const FanOut& track) {
  if (track.is_in(present.counted)) user.leaves_off(present.peer);
}

}  // namespace genos
