// SPDX-License-Identifier: LGPL-2.1-or-later
// Rooms on links: who is let in, who moves to another link, who goes.
#include <algorithm>

#include "core/base/overloaded.hpp"
#include "core/room/node_impl.hpp"
#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// What the other side wrote to a link before it learned of the new one is still on its way.
constexpr Duration linger = std::chrono::seconds(2);
constexpr std::size_t session_size = 20;
// For the hello of who opened the link: its first message.
constexpr Duration greet_limit = std::chrono::seconds(5);
// How long somebody is waited for before another takes his place: a ping to the far end of the
// world, lost once.
constexpr Duration contest_limit = std::chrono::milliseconds(1500);

}  // namespace

void NodeImpl::bind(Link& link, Room& room, Time now) {
  const RoomToken& token = room.options.token;
  if (link.retired || link.bindings.contains(token)) return;
  if (!hear(room, link.peer, link.genos, now)) return;
  if (room.roster.refuses(link.peer)) return;
  if (auto why = objection(room, link.peer, link.partner, link.identity)) {
    refuse(room, link.peer, std::move(*why), now);
    return;
  }
  tell_presence(link, token, true);
  room.roster.find(link.peer)->linked = true;
  Handshake::Options options;
  options.self = options_.self;
  options.peer = link.peer;
  options.proof = room.options.strict ? Handshake::Proof::both : Handshake::Proof::one_way;
  options.application = room.options.application_handshake;
  options.prove = room.options.prove;
  options.limit = options_.handshake_limit;
  options.random = options_.random;
  Binding binding{Handshake(std::move(options), now), Inbox(), {}};
  binding.greet_until = now + greet_limit;
  link.bindings.emplace(token, std::move(binding));
  link.present.insert(token);
  changed_ = true;
  drain_handshake(link, room, now);
}

// Says which incarnation of us this is. That is a secret between us and a member: who opens a link
// in a member's name says its own part first, and what a stranger hears then is worth nothing.
void NodeImpl::greet(Link& link, Room& room, Time now) {
  const RoomToken& token = room.options.token;
  Binding& binding = link.bindings.find(token)->second;
  const Member* member = member_of(token, link.peer);
  const bool again = member && member->link != link.id && !member->session.empty();
  const bool answers = again && link.role == LinkRole::answerer;
  if (answers && binding.session.empty() && now < binding.greet_until) return;
  binding.greeted = true;
  if (link.partner != Partner::genos) return;
  std::string session = options_.random->alphanumerics(session_size);
  if (!answers || continues(*member, link, binding))
    session = room.sessions.try_emplace(link.peer, session).first->second;
  Message hello;
  hello.kind = PayloadKind::json;
  const auto made = static_cast<std::int64_t>(link.id.value);
  Json said = Json::object().set("session", session).set("made", made);
  if (!room.options.name.empty()) said.set("name", room.options.name);
  const std::string text = to_text(said);
  hello.payload = std::make_shared<const Bytes>(text.begin(), text.end());
  control(link, room, "genos:hello", std::move(hello));
}

void NodeImpl::unbind(Link& link, const RoomToken& token, Time) {
  if (!link.bindings.erase(token)) return;
  drop_early(link, token);
  changed_ = true;
  const auto room = rooms_.find(token);
  if (room == rooms_.end()) return;
  if (RoomRoster::Entry* entry = room->second.roster.find(link.peer))
    entry->linked = bound(link.peer, token);
}

// Once for each change of mind, however often the other side asks.
void NodeImpl::tell_presence(Link& link, const RoomToken& token, bool present) {
  const auto [it, first] = link.said.try_emplace(token, present);
  if (!first && it->second == present) return;
  it->second = present;
  write(link, encode_presence(token, present));
}

