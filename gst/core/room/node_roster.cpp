// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is there, whom the topology wants, and how those are sought.
#include <algorithm>
#include <utility>

#include "core/room/node_impl.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Time for both sides' rosters to agree before a link is closed that only one of them wants.
constexpr Duration unwanted_grace = std::chrono::seconds(3);
// A link without a room: the other side may be about to name one.
constexpr Duration idle_grace = std::chrono::seconds(5);
// trystero 0.25.4 suppresses repeats of an offer for 0.9 of 5,333 ms.
constexpr Duration offer_repeat = std::chrono::milliseconds(4800);
constexpr Duration slot_wait = std::chrono::milliseconds(500);
// A page (trystero 0.25.4) stays in the room for 99 ms after its goodbye, and answers even then;
// nothing comes of it, but the page that returned would hear nothing of another offer for long.
constexpr Duration page_farewell = std::chrono::milliseconds(150);
constexpr Duration missed_for = std::chrono::seconds(30);
constexpr Duration missed_repeat = std::chrono::seconds(2);
constexpr Duration failure_repeat = std::chrono::seconds(60);
constexpr Duration first_refusal = std::chrono::seconds(10);
constexpr Duration last_refusal = std::chrono::seconds(60);

}  // namespace

bool NodeImpl::hear(Room& room, const PeerId& peer, const std::optional<Advertisement>& genos,
                    Time now) {
  if (peer.empty() || peer == options_.self || peer.value.size() > limits::max_peer_id)
    return false;
  const auto hearing = room.roster.heard(peer, genos, now);
  if (hearing.evicted) drop_unused_peer(*hearing.evicted);
  if (hearing.result == RoomRoster::Heard::ignored) return false;
  room.missed.erase(peer);
  peers_[peer].signalled = now;
  if (std::exchange(peers_[peer].silent, false)) changed_ = true;
  if (hearing.result == RoomRoster::Heard::known) return true;
  changed_ = true;
  if (hearing.result == RoomRoster::Heard::changed) return true;
  // Of two newcomers only one makes the effort.
  peers_[peer].newcomer = now >= room.settled_at;
  outputs_.push_back(Node::PeerSeen{room.options.token, peer});
  if (room.options.strict && !genos)
    join_failed(room, peer, *objection(room, peer, Partner::page, {}), now);
  return true;
}

void NodeImpl::on(Node::Heard& in, Time now) {
  Room* room = active_room(in.room);
  if (!room || (room->options.passive && in.passive)) return;
  if (!hear(*room, in.peer, in.genos, now)) return;
  if (changed_) evaluate(now);
  Peer& peer = peers_[in.peer];
  if (!peer.links.empty() || !room->wanted.contains(in.peer)) return;
  if (peer.attempt) {
    Link& link = *find(*peer.attempt);
    if (link.role == LinkRole::offerer && !link.described && link.description &&
        now >= link.delivered + offer_repeat)
      deliver_all(link, now);
  } else if (!leads(in.peer) && now >= peer.declined_until) {
    wake(*room, in.peer, peer, now);
  }
}

void NodeImpl::miss(Room& room, const PeerId& page, Time now) {
  if (room.missed.size() >= limits::max_missed) return;
  room.missed[page] = Missed{now + missed_for, now + missed_repeat};
}

void NodeImpl::seek_missed(Room& room, Time now) {
  std::erase_if(room.missed, [now](const auto& each) { return now >= each.second.until; });
  for (auto& [page, missed] : room.missed) {
    if (now < missed.next) continue;
    missed.next = now + missed_repeat;
    outputs_.push_back(Node::Wake{room.options.token, page});
  }
}

void NodeImpl::wake(Room& room, const PeerId& id, Peer& peer, Time now) {
  if (peer.woken == now) return;
  peer.woken = now;
  peer.wake.start(now);
  outputs_.push_back(Node::Wake{room.options.token, id});
}

void NodeImpl::on(Node::Undecryptable& in, Time now) {
  Room* room = active_room(in.room);
  if (!room || !hear(*room, in.peer, {}, now)) return;
  join_failed(
      *room, in.peer,
      "what it sent cannot be decrypted: its password is not ours; give both sides the same", now);
}

