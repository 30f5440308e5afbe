// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/node_host.hpp"

#include <algorithm>

#include "genos/node_host_cell.hpp"
#include "net/nostr_session.hpp"
#include "net/relay_pool.hpp"
#include "net/signaling_uri.hpp"

namespace genos {
namespace {

using core::Error;
using core::Node;

// Alone for that long, a person should be told where we looked.
constexpr guint lonely_after_ms = 3000;
constexpr std::size_t self_id_length = 20;

// Small ids lead, and towards a page the leader never has to roll back, which webrtcbin cannot.
std::string make_self_id(core::Random& random) {
  return "00" + random.alphanumerics(self_id_length - 2);
}

}  // namespace

std::string NodeHost::conflict(World& world, const RoomConfig& config) {
  if (config.peer.empty()) return {};
  const auto found = world.nodes.find({config.app_id, config.peer});
  if (found == world.nodes.end()) return {};
  const NodeHost& host = *found->second;
  const auto sentence = [](const char* what, const std::string& name, const std::string& property) {
    return std::string(what) + " '" + name + "' is used elsewhere in this process with another `" +
           property + "`: set the same everywhere, or another `peer`";
  };
  if (!host.stays()) return {};
  if (const auto property = conflict_in_peer(host.config_, config); !property.empty())
    return sentence("peer", config.peer, property);
  const auto room = host.rooms_.find(crypto::room_token(config.app_id, config.room_id));
  if (room == host.rooms_.end() || room->second->leaving) return {};
  if (const auto property = conflict_in_room(room->second->config, config); !property.empty())
    return sentence("room", config.room_id, property);
  return {};
}

std::shared_ptr<NodeHost> NodeHost::open(World& world, const RoomConfig& config,
                                         const RoomSecrets& secrets) {
  const auto nameless = [&] { return "\n" + world.random().alphanumerics(20); };
  const auto name = std::pair(config.app_id, config.peer.empty() ? nameless() : config.peer);
  if (const auto found = world.nodes.find(name);
      found != world.nodes.end() && found->second->rooms_.empty() &&
      !conflict_in_peer(found->second->config_, config).empty()) {
    // It is in no room any more; only its last links are still closing, which needs no name.
    auto old = world.nodes.extract(found);
    old.key().second = nameless();
    world.nodes.insert(std::move(old));
  }
  auto& host = world.nodes[name];
  if (!host) host = std::make_shared<NodeHost>(world, config, secrets);
  return host;
}

NodeHost::NodeHost(World& world, const RoomConfig& config, const RoomSecrets& secrets)
    : world_(world),
      config_(config),
      self_{config.self_id.empty() ? make_self_id(world.random()) : config.self_id},
      identity_(secrets.identity) {
  if (auto ice = parse_ice(config)) ice_ = std::move(*ice);
  world.stun(ice_.servers);  // asked now, so that no link has to wait for it
  Node::Options options;
  options.self = self_;
  options.random = &world.random();
  options.queue_limit = config.queue_limit;
  options.overflow = config.overflow;
  pump_ = std::make_unique<Pump<Node, Act>>(world.context(), Node(std::move(options)), Act{this});
}

NodeHost::~NodeHost() = default;

NodeHost::Cell* NodeHost::cell(const core::RoomToken& room) {
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? nullptr : found->second.get();
}

bool NodeHost::stays() const {
  return std::ranges::any_of(rooms_, [](const auto& entry) { return !entry.second->leaving; });
}

bool NodeHost::when_left(const RoomConfig& config, std::function<void()> then) {
  Cell* way = cell(crypto::room_token(config.app_id, config.room_id));
  if (!way && !rooms_.empty() && !conflict_in_peer(config_, config).empty())
    way = rooms_.begin()->second.get();
  if (!way || !way->leaving) return false;
  way->then.push_back(std::move(then));
  return true;
}

void NodeHost::join(const RoomConfig& config, const RoomSecrets& secrets,
                    std::shared_ptr<RoomListener> listener, SessionFactory factory) {
  const auto token = crypto::room_token(config.app_id, config.room_id);
  if (Cell* shared = cell(token)) {
    shared->listeners.push_back(listener);
    for (const auto& [uri, status] : shared->relays) listener->status(status);
    for (const auto& [peer, joined] : shared->present) listener->output(joined);
    return;
  }
  auto made = std::make_unique<Cell>();
  made->config = config;
  made->token = token;
  made->listeners.push_back(std::move(listener));
  made->session = make_session(config, secrets, token, factory);
  rooms_.emplace(token, std::move(made));
  feed(Node::Join{room_options(config, secrets, token)});
  if (Cell* entered = cell(token)) started(*entered);  // a node has room for so many rooms only
}

Node::RoomOptions NodeHost::room_options(const RoomConfig& config, const RoomSecrets& secrets,
                                         const core::RoomToken& token) {
  Node::RoomOptions room;
  room.token = token;
  room.ours = advertisement_of(config);
  room.name = config.name_hint;
  room.strict = config.strict;
  room.trusted = config.trusted;
  room.application_handshake = config.application_handshake;
  room.passive = config.passive;
  if (config.strict)
    room.prove = [key = secrets.key](std::string_view challenge) {
      return crypto::strict_proof(challenge, key);
    };
  else if (!config.password.empty())
    room.prove = [config](std::string_view challenge) {
      return crypto::password_proof(challenge, config.password, config.app_id, config.room_id);
    };
  return room;
}

void NodeHost::started(Cell& cell) {
  cell.lonely_timer = g_timeout_source_new(lonely_after_ms);
  struct Late {
    std::weak_ptr<NodeHost> host;
    core::RoomToken room;
  };
  g_source_set_callback(
      cell.lonely_timer,
      [](gpointer data) noexcept -> gboolean {
        const auto& late = *static_cast<Late*>(data);
        const auto host = late.host.lock();
        if (Cell* found = host ? host->cell(late.room) : nullptr) host->lonely(*found);
        return G_SOURCE_REMOVE;
      },
      new Late{weak_from_this(), cell.token},
      [](gpointer data) { delete static_cast<Late*>(data); });
  g_source_attach(cell.lonely_timer, world_.context());
  cell.session->join();
}

void NodeHost::lonely(Cell& cell) {
  if (!cell.present.empty() || cell.leaving) return;
  std::string where;
  bool reached = false;
  for (const auto& [uri, status] : cell.relays) {
    if (!where.empty()) where += ", ";
    where += uri;
    if (status.state == net::Session::Status::State::open)
      reached = true;
    else if (!status.detail.empty())
      where += " (" + status.detail + ")";
  }
  std::string hint =
      "nobody in '" + cell.config.room_id + "' on " + (where.empty() ? "any relay" : where);
  hint += reached
              ? "; on another machine use signaling=lan, or the address of a relay that both reach"
          : cell.config.signaling.empty() && !g_getenv("GENOS_SIGNALING")
              ? "; no relay answers: something else may have that port; name one with `signaling`"
              : "; no relay answers: check the address, or leave `signaling` out";
  const auto listeners = cell.listeners;
  for (const auto& listener : listeners) listener->lonely(hint);
}

net::Session::Events NodeHost::session_events(const core::RoomToken& token) {
  net::Session::Events events;
  const auto weak = weak_from_this();
  events.input = [weak](Node::Input input) {
    if (const auto host = weak.lock()) host->feed(std::move(input));
  };
  events.status = [weak, token](const net::Session::Status& status) {
    const auto host = weak.lock();
    Cell* found = host ? host->cell(token) : nullptr;
    if (!found) return;
    found->relays[status.uri] = status;
    const auto listeners = found->listeners;
    for (const auto& listener : listeners) listener->status(status);
  };
  events.ended = [weak, token](const Error& error) {
    const auto host = weak.lock();
    Cell* found = host ? host->cell(token) : nullptr;
    if (!found) return;
    const auto listeners = found->listeners;
    for (const auto& listener : listeners) listener->ended(error);
  };
  return events;
}

std::unique_ptr<net::Session> NodeHost::make_session(const RoomConfig& config,
                                                     const RoomSecrets& secrets,
                                                     const core::RoomToken& token,
                                                     SessionFactory& factory) {
  auto events = session_events(token);
  if (factory) return factory(self_, secrets, std::move(events));

  net::NostrRoom room;
  room.app = config.app_id;
  room.room = config.room_id;
  room.self = self_;
  room.key = secrets.key;
  room.ours = advertisement_of(config);
  room.mode = config.passive ? core::Discovery::Mode::passive : core::Discovery::Mode::active;
  if (auto signaling = net::parse_signaling(config.signaling, config.app_id))
    room.signaling = std::move(*signaling);
  if (secrets.identity) room.identity = std::make_shared<const crypto::Identity>(*secrets.identity);
  return net::make_nostr_session(world_.relays(), std::move(room), std::move(events));
}

bool NodeHost::leave(const core::RoomToken& room, RoomListener& listener,
                     const std::string& reason) {
  Cell* found = cell(room);
  if (!found) return true;
  if (found->listeners.size() > 1) {
    std::erase_if(found->listeners, [&](const auto& one) { return one.get() == &listener; });
    return true;
  }
  if (!found->leaving) leave_cell(*found, reason);
  return false;
}

void NodeHost::leave_cell(Cell& cell, const std::string& reason) {
  cell.leaving = true;
  cell.stop_timer();
  cell.session->leave();
  feed(Node::Leave{cell.token, reason});
}

void NodeHost::leave_all() {
  std::vector<core::RoomToken> tokens;
  for (const auto& [token, cell] : rooms_) tokens.push_back(token);
  for (const auto& token : tokens) {
    if (Cell* found = cell(token); found && !found->leaving) leave_cell(*found, "the program ends");
  }
}

void NodeHost::cut_off() {
  const auto rooms = std::exchange(rooms_, {});
  for (const auto& [token, cell] : rooms) {
    if (!cell->leaving) cell->session->leave();
    for (const auto& listener : cell->listeners) listener->output(Node::RoomLeft{token});
    for (const auto& then : cell->then) then();
  }
  links_.clear();
}

void NodeHost::feed_later(Node::Input input) {
  world_.post([weak = weak_from_this(), input = std::move(input)]() mutable {
    if (const auto host = weak.lock()) host->feed(std::move(input));
  });
}

}  // namespace genos
