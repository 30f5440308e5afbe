// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/roster.hpp"

#include <algorithm>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// A virtual clock that runs ahead by one price for each stranger, at most a burst's worth.
constexpr Duration stranger_price = std::chrono::milliseconds(20);
constexpr Duration stranger_burst = stranger_price * limits::roster_burst;

}  // namespace

bool RoomRoster::afford_stranger(Time now) {
  const Time paid = std::max(strangers_paid_until_, now);
  if (paid - now > stranger_burst) return false;
  strangers_paid_until_ = paid + stranger_price;
  return true;
}

std::optional<PeerId> RoomRoster::make_room() {
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it)
    if (!it->second.linked && (oldest == entries_.end() || it->second.heard < oldest->second.heard))
      oldest = it;
  if (oldest == entries_.end()) return {};
  PeerId evicted = oldest->first;
  entries_.erase(oldest);
  return evicted;
}

RoomRoster::Hearing RoomRoster::heard(const PeerId& peer, const std::optional<Advertisement>& genos,
                                      Time now) {
  Hearing hearing;
  const auto known = entries_.find(peer);
  if (known != entries_.end()) {
    known->second.heard = now;
    // A candidate of one of ours may come without the field: that makes it no page. And anybody can
    // announce in the name of a peer: who is linked stays what it was when it was linked.
    const bool changed = genos && !known->second.linked && known->second.genos != genos;
    if (changed) known->second.genos = genos;
    hearing.result = changed ? Heard::changed : Heard::known;
    return hearing;
  }
  if (!afford_stranger(now)) return hearing;
  if (entries_.size() >= limits::max_roster) {
    hearing.evicted = make_room();
    if (!hearing.evicted) return hearing;
  }
  entries_[peer] = Entry{genos, now};
  hearing.result = Heard::added;
  return hearing;
}

RoomRoster::Entry* RoomRoster::find(const PeerId& peer) {
  const auto it = entries_.find(peer);
  return it == entries_.end() ? nullptr : &it->second;
}

std::vector<PeerId> RoomRoster::expire(Time now) {
  std::vector<PeerId> gone;
  for (const auto& [peer, entry] : entries_)
    if (!entry.linked && now >= entry.heard + limits::roster_memory) gone.push_back(peer);
  for (const PeerId& peer : gone) entries_.erase(peer);
  return gone;
}

bool RoomRoster::pardon(Time now) {
  bool any = false;
  for (auto& [peer, entry] : entries_) {
    if (now < entry.refused_until) continue;
    entry.refused_until = never;
    any = true;
  }
  return any;
}

bool RoomRoster::refuses(const PeerId& peer) const {
  const auto it = entries_.find(peer);
  return it != entries_.end() && it->second.refused_until != never;
}

Time RoomRoster::deadline() const {
  Time next = never;
  for (const auto& [peer, entry] : entries_) {
    next = std::min(next, entry.refused_until);
    if (!entry.linked) next = std::min(next, entry.heard + limits::roster_memory);
  }
  return next;
}

Roster RoomRoster::wanted() const {
  Roster roster;
  for (const auto& [peer, entry] : entries_)
    if (entry.refused_until == never) roster[peer] = RosterEntry{entry.genos};
  return roster;
}

}  // namespace genos::core
