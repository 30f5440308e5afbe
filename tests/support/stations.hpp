// SPDX-License-Identifier: LGPL-2.1-or-later
// The stations of a virtual network: real nodes with real discovery, and a model of a page.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/room/discovery.hpp"
#include "core/room/node.hpp"
#include "support/virtual_network.hpp"

namespace genos::testing {

// One of ours: Node and Discovery under a clock that is ahead or behind and runs fast or slow.
class NodeStation final : public Station, public std::enable_shared_from_this<NodeStation> {
 public:
  struct Clock {
    Duration ahead{};
    int drift_permille = 0;
  };
  using MakeTopology = std::function<std::unique_ptr<Topology>()>;

  NodeStation(World& world, PeerId name, Clock clock, const MakeTopology& topology);

  // How a room lets its members in.
  struct Door {
    bool password = false;
    bool questions = false;  // the application's handshake: asks, and says yes a while later
  };
  void join(const RoomToken& room, const Advertisement& ours, Door door = {false, false});
  void leave(const RoomToken& room);
  void send(const RoomToken& room, const std::string& text);
  void feed(Node::Input input);

  [[nodiscard]] bool in(const RoomToken& room) const { return sessions_.contains(room); }
  [[nodiscard]] std::map<PeerId, LinkId> members(const RoomToken& room) const;
  [[nodiscard]] std::set<LinkId> links() const { return links_; }
  // What went against the contract: joined twice, left without joining, a message twice.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  std::vector<Node::Output> log;  // all but writes, when `keep_log`
  bool keep_log = false;

  void hear(const Post& post, RelayId relay) override;
  void relay_changed(RelayId relay, bool up) override;
  void from_link(LinkId link, const Signal& signal) override { feed(Node::FromLink{link, signal}); }
  void link_opened(LinkId link) override { feed(Node::LinkOpened{link}); }
  void link_closed(LinkId link) override;
  void link_message(LinkId link, const Bytes& bytes) override;
  void link_drained(LinkId link, std::size_t buffered) override {
    feed(Node::LinkDrained{link, buffered});
  }

 private:
  struct Session {
    Advertisement ours;
    Discovery discovery;
  };

  [[nodiscard]] Time local() const;
  [[nodiscard]] Time global(Time local) const;
  void drain();
  void arm();
  void tick();
  void act(const Node::Output& output);
  void observe(const Node::Output& output);
  void question(const RoomToken& room, const PeerId& peer);
  void discover(const RoomToken& room, const Discovery::Input& input);
  void drain_discovery(const RoomToken& room);

  World& world_;
  Clock clock_;
  SeededRandom random_;
  Node node_;
  std::map<RoomToken, Session> sessions_;
  std::map<std::pair<RoomToken, PeerId>, LinkId> members_;
  std::map<std::pair<RoomToken, PeerId>, std::string> heard_;
  std::set<LinkId> links_;
  Time armed_ = never;
  std::uint64_t transfers_ = 0;
  std::vector<std::string> complaints_;
};

// Trystero 0.25.4 as far as the other side can tell, for one room without password.
class PageStation final : public Station, public std::enable_shared_from_this<PageStation> {
 public:
  PageStation(World& world, PeerId name, RoomToken room)
      : Station(std::move(name)), world_(world), room_(std::move(room)) {}

  void join();
  void leave();
  [[nodiscard]] bool in() const { return joined_; }
  [[nodiscard]] std::map<PeerId, LinkId> members() const;

  void hear(const Post& post, RelayId relay) override;
  void relay_changed(RelayId relay, bool up) override;
  void from_link(LinkId link, const Signal& signal) override;
  void link_opened(LinkId link) override;
  void link_closed(LinkId link) override;
  void link_message(LinkId link, const Bytes& bytes) override;
  void link_drained(LinkId, std::size_t) override {}

 private:
  struct Connection {
    PeerId peer;
    OfferId offer;
    LinkRole role = LinkRole::offerer;
    std::optional<Signal> description;
    std::vector<Signal> candidates;
    Time sent = Time::min();
    bool answered = false;
    bool live = false;
    bool bound = false;
    bool ready_sent = false;
    bool ready_heard = false;
  };

  void announce(std::uint64_t run, std::size_t step);
  void restart_announcing();
  void publish(const std::optional<PeerId>& to, const OfferId& offer, std::optional<Signal> signal);
  void on_announcement(const PeerId& peer);
  void on_offer(const Post& post);
  void make(const PeerId& peer, const OfferId& offer, LinkRole role);
  void expire(LinkId link, Duration after, bool answered);
  void drop(LinkId link);
  void bind(LinkId link);
  void action(LinkId link, const std::string& name);
  Connection* pending(const PeerId& peer, LinkRole role);
  [[nodiscard]] std::optional<LinkId> live(const PeerId& peer) const;

  World& world_;
  RoomToken room_;
  bool joined_ = false;
  std::uint64_t run_ = 0;
  std::uint64_t links_ = 0;
  std::map<LinkId, Connection> connections_;
  std::map<OfferId, std::vector<Signal>> early_;
};

}  // namespace genos::testing
