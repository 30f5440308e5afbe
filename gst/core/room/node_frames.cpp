// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes in over open links.
#include <algorithm>

#include "core/base/overloaded.hpp"
#include "core/room/node_impl.hpp"
#include "core/wire/envelope.hpp"
#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::string_view hello_action = "genos:hello";
constexpr std::string_view unlink_action = "genos:unlink";
constexpr std::size_t max_session = 64;
// Long enough for the turn of a peer, so that no quarrel about a link becomes a storm.
constexpr Duration declined_pause = std::chrono::seconds(10);

bool passes_before_active(std::string_view action) {
  return action == "@_hsdata" || action == "@_hsready" || action == "@_leave" ||
         action == hello_action;
}

}  // namespace

void NodeImpl::on(Node::LinkReceived& in, Time now) {
  Link* link = find(in.link);
  if (!link || !link->open()) return;
  heard_on(*link, now);
  if (link->words) hear_words(*link, now);
  const auto frame = parse_frame(in.bytes);
  if (!frame) return;
  if (const auto* presence = std::get_if<PresenceFrame>(&*frame))
    on_presence(*link, *presence, now);
  else
    on_room_frame(*link, *std::get_if<RoomFrame>(&*frame), in.bytes, now);
}

void NodeImpl::on_presence(Link& link, const PresenceFrame& frame, Time now) {
  Room* room = active_room(frame.room);
  if (frame.present) {
    if (link.present.size() < limits::max_rooms) link.present.insert(frame.room);
    if (room) bind(link, *room, now);
    return;
  }
  link.present.erase(frame.room);
  drop_early(link, frame.room);
  if (!room) return;
  const auto binding = link.bindings.find(frame.room);
  if (binding != link.bindings.end() && !binding->second.active)
    declined_by_peer(link, *room, now);
  else
    left_by_peer(link, *room, "", now);
}

void NodeImpl::keep_early(Link& link, const RoomToken& room, const Bytes& whole) {
  std::size_t frames = 0;
  for (const auto& [token, list] : link.early) frames += list.size();
  if (frames >= limits::max_early_frames ||
      link.early_bytes + whole.size() > limits::max_early_frame_bytes)
    return;
  link.early[room].push_back(whole);
  link.early_bytes += whole.size();
}

std::vector<Bytes> NodeImpl::take_early(Link& link, const RoomToken& room) {
  const auto it = link.early.find(room);
  if (it == link.early.end()) return {};
  std::vector<Bytes> frames = std::move(it->second);
  link.early.erase(it);
  for (const Bytes& frame : frames) link.early_bytes -= frame.size();
  return frames;
}

void NodeImpl::drop_early(Link& link, const RoomToken& room) { take_early(link, room); }

// Of a page that did not say that it is ready. It may be a member all the same (see ask_gap), or
// was one before it began this handshake: what it says is kept until one of the two is known.
void NodeImpl::on_early_frame(Link& link, Room& room, std::string_view action, const Bytes& whole,
                              Time now) {
  const LinkId id = link.id;
  const RoomToken token = room.options.token;
  Binding& binding = link.bindings.find(token)->second;
  if (link.partner != Partner::page || !binding.handshake.passed()) return;
  if (action != "@_pong") {
    keep_early(link, token, whole);
    return;
  }
  std::vector<Bytes> early = take_early(link, token);
  binding.handshake.ready();
  drain_handshake(link, room, now);
  for (Bytes& frame : early) {
    Node::LinkReceived again{id, std::move(frame)};
    on(again, now);
  }
}

void NodeImpl::on_room_frame(Link& link, const RoomFrame& frame, const Bytes& whole, Time now) {
  const LinkId id = link.id;
  const RoomToken token = frame.room;
  Room* room = active_room(token);
  if (!room) {
    if (!rooms_.contains(token)) keep_early(link, token, whole);
    return;
  }
  const auto chunk = parse_chunk(frame.inner);
  if (!chunk) return;
  // Who begins a handshake is in the room, whether its presence has come or not.
  const bool opens = passes_before_active(chunk->action) && chunk->action != "@_leave";
  if (opens) bind(link, *room, now);
  if (!find(id)) return;
  const auto binding = link.bindings.find(token);
  if (binding == link.bindings.end()) return;
  if (!binding->second.active && !passes_before_active(chunk->action)) {
    on_early_frame(link, *room, chunk->action, whole, now);
    return;
  }
  binding->second.inbox.handle(*chunk);
  drain_inbox(link, *room, binding->second.inbox, now);
}

