// SPDX-License-Identifier: LGPL-2.1-or-later
// The shell of one core::Node: its links, its sessions, and who listens to its rooms.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/pump.hpp"
#include "core/room/node.hpp"
#include "crypto/identity.hpp"
#include "genos/node_media.hpp"
#include "genos/room_config.hpp"
#include "genos/room_secrets.hpp"
#include "genos/world.hpp"
#include "link/peer_link.hpp"
#include "net/session.hpp"

namespace genos {

// Told on the library's thread; must not block. May call into the host.
class RoomListener {
 public:
  virtual ~RoomListener() = default;
  virtual void output(const core::Node::Output& output) = 0;
  virtual void status(const net::Session::Status& status) = 0;
  virtual void ended(const core::Error& error) = 0;
  virtual void lonely(const std::string& hint) = 0;
};

using SessionFactory = std::function<std::unique_ptr<net::Session>(
    const core::PeerId& self, const RoomSecrets& secrets, net::Session::Events)>;

// On the library's thread only.
class NodeHost : public std::enable_shared_from_this<NodeHost> {
 public:
  // Why `config` cannot be used beside what this process does already; empty when it can.
  static std::string conflict(World& world, const RoomConfig& config);
  // The node that `config` names, or a new one.
  static std::shared_ptr<NodeHost> open(World& world, const RoomConfig& config,
                                        const RoomSecrets& secrets);
  NodeHost(World& world, const RoomConfig& config, const RoomSecrets& secrets);
  NodeHost(const NodeHost&) = delete;
  NodeHost& operator=(const NodeHost&) = delete;
  ~NodeHost();

  // True: a room that is in the way of `config` is being left, and `then` runs when that is done;
  // the node must be opened again afterwards.
  bool when_left(const RoomConfig& config, std::function<void()> then);
  // Joins, or shares the room that another listener has joined already. `factory` is null for
  // what `config.signaling` says.
  void join(const RoomConfig& config, const RoomSecrets& secrets,
            std::shared_ptr<RoomListener> listener, SessionFactory factory);
  // True: done, others still use the room. False: the last one leaves, RoomLeft follows.
  bool leave(const core::RoomToken& room, RoomListener& listener, const std::string& reason);
  void leave_all();
  void cut_off();  // the library ends: no goodbyes, everybody hears RoomLeft

  void feed(core::Node::Input input) { pump_->feed(std::move(input)); }
  // On a later turn: what comes of it must not happen under whoever says it.
  void feed_later(core::Node::Input input);
  [[nodiscard]] const core::PeerId& self() const { return self_; }
  [[nodiscard]] bool idle() const { return rooms_.empty() && links_.empty(); }
  [[nodiscard]] bool stays() const;  // in a room that is not being left
  // The link that carries a peer now; null when there is none.
  [[nodiscard]] link::PeerLink* link_of(const core::PeerId& peer);
  [[nodiscard]] NodeMedia& media() { return media_; }

 private:
  struct Cell;
  struct Act {
    NodeHost* host;
    void operator()(const core::Node::Output& output) const { host->act(output); }
  };

  void act(const core::Node::Output& output);
  void on(const core::Node::Wake& wake);
  void on(const core::Node::Deliver& deliver);
  void on(const core::Node::Linked& linked);
  void on(const core::Node::Unlinked& gone);
  void on(const core::Node::ToLink& to);
  void on(const core::Node::Write& write);
  void on(const core::Node::CloseLink& close);
  void on(const core::Node::PeerJoined& joined);
  void on(const core::Node::PeerLeft& left);
  void tell_first(const core::RoomToken& room, const core::Node::Output& output);
  void pass_on(const core::Node::Output& output);
  void tell(const core::RoomToken& room, const core::Node::Output& output);
  void tell_everybody(const core::Node::Output& output);
  void open_link(const core::Node::OpenLink& open);
  void link_closed(core::LinkId id, std::string reason);
  void room_left(const core::RoomToken& room);
  core::Node::RoomOptions room_options(const RoomConfig& config, const RoomSecrets& secrets,
                                       const core::RoomToken& token);
  void started(Cell& cell);
  void lonely(Cell& cell);
  void leave_cell(Cell& cell, const std::string& reason);
  Cell* cell(const core::RoomToken& room);
  net::Session::Events session_events(const core::RoomToken& token);
  std::unique_ptr<net::Session> make_session(const RoomConfig& config, const RoomSecrets& secrets,
                                             const core::RoomToken& token, SessionFactory& factory);

  World& world_;
  RoomConfig config_;  // what belongs to the peer, not to one room
  core::PeerId self_;
  link::IceOptions ice_;
  std::optional<crypto::Identity> identity_;
  std::map<core::RoomToken, std::unique_ptr<Cell>> rooms_;
  std::map<core::LinkId, std::unique_ptr<link::PeerLink>> links_;
  std::map<core::PeerId, core::LinkId> link_of_peer_;
  NodeMedia media_{*this};
  std::unique_ptr<Pump<core::Node, Act>> pump_;
};

}  // namespace genos