void NodeImpl::on(Node::Gone& in, Time now) {
  Room* room = active_room(in.room);
  const auto peer = peers_.find(in.peer);
  if (!room || peer == peers_.end()) return;
  const std::vector<LinkId> ids = peer->second.links;
  for (const LinkId id : ids)
    if (Link* link = find(id); link && link->bindings.contains(in.room))
      left_by_peer(*link, *room, "", now);
  remove_member(*room, in.peer, LeaveReason::said_goodbye, "");
  room->roster.erase(in.peer);
  changed_ = true;
}

void NodeImpl::expire(Room& room, Time now) {
  if (now < room.roster.deadline()) return;
  room.roster.pardon(now);
  const auto gone = room.roster.expire(now);
  for (const PeerId& peer : gone) {
    room.wanted.erase(peer);
    drop_unused_peer(peer);
  }
  changed_ = true;
}

bool NodeImpl::known(const PeerId& id) const {
  return std::any_of(rooms_.begin(), rooms_.end(),
                     [&](const auto& entry) { return entry.second.roster.contains(id); });
}

void NodeImpl::drop_unused_peer(const PeerId& id) {
  const auto it = peers_.find(id);
  if (it == peers_.end() || it->second.attempt || !it->second.links.empty() || known(id)) return;
  peers_.erase(it);
  for (auto& [token, room] : rooms_) room.sessions.erase(id);
  early_.forget(id);
}

Room* NodeImpl::room_that_wants(const PeerId& id) {
  for (auto& [token, room] : rooms_)
    if (!room.leaving() && room.wanted.contains(id)) return &room;
  return nullptr;
}

void NodeImpl::evaluate(Time now) {
  changed_ = false;
  for (auto& [token, room] : rooms_) {
    if (room.leaving()) continue;
    Roster roster = room.roster.wanted();
    if (room.options.strict)
      std::erase_if(roster, [](const auto& entry) { return !entry.second.genos; });
    room.wanted = options_.topology->wanted(options_.self, room.options.ours, roster);
  }
  std::vector<LinkId> ids;
  for (const auto& [id, link] : links_) ids.push_back(id);
  for (const LinkId id : ids)
    if (Link* link = find(id)) review(*link, now);
  for (auto& [id, peer] : peers_)
    if (!peer.attempt && peer.links.empty()) seek(id, peer, now);
  forget_unused_peers();
}

// Strangers come and go; a pause before the next attempt is remembered for as long as it lasts.
void NodeImpl::forget_unused_peers() {
  std::vector<PeerId> unused;
  for (const auto& [id, peer] : peers_)
    if (peer.try_at == never && peer.replace_until == never) unused.push_back(id);
  for (const PeerId& id : unused) drop_unused_peer(id);
}

void NodeImpl::review(Link& link, Time now) {
  if (link.retired) return;
  const bool wanted = room_that_wants(link.peer) != nullptr;
  if (!link.open()) {
    const bool ours = link.role == LinkRole::offerer && !link.described;
    if (!wanted && ours) abandon(link.id, now);
    return;
  }
  const LinkId id = link.id;
  reconcile(link, now);
  if (!find(id)) return;
  const bool keep = wanted && !link.bindings.empty();
  link.unwanted = !wanted;
  if (keep)
    link.close_at = never;
  else if (link.close_at == never)
    link.close_at = now + (wanted ? idle_grace : unwanted_grace);
}

// Says in which rooms we would meet this peer, and meets it where it says the same. So a room that
// failed on a link is tried again once neither side refuses the other.
void NodeImpl::reconcile(Link& link, Time now) {
  const LinkId id = link.id;
  std::vector<RoomToken> tokens;
  for (const auto& [token, room] : rooms_)
    if (!room.leaving() && !link.bindings.contains(token)) tokens.push_back(token);
  for (const RoomToken& token : tokens) {
    Room& room = rooms_.find(token)->second;
    const bool meet = !room.roster.refuses(link.peer);
    tell_presence(link, token, meet);
    if (meet && link.present.contains(token)) bind(link, room, now);
    if (!find(id)) return;
  }
}