void NodeImpl::drain_inbox(Link& link, Room& room, Inbox& inbox, Time now) {
  const LinkId id = link.id;
  const RoomToken token = room.options.token;
  std::vector<Inbox::Output> outputs;
  while (auto output = inbox.poll()) outputs.push_back(std::move(*output));
  for (auto& output : outputs) {
    if (!find(id) || !link.bindings.contains(token) || !active_room(token)) return;
    if (auto* received = std::get_if<Inbox::Received>(&output)) {
      on_message(link, room, std::move(received->message), now);
    } else if (auto* progress = std::get_if<Inbox::Progress>(&output)) {
      outputs_.push_back(Node::Progress{token, link.peer, std::move(progress->channel),
                                        std::move(progress->meta), progress->fraction,
                                        progress->bytes});
    }
  }
}

void NodeImpl::on_message(Link& link, Room& room, Message message, Time now) {
  if (on_handshake_action(link, room, message, now)) return;
  const auto binding = link.bindings.find(room.options.token);
  if (binding == link.bindings.end() || !binding->second.active) return;
  Member* member = member_of(room.options.token, link.peer);
  if (!member || member->session != binding->second.session) return;
  if (on_control_action(link, room, message, now)) return;
  if (is_control(message.channel)) {
    // Streams, tracks and whatever else the shell or a later version of us knows.
    outputs_.push_back(Node::Received{room.options.token, link.peer, std::move(message), {}});
    return;
  }
  member->requests.handle(std::move(message), now);
  drain_requests(room, link.peer);
}

bool NodeImpl::on_handshake_action(Link& link, Room& room, Message& message, Time now) {
  if (message.channel == "@_leave") {
    std::string why(text_of(*message.payload));
    if (why.size() > limits::max_leave_reason || !is_utf8(why)) why.clear();
    left_by_peer(link, room, std::move(why), now);
    return true;
  }
  Binding& binding = link.bindings.find(room.options.token)->second;
  if (message.channel == hello_action) {
    on_hello(link, binding, message);
  } else if (message.channel == "@_hsdata") {
    binding.handshake.data(std::move(message));
  } else if (message.channel == "@_hsready") {
    if (!binding.active) drop_early(link, room.options.token);
    binding.handshake.ready();
  } else {
    return false;
  }
  drain_handshake(link, room, now);
  return true;
}

void NodeImpl::on_hello(Link& link, Binding& binding, const Message& message) {
  const auto json = parse_json(text_of(*message.payload));
  if (!link.met) link.made_there = json ? json->integer_at("made").value_or(0) : 0;
  link.met = true;
  if (!json || binding.active) return;
  const auto session = json->string_at("session"), name = json->string_at("name");
  if (session && session->size() <= max_session) binding.session = *session;
  if (name && name->size() <= limits::max_peer_name) binding.name = *name;
}

bool NodeImpl::on_control_action(Link& link, Room& room, Message& message, Time now) {
  const std::string& action = message.channel;
  if (action == "@_ping") {
    control(link, room, "@_pong");
  } else if (action == "@_pong") {
    on_pong(link, room, now);
  } else if (action == signal_action || action == turn_action) {
    auto signal = decode_signal(action, text_of(*message.payload));
    if (signal) outputs_.push_back(Node::ToLink{link.id, std::move(*signal)});
  } else if (action == unlink_action) {
    const LinkId id = link.id;
    const PeerId peer = link.peer;
    peers_[peer].declined_until = now + declined_pause;
    for (auto& [token, other] : rooms_)
      if (Member* member = member_of(token, peer); member && member->link == id)
        remove_member(other, peer, LeaveReason::unwanted, "it does not want the link");
    close(id, Closing::after_flush, now);
  } else {
    return false;
  }
  return true;
}

void NodeImpl::on_pong(Link& link, Room& room, Time now) {
  const PeerId& peer = link.peer;
  Member* member = member_of(room.options.token, peer);
  if (!member || member->pings.empty()) return;
  const Member::Question question = member->pings.front();
  member->pings.pop_front();
  link.answered = now;
  if (question.id) outputs_.push_back(Node::Pong{*question.id, peer, now - question.asked});
  if (!question.mark) return;
  link.bulk.passed(*question.mark, now - question.asked, now);
  if (link.bulk.mark_due()) mark_bulk(link, room, *member, now);
  dirty_.insert(link.id);
}

void NodeImpl::drain_requests(Room& room, const PeerId& peer) {
  const RoomToken& token = room.options.token;
  Member* member = member_of(token, peer);
  while (auto output = member->requests.poll()) {
    std::visit(
        Overloaded{[&](Requests::Plain& plain) {
                     outputs_.push_back(Node::Received{token, peer, std::move(plain.message), {}});
                   },
                   [&](Requests::Asked& asked) {
                     outputs_.push_back(Node::Received{token, peer, std::move(asked.message),
                                                       std::move(asked.request)});
                   },
                   [&](Requests::Answered& answered) {
                     outputs_.push_back(Node::Answered{
                         answered.id, peer, std::move(answered.message), std::move(answered.error),
                         answered.timed_out ? Errc::timed_out : Errc::refused});
                   },
                   [&](Requests::Reply& reply) { answer_request(room, *member, reply.message); }},
        *output);
  }
}

}  // namespace genos::core
