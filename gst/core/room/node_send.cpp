// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes out over open links: messages with back-pressure, protocol actions without.
#include <algorithm>

#include "core/base/overloaded.hpp"
#include "core/room/node_impl.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

std::size_t size_of(const Message& message) {
  return message.payload->size() + (message.meta ? message.meta->size() : 0);
}

}  // namespace

void NodeImpl::on(Node::Send& in, Time now) {
  Room* room = active_room(in.room);
  if (room && in.message.fresh && !Outbox::check(in.message)) return send_fresh(*room, in);
  std::vector<PeerId> targets = std::move(in.to);
  if (targets.empty() && room)
    for (const auto& [peer, member] : room->members) targets.push_back(peer);
  if (targets.empty()) {
    outputs_.push_back(Node::Sent{in.id, {}});
    return;
  }
  if (!room || Outbox::check(in.message)) {
    outputs_.push_back(Node::Sent{in.id, std::move(targets)});
    return;
  }
  transfers_[in.id].pending.insert(targets.begin(), targets.end());
  const std::uint16_t nonce = room->nonces.next(in.message.channel);
  for (const PeerId& peer : std::set<PeerId>(targets.begin(), targets.end())) {
    if (!enqueue(*room, peer, in.id, in.message, nonce, now)) {
      settle_transfer(in.id, peer, true);
    } else if (Member* member = member_of(in.room, peer)) {
      member->transfers.insert(in.id);
    }
  }
}

// Nothing of it is kept: who cannot have it now gets the next one. Pages have no way for it.
void NodeImpl::send_fresh(Room& room, Node::Send& in) {
  const bool all = in.to.empty();
  if (all)
    for (const auto& [peer, member] : room.members) in.to.push_back(peer);
  Outbox cutter;
  cutter.send(TransferId{}, room.options.token, in.message, room.nonces.next(in.message.channel));
  const auto frame = cutter.next();
  Node::Sent sent{in.id, {}};
  for (const PeerId& peer : std::set<PeerId>(in.to.begin(), in.to.end())) {
    const Member* member = member_of(room.options.token, peer);
    const Link* link = member && member->link ? find(*member->link) : nullptr;
    if (link && link->partner == Partner::genos)
      outputs_.push_back(Node::Write{link->id, frame->bytes, true});
    else if (!all && !(member && !member->link))
      sent.failed.push_back(peer);
  }
  outputs_.push_back(std::move(sent));
}

bool NodeImpl::enqueue(Room& room, const PeerId& peer, TransferId id, const Message& message,
                       std::uint16_t nonce, Time now) {
  Member* member = member_of(room.options.token, peer);
  if (!member || !make_queue_room(room, peer, *member, size_of(message), now)) return false;
  member->outbox.send(id, room.options.token, message, nonce);
  if (!member->full && member->outbox.queued() >= options_.queue_limit) {
    member->full = true;
    outputs_.push_back(Node::QueueFull{room.options.token, peer});
  }
  if (member->link) dirty_.insert(*member->link);
  return true;
}

// One message may always wait, whatever its size, and with `wait` twice the limit: an application
// that goes on after QueueFull is stopped there.
bool NodeImpl::make_queue_room(Room& room, const PeerId& peer, Member& member, std::size_t size,
                               Time now) {
  Outbox& outbox = member.outbox;
  const auto fits = [&](std::size_t limit) {
    return outbox.empty() || outbox.queued() + size <= limit;
  };
  if (options_.overflow == Overflow::wait) return fits(2 * options_.queue_limit);
  if (options_.overflow == Overflow::drop_oldest) {
    while (!fits(options_.queue_limit)) {
      const auto dropped = outbox.drop_oldest();
      if (!dropped) break;
      member.transfers.erase(*dropped);
      settle_transfer(*dropped, peer, true);
    }
    return fits(2 * options_.queue_limit);
  }
  if (fits(options_.queue_limit)) return true;
  Node::Forget forget{room.options.token, peer, "it reads too slowly: its queue is full"};
  on(forget, now);
  return false;
}

void NodeImpl::settle_transfer(TransferId id, const PeerId& peer, bool failed) {
  const auto it = transfers_.find(id);
  if (it == transfers_.end() || !it->second.pending.erase(peer)) return;
  if (failed) it->second.failed.push_back(peer);
  if (!it->second.pending.empty()) return;
  outputs_.push_back(Node::Sent{id, std::move(it->second.failed)});
  transfers_.erase(it);
}

