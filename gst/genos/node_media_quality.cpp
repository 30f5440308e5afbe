// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a node's media that speaks of what a viewer takes, and of how good a picture it
// wishes for.
#include <optional>
#include <utility>

#include "core/wire/limits.hpp"
#include "genos/node_host.hpp"
#include "genos/node_media.hpp"
#include "genos/node_media_messages.hpp"

namespace genos {

using core::MediaWish;
using core::Node;
using core::Quality;
using core::StreamWishes;

namespace {

constexpr MediaWish nothing{Quality::none, Quality::none};

core::Json said_of(const MediaWish& wish) {
  return core::Json::object()
      .set("q", core::to_word(wish.picture))
      .set("a", core::to_word(wish.sound));
}

core::Json said_of(const StreamWishes& wish) {
  auto said = said_of(wish.all());
  auto streams = core::Json::object();
  std::size_t room = core::limits::max_stream_wishes;
  for (const auto& [stream, other] : wish.others())
    if (room > 0) streams.set(stream, said_of(other)), --room;
  if (!wish.others().empty()) said.set("s", std::move(streams));
  return said;
}

std::optional<MediaWish> wish_of(const core::Json& said) {
  const auto picture = core::parse_quality(said.string_at("q").value_or(""));
  if (!picture) return std::nullopt;
  const auto sound = core::parse_quality(said.string_at("a").value_or(""));
  return MediaWish{*picture, sound.value_or(Quality::automatic)};
}

std::optional<StreamWishes> wishes_of(const core::Json& said) {
  const auto all = wish_of(said);
  if (!all) return std::nullopt;
  StreamWishes wishes(*all);
  const auto* streams = said.find("s");
  const auto* members = streams ? streams->as_object() : nullptr;
  if (!members || members->size() > core::limits::max_stream_wishes) return wishes;
  for (const auto& [stream, one] : *members)
    if (const auto wish = wish_of(one)) wishes.set(stream, *wish);
  return wishes;
}

}  // namespace

void NodeMedia::tell_wish() {
  for (auto& [place, present] : present_) tell_wish(place, present);
}

// Who takes nothing of a peer says so: its link accepts every track, because one that
// is declined can never be had later (webrtcbin 1.22 to 1.28: inactive is for ever).
void NodeMedia::tell_wish(const Place& place, Present& present) {
  if (present.peer.is_page) return;
  StreamWishes wish(nothing);
  for (const auto& user : users_[place.first])
    wish = core::larger(wish, user->wish_for(present.peer));
  if (wish == present.told.value_or(StreamWishes())) return;
  present.told = wish;
  say_wish(place, wish);
}

void NodeMedia::say_wish(const Place& place, const StreamWishes& wish) {
  host_.feed_later(
      Node::Send{{}, place.first, {place.second}, message_of(quality_wish, said_of(wish))});
}

// It may be said as often as anybody likes: what is sent changes twice a second at most (FanOut).
void NodeMedia::hear_wish(const Node::Received& received) {
  const auto present = present_.find({received.room, received.peer});
  if (present == present_.end() || !received.message.payload ||
      received.message.payload->size() > core::limits::max_quality_wish)
    return;
  const auto json = core::parse_json(core::text_of(*received.message.payload));
  const auto wish = json ? wishes_of(*json) : std::nullopt;
  if (!wish) return;
  auto& viewer = present->second;
  viewer.wishes = *wish;
  const auto before = viewer.counted;
  if (!before.takes_as(*wish) && viewer.changes < core::limits::max_viewer_changes) {
    viewer.counted = *wish;
    ++viewer.changes;
  }
  const auto offers = offers_.find(viewer.link);
  if (offers == offers_.end()) return;
  for (auto& offer : offers->second)
    if (offer.room == received.room) follow_wish(viewer, before, offer);
}

// `before`: what it was counted for.
void NodeMedia::follow_wish(const Present& viewer, const StreamWishes& before, Offer& offer) {
  const auto& stream = offer.stream.seen_as();
  const auto follow = [&](FanOut& track) {
    const bool was_in = track.is_in(before.of(stream));
    const bool is_in = track.is_in(viewer.counted.of(stream));
    if (!track.wish(viewer.link, viewer.wishes.of(stream)) || was_in == is_in) return;
    if (is_in)
      offer.user->watches(viewer.peer);
    else
      offer.user->leaves_off(viewer.peer);
  };
  for (const auto& track : offer.stream.tracks) follow(*track);
  for (const auto& other : offer.others)
    if (other.instead) follow(*other.instead);
}

// Who takes a track watches; who is only offered it does not.
void NodeMedia::watches(const Present& present, const Offer& offer, const FanOut& track) {
  if (track.is_in(present.counted.of(offer.stream.seen_as()))) offer.user->watches(present.peer);
}

void NodeMedia::leaves_off(const Present& present, const Offer& offer, const FanOut& track) {
  if (track.is_in(present.counted.of(offer.stream.seen_as()))) offer.user->leaves_off(present.peer);
}

}  // namespace genos
