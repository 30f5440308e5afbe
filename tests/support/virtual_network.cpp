// SPDX-License-Identifier: LGPL-2.1-or-later
#include "support/virtual_network.hpp"

#include <algorithm>

namespace genos::testing {
namespace {

using std::chrono::milliseconds;

// Without a goodbye the transport itself notices after this (RFC 7675: consent expires in 30 s).
constexpr std::chrono::seconds consent{30};

Candidate candidate_of(const std::string& name) {
  Candidate candidate;
  candidate.candidate = "candidate of " + name;
  return candidate;
}

std::string name_of(std::uint64_t serial, LinkId link) {
  return std::to_string(serial) + "/" + std::to_string(link.value);
}

}  // namespace

World::World(std::uint64_t seed, std::size_t relays) : random_(seed) {
  for (std::size_t i = 0; i < relays; ++i) {
    relays_.push_back(RelayId{i + 1});
    up_.insert(relays_.back());
  }
}

void World::schedule(Time when, std::function<void()> what) {
  events_.push({std::max(when, now_), ++order_, std::move(what)});
}

void World::at(Time when, const std::shared_ptr<Station>& station, std::function<void()> what) {
  schedule(when, [weak = std::weak_ptr(station), what = std::move(what)] {
    if (const auto alive = weak.lock()) what();
  });
}

void World::run_until(Time end) {
  while (!events_.empty() && events_.top().when <= end) {
    Event event = events_.top();
    events_.pop();
    now_ = event.when;
    event.what();
  }
  now_ = end;
}

void World::add(const std::shared_ptr<Station>& station) {
  station->serial = ++serials_;
  stations_[station->serial] = station;
}

void World::kill(Station& station) {
  const std::uint64_t serial = station.serial;
  std::erase_if(subscriptions_, [&](const auto& entry) { return entry.first == serial; });
  for (auto it = ends_.lower_bound({serial, LinkId{0}});
       it != ends_.end() && it->first.first == serial; ++it) {
    it->second.closed = true;
    if (it->second.remote) tell_end(it->first, *it->second.remote, now_ + consent);
  }
  stations_.erase(serial);
}

std::shared_ptr<Station> World::find(std::uint64_t serial) {
  const auto it = stations_.find(serial);
  return it == stations_.end() ? nullptr : it->second;
}

void World::subscribe(const Station& station, const RoomToken& room, bool on) {
  if (on)
    subscriptions_.insert({station.serial, room});
  else
    subscriptions_.erase({station.serial, room});
}

void World::post(const Station& from, RelayId relay, Post post) {
  if (!up_.contains(relay)) return;
  for (const auto& [serial, station] : stations_) {
    if (station->id == from.id || !subscriptions_.contains({serial, post.room})) continue;
    if (post.to && *post.to != station->id) continue;
    if (chance(weather.loss_percent)) continue;
    for (int copies = chance(weather.doubling_percent) ? 2 : 1; copies > 0; --copies) {
      schedule(now_ + transit() + transit(), [this, serial = serial, relay, post] {
        if (!subscriptions_.contains({serial, post.room})) return;
        if (const auto receiver = find(serial)) receiver->hear(post, relay);
      });
    }
  }
}

void World::set_relay(RelayId relay, bool up) {
  if (up == up_.contains(relay)) return;
  if (up)
    up_.insert(relay);
  else
    up_.erase(relay);
  for (const auto& [serial, station] : stations_) {
    schedule(now_ + transit(), [this, serial = serial, relay, up] {
      const auto alive = find(serial);
      if (alive && up == up_.contains(relay)) alive->relay_changed(relay, up);
    });
  }
}

void World::cut(const PeerId& a, const PeerId& b, Time until) { cuts_[std::minmax(a, b)] = until; }

Time World::clear_from(const PeerId& a, const PeerId& b) const {
  const auto it = cuts_.find(std::minmax(a, b));
  return it == cuts_.end() ? Time::min() : it->second;
}

World::Endpoint* World::endpoint(const End& end) {
  const auto it = ends_.find(end);
  return it == ends_.end() || it->second.closed ? nullptr : &it->second;
}

void World::emit(End end, Signal signal, Duration after) {
  schedule(now_ + after, [this, end, signal = std::move(signal)] {
    const auto station = find(end.first);
    if (station && endpoint(end)) station->from_link(end.second, signal);
  });
}

void World::open_link(Station& station, LinkId link, LinkRole role) {
  const End end{station.serial, link};
  Endpoint made;
  made.owner = station.id;
  made.role = role;
  ends_[end] = made;
  if (role != LinkRole::offerer) return;
  const Duration making = milliseconds(20) + random_.below(milliseconds(200));
  emit(end, Description{DescriptionType::offer, name_of(station.serial, link)}, making);
  emit(end, candidate_of(name_of(station.serial, link)), making + milliseconds(1));
}

void World::to_link(Station& station, LinkId link, const Signal& signal) {
  const End end{station.serial, link};
  Endpoint* it = endpoint(end);
  if (!it) return;
  if (std::holds_alternative<Candidate>(signal)) {
    it->candidate = true;
  } else if (const auto* description = std::get_if<Description>(&signal)) {
    const auto slash = description->sdp.find('/');
    if (it->remote || slash == std::string::npos) return;
    it->remote = End{std::strtoull(description->sdp.c_str(), nullptr, 10),
                     LinkId{std::strtoull(description->sdp.c_str() + slash + 1, nullptr, 10)}};
    if (it->role == LinkRole::answerer) {
      const Duration making = milliseconds(20) + random_.below(milliseconds(200));
      emit(end, Description{DescriptionType::answer, name_of(station.serial, link)}, making);
      emit(end, candidate_of(name_of(station.serial, link)), making + milliseconds(1));
    }
  }
  try_connect(end);
}

// Connectivity checks go on until a path is there or one side gives up. One side's candidates are
// enough: the other one learns the address from the check.
void World::try_connect(End end) {
  Endpoint* mine = endpoint(end);
  if (!mine || mine->connecting || !mine->remote) return;
  Endpoint* theirs = endpoint(*mine->remote);
  if (!theirs || theirs->remote != end || theirs->connecting) return;
  if (!mine->candidate && !theirs->candidate) return;
  const End other = *mine->remote;
  mine->connecting = theirs->connecting = true;
  const Time start = std::max(now_, clear_from(mine->owner, theirs->owner));
  schedule(start + 3 * transit(), [this, end] { opened(end); });
  schedule(start + 3 * transit(), [this, other] { opened(other); });
}

void World::opened(End end) {
  Endpoint* it = endpoint(end);
  const auto station = find(end.first);
  if (!it || it->open || !station || !endpoint(*it->remote)) return;
  it->open = true;
  station->link_opened(end.second);
}

void World::write(Station& station, LinkId link, Bytes bytes) {
  Endpoint* mine = endpoint({station.serial, link});
  if (!mine || !mine->open) return;
  const End other = *mine->remote;
  Endpoint* theirs = endpoint(other);
  mine->buffered += bytes.size();
  if (!theirs) return;
  // Reliable and in order; what a cut held up comes at once after it.
  const Time clear = std::max(now_, clear_from(mine->owner, theirs->owner));
  mine->last_arrival = std::max(mine->last_arrival + Duration(1), clear + transit());
  const End here{station.serial, link};
  schedule(mine->last_arrival, [this, here, other, bytes = std::move(bytes)] {
    const auto receiver = find(other.first);
    Endpoint* target = endpoint(other);
    // A channel that opens a moment later at the other side has kept it.
    if (receiver && target && !target->open) opened(other);
    if (receiver && endpoint(other)) receiver->link_message(other.second, bytes);
    const auto sender = find(here.first);
    Endpoint* source = endpoint(here);
    if (!sender || !source) return;
    source->buffered -= bytes.size();
    sender->link_drained(here.second, source->buffered);
  });
}

void World::close_link(Station& station, LinkId link, Closing closing) {
  const End end{station.serial, link};
  Endpoint* mine = endpoint(end);
  if (!mine) return;
  const Time last = closing == Closing::after_flush ? mine->last_arrival : now_;
  const auto remote = mine->remote;
  mine->open = false;
  // The goodbye of the transport is sent once and may be lost; then only silence tells.
  const bool tells = closing == Closing::after_flush || chance(60);
  const bool clear =
      !remote || !endpoint(*remote) || clear_from(mine->owner, endpoint(*remote)->owner) <= now_;
  if (closing == Closing::at_once) mine->closed = true;
  if (remote && tells && clear)
    tell_end(end, *remote, std::max(now_ + transit(), last + Duration(1)));
  else if (remote)
    tell_end(end, *remote, now_ + consent);
  schedule(std::max(now_ + milliseconds(5), last + Duration(2)), [this, end] {
    const auto it = ends_.find(end);
    if (it != ends_.end()) it->second.closed = true;
    if (const auto owner = find(end.first)) owner->link_closed(end.second);
  });
}

// The other side learns of it, if it is this one that it talks to.
void World::tell_end(End end, End other, Time when) {
  schedule(when, [this, end, other] {
    const Endpoint* it = endpoint(other);
    if (it && it->remote == end) end_reached(other);
  });
}

void World::end_reached(End end) {
  Endpoint* it = endpoint(end);
  const auto station = find(end.first);
  if (!it || !station) return;
  it->closed = true;
  station->link_closed(end.second);
}

void World::break_link(Station& station, LinkId link) {
  const End end{station.serial, link};
  const Endpoint* it = endpoint(end);
  if (it && it->remote) tell_end(end, *it->remote, now_ + consent);
  end_reached(end);
}

std::size_t World::open_wires(const Station& a, const Station& b) const {
  std::size_t count = 0;
  for (auto it = ends_.lower_bound({a.serial, LinkId{0}});
       it != ends_.end() && it->first.first == a.serial; ++it) {
    const Endpoint& end = it->second;
    if (end.closed || !end.open || !end.remote || end.remote->first != b.serial) continue;
    const auto other = ends_.find(*end.remote);
    if (other != ends_.end() && !other->second.closed && other->second.open) ++count;
  }
  return count;
}

bool World::same_wire(const Station& a, LinkId link_a, const Station& b, LinkId link_b) const {
  const auto it = ends_.find({a.serial, link_a});
  return it != ends_.end() && it->second.remote == End{b.serial, link_b};
}

}  // namespace genos::testing