// The peer has gone: nothing that waits for it or from it will come to anything.
void NodeImpl::fail_transfers(const RoomToken& token, const PeerId& peer, Member& member) {
  const std::set<TransferId> waiting = std::move(member.transfers);
  for (const TransferId id : waiting) settle_transfer(id, peer, true);
  member.outbox.forget(token);
  member.requests.fail_all("the peer has left");
  while (auto output = member.requests.poll())
    if (auto* answered = std::get_if<Requests::Answered>(&*output))
      outputs_.push_back(
          Node::Answered{answered->id, peer, {}, std::move(answered->error), Errc::unknown_peer});
  drop_pings(peer, member);
}

// Nobody answers them any more on the link that they went to.
void NodeImpl::drop_pings(const PeerId& peer, Member& member) {
  const auto pings = std::exchange(member.pings, {});
  for (const auto& question : pings) {
    if (question.id) outputs_.push_back(Node::Pong{*question.id, peer, {}});
    Link* link = question.mark && member.link ? find(*member.link) : nullptr;
    if (link) link->bulk.forget();
  }
}

void NodeImpl::on(Node::Cancel& in, Time) {
  for (auto& [token, room] : rooms_) {
    for (auto& [peer, member] : room.members) {
      member.requests.cancel(in.id);
      if (!member.outbox.cancel(in.id)) continue;
      member.transfers.erase(in.id);
      settle_transfer(in.id, peer, true);
    }
  }
}

void NodeImpl::on(Node::Ping& in, Time now) {
  Room* room = active_room(in.room);
  Member* member = member_of(in.room, in.peer);
  Link* link = room && member && member->link ? find(*member->link) : nullptr;
  if (!link || member->pings.size() >= limits::max_open_pings) {
    outputs_.push_back(Node::Pong{in.id, in.peer, {}});
    return;
  }
  ask(*link, *room, *member, in.id, now);
}

void NodeImpl::ask(Link& link, Room& room, Member& member, std::optional<TransferId> id, Time now) {
  if (member.pings.size() >= limits::max_open_pings) return;
  member.pings.push_back({id, now});
  control(link, room, "@_ping");
}

void NodeImpl::mark_bulk(Link& link, Room& room, Member& member, Time now) {
  member.pings.push_back({{}, now, link.bulk.mark(now)});
  control(link, room, "@_ping");
}

void NodeImpl::on(Node::Request& in, Time now) {
  Room* room = active_room(in.room);
  Member* member = member_of(in.room, in.to);
  if (!room || !member || Outbox::check(in.message)) {
    const char* why = member ? "the message cannot be sent: see the limits of names and sizes"
                             : "that peer is not in the room";
    const Errc code = member ? Errc::too_large : Errc::unknown_peer;
    outputs_.push_back(Node::Answered{in.id, in.to, {}, why, code});
    return;
  }
  const Message message = member->requests.ask(in.id, std::move(in.message), in.limit, now);
  const std::uint16_t nonce = room->nonces.next(message.channel);
  if (!Outbox::check(message) && enqueue(*room, in.to, in.id, message, nonce, now)) return;
  if (Member* still = member_of(in.room, in.to)) still->requests.cancel(in.id);
  outputs_.push_back(
      Node::Answered{in.id, in.to, {}, "the queue of that peer is full", Errc::too_large});
}

void NodeImpl::on(Node::Respond& in, Time) {
  Room* room = active_room(in.room);
  Member* member = member_of(in.room, in.to);
  if (!room || !member) return;
  if (in.error)
    member->requests.refuse(in.request, *in.error);
  else
    member->requests.respond(in.request, std::move(in.message));
  drain_requests(*room, in.to);
}

void NodeImpl::on(Node::Accept& in, Time) {
  if (Member* member = member_of(in.room, in.to)) member->requests.accept(in.request);
}

// A peer that asks and does not read gets no more answers than its queue holds.
void NodeImpl::answer_request(Room& room, Member& member, const Message& message) {
  if (Outbox::check(message)) return;
  Outbox& outbox = member.outbox;
  if (!outbox.empty() && outbox.queued() + size_of(message) > 2 * options_.queue_limit) return;
  outbox.send(TransferId{}, room.options.token, message, room.nonces.next(message.channel));
  if (member.link) dirty_.insert(*member.link);
}

void NodeImpl::advance_member(Room& room, const PeerId& peer, Time now) {
  Member& member = room.members.find(peer)->second;
  member.requests.advance(now);
  for (auto& question : member.pings) {
    if (!question.id || now < question.asked + options_.silence_limit) continue;
    outputs_.push_back(Node::Pong{*question.id, peer, {}});
    question.id.reset();  // its answer may still come, and must not be taken for the next one's
  }
  drain_requests(room, peer);
}

void NodeImpl::on(Node::LinkDrained& in, Time) {
  Link* link = find(in.link);
  if (!link) return;
  link->outstanding = in.buffered;
  dirty_.insert(in.link);
}

