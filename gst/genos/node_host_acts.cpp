// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a node host that does what its node decides.
#include <utility>

#include "core/base/overloaded.hpp"
#include "genos/node_host_cell.hpp"
#include "link/stun_choice.hpp"

namespace genos {

using core::Node;

namespace {

// The room that an output is about; null for those that are about a link or all rooms.
const core::RoomToken* room_of(const Node::Output& output) {
  return std::visit(
      [](const auto& what) -> const core::RoomToken* {
        if constexpr (requires { what.room; })
          return &what.room;
        else
          return nullptr;
      },
      output);
}

}  // namespace

link::PeerLink* NodeHost::link_of(const core::PeerId& peer) {
  const auto id = link_of_peer_.find(peer);
  if (id == link_of_peer_.end()) return nullptr;
  const auto link = links_.find(id->second);
  return link == links_.end() ? nullptr : link->second.get();
}

void NodeHost::act(const Node::Output& output) {
  std::visit(core::Overloaded{
                 [&](const Node::Wake& wake) { on(wake); },
                 [&](const Node::Deliver& deliver) { on(deliver); },
                 [&](const Node::Linked& linked) { on(linked); },
                 [&](const Node::Unlinked& gone) { on(gone); },
                 [&](const Node::OpenLink& open) { open_link(open); },
                 [&](const Node::ToLink& to) { on(to); },
                 [&](const Node::Write& write) { on(write); },
                 [&](const Node::CloseLink& close) { on(close); },
                 [&](const Node::RoomLeft& left) { room_left(left.room); },
                 [&](const Node::PeerJoined& joined) {
                   on(joined);
                   tell_first(joined.room, output);
                 },
                 [&](const Node::PeerMoved& moved) {
                   link_of_peer_[moved.peer] = moved.link;
                   tell_first(moved.room, output);
                 },
                 [&](const Node::PeerLeft& left) {
                   on(left);
                   tell_first(left.room, output);
                 },
                 [&](const auto&) { pass_on(output); },
             },
             output);
}

void NodeHost::on(const Node::Wake& wake) {
  if (Cell* found = cell(wake.room)) found->session->wake(wake.peer);
}

void NodeHost::on(const Node::Deliver& deliver) {
  if (Cell* found = cell(deliver.room)) found->session->deliver(deliver);
}

void NodeHost::on(const Node::Linked& linked) {
  if (Cell* found = cell(linked.room)) found->session->linked(linked.peer);
}

void NodeHost::on(const Node::Unlinked& gone) {
  if (Cell* found = cell(gone.room)) found->session->unlinked(gone.peer, gone.lost);
}

void NodeHost::on(const Node::ToLink& to) {
  if (auto found = links_.find(to.link); found != links_.end()) found->second->signal(to.signal);
}

void NodeHost::on(const Node::Write& write) {
  const auto found = links_.find(write.link);
  if (found == links_.end()) return;
  if (write.fresh)
    found->second->send_fresh(write.bytes);
  else
    found->second->send(write.bytes);
}

void NodeHost::on(const Node::CloseLink& close) {
  if (auto found = links_.find(close.link); found != links_.end())
    found->second->close(close.closing);
}

void NodeHost::on(const Node::PeerJoined& joined) {
  link_of_peer_[joined.peer] = joined.link;
  Cell* found = cell(joined.room);
  if (!found) return;
  found->present.insert_or_assign(joined.peer, joined);
  found->stop_timer();
}

void NodeHost::on(const Node::PeerLeft& left) {
  if (Cell* found = cell(left.room)) found->present.erase(left.peer);
}

// The listeners before the media.
void NodeHost::tell_first(const core::RoomToken& room, const Node::Output& output) {
  tell(room, output);
  media_.output(output);
}

void NodeHost::pass_on(const Node::Output& output) {
  media_.output(output);
  if (const auto* room = room_of(output))
    tell(*room, output);
  else
    tell_everybody(output);
}

void NodeHost::tell(const core::RoomToken& room, const Node::Output& output) {
  Cell* found = cell(room);
  if (!found) return;
  const auto listeners = found->listeners;  // one may leave meanwhile
  for (const auto& listener : listeners) listener->output(output);
}

void NodeHost::tell_everybody(const Node::Output& output) {
  std::vector<std::shared_ptr<RoomListener>> all;
  for (const auto& [token, cell] : rooms_)
    all.insert(all.end(), cell->listeners.begin(), cell->listeners.end());
  for (const auto& listener : all) listener->output(output);
}

void NodeHost::open_link(const Node::OpenLink& open) {
  const auto weak = weak_from_this();
  const auto id = open.link;
  const auto feed_back = [weak](Node::Input input) {
    if (const auto host = weak.lock()) host->feed(std::move(input));
  };
  link::PeerLink::Options options;
  options.id = id;
  options.role = open.role;
  options.partner = open.partner;
  options.ice = ice_;
  options.ice.servers = world_.stun(ice_.servers).servers();
  options.context = world_.context();
  options.codecs = media_.wanted_codecs();
  link::PeerLink::Events events;
  events.signal = [=](core::Signal signal) { feed_back(Node::FromLink{id, std::move(signal)}); };
  events.opened = [=] { feed_back(Node::LinkOpened{id}); };
  events.message = [=](core::Bytes bytes) { feed_back(Node::LinkReceived{id, std::move(bytes)}); };
  events.heard = [=] { feed_back(Node::LinkHeard{id}); };
  events.drained = [=](std::size_t buffered) { feed_back(Node::LinkDrained{id, buffered}); };
  events.negotiated = [=] {
    feed_back(Node::LinkNegotiated{id});
    if (const auto host = weak.lock()) host->media_.negotiated(id);
  };
  events.pad_added = media_.pads_of(id);
  events.closed = [weak, id](std::string reason) {
    if (const auto host = weak.lock()) host->link_closed(id, std::move(reason));
  };
  links_.emplace(id, std::make_unique<link::PeerLink>(std::move(options), std::move(events)));
}

void NodeHost::link_closed(core::LinkId id, std::string reason) {
  media_.closed(id);
  feed(Node::LinkClosed{id, std::move(reason)});
  // Not from inside its own event.
  world_.post([weak = weak_from_this(), id] {
    const auto host = weak.lock();
    if (!host) return;
    host->links_.erase(id);
    std::erase_if(host->link_of_peer_, [id](const auto& entry) { return entry.second == id; });
    if (host->idle()) host->world_.collect();
  });
}

void NodeHost::room_left(const core::RoomToken& room) {
  auto node = rooms_.extract(room);
  if (node.empty()) return;
  const std::shared_ptr<Cell> left = std::move(node.mapped());
  for (const auto& listener : left->listeners) listener->output(Node::RoomLeft{room});
  // Not from inside the session's or a listener's call.
  world_.post([weak = weak_from_this(), left] {
    for (const auto& then : left->then) then();
    const auto host = weak.lock();
    if (host && host->idle()) host->world_.collect();
  });
}

}  // namespace genos
