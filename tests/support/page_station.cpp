// SPDX-License-Identifier: LGPL-2.1-or-later
// After trystero 0.25.4: packages/core, signal-handler, room and shared-peer.
#include <algorithm>
#include <array>

#include "core/wire/frame.hpp"
#include "support/stations.hpp"

namespace genos::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::array bursts{milliseconds(0), milliseconds(233), milliseconds(533),
                            milliseconds(1333)};
constexpr milliseconds steady{60000};
constexpr milliseconds offer_life{57333};
constexpr milliseconds answer_life{23333};
constexpr milliseconds offer_repeat{4800};
constexpr milliseconds unbind_after{99};

}  // namespace

void PageStation::join() {
  joined_ = true;
  world_.subscribe(*this, room_, true);
  restart_announcing();
  // A connection that is still up from before is used again.
  for (auto& [link, connection] : connections_)
    if (connection.live) world_.write(*this, link, encode_presence(room_, true));
}

void PageStation::leave() {
  joined_ = false;
  ++run_;
  world_.subscribe(*this, room_, false);
  for (auto& [link, connection] : connections_) {
    if (!connection.live || !connection.bound) continue;
    action(link, "@_leave");
    connection.bound = connection.ready_sent = connection.ready_heard = false;
    world_.at(world_.now() + unbind_after, shared_from_this(), [this, link = link] {
      if (!joined_) world_.write(*this, link, encode_presence(room_, false));
    });
  }
  std::vector<LinkId> unfinished;
  for (const auto& [link, connection] : connections_)
    if (!connection.live) unfinished.push_back(link);
  for (const LinkId link : unfinished) drop(link);
}

std::map<PeerId, LinkId> PageStation::members() const {
  std::map<PeerId, LinkId> found;
  for (const auto& [link, connection] : connections_)
    if (connection.live && connection.bound && connection.ready_heard)
      found[connection.peer] = link;
  return found;
}

void PageStation::restart_announcing() { announce(++run_, 0); }

void PageStation::announce(std::uint64_t run, std::size_t step) {
  const Duration wait = step < bursts.size() ? bursts[step] : steady;
  world_.at(world_.now() + wait, shared_from_this(), [this, run, step] {
    if (run != run_ || !joined_) return;
    publish({}, {}, {});
    announce(run, step + 1);
  });
}

void PageStation::publish(const std::optional<PeerId>& to, const OfferId& offer,
                          std::optional<Signal> signal) {
  for (const RelayId relay : world_.relays())
    world_.post(*this, relay, Post{id, to, room_, {}, offer, signal});
}

std::optional<LinkId> PageStation::live(const PeerId& peer) const {
  for (const auto& [link, connection] : connections_)
    if (connection.peer == peer && connection.live) return link;
  return {};
}

PageStation::Connection* PageStation::pending(const PeerId& peer, LinkRole role) {
  for (auto& [link, connection] : connections_)
    if (connection.peer == peer && !connection.live && connection.role == role) return &connection;
  return nullptr;
}

void PageStation::hear(const Post& post, RelayId) {
  if (!joined_) return;
  if (const auto link = live(post.from)) {
    if (!connections_[*link].bound) bind(*link);
    return;
  }
  if (!post.signal) {
    on_announcement(post.from);
  } else if (const auto* description = std::get_if<Description>(&*post.signal)) {
    if (description->type == DescriptionType::offer) {
      on_offer(post);
      return;
    }
    Connection* mine = pending(post.from, LinkRole::offerer);
    if (!mine || mine->answered || mine->offer != post.offer) return;
    mine->answered = true;
    for (const auto& [link, connection] : connections_) {
      if (&connection != mine) continue;
      world_.to_link(*this, link, *post.signal);
      for (const Signal& candidate : early_[post.offer]) world_.to_link(*this, link, candidate);
      expire(link, answer_life, true);
    }
  } else {
    for (const auto& [link, connection] : connections_) {
      if (connection.offer != post.offer || connection.peer != post.from) continue;
      if (connection.role == LinkRole::offerer && !connection.answered) break;
      world_.to_link(*this, link, *post.signal);
      return;
    }
    early_[post.offer].push_back(*post.signal);
  }
}

