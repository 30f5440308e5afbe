// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/discovery.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// trystero 0.25.4: each after the one before.
constexpr std::array<Duration, 3> burst_gaps = {milliseconds(233), milliseconds(533),
                                                milliseconds(1333)};
// Its steady minute, spread so that peers that started together do not stay in step.
constexpr Duration steady_least = seconds(57);
constexpr Duration steady_spread = seconds(6);
constexpr Duration first_hold = seconds(60);
constexpr Duration last_hold = std::chrono::minutes(15);
// How long a passive peer stays awake for somebody to link to (trystero 0.25.4).
constexpr Duration passive_grace = milliseconds(7533);

// Announcements of a whole room on one relay per second. A public relay went down at 4,000 events
// per second of many rooms; 40 of one room are nothing to it.
constexpr std::int64_t room_rate = 40;
// Hostile ids inflate the roster: nobody may silence us for longer than ten seconds with them.
constexpr std::size_t largest_room = 400;
// What may be spent ahead of the budget: in a small room the whole burst.
constexpr Duration advance_pay = seconds(1);

// One peer's pokes: 32 at once, 40 per second then. Who waits is mostly linked meanwhile, because
// the leaders have heard our announcement.
constexpr Duration poke_price = milliseconds(25);
constexpr Duration poke_credit = poke_price * 31;
constexpr Duration first_poke_gap = seconds(1);
constexpr std::size_t most_pokes = 6;  // about half a minute; then until it is heard again
// A page that comes back (trystero 0.25.4) takes no signal while its old connection closes, which
// takes a round trip: who was linked a moment ago is asked sooner.
constexpr Duration return_grace = seconds(3);
constexpr Duration return_poke_gap = milliseconds(250);

// Two steady announcements missed and some time for the third.
constexpr Duration memory = seconds(200);

Duration jitter(Random& random, Duration around) {  // 0.75 to 1.25 of it
  return around * 3 / 4 + random.below(around / 2 + Duration(1));
}

}  // namespace

void Discovery::handle(const Input& input, Time now) {
  std::visit([&](const auto& event) { on(event, now); }, input);
  advance(now);
}

void Discovery::advance(Time now) {
  if (!started_) return;
  for (auto& [id, relay] : relays_)
    if (relay.next <= now) announce_due(id, relay, now);
  while (next_poke() <= now) poke_due(PeerId(to_poke_.begin()->second), now);
  if (doze_at_ <= now) {
    doze_at_ = never;
    if (idle()) doze();
  }
}

std::optional<Discovery::Output> Discovery::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

Time Discovery::deadline() const {
  Time first = doze_at_;
  for (const auto& [id, relay] : relays_) first = std::min(first, relay.next);
  first = std::min(first, next_poke());
  return started_ ? first : never;
}

std::vector<RelayId> Discovery::routes(const PeerId& peer) const {
  std::vector<RelayId> heard;
  std::vector<RelayId> open;
  const auto known = peers_.find(peer);
  for (const auto& [id, relay] : relays_) {
    if (!relay.up) continue;
    open.push_back(id);
    if (known != peers_.end() && known->second.heard_on.contains(id)) heard.push_back(id);
  }
  return heard.empty() ? open : heard;
}

// --- inputs
// ---------------------------------------------------------------------------------------

void Discovery::on(const Start&, Time now) {
  assert(options_.random);
  started_ = true;
  active_ = options_.mode == Mode::active;
  if (active_) announce_everywhere(now);
}

void Discovery::on(const Stop&, Time) {
  started_ = active_ = false;
  doze_at_ = never;
  outputs_.clear();
  peers_.clear();
  to_poke_.clear();
  for (auto& [id, relay] : relays_) relay.next = never;
}

void Discovery::on(const RelayUp& input, Time now) {
  auto& relay = relays_[input.relay];
  if (relay.retired) return;
  relay.up = true;
  const bool back = std::exchange(relay.was_up, true);
  if (!active()) return;
  relay.step = 0;
  relay.free = true;
  // A relay that comes back gets a whole room back at once.
  relay.next = back ? now + options_.random->below(share()) : now;
}

void Discovery::on(const RelayDown& input, Time) {
  auto& relay = relays_[input.relay];
  relay.up = false;
  relay.next = never;
}

void Discovery::on(const RelayRefused& input, Time now) {
  auto& relay = relays_[input.relay];
  if (input.refusal == Refusal::retired) {
    relay.retired = true;
    relay.up = false;
    relay.next = never;
    return;
  }
  if (now < relay.held_until) return;  // the echo of what was sent before the first refusal
  const bool again = relay.hold != Duration() && now < relay.held_until + relay.hold * 2;
  relay.hold = again ? std::min(relay.hold * 2, last_hold) : first_hold;
  relay.held_until = now + relay.hold;
  relay.step = burst_gaps.size();
  if (relay.next != never) relay.next = relay.held_until;
}

void Discovery::on(const HeardFrom& input, Time now) {
  if (!started_ || input.peer == options_.self || ignores(input.mode)) return;
  auto& peer = peer_of(input.peer, now);
  peer.heard = now;
  if (relays_.contains(input.relay)) peer.heard_on.insert(input.relay);
  if (options_.mode == Mode::active || active_) return;
  active_ = true;
  doze_at_ = now + passive_grace;
  outputs_.push_back(Activate{});
  announce_everywhere(now);
}

