// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom signalling says to be in one room: bounded, and forgetful of those who fell silent.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/time.hpp"
#include "core/topology/topology.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

class RoomRoster {
 public:
  struct Entry {
    std::optional<Advertisement> genos;
    Time heard{};
    bool linked = false;              // kept however long it is silent
    Time told_failure = Time::min();  // when the application last heard that it cannot come in
    Time refused_until = never;       // we do not try again before; never: not refused
    unsigned refusals = 0;
  };
  enum class Heard : std::uint8_t { added, changed, known, ignored };
  struct Hearing {
    Heard result = Heard::ignored;
    std::optional<PeerId> evicted;  // to make room
  };

  Hearing heard(const PeerId& peer, const std::optional<Advertisement>& genos, Time now);
  [[nodiscard]] Entry* find(const PeerId& peer);
  [[nodiscard]] bool contains(const PeerId& peer) const { return entries_.contains(peer); }
  bool erase(const PeerId& peer) { return entries_.erase(peer) > 0; }
  std::vector<PeerId> expire(Time now);  // who was forgotten
  bool pardon(Time now);                 // whether somebody is refused no longer
  [[nodiscard]] Time deadline() const;   // of the next one to be forgotten or pardoned
  [[nodiscard]] bool refuses(const PeerId& peer) const;
  [[nodiscard]] Roster wanted() const;  // without those refused
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  bool afford_stranger(Time now);
  std::optional<PeerId> make_room();

  std::map<PeerId, Entry> entries_;
  Time strangers_paid_until_ = Time::min();
};

}  // namespace genos::core