// It says that it leaves the room, or that it is not in it (any more).
void NodeImpl::left_by_peer(Link& link, Room& room, std::string why, Time now) {
  const RoomToken token = room.options.token;
  const PeerId peer = link.peer;
  const LinkId id = link.id;
  const auto binding = link.bindings.find(token);
  if (binding == link.bindings.end()) return;
  const std::string session = binding->second.session;
  Member* member = member_of(token, peer);
  // An earlier incarnation says goodbye on its own link; the one that is here now stays.
  const bool current = !member || member->link == id || member->session == session;
  link.present.erase(token);
  if (link.partner == Partner::page) remember_parting(peer, now);
  unbind(link, token, now);
  if (link.bindings.empty()) close(id, Closing::after_flush, now);
  if (!current) return;
  remove_member(room, peer, LeaveReason::said_goodbye, std::move(why));
  if (!bound(peer, token)) room.roster.erase(peer);
  changed_ = true;
  drop_unused_peer(peer);
}

void NodeImpl::remember_parting(const PeerId& page, Time now) {
  std::erase_if(parted_, [now](const auto& each) { return now >= each.second + return_grace; });
  parted_[page] = now;
}

Time NodeImpl::parted_at(const PeerId& page, Time now) const {
  const auto found = parted_.find(page);
  return found != parted_.end() && now < found->second + return_grace ? found->second : never;
}

// It ended the handshake. It says so again when it is ready for another one.
void NodeImpl::declined_by_peer(Link& link, Room& room, Time now) {
  join_failed(room, link.peer,
              "it ended the handshake; it may have another password, or refuses us", now);
  unbind(link, room.options.token, now);
  if (link.bindings.empty()) close(link.id, Closing::after_flush, now);
}

void NodeImpl::drain_handshake(Link& link, Room& room, Time now) {
  const RoomToken token = room.options.token;
  const LinkId id = link.id;
  if (const auto due = link.bindings.find(token); due != link.bindings.end()) {
    if (!due->second.greeted) greet(link, room, now);
    if (!due->second.greeted) return;
  }
  while (true) {
    const auto binding = link.bindings.find(token);
    if (binding == link.bindings.end()) return;
    auto output = binding->second.handshake.poll();
    if (!output) return;
    std::visit(
        Overloaded{
            [&](Handshake::SendData& send) {
              control(link, room, "@_hsdata", std::move(send.message));
            },
            [&](Handshake::SendReady&) { control(link, room, "@_hsready"); },
            [&](Handshake::Ask&) {
              if (link.partner == Partner::page) control(link, room, "@_ping");
            },
            [&](Handshake::Begun& begun) {
              outputs_.push_back(Node::HandshakeBegun{token, link.peer, begun.initiator});
            },
            [&](Handshake::Deliver& deliver) {
              outputs_.push_back(
                  Node::HandshakeReceived{token, link.peer, std::move(deliver.message)});
            },
            [&](Handshake::Active&) { activate(link, room, now); },
            [&](Handshake::Failed& failed) { handshake_failed(link, room, failed.why, now); }},
        *output);
    if (!find(id)) return;
  }
}

// Whether a new link leads to the very peer that is here: it knows what only the two of us do, and
// has the same key.
bool NodeImpl::continues(const Member& member, const Link& link, const Binding& binding) {
  return !binding.session.empty() && member.session == binding.session &&
         member.identity == link.identity;
}

// An id proves nothing: who comes with the one of a member that answers on its own link is somebody
// else, and goes. True while that is not known, and when the link was closed.
bool NodeImpl::contested(Link& link, Room& room, Binding& binding, Time now) {
  Member* member = member_of(room.options.token, link.peer);
  if (!member || !member->link || *member->link == link.id || continues(*member, link, binding))
    return false;
  Link& holder = *find(*member->link);
  if (now - holder.liveness->last_heard() >= healthy_silence) return false;
  if (holder.answered > link.begun) {
    close(link.id, Closing::after_flush, now);
    return true;
  }
  if (binding.contested_until == never) {
    binding.contested_until = now + contest_limit;
    ask(holder, room, *member, {}, now);
  }
  return now < binding.contested_until;
}