void NodeImpl::seek(const PeerId& id, Peer& peer, Time now) {
  if (peer.replace_until != never || peer.try_at != never) return;
  Room* room = room_that_wants(id);
  if (!room) {
    peer.wake.stop();
    return;
  }
  const Time parted = parted_at(id, now);
  // One of ours that leads is not woken first when it comes: an offer is as short a message, and
  // saves the way there and back. A page must lead when its id says so.
  const bool met_at_once =
      std::exchange(peer.newcomer, false) && room->roster.find(id)->genos.has_value();
  if (now < peer.declined_until) {
    peer.try_at = peer.declined_until;
  } else if (parted != never && now < parted + page_farewell) {
    peer.try_at = parted + page_farewell;
  } else if (peer.silent) {
    // Who left before we met says nothing; who is there is heard again within a minute.
  } else if (!leads(id) && !met_at_once) {
    if (!peer.wake.running()) wake(*room, id, peer, now);
  } else if (take_slot(now)) {
    open_offerer(id, peer, *room, now);
  } else {
    peer.try_at = now + slot_wait;
  }
}

void NodeImpl::advance_peer(const PeerId& id, Time now) {
  const auto it = peers_.find(id);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  if (now >= peer.replace_until) {
    give_up(id, now);
    return;
  }
  const Link* link = newest(peer);
  const bool broken = peer.replace_until != never || (link && link->liveness->doubtful());
  if (now >= peer.offer_at) {
    peer.offer_at = never;
    Room* room = room_that_wants(id);
    if (broken && !peer.attempt && room && take_slot(now)) open_offerer(id, peer, *room, now);
  }
  if (now >= peer.try_at) {
    peer.try_at = never;
    if (broken)
      replace(id, peer, now);
    else
      changed_ = true;  // it may have been refused until now
  }
  if (peer.wake.due(now)) wake(id, peer, link != nullptr);
}

void NodeImpl::wake(const PeerId& id, Peer& peer, bool is_linked) {
  Room* room = room_that_wants(id);
  if (room && !peer.attempt && !is_linked)
    outputs_.push_back(Node::Wake{room->options.token, id});
  else
    peer.wake.stop();
}

void NodeImpl::join_failed(Room& room, const PeerId& peer, std::string why, Time now) {
  RoomRoster::Entry* entry = room.roster.find(peer);
  if (!entry || (entry->told_failure != Time::min() && now - entry->told_failure < failure_repeat))
    return;
  entry->told_failure = now;
  outputs_.push_back(Node::JoinFailed{room.options.token, peer, std::move(why)});
}

// An empty reason: the application knows it.
void NodeImpl::refuse(Room& room, const PeerId& peer, std::string why, Time now) {
  RoomRoster::Entry* entry = room.roster.find(peer);
  if (!entry) return;
  if (!why.empty()) join_failed(room, peer, std::move(why), now);
  entry->refused_until = now + std::min(first_refusal * (1 << entry->refusals), last_refusal);
  entry->refusals = std::min(entry->refusals + 1, 8u);
  changed_ = true;
}

std::optional<std::string> NodeImpl::objection(const Room& room, const PeerId& peer,
                                               Partner partner,
                                               const std::optional<std::string>& identity) const {
  const auto& options = room.options;
  if (options.strict && partner == Partner::page)
    return "it is a plain Trystero peer and this room is strict; set strict=false to let it in";
  if (options.strict && !identity)
    return "it has no signed identity and this room is strict; start it with identity=FILE "
           "(`genos identity new` makes one)";
  if (options.trusted.empty() || options.trusted.contains(peer.value)) return {};
  if (identity && options.trusted.contains(*identity)) return {};
  if (!identity)
    return "it proved no key and only trusted peers may connect; add its id to trusted";
  return "its key " + *identity + " is not trusted; add the key to trusted to let it in";
}

}  // namespace genos::core
