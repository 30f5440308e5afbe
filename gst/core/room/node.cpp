// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/node.hpp"

#include <algorithm>
#include <utility>

#include "core/room/node_impl.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// What is queued when we leave may take this long to go out.
constexpr Duration leave_limit = std::chrono::seconds(2);
// And the links this long to close.
constexpr Duration departure_limit = std::chrono::seconds(3);
// Most of the burst of announcements with which everybody begins.
constexpr Duration newcomer_time = std::chrono::milliseconds(1500);

template <class Map> auto keys_of(const Map& map) {
  std::vector<std::remove_cvref_t<decltype(map.begin()->first)>> keys;
  keys.reserve(map.size());
  for (const auto& entry : map) keys.push_back(entry.first);
  return keys;
}

// As much of it as may be told, whole letters.
std::string clipped(std::string reason) {
  reason.resize(std::min(reason.size(), limits::max_leave_reason));
  while (!is_utf8(reason)) reason.pop_back();
  return reason;
}

}  // namespace

Node::Node(Options options) : impl_(std::make_unique<NodeImpl>(std::move(options))) {}
Node::Node(Node&&) noexcept = default;
Node::~Node() = default;
void Node::handle(Input input, Time now) { impl_->handle(std::move(input), now); }
void Node::advance(Time now) { impl_->advance(now); }
std::optional<Node::Output> Node::poll() { return impl_->poll(); }
Time Node::deadline() const { return impl_->deadline(); }

NodeImpl::NodeImpl(Node::Options options) : options_(std::move(options)) {
  if (!options_.topology) options_.topology = std::make_unique<FullMesh>();
}

void NodeImpl::handle(Node::Input input, Time now) {
  std::visit([this, now](auto& in) { on(in, now); }, input);
  settle(now);
}

void NodeImpl::advance(Time now) {
  for (auto& [token, room] : rooms_) {
    if (!room.leaving()) {
      expire(room, now);
      seek_missed(room, now);
    }
    for (const PeerId& peer : keys_of(room.members)) advance_member(room, peer, now);
  }
  for (const LinkId id : keys_of(links_)) advance_link(id, now);
  for (const PeerId& peer : keys_of(peers_)) advance_peer(peer, now);
  settle(now);
}

void NodeImpl::settle(Time now) {
  // Each round may end attempts and so make others possible; what is left waits for the next call.
  for (int round = 0; changed_ && round < 4; ++round) evaluate(now);
  pump_all(now);
  finish_leaving(now);
}