void NodeImpl::settle_contest(Link& link, const RoomToken& token, Time now) {
  const auto binding = link.bindings.find(token);
  Room* room = active_room(token);
  if (!room || binding == link.bindings.end()) return;
  if (!binding->second.active && binding->second.contested_until != never)
    activate(link, *room, now);
}

void NodeImpl::activate(Link& link, Room& room, Time now) {
  const RoomToken& token = room.options.token;
  Binding& binding = link.bindings.find(token)->second;
  if (contested(link, room, binding, now)) return;
  binding.active = true;
  if (RoomRoster::Entry* entry = room.roster.find(link.peer)) {
    entry->refusals = 0;
    entry->told_failure = Time::min();
  }
  Member* member = member_of(token, link.peer);
  const bool moved = member && continues(*member, link, binding);
  const Link* carrier = moved && member->link ? find(*member->link) : nullptr;
  if (carrier && carrier->outranks(link)) {
    retire_unused(*carrier, now);
    return;
  }
  if (moved) {
    drop_pings(link.peer, *member);
    member->link = link.id;
    // What was half written is lost with the old link's inbox at the other side: it begins again.
    member->outbox.rewind();
    outputs_.push_back(Node::PeerMoved{token, link.peer, link.id});
  } else {
    if (member) {
      const std::string told = room.sessions[link.peer];
      remove_member(room, link.peer, LeaveReason::lost, "it started anew");
      room.sessions[link.peer] = told;
    }
    admit(link, room, binding);
  }
  dirty_.insert(link.id);
  retire_unused(link, now);
}

void NodeImpl::admit(Link& link, Room& room, Binding& binding) {
  const RoomToken& token = room.options.token;
  Member& member = room.members.try_emplace(link.peer, link.id, *options_.random).first->second;
  member.session = binding.session;
  member.identity = link.identity;
  outputs_.push_back(Node::Linked{token, link.peer});
  outputs_.push_back(Node::PeerJoined{token, link.peer, link.id, link.partner, link.genos,
                                      link.identity, binding.name});
}

void NodeImpl::handshake_failed(Link& link, Room& room, const std::string& why, Time now) {
  const PeerId peer = link.peer;
  const LinkId id = link.id;
  unbind(link, room.options.token, now);
  tell_presence(link, room.options.token, false);
  refuse(room, peer, why, now);
  if (Member* member = member_of(room.options.token, peer);
      member && (!member->link || member->link == id))
    remove_member(room, peer, LeaveReason::refused, why);
  if (link.bindings.empty()) close(id, Closing::after_flush, now);
}

// Links of the same peer that carry nobody and are worse than this one are of no use. One of which
// nothing is known yet may be the better one.
void NodeImpl::retire_unused(const Link& kept, Time now) {
  Peer& peer = peers_[kept.peer];
  if (housed(kept.peer)) peer.replace_until = never;
  for (const LinkId id : peer.links) {
    Link& other = *find(id);
    const bool known = other.met || other.partner == Partner::page;
    if (id == kept.id || other.retired || !known || other.outranks(kept)) continue;
    const bool used = std::any_of(rooms_.begin(), rooms_.end(), [&](const auto& entry) {
      const auto member = entry.second.members.find(kept.peer);
      return member != entry.second.members.end() && member->second.link == id;
    });
    if (used) continue;
    other.retired = true;
    other.close_at = now + linger;
  }
}

// The link on which that peer's handshake for that room is under way.
Link* NodeImpl::handshaking(const RoomToken& token, const PeerId& id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return nullptr;
  const auto& links = peer->second.links;
  for (auto it = links.rbegin(); it != links.rend(); ++it) {
    Link* link = find(*it);
    const auto binding = link->bindings.find(token);
    if (binding != link->bindings.end() && !binding->second.active) return link;
  }
  return nullptr;
}

}  // namespace genos::core
