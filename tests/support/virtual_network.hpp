// SPDX-License-Identifier: LGPL-2.1-or-later
// A seeded world in virtual time: relays that lose, double and reorder, and links that open late,
// stall, break and fall silent. Stations (real nodes, models of pages) live in it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/room/node.hpp"
#include "core/wire/signal.hpp"

namespace genos::testing {

using namespace genos::core;

// What travels over a relay. Without a signal: an announcement; without `to`: on the root topic.
struct Post {
  PeerId from;
  std::optional<PeerId> to;
  RoomToken room;
  std::optional<Advertisement> genos;
  OfferId offer;
  std::optional<Signal> signal;
};

class Station {
 public:
  explicit Station(PeerId name) : id(std::move(name)) {}
  virtual ~Station() = default;
  virtual void hear(const Post& post, RelayId relay) = 0;
  virtual void relay_changed(RelayId relay, bool up) = 0;
  virtual void from_link(LinkId link, const Signal& signal) = 0;
  virtual void link_opened(LinkId link) = 0;
  virtual void link_closed(LinkId link) = 0;
  virtual void link_message(LinkId link, const Bytes& bytes) = 0;
  virtual void link_drained(LinkId link, std::size_t buffered) = 0;

  const PeerId id;
  std::uint64_t serial = 0;  // given by the world
};

class World {
 public:
  struct Weather {
    int loss_percent = 0;
    int doubling_percent = 0;
    Duration delay = std::chrono::milliseconds(20);   // least, to relay and peer
    Duration jitter = std::chrono::milliseconds(30);  // more of it, at random: reorders posts
  };

  explicit World(std::uint64_t seed, std::size_t relays);

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Random& random() { return random_; }
  Weather weather;
  bool chance(int percent) { return random_.below(100) < static_cast<std::uint64_t>(percent); }

  void run_until(Time end);
  // Nothing happens to a station that was removed.
  void at(Time when, const std::shared_ptr<Station>& station, std::function<void()> what);

  void add(const std::shared_ptr<Station>& station);
  void kill(Station& station);  // no goodbye: its links fall silent
  [[nodiscard]] std::shared_ptr<Station> find(std::uint64_t serial);

  void post(const Station& from, RelayId relay, Post post);
  void set_relay(RelayId relay, bool up);
  [[nodiscard]] bool relay_up(RelayId relay) const { return up_.contains(relay); }
  [[nodiscard]] const std::vector<RelayId>& relays() const { return relays_; }
  void subscribe(const Station& station, const RoomToken& room, bool on);

  void cut(const PeerId& a, const PeerId& b, Time until);
  void open_link(Station& station, LinkId link, LinkRole role);
  void to_link(Station& station, LinkId link, const Signal& signal);
  void write(Station& station, LinkId link, Bytes bytes);
  void close_link(Station& station, LinkId link, Closing closing);
  void break_link(Station& station, LinkId link);  // it ends by itself on this side

  // Wires of which both ends are open, as (serial, link) of either end.
  [[nodiscard]] std::size_t open_wires(const Station& a, const Station& b) const;
  [[nodiscard]] bool same_wire(const Station& a, LinkId link_a, const Station& b,
                               LinkId link_b) const;

 private:
  using End = std::pair<std::uint64_t, LinkId>;  // serial of the station, link
  struct Endpoint {
    PeerId owner;
    LinkRole role = LinkRole::offerer;
    std::optional<End> remote;  // from its description
    bool candidate = false;     // one of the other side's has come
    bool connecting = false;
    bool open = false;
    bool closed = false;
    std::size_t buffered = 0;
    Time last_arrival = Time::min();
  };
  struct Event {
    Time when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };

  void schedule(Time when, std::function<void()> what);
  Duration transit() { return weather.delay + random_.below(weather.jitter + Duration(1)); }
  [[nodiscard]] Time clear_from(const PeerId& a, const PeerId& b) const;
  void emit(End end, Signal signal, Duration after);
  void try_connect(End end);
  void opened(End end);
  void tell_end(End end, End other, Time when);
  void end_reached(End end);
  Endpoint* endpoint(const End& end);

  SeededRandom random_;
  Time now_{};
  std::uint64_t order_ = 0;
  std::uint64_t serials_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<std::uint64_t, std::shared_ptr<Station>> stations_;
  std::set<std::pair<std::uint64_t, RoomToken>> subscriptions_;
  std::vector<RelayId> relays_;
  std::set<RelayId> up_;
  std::map<End, Endpoint> ends_;
  std::map<std::pair<PeerId, PeerId>, Time> cuts_;
};

}  // namespace genos::testing