std::optional<Node::Output> NodeImpl::poll() {
  if (outputs_.empty()) return {};
  Node::Output output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

Time NodeImpl::deadline() const {
  Time next = changed_ ? Time::min() : never;
  for (const auto& [token, room] : rooms_) next = std::min(next, room_deadline(room));
  for (const auto& [id, link] : links_) next = std::min(next, link_deadline(link));
  for (const auto& [token, departure] : departures_) next = std::min(next, departure.until);
  for (const auto& [id, peer] : peers_) {
    next = std::min({next, peer.try_at, peer.replace_until, peer.offer_at, peer.wake.at()});
  }
  return next;
}

Time NodeImpl::room_deadline(const Room& room) const {
  Time next = std::min(room.leave_at, room.roster.deadline());
  if (!room.leaving())
    for (const auto& [page, missed] : room.missed)
      next = std::min({next, missed.next, missed.until});
  for (const auto& [peer, member] : room.members) {
    next = std::min(next, member.requests.deadline());
    for (const auto& question : member.pings)
      if (question.id) next = std::min(next, question.asked + options_.silence_limit);
  }
  return next;
}

Time NodeImpl::link_deadline(const Link& link) const {
  if (!link.open()) return std::min(link.limit, link.resend.at());
  Time next = std::min({link.close_at, link.liveness->deadline(), link.pump_at});
  if (link.words) next = std::min({next, link.words->deadline(), link.judge_at});
  for (const auto& [token, binding] : link.bindings)
    next = std::min(
        {next, binding.handshake.deadline(), binding.active ? never : binding.contested_until});
  return next;
}

Room* NodeImpl::active_room(const RoomToken& token) {
  const auto it = rooms_.find(token);
  return it == rooms_.end() || it->second.leaving() ? nullptr : &it->second;
}

Member* NodeImpl::member_of(const RoomToken& token, const PeerId& peer) {
  const auto room = rooms_.find(token);
  if (room == rooms_.end()) return nullptr;
  const auto member = room->second.members.find(peer);
  return member == room->second.members.end() ? nullptr : &member->second;
}

void NodeImpl::on(Node::Join& in, Time now) {
  const RoomToken token = in.room.token;
  if (const auto old = rooms_.find(token); old != rooms_.end()) {
    if (!old->second.leaving()) return;
    say_goodbye(token, now);
  }
  departed(token);
  if (rooms_.size() >= limits::max_rooms) {
    outputs_.push_back(Node::RoomLeft{token});
    return;
  }
  Room& room = rooms_.try_emplace(token, std::move(in.room)).first->second;
  room.settled_at = now + newcomer_time;
  for (const LinkId id : keys_of(links_)) {
    Link* link = find(id);
    if (!link || !link->open() || link->retired) continue;
    tell_presence(*link, token, true);
    std::vector<Bytes> early = take_early(*link, token);
    if (link->present.contains(token) || !early.empty()) bind(*link, room, now);
    for (Bytes& frame : early) {
      Node::LinkReceived again{id, std::move(frame)};
      on(again, now);
    }
  }
}

void NodeImpl::on(Node::Leave& in, Time now) {
  Room* room = active_room(in.room);
  if (!room) return;
  room->leave_at = now + leave_limit;
  room->leave_reason = clipped(std::move(in.reason));
  for (const LinkId id : keys_of(links_)) {
    Link* link = find(id);
    if (link && !link->open() && link->room == in.room) abandon(id, now);
  }
  changed_ = true;
}

void NodeImpl::finish_leaving(Time now) {
  for (const RoomToken& token : keys_of(rooms_)) {
    Room& room = rooms_.find(token)->second;
    if (!room.leaving()) continue;
    const bool waiting = std::any_of(room.members.begin(), room.members.end(), [](const auto& m) {
      return m.second.link && !m.second.outbox.empty();
    });
    if (!waiting || now >= room.leave_at) say_goodbye(token, now);
  }
  for (const RoomToken& token : keys_of(departures_)) {
    const Departure& departure = departures_[token];
    if (departure.links.empty() || now >= departure.until) departed(token);
  }
}

void NodeImpl::say_goodbye(const RoomToken& token, Time now) {
  Room& room = rooms_.find(token)->second;
  Departure departure{{}, now + departure_limit};
  for (const LinkId id : keys_of(links_)) {
    Link* link = find(id);
    if (!link || !link->open()) continue;
    // A page's goodbye has no words, so it gets none.
    const bool ours = link->partner == Partner::genos;
    if (link->bindings.contains(token))
      control(*link, room, "@_leave", ours ? room.leave_reason : std::string());
    tell_presence(*link, token, false);
    link->said.erase(token);
    unbind(*link, token, now);
    if (!link->bindings.empty()) continue;
    departure.links.insert(id);
    close(id, Closing::after_flush, now);
  }
  for (const PeerId& peer : keys_of(room.members))
    remove_member(room, peer, LeaveReason::local, "");
  const auto roster = keys_of(room.roster);
  rooms_.erase(token);
  for (const PeerId& peer : roster) drop_unused_peer(peer);
  departures_[token] = std::move(departure);
  changed_ = true;
}

void NodeImpl::departed(const RoomToken& token) {
  if (departures_.erase(token)) outputs_.push_back(Node::RoomLeft{token});
}

void NodeImpl::forget_closed(LinkId id) {
  ending_.erase(id);
  for (auto& [token, departure] : departures_) departure.links.erase(id);
}

void NodeImpl::on(Node::Forget& in, Time now) {
  Room* room = active_room(in.room);
  if (!room || !room->roster.find(in.peer)) return;
  const auto peer = peers_.find(in.peer);
  const std::vector<LinkId> ids = peer == peers_.end() ? std::vector<LinkId>{} : peer->second.links;
  for (const LinkId id : ids) {
    Link* link = find(id);
    if (!link->bindings.contains(in.room)) continue;
    control(*link, *room, "@_leave");
    tell_presence(*link, in.room, false);
    unbind(*link, in.room, now);
    if (link->bindings.empty()) close(id, Closing::after_flush, now);
  }
  refuse(*room, in.peer, "", now);
  remove_member(*room, in.peer, LeaveReason::refused, in.reason);
}

void NodeImpl::on(Node::HandshakeSend& in, Time now) {
  Room* room = active_room(in.room);
  Link* link = room ? handshaking(in.room, in.peer) : nullptr;
  if (!link) return;
  Handshake& handshake = link->bindings.find(in.room)->second.handshake;
  if (handshake.send(std::move(in.message))) drain_handshake(*link, *room, now);
}

void NodeImpl::on(Node::HandshakeResult& in, Time now) {
  Room* room = active_room(in.room);
  Link* link = room ? handshaking(in.room, in.peer) : nullptr;
  if (!link) return;
  link->bindings.find(in.room)->second.handshake.finish(std::move(in.failure));
  drain_handshake(*link, *room, now);
}

}  // namespace genos::core
