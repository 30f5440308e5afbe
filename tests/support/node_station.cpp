// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "core/base/overloaded.hpp"
#include "support/stations.hpp"

namespace genos::testing {
namespace {

Node::Options options_of(const PeerId& id, Random& random,
                         const NodeStation::MakeTopology& topology) {
  Node::Options options;
  options.self = id;
  options.random = &random;
  options.topology = topology ? topology() : nullptr;
  // Fewer pings make longer schedules affordable; nothing else depends on it.
  options.ping_interval = std::chrono::seconds(3);
  return options;
}

}  // namespace

NodeStation::NodeStation(World& world, PeerId name, Clock clock, const MakeTopology& topology)
    : Station(std::move(name)),
      world_(world),
      clock_(clock),
      random_(world.random().next()),
      node_(options_of(id, random_, topology)) {}

Time NodeStation::local() const {
  const Duration since = world_.now().time_since_epoch();
  return Time(since + since * clock_.drift_permille / 1000 + clock_.ahead);
}

Time NodeStation::global(Time local) const {
  const Duration since = local.time_since_epoch() - clock_.ahead;
  return Time(since * 1000 / (1000 + clock_.drift_permille) + std::chrono::milliseconds(1));
}

void NodeStation::join(const RoomToken& room, const Advertisement& ours, Door door) {
  Discovery::Options discovery;
  discovery.self = id;
  discovery.random = &random_;
  sessions_.emplace(room, Session{ours, Discovery(discovery)});
  Node::RoomOptions options;
  options.token = room;
  options.ours = ours;
  options.application_handshake = door.questions;
  if (door.password)
    options.prove = [](std::string_view challenge) { return "proof of " + std::string(challenge); };
  feed(Node::Join{std::move(options)});
  world_.subscribe(*this, room, true);
  discover(room, Discovery::Start{});
  for (const RelayId relay : world_.relays())
    if (world_.relay_up(relay)) discover(room, Discovery::RelayUp{relay});
}

void NodeStation::leave(const RoomToken& room) {
  feed(Node::Leave{room, "done"});
  world_.subscribe(*this, room, false);
  sessions_.erase(room);
}

void NodeStation::send(const RoomToken& room, const std::string& text) {
  Message message;
  message.channel = "chat";
  message.kind = PayloadKind::text;
  message.payload = std::make_shared<const Bytes>(text.begin(), text.end());
  feed(Node::Send{TransferId{++transfers_}, room, {}, message});
}

std::map<PeerId, LinkId> NodeStation::members(const RoomToken& room) const {
  std::map<PeerId, LinkId> found;
  for (const auto& [key, link] : members_)
    if (key.first == room) found[key.second] = link;
  return found;
}

void NodeStation::hear(const Post& post, RelayId relay) {
  discover(post.room, Discovery::HeardFrom{relay, post.from});
  if (post.signal)
    feed(Node::Signalled{post.room, post.from, post.offer, *post.signal, post.genos, {}});
  else
    feed(Node::Heard{post.room, post.from, post.genos, false});
}

void NodeStation::relay_changed(RelayId relay, bool up) {
  std::vector<RoomToken> rooms;
  for (const auto& [room, session] : sessions_) rooms.push_back(room);
  for (const RoomToken& room : rooms) {
    if (up)
      discover(room, Discovery::RelayUp{relay});
    else
      discover(room, Discovery::RelayDown{relay});
  }
}

void NodeStation::link_closed(LinkId link) {
  links_.erase(link);
  feed(Node::LinkClosed{link, "closed"});
}

void NodeStation::link_message(LinkId link, const Bytes& bytes) {
  feed(Node::LinkReceived{link, bytes});
}

void NodeStation::feed(Node::Input input) {
  node_.handle(std::move(input), local());
  drain();
}

void NodeStation::drain() {
  while (auto output = node_.poll()) {
    observe(*output);
    act(*output);
    if (keep_log && !std::holds_alternative<Node::Write>(*output))
      log.push_back(std::move(*output));
  }
  arm();
}

void NodeStation::arm() {
  Time next = node_.deadline();
  for (const auto& [room, session] : sessions_) next = std::min(next, session.discovery.deadline());
  if (next == never) return;
  const Time due = std::max(global(std::max(next, local())), world_.now());
  if (armed_ > world_.now() && armed_ <= due) return;
  armed_ = due;
  world_.at(due, shared_from_this(), [this, due] {
    if (armed_ == due) tick();
  });
}

void NodeStation::tick() {
  armed_ = never;
  if (local() >= node_.deadline()) node_.advance(local());
  std::vector<RoomToken> rooms;
  for (const auto& [room, session] : sessions_) rooms.push_back(room);
  for (const RoomToken& room : rooms) {
    Session& session = sessions_.find(room)->second;
    if (local() < session.discovery.deadline()) continue;
    session.discovery.advance(local());
    drain_discovery(room);
  }
  drain();
}

void NodeStation::discover(const RoomToken& room, const Discovery::Input& input) {
  const auto session = sessions_.find(room);
  if (session == sessions_.end()) return;
  session->second.discovery.handle(input, local());
  drain_discovery(room);
  arm();
}

void NodeStation::drain_discovery(const RoomToken& room) {
  Session& session = sessions_.find(room)->second;
  while (const auto output = session.discovery.poll()) {
    Post post{id, {}, room, session.ours, {}, {}};
    if (const auto* announce = std::get_if<Discovery::Announce>(&*output)) {
      world_.post(*this, announce->relay, post);
    } else if (const auto* poke = std::get_if<Discovery::Poke>(&*output)) {
      post.to = poke->peer;
      world_.post(*this, poke->relay, post);
    }
  }
}

void NodeStation::act(const Node::Output& output) {
  std::visit(
      Overloaded{[&](const Node::Wake& wake) { discover(wake.room, Discovery::Wake{wake.peer}); },
                 [&](const Node::Linked& linked) {
                   discover(linked.room, Discovery::Linked{linked.peer});
                 },
                 [&](const Node::Unlinked& unlinked) {
                   discover(unlinked.room, Discovery::Unlinked{unlinked.peer, unlinked.lost});
                 },
                 [&](const Node::Deliver& deliver) {
                   const auto session = sessions_.find(deliver.room);
                   if (session == sessions_.end()) return;
                   Post post{id,
                             deliver.peer,
                             deliver.room,
                             session->second.ours,
                             deliver.offer,
                             deliver.signal};
                   for (const RelayId relay : session->second.discovery.routes(deliver.peer))
                     world_.post(*this, relay, post);
                 },
                 [&](const Node::OpenLink& open) {
                   links_.insert(open.link);
                   world_.open_link(*this, open.link, open.role);
                 },
                 [&](const Node::ToLink& to) { world_.to_link(*this, to.link, to.signal); },
                 [&](const Node::Write& write) { world_.write(*this, write.link, write.bytes); },
                 [&](const Node::CloseLink& close) {
                   world_.close_link(*this, close.link, close.closing);
                 },
                 [&](const Node::HandshakeBegun& begun) { question(begun.room, begun.peer); },
                 [](const auto&) {}},
      output);
}

void NodeStation::question(const RoomToken& room, const PeerId& peer) {
  world_.at(world_.now() + world_.random().below(std::chrono::seconds(2)), shared_from_this(),
            [this, room, peer] {
              feed(Node::HandshakeSend{room, peer, {}});
              feed(Node::HandshakeResult{room, peer, {}});
            });
}

// Checks what every application may rely on.
void NodeStation::observe(const Node::Output& output) {
  if (const auto* joined = std::get_if<Node::PeerJoined>(&output)) {
    if (!members_.try_emplace({joined->room, joined->peer}, joined->link).second)
      complaints_.push_back("joined twice: " + joined->peer.value);
    heard_.erase({joined->room, joined->peer});
  } else if (const auto* moved = std::get_if<Node::PeerMoved>(&output)) {
    const auto it = members_.find({moved->room, moved->peer});
    if (it == members_.end())
      complaints_.push_back("moved but never joined: " + moved->peer.value);
    else
      it->second = moved->link;
  } else if (const auto* left = std::get_if<Node::PeerLeft>(&output)) {
    if (!members_.erase({left->room, left->peer}))
      complaints_.push_back("left but never joined: " + left->peer.value);
  } else if (const auto* received = std::get_if<Node::Received>(&output)) {
    if (!members_.contains({received->room, received->peer}))
      complaints_.push_back("message of a stranger: " + received->peer.value);
    std::string text(text_of(*received->message.payload));
    std::string& last = heard_[{received->room, received->peer}];
    if (received->message.channel == "chat") {
      // Texts of one sender grow: an equal or smaller one was doubled or overtaken.
      if (!last.empty() && text <= last)
        complaints_.push_back("doubled or overtaken: " + text + " after " + last);
      last = std::move(text);
    }
  }
}

}  // namespace genos::testing
