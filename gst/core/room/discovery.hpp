// SPDX-License-Identifier: LGPL-2.1-or-later
// When one peer of one room announces itself, on which relay, and whom it wakes.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
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

// Timing of trystero 0.25.4 (announcements at 0, +233, +533, +1333 ms, then every 60 s; the burst
// again on losing a peer), and a budget that it lacks: what a room of n peers sends because relays
// or peers were lost stays below `room_rate` events per second together, whatever n is. The first
// announcement on a relay is never delayed by it, so a newcomer is found at once.
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
  struct RelayUp { RelayId relay; };           // open, and our subscription was written
  struct RelayDown { RelayId relay; };
  struct RelayRefused { RelayId relay; Refusal refusal; };
  struct HeardFrom {                           // any message of that peer
    RelayId relay;
    PeerId peer;
    Mode mode = Mode::active;                  // passive: it says so
  };
  struct Wake { PeerId peer; };                // it leads and should learn of us
  struct Linked { PeerId peer; };
  struct Unlinked { PeerId peer; bool lost = false; };
  using Input = std::variant<Start, Stop, RelayUp, RelayDown, RelayRefused, HeardFrom, Wake, Linked,
                             Unlinked>;

  struct Announce { RelayId relay; };          // on the root topic
  struct Poke { RelayId relay; PeerId peer; }; // an announcement on that peer's self topic
  struct Activate {};                          // a passive peer: subscribe the self topic
  struct Deactivate {};                        // and no longer
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
    bool retired = false;
    std::size_t step = 0;          // of the burst; past its end: steady
    Time next = never;             // announcement due
    bool budgeted = false;         // `next` must be paid from the budget
    Time held_until = Time::min(); // rate-limited
    Duration hold{};
  };
  struct Peer {
    std::set<RelayId> heard_on;
    Time heard = Time::min();
    bool linked = false;
    Time next_poke = never;
    Time last_poke = Time::min();
    std::size_t pokes = 0;
  };

  void on(const Start&, Time now);
  void on(const Stop&, Time now);
  void on(const RelayUp& input, Time now);
  void on(const RelayDown& input, Time now);
  void on(const RelayRefused& input, Time now);
  void on(const HeardFrom& input, Time now);
  void on(const Wake& input, Time now);
  void on(const Linked& input, Time now);
  void on(const Unlinked& input, Time now);

  void begin_burst(Relay& relay, Time at);
  void announce_due(RelayId id, Relay& relay, Time now);
  void poke_due(const PeerId& id, Peer& peer, Time now);
  void restart_bursts(Time now);
  void activate(Time now);
  void doze_when_idle(Time now);
  void forget_stalest();
  [[nodiscard]] bool may_spend(Time now);
  [[nodiscard]] Duration share() const;   // of the room's budget: one event of ours per this time
  [[nodiscard]] Time next_token() const;
  [[nodiscard]] std::vector<RelayId> open_relays() const;

  Options options_;
  bool started_ = false;
  bool active_ = false;
  Time activated_ = Time::min();
  Time paid_until_ = Time::min();         // token bucket as a virtual clock
  std::map<RelayId, Relay> relays_;
  std::map<PeerId, Peer> peers_;
  std::size_t linked_ = 0;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