void PageStation::on_announcement(const PeerId& peer) {
  if (peer < id) {
    publish(peer, {}, {});
    return;
  }
  if (pending(peer, LinkRole::answerer)) return;
  if (Connection* mine = pending(peer, LinkRole::offerer)) {
    if (mine->answered || !mine->description || world_.now() - mine->sent < offer_repeat) return;
    mine->sent = world_.now();
    publish(peer, mine->offer, mine->description);
    for (const Signal& candidate : mine->candidates) publish(peer, mine->offer, candidate);
    return;
  }
  make(peer, OfferId{world_.random().alphanumerics(12)}, LinkRole::offerer);
}

void PageStation::on_offer(const Post& post) {
  if (pending(post.from, LinkRole::answerer)) return;
  if (Connection* mine = pending(post.from, LinkRole::offerer)) {
    if (mine->answered || id < post.from) return;
    for (const auto& [link, connection] : connections_) {
      if (&connection != mine) continue;
      drop(link);
      break;
    }
  }
  make(post.from, post.offer, LinkRole::answerer);
  const LinkId link{links_};
  world_.to_link(*this, link, *post.signal);
  for (const Signal& candidate : early_[post.offer]) world_.to_link(*this, link, candidate);
}

void PageStation::make(const PeerId& peer, const OfferId& offer, LinkRole role) {
  const LinkId link{++links_};
  Connection connection;
  connection.peer = peer;
  connection.offer = offer;
  connection.role = role;
  connections_[link] = connection;
  world_.open_link(*this, link, role);
  expire(link, role == LinkRole::offerer ? offer_life : answer_life, role == LinkRole::answerer);
}

void PageStation::expire(LinkId link, Duration after, bool answered) {
  world_.at(world_.now() + after, shared_from_this(), [this, link, answered] {
    const auto it = connections_.find(link);
    if (it == connections_.end() || it->second.live) return;
    if (it->second.role == LinkRole::offerer && it->second.answered && !answered) return;
    drop(link);
  });
}

void PageStation::drop(LinkId link) {
  connections_.erase(link);
  world_.close_link(*this, link, Closing::at_once);
}

void PageStation::from_link(LinkId link, const Signal& signal) {
  const auto it = connections_.find(link);
  if (it == connections_.end()) return;
  if (std::holds_alternative<Description>(signal))
    it->second.description = signal;
  else
    it->second.candidates.push_back(signal);
  it->second.sent = world_.now();
  publish(it->second.peer, it->second.offer, signal);
}

void PageStation::link_opened(LinkId link) {
  const auto it = connections_.find(link);
  if (it == connections_.end()) return;
  if (const auto older = live(it->second.peer)) drop(*older);
  it->second.live = true;
  if (!joined_) return;
  world_.write(*this, link, encode_presence(room_, true));
  bind(link);
}

void PageStation::bind(LinkId link) {
  Connection& connection = connections_[link];
  connection.bound = true;
  if (connection.ready_sent) return;
  connection.ready_sent = true;
  action(link, "@_hsready");
}

void PageStation::action(LinkId link, const std::string& name) {
  Chunk chunk;
  chunk.action = name;
  world_.write(*this, link, encode_chunk(room_, chunk));
}

void PageStation::link_closed(LinkId link) {
  const auto it = connections_.find(link);
  if (it == connections_.end()) return;
  const bool was_live = it->second.live;
  connections_.erase(it);
  if (was_live && joined_) restart_announcing();
}

void PageStation::link_message(LinkId link, const Bytes& bytes) {
  const auto it = connections_.find(link);
  if (it == connections_.end() || !it->second.live) return;
  Connection& connection = it->second;
  const auto frame = parse_frame(bytes);
  if (!frame) return;
  const RoomToken room = std::visit([](const auto& any) { return any.room; }, *frame);
  if (room != room_) return;
  if (const auto* presence = std::get_if<PresenceFrame>(&*frame)) {
    if (!presence->present)
      connection.bound = connection.ready_sent = connection.ready_heard = false;
    else if (joined_ && !connection.bound)
      bind(link);
    return;
  }
  const auto chunk = parse_chunk(std::get_if<RoomFrame>(&*frame)->inner);
  if (!chunk) return;
  if (chunk->action == "@_hsready") {
    connection.ready_heard = true;
  } else if (chunk->action == "@_leave") {
    connection.bound = connection.ready_sent = connection.ready_heard = false;
  } else if (chunk->action == "@_ping" && connection.bound) {
    action(link, "@_pong");
  }
}

void PageStation::relay_changed(RelayId, bool up) {
  if (up && joined_) restart_announcing();
}

}  // namespace genos::testing