void Discovery::on(const Wake& input, Time now) {
  if (!active() || input.peer == options_.self) return;
  auto& peer = peer_of(input.peer, now);
  if (peer.linked) return;
  peer.pokes = 0;
  const Duration pause = gap_of(peer, now) * 2;
  const bool lately = peer.last_poke != Time::min() && now < peer.last_poke + pause;
  if (!lately)
    poke_at(input.peer, peer, now);
  else if (peer.next_poke == never)
    poke_at(input.peer, peer, peer.last_poke + pause);
}

void Discovery::on(const Linked& input, Time now) {
  if (!started_) return;
  auto& peer = peer_of(input.peer, now);
  peer.linked = true;
  poke_at(input.peer, peer, never);
  peer.pokes = 0;
}

void Discovery::on(const Unlinked& input, Time now) {
  const auto known = peers_.find(input.peer);
  if (!started_ || known == peers_.end()) return;
  known->second.linked = false;
  known->second.parted = now;
  known->second.heard = now;  // an unlinked peer is forgotten by what it says, not by its past
  if (options_.mode == Mode::passive && doze_at_ == never && idle())
    doze();
  else if (input.lost && active_)
    restart_bursts(now);
}

// --- announcements
// --------------------------------------------------------------------------------

void Discovery::announce_everywhere(Time now) {
  for (auto& [id, relay] : relays_) {
    if (!relay.up) continue;
    relay.step = 0;
    relay.free = true;
    relay.next = now;
  }
}

Duration Discovery::share() const {
  const auto size = std::min(peers_.size() + 1, largest_room);
  return Duration(seconds(1)) * static_cast<std::int64_t>(size) / room_rate;
}

void Discovery::announce_due(RelayId id, Relay& relay, Time now) {
  if (now < relay.held_until) {
    relay.next = relay.held_until;
    return;
  }
  prune(now);
  relay.paid_until = std::max(relay.paid_until, now);
  if (!relay.free && relay.paid_until > now + advance_pay) {
    relay.next = relay.paid_until - advance_pay;
    return;
  }
  relay.paid_until += share();
  relay.free = false;
  outputs_.push_back(Announce{id});
  relay.next =
      now + (relay.step < burst_gaps.size() ? burst_gaps[relay.step]
                                            : steady_least + options_.random->below(steady_spread));
  relay.step = std::min(relay.step + 1, burst_gaps.size());
}

// Everybody who had this peer lost it at the same moment: the room shares the relay by chance.
void Discovery::restart_bursts(Time now) {
  for (auto& [id, relay] : relays_) {
    const bool bursting = relay.step < burst_gaps.size() && relay.next != never;
    if (!relay.up || bursting) continue;
    relay.step = 0;
    relay.next = std::min(relay.next, now + options_.random->below(share()));
  }
}

// --- pokes
// ----------------------------------------------------------------------------------------

// A relay that asked for fewer events is spared while there is another way.
std::vector<RelayId> Discovery::poke_routes(const PeerId& id, Time now) const {
  auto ways = routes(id);
  const auto held = [&](RelayId relay) { return now < relays_.find(relay)->second.held_until; };
  if (!std::all_of(ways.begin(), ways.end(), held)) std::erase_if(ways, held);
  return ways;
}

Time Discovery::next_poke() const {
  if (to_poke_.empty()) return never;
  const Time first = to_poke_.begin()->first;
  return pokes_paid_until_ == Time::min() ? first
                                          : std::max(first, pokes_paid_until_ - poke_credit);
}

Duration Discovery::gap_of(const Peer& peer, Time now) const {
  return peer.parted != Time::min() && now < peer.parted + return_grace ? return_poke_gap
                                                                        : first_poke_gap;
}

void Discovery::poke_at(const PeerId& id, Peer& peer, Time when) {
  to_poke_.erase({peer.next_poke, id});
  peer.next_poke = when;
  if (when != never) to_poke_.insert({when, id});
}

void Discovery::poke_due(const PeerId& id, Time now) {
  auto& peer = peers_.find(id)->second;
  pokes_paid_until_ = std::max(pokes_paid_until_, now) + poke_price;
  for (const auto relay : poke_routes(id, now)) outputs_.push_back(Poke{relay, id});
  peer.last_poke = now;
  const auto gap = gap_of(peer, now) * (std::int64_t{1} << peer.pokes);
  const bool again = ++peer.pokes < most_pokes;
  poke_at(id, peer, again ? now + jitter(*options_.random, gap) : never);
}

// --- who is there
// ---------------------------------------------------------------------------------

Discovery::Peer& Discovery::peer_of(const PeerId& id, Time now) {
  if (peers_.size() >= limits::max_heard_peers && !peers_.contains(id)) {
    const auto stalest =
        std::min_element(peers_.begin(), peers_.end(), [](const auto& left, const auto& right) {
          return std::pair(left.second.linked, left.second.heard) <
                 std::pair(right.second.linked, right.second.heard);
        });
    poke_at(stalest->first, stalest->second, never);
    peers_.erase(stalest);
  }
  const auto [place, added] = peers_.try_emplace(id);
  if (added) place->second.heard = now;
  return place->second;
}

void Discovery::prune(Time now) {
  std::erase_if(peers_, [&](const auto& entry) {
    const auto& [id, peer] = entry;
    return !peer.linked && peer.next_poke == never && peer.heard + memory < now;
  });
}

bool Discovery::idle() const {
  return std::none_of(peers_.begin(), peers_.end(),
                      [](const auto& entry) { return entry.second.linked; });
}

void Discovery::doze() {
  if (!active_) return;
  active_ = false;
  for (auto& [id, relay] : relays_) relay.next = never;
  for (auto& [id, peer] : peers_) peer.next_poke = never;
  to_poke_.clear();
  outputs_.push_back(Deactivate{});
}

}  // namespace genos::core
