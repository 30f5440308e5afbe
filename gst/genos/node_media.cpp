// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/node_media.hpp"

#include <algorithm>
#include <set>

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"
#include "genos/node_host.hpp"
#include "genos/node_media_messages.hpp"
#include "genos/track_router.hpp"

namespace genos {
namespace {

using core::Json;
using core::Node;
using link::MediaStanding;

Json announcement_of(const StreamOut& stream) {
  auto said = Json::object().set("k", stream.seen_as()).set("s", stream.seen_as());
  if (auto meta = core::parse_json(stream.meta)) said.set("m", *std::move(meta));
  return said;
}

}  // namespace

// --- users

void NodeMedia::attach(const core::RoomToken& room, const std::shared_ptr<RoomMedia>& user) {
  auto& users = users_[room];
  if (std::ranges::find(users, user) != users.end()) return;  // while the room was still left
  users.push_back(user);
  for (const auto& [place, present] : present_) {
    if (place.first != room) continue;
    apply_latency(place.second);
    for (const auto& [id, stream] : user->streams_) offer(place, present, user, stream);
    show_tracks(present.link, *user);
  }
  tell_wish();
}

void NodeMedia::detach(RoomMedia& user) {
  std::vector<std::string> streams;
  for (const auto& [id, stream] : user.streams_) streams.push_back(id);
  for (const auto& id : streams) end(user, id);
  for (auto& [room, users] : users_)
    std::erase_if(users, [&](const auto& each) { return each.get() == &user; });
  tell_wish();
}

void NodeMedia::send(RoomMedia& user, const std::string& stream) {
  auto& out = user.streams_[stream];
  // It may have ended meanwhile: what is said of an id ends with the last that has it.
  if (std::ranges::none_of(user.streams_, [&](const auto& other) {
        return other.first != stream && other.second.seen_as() == out.joins;
      }))
    out.joins.clear();
  const auto self = user.shared_from_this();
  for (const auto& [place, present] : present_) {
    const auto users = users_.find(place.first);
    if (users != users_.end() && std::ranges::find(users->second, self) != users->second.end())
      offer(place, present, self, out);
  }
  for (auto& [link, offers] : offers_)
    for (auto& offer : offers)
      if (offer.user == self) serve(link, offer, out);
}

void NodeMedia::end(RoomMedia& user, const std::string& stream) {
  for (auto& [link, offers] : offers_) {
    for (auto& offer : offers)
      if (offer.user.get() == &user) end(link, offer, stream);
    std::erase_if(offers, [&](const Offer& offer) {
      return offer.user.get() == &user && offer.stream.id == stream;
    });
  }
  user.streams_.erase(stream);
}

// What of that stream goes there. The offer itself stays.
void NodeMedia::end(core::LinkId link, Offer& offer, const std::string& stream) {
  for (auto& other : offer.others)
    if (other.stream == stream) leave(link, offer, other);
  if (offer.stream.id != stream) return;
  const auto& seen_as = offer.stream.seen_as();
  const auto& offers = offers_[link];
  const bool goes_on = std::ranges::any_of(offers, [&](const Offer& each) {
    return &each != &offer && each.room == offer.room && each.stream.seen_as() == seen_as;
  });
  withdraw(link, offer, !goes_on);
  if (goes_on) return;
  const auto present = present_.find({offer.room, offer.peer});
  if (present != present_.end() && !present->second.peer.is_page)
    host_.feed_later(Node::Send{
        {}, offer.room, {offer.peer}, message_of(farewell, Json::object().set("s", seen_as))});
}

void NodeMedia::end(RoomMedia& user, const std::string& stream,
                    const std::shared_ptr<FanOut>& track) {
  for (auto& [link, offers] : offers_)
    for (auto& offer : offers)
      if (offer.user.get() == &user && offer.stream.id == stream) end(link, offer, track);
  if (const auto found = user.streams_.find(stream); found != user.streams_.end())
    std::erase(found->second.tracks, track);
}

void NodeMedia::end(core::LinkId link, Offer& offer, const std::shared_ptr<FanOut>& track) {
  const auto found = std::ranges::find(offer.stream.tracks, track);
  if (found == offer.stream.tracks.end()) return;
  const auto at = found - offer.stream.tracks.begin();
  const auto present = present_.find({offer.room, offer.peer});
  const bool is_here = present != present_.end();
  if (track->remove(link) && is_here) leaves_off(present->second, offer, *track);
  for (auto& other : offer.others) {
    if (other.track != track) continue;
    leave(link, offer, other);
    if (is_here) offer.user->leaves_other(present->second.peer, track);
  }
  std::erase_if(offer.others, [&](const auto& other) { return other.track == track; });
  offer.stream.tracks.erase(found);
  if (offer.pads.empty()) return;
  if (auto* to = host_.link_of(offer.peer)) to->end_media(offer.pads[std::size_t(at)].get(), false);
  offer.pads.erase(offer.pads.begin() + at);
}

void NodeMedia::stop(RoomMedia& user, const std::string& peer) {
  for (auto& [link, offers] : offers_) {
    const auto is_it = [&](const Offer& offer) {
      return offer.user.get() == &user && offer.peer.value == peer;
    };
    for (auto& offer : offers)
      if (is_it(offer)) withdraw(link, offer, false);
    std::erase_if(offers, is_it);
  }
  for (const auto& [place, present] : present_) {
    const auto& users = users_[place.first];
    const bool is_his =
        std::ranges::any_of(users, [&](const auto& one) { return one.get() == &user; });
    if (is_his && present.peer.id == peer) user.stopped_.insert(peer);
  }
}

// --- offers

void NodeMedia::apply_latency(const core::PeerId& peer) {
  std::optional<core::Duration> longest;
  for (const auto& [room, users] : users_)
    for (const auto& user : users) longest = std::max(longest, user->latency_);
  auto* link = host_.link_of(peer);
  if (link && longest) link->set_jitter(*longest);
}

std::function<std::vector<std::string>()> NodeMedia::wanted_codecs() const {
  return [weak = host_.weak_from_this()] {
    const auto host = weak.lock();
    return host ? host->media().codecs() : std::vector<std::string>();
  };
}

std::vector<std::string> NodeMedia::codecs() const {
  std::vector<std::string> all;
  const auto add = [&](const std::string& codec) {
    if (std::ranges::find(all, codec) == all.end()) all.push_back(codec);
  };
  for (const auto& [room, users] : users_)
    for (const auto& user : users) {
      if (!user->codecs_) continue;
      if (user->codecs_->empty()) return {};
      std::ranges::for_each(*user->codecs_, add);
    }
  return all;
}

void NodeMedia::offer_all(const Place& place, const Present& present) {
  const auto users = users_[place.first];
  for (const auto& user : users)
    for (const auto& [id, stream] : user->streams_) offer(place, present, user, stream);
}

void NodeMedia::offer(const Place& place, const Present& present,
                      const std::shared_ptr<RoomMedia>& user, const StreamOut& stream) {
  if (stream.instead_of) return;  // it waits until serve()
  if (user->stopped_.contains(present.peer.id)) return;
  std::set<core::PeerId> others;
  for (const auto& [link, offers] : offers_)
    for (const auto& offer : offers)
      if (offer.user == user && offer.peer != place.second) others.insert(offer.peer);
  if (!user->admits(present.peer, others.size())) return;
  offers_[present.link].push_back(
      {place.first, place.second, user, fresh(present.link, stream), {}, false, {}});
  pump(present.link);
}

// Who left the room and is back, while another room kept the link, gets it on a line of its own.
StreamOut NodeMedia::fresh(core::LinkId link, StreamOut stream) {
  if (!offered_[link].insert(stream.id).second)
    stream.ssrc_by = std::uint32_t(g_random_int_range(1, G_MAXINT32));
  return stream;
}

// On the lines that wait for it.
void NodeMedia::serve(core::LinkId link, Offer& offer, const StreamOut& stream) {
  if (!stream.instead_of) return;
  auto* to = host_.link_of(offer.peer);
  const auto present = present_.find({offer.room, offer.peer});
  if (!to || present == present_.end()) return;
  const auto base_time = gst_element_get_base_time(to->pipeline());
  for (auto& other : offer.others) {
    if (other.instead || other.track != stream.instead_of) continue;
    const auto& track = stream.tracks.front();
    const FanOut::Watcher watcher{link, offer.peer.value,
                                  present->second.wishes.of(offer.stream.seen_as()),
                                  offer.stream.ssrc_by};
    if (!track->add(watcher, other.pad.get(), base_time)) continue;
    other.instead = track;
    other.stream = stream.id;
    watches(present->second, offer, *track);
  }
}

void NodeMedia::leave(core::LinkId link, Offer& offer, Offer::Other& other) {
  const auto track = std::exchange(other.instead, {});
  const auto present = present_.find({offer.room, offer.peer});
  if (track && track->remove(link) && present != present_.end())
    leaves_off(present->second, offer, *track);
}

void NodeMedia::pump(core::LinkId link) {
  const auto found = offers_.find(link);
  if (found == offers_.end()) return;
  for (auto at = found->second.begin(); at != found->second.end();) {
    auto* to = host_.link_of(at->peer);
    if (!to) return;
    if (at->pads.empty() && !ask(*to, *at)) {
      if (at->settled)
        at = found->second.erase(at);  // it cannot be offered
      else
        return;  // another stream's round is not over
      continue;
    }
    ++at;
  }
}

// False: not now.
bool NodeMedia::ask(link::PeerLink& to, Offer& offer) {
  for (const auto& track : offer.stream.tracks) {
    auto pad = to.add_media(track->caps(offer.stream.ssrc_by).get(), offer.stream.seen_as(),
                            track->other(offer.stream.ssrc_by).get());
    if (!pad && pad.error().code == core::Errc::wrong_state && offer.pads.empty()) return false;
    if (!pad) {
      g_warning("a stream cannot be offered: %s", pad.error().detail.c_str());
      offer.settled = true;
      return false;
    }
    offer.pads.push_back(*pad);
  }
  // It goes out before the offer, which takes several turns.
  host_.feed_later(Node::Send{
      {}, offer.room, {offer.peer}, message_of(announcement, announcement_of(offer.stream))});
  return true;
}

void NodeMedia::settle(core::LinkId link, link::PeerLink& to, Offer& offer) {
  if (offer.settled || offer.pads.empty()) return;
  for (const auto& pad : offer.pads)
    if (to.standing(pad.get()) == MediaStanding::open) return;
  offer.settled = true;
  const auto found = present_.find({offer.room, offer.peer});
  if (found == present_.end()) return;
  const auto& present = found->second;
  for (std::size_t i = 0; i < offer.pads.size(); ++i) {
    const auto& track = offer.stream.tracks[i];
    auto* pad = offer.pads[i].get();
    const auto standing = to.standing(pad);
    if (standing == MediaStanding::refused) {
      offer.user->refused(present.peer, track);
    } else if (standing == MediaStanding::taken_in_other) {
      offer.others.push_back({track, offer.pads[i], {}, {}});
      offer.user->wants_other(present.peer, track);
    } else {
      const FanOut::Watcher watcher{
          link, offer.peer.value, present.wishes.of(offer.stream.seen_as()), offer.stream.ssrc_by};
      if (track->add(watcher, pad, gst_element_get_base_time(to.pipeline())))
        watches(present, offer, *track);
    }
  }
  for (const auto& [id, stream] : offer.user->streams_) serve(link, offer, stream);
}

void NodeMedia::withdraw(core::LinkId link, Offer& offer, bool in_words) {
  if (auto* to = host_.link_of(offer.peer))
    for (const auto& pad : offer.pads) to->end_media(pad.get(), in_words);
  if (!offer.settled) return;
  const auto present = present_.find({offer.room, offer.peer});
  for (const auto& track : offer.stream.tracks) {
    if (!track->remove(link)) continue;
    if (present != present_.end()) leaves_off(present->second, offer, *track);
  }
  for (auto& other : offer.others) {
    leave(link, offer, other);
    if (present != present_.end()) offer.user->leaves_other(present->second.peer, other.track);
  }
}

// Nothing goes over that link any more.
void NodeMedia::drop(core::LinkId link) {
  offered_.erase(link);
  if (auto node = offers_.extract(link))
    for (auto& offer : node.mapped()) withdraw(link, offer);
  auto node = routers_.extract(link);
  if (!node) return;
  for (const auto& [place, present] : present_on(link)) tell_ended(place.first, *node.mapped());
}

// --- what happens

bool NodeMedia::is_about_streams(const Node::Output& output) {
  const auto* received = std::get_if<Node::Received>(&output);
  if (!received) return false;
  const auto& channel = received->message.channel;
  return channel == announcement || channel == farewell || channel == quality_wish;
}

void NodeMedia::output(const Node::Output& output) {
  if (const auto* joined = std::get_if<Node::PeerJoined>(&output)) this->joined(*joined);
  if (const auto* moved = std::get_if<Node::PeerMoved>(&output)) this->moved(*moved);
  if (const auto* left = std::get_if<Node::PeerLeft>(&output)) this->left(*left);
  if (is_about_streams(output)) hear(std::get<Node::Received>(output));
}

void NodeMedia::joined(const Node::PeerJoined& joined) {
  const Place place{joined.room, joined.peer};
  auto& present = present_[place];
  present.link = joined.link;
  present.name = joined.name;
  present.peer = {joined.peer.value, joined.identity.value_or(""),
                  joined.partner == core::Partner::page};
  apply_latency(joined.peer);
  tell_wish(place, present);
  offer_all(place, present);
  const auto users = users_[place.first];
  for (const auto& user : users) show_tracks(present.link, *user);
  // What was agreed on before it counted as here.
  if (auto* link = host_.link_of(joined.peer)) follow_tracks(joined.link, *link);
}

void NodeMedia::moved(const Node::PeerMoved& moved) {
  const Place place{moved.room, moved.peer};
  const auto found = present_.find(place);
  if (found == present_.end()) return;
  drop(found->second.link);
  found->second.link = moved.link;
  apply_latency(moved.peer);
  // What was said last may have been lost with the other link.
  if (found->second.told) say_wish(place, *found->second.told);
  offer_all(place, found->second);
  if (auto* link = host_.link_of(moved.peer)) follow_tracks(moved.link, *link);
}

void NodeMedia::left(const Node::PeerLeft& left) {
  const auto found = present_.find({left.room, left.peer});
  if (found == present_.end()) return;
  const auto link = found->second.link;
  if (auto offers = offers_.find(link); offers != offers_.end()) {
    for (auto& offer : offers->second)
      if (offer.room == left.room) withdraw(link, offer);
    std::erase_if(offers->second, [&](const Offer& offer) { return offer.room == left.room; });
  }
  if (const auto router = routers_.find(link); router != routers_.end())
    tell_ended(left.room, *router->second);
  for (const auto& user : users_[left.room]) user->stopped_.erase(left.peer.value);
  present_.erase(found);
}

void NodeMedia::negotiated(core::LinkId link) {
  const auto places = present_on(link);
  auto* to = places.empty() ? nullptr : host_.link_of(places.front().first.second);
  if (!to) return;
  if (auto offers = offers_.find(link); offers != offers_.end())
    for (auto& offer : offers->second) settle(link, *to, offer);
  pump(link);
  follow_tracks(link, *to);
}

void NodeMedia::closed(core::LinkId link) { drop(link); }

NodeMedia::Places NodeMedia::present_on(core::LinkId link) {
  Places places;
  for (auto& [place, present] : present_)
    if (present.link == link) places.emplace_back(place, &present);
  return places;
}

}  // namespace genos
