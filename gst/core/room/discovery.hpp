// SPDX-License-Identifier: LGPL-2.1-or-later
// When one peer of one room announces itself, on which relay, and whom it wakes.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"

namespace genos::core {

enum class Refusal : std::uint8_t {
  rate_limited,  // announce less often there
  retired        // never use this relay again
};

// Timing of trystero 0.25.4 (announcements at 0 and 233, 533, 1333 ms after one another, then every
// minute; the burst again on losing a peer), and a budget that it lacks: what a room of n peers
// announces on one relay because peers or relays were lost stays near `room_rate` events per second
// together, whatever n is. The first announcement on a relay is free, so a newcomer is found at
// once.
class Discovery {
 public:
  enum class Mode : std::uint8_t { active, passive };
  struct Options {
    PeerId self;
    Mode mode = Mode::active;
    Random* random = nullptr;  // outlives this object
  };

  struct Start {};
  struct Stop {};
  struct RelayUp {  // open, and our subscription was written
    RelayId relay;
  };
  struct RelayDown {
    RelayId relay;
  };
  struct RelayRefused {
    RelayId relay;
    Refusal refusal = Refusal::rate_limited;
  };
  struct HeardFrom {  // any message of that peer
    RelayId relay;
    PeerId peer;
    Mode mode = Mode::active;  // passive: it says so
  };
  struct Wake {  // it leads and should learn of us
    PeerId peer;
  };
  struct Linked {
    PeerId peer;
  };
  struct Unlinked {
    PeerId peer;
    bool lost = false;
  };
  using Input = std::variant<Start, Stop, RelayUp, RelayDown, RelayRefused, HeardFrom, Wake, Linked,
                             Unlinked>;

  struct Announce {  // on the root topic
    RelayId relay;
  };
  struct Poke {  // an announcement on that peer's self topic
    RelayId relay;
    PeerId peer;
  };
  struct Activate {};    // a passive peer: subscribe the self topic
  struct Deactivate {};  // and no longer
  using Output = std::variant<Announce, Poke, Activate, Deactivate>;

  explicit Discovery(Options options) : options_(std::move(options)) {}

  void handle(const Input& input, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const;

  // Where to reach a peer: relays it was heard on and that are up, else all that are up.
  [[nodiscard]] std::vector<RelayId> routes(const PeerId& peer) const;
  [[nodiscard]] bool active() const { return started_ && active_; }
  // A passive peer has nothing to do with other passive ones.
  [[nodiscard]] bool ignores(Mode other) const {
    return options_.mode == Mode::passive && other == Mode::passive;
  }

 private:
  struct Relay {
    bool up = false;
    bool was_up = false;
    bool retired = false;
    std::size_t step = 0;           // of the burst; past its end: steady
    Time next = never;              // announcement due
    bool free = false;              // it is not paid from the budget
    Time paid_until = Time::min();  // the budget, as a virtual clock
    Time held_until = Time::min();  // rate-limited
    Duration hold{};
  };
  struct Peer {
    std::set<RelayId> heard_on;
    Time heard = Time::min();
    bool linked = false;
    Time parted = Time::min();
    Time next_poke = never;
    Time last_poke = Time::min();
    std::size_t pokes = 0;
  };

  void on(const Start& input, Time now);
  void on(const Stop& input, Time now);
  void on(const RelayUp& input, Time now);
  void on(const RelayDown& input, Time now);
  void on(const RelayRefused& input, Time now);
  void on(const HeardFrom& input, Time now);
  void on(const Wake& input, Time now);
  void on(const Linked& input, Time now);
  void on(const Unlinked& input, Time now);

  void announce_everywhere(Time now);
  void announce_due(RelayId id, Relay& relay, Time now);
  void poke_due(const PeerId& id, Time now);
  void poke_at(const PeerId& id, Peer& peer, Time when);
  void restart_bursts(Time now);
  void doze();
  void prune(Time now);
  Peer& peer_of(const PeerId& id, Time now);
  [[nodiscard]] bool idle() const;
  [[nodiscard]] Time next_poke() const;
  [[nodiscard]] Duration gap_of(const Peer& peer, Time now) const;  // between its first two pokes
  [[nodiscard]] Duration share() const;  // between two announcements of ours that are paid for
  [[nodiscard]] std::vector<RelayId> poke_routes(const PeerId& id, Time now) const;

  Options options_;
  bool started_ = false;
  bool active_ = false;
  Time doze_at_ = never;
  Time pokes_paid_until_ = Time::min();
  std::map<RelayId, Relay> relays_;
  std::map<PeerId, Peer> peers_;
  std::set<std::pair<Time, PeerId>> to_poke_;  // those with a next_poke
  std::deque<Output> outputs_;
};

}  // namespace genos::core
