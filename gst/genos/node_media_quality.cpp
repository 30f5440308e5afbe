// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a node's media that speaks of how good a picture a viewer wishes for.
#include <algorithm>

#include "core/wire/limits.hpp"
#include "genos/node_host.hpp"
#include "genos/node_media.hpp"
#include "genos/node_media_messages.hpp"

namespace genos {

using core::Node;
using core::Quality;

void NodeMedia::tell_quality() {
  for (auto& [place, present] : present_) tell_quality(place, present);
}

void NodeMedia::tell_quality(const Place& place, Present& present) {
  if (present.peer.is_page) return;
  std::optional<Quality> largest;
  for (const auto& user : users_[place.first]) largest = std::max(largest, user->quality_);
  const auto wish = largest.value_or(Quality::automatic);
  if (wish == present.told.value_or(Quality::automatic)) return;
  present.told = wish;
  say_quality(place, wish);
}

void NodeMedia::say_quality(const Place& place, Quality wish) {
  const auto said = core::Json::object().set("q", core::to_word(wish));
  host_.feed_later(Node::Send{{}, place.first, {place.second}, message_of(quality_wish, said)});
}

// It may be said as often as anybody likes: what follows from it is FanOut's matter.
void NodeMedia::hear_quality(const Node::Received& received) {
  const auto present = present_.find({received.room, received.peer});
  if (present == present_.end() || !received.message.payload ||
      received.message.payload->size() > core::limits::max_quality_wish)
    return;
  const auto json = core::parse_json(core::text_of(*received.message.payload));
  const auto word = json ? json->string_at("q") : std::nullopt;
  const auto wish = word ? core::parse_quality(*word) : std::nullopt;
  if (!wish) return;
  present->second.wishes = *wish;
  const auto offers = offers_.find(present->second.link);
  if (offers == offers_.end()) return;
  for (const auto& offer : offers->second) {
    if (offer.room != received.room) continue;
    for (const auto& track : offer.stream.tracks) track->wish(present->second.link, *wish);
  }
}

}  // namespace genos