void NodeImpl::write(Link& link, Bytes bytes) {
  link.outstanding += bytes.size();
  link.unheard += bytes.size();
  outputs_.push_back(Node::Write{link.id, std::move(bytes)});
}

void NodeImpl::control(Link& link, Room& room, std::string_view action, std::string_view text) {
  Message message;
  message.kind = PayloadKind::text;
  message.payload = std::make_shared<const Bytes>(text.begin(), text.end());
  control(link, room, action, std::move(message));
}

// Goes before everything that waits, in the order said.
void NodeImpl::control(Link& link, Room& room, std::string_view action, Message message) {
  if (link.outstanding > options_.send_high + limits::control_headroom) return;
  message.channel = std::string(action);
  if (Outbox::check(message)) return;
  Outbox cutter;
  const std::uint16_t nonce = room.nonces.next(message.channel);
  cutter.send(TransferId{}, room.options.token, std::move(message), nonce);
  while (auto frame = cutter.next()) write(link, std::move(frame->bytes));
}

// Later negotiation. It waits behind the stream's announcement, which the other side must read
// first, so it takes the way that application messages take.
void NodeImpl::in_band(Link& link, const Signal& signal) {
  if (std::holds_alternative<TurnRequest>(signal) && link.partner == Partner::page) return;
  for (const auto& [token, binding] : link.bindings) {
    Member* member = member_of(token, link.peer);
    if (!binding.active || !member || member->link != link.id) continue;
    InBandSignal encoded = encode_signal(signal);
    Message message;
    message.channel = std::string(encoded.action);
    message.kind = PayloadKind::json;
    message.payload = std::make_shared<const Bytes>(encoded.json.begin(), encoded.json.end());
    if (Outbox::check(message)) return;
    const std::uint16_t nonce = rooms_.find(token)->second.nonces.next(message.channel);
    member->outbox.send(TransferId{}, token, std::move(message), nonce);
    dirty_.insert(link.id);
    return;
  }
}

void NodeImpl::pump_all(Time now) {
  const std::set<LinkId> links = std::move(dirty_);
  dirty_.clear();
  for (const LinkId id : links)
    if (Link* link = find(id); link && link->open()) pump(*link, now);
}

// One frame of each room in turn, as long as the link takes more.
void NodeImpl::pump(Link& link, Time now) {
  std::size_t idle = 0;
  auto at = link.bindings.upper_bound(link.turn);
  while (link.outstanding < options_.send_high && idle < link.bindings.size()) {
    if (at == link.bindings.end()) at = link.bindings.begin();
    const RoomToken& token = at->first;
    Member* member = carried(link, token, at->second);
    idle = member && pump(link, rooms_.find(token)->second, *member, now) ? 0 : idle + 1;
    link.turn = token;
    ++at;
  }
  const bool waits = std::any_of(link.bindings.begin(), link.bindings.end(), [&](const auto& each) {
    const Member* member = carried(link, each.first, each.second);
    return member && !member->outbox.empty();
  });
  link.pump_at = waits && link.outstanding < options_.send_high ? link.bulk.opens_at() : never;
}

// Who writes to this link in that room, if anybody.
Member* NodeImpl::carried(const Link& link, const RoomToken& token, const Binding& binding) {
  Member* member = binding.active ? member_of(token, link.peer) : nullptr;
  return member && member->link == link.id ? member : nullptr;
}

// False when there is nothing that may go.
bool NodeImpl::pump(Link& link, Room& room, Member& member, Time now) {
  auto frame = member.outbox.next(link.bulk.open(now) ? Outbox::Bulk::goes : Outbox::Bulk::waits);
  if (!frame) return false;
  if (frame->bulk) {
    if (link.bulk.quiet()) mark_bulk(link, room, member, now);
    link.bulk.wrote(frame->bytes.size(), now);
  }
  write(link, std::move(frame->bytes));
  if (link.bulk.mark_due()) mark_bulk(link, room, member, now);
  drain_outbox(room, link.peer, member);
  return true;
}

void NodeImpl::drain_outbox(Room& room, const PeerId& peer, Member& member) {
  while (auto output = member.outbox.poll()) {
    if (auto* progress = std::get_if<Outbox::Progress>(&*output)) {
      outputs_.push_back(Node::SendProgress{progress->id, peer, progress->fraction});
    } else if (auto* sent = std::get_if<Outbox::Sent>(&*output)) {
      member.transfers.erase(sent->id);
      settle_transfer(sent->id, peer, false);
    }
  }
  if (!member.full || member.outbox.queued() > options_.queue_limit / 2) return;
  member.full = false;
  outputs_.push_back(Node::QueueReady{room.options.token, peer});
}

}  // namespace genos::core
