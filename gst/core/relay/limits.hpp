// SPDX-License-Identifier: LGPL-2.1-or-later
// What one client of a relay may use up, each with the reason for its default.
#pragma once

#include <chrono>
#include <cstddef>

#include "core/base/time.hpp"

namespace genos::core {

struct RelayLimits {
  // Connections: a process may open 1,024 files by default, and an embedded relay shares them with
  // the application. A household or an office stands behind one address.
  std::size_t connections = 768;
  std::size_t connections_per_address = 256;

  // A page sends one REQ per 250 topics and holds two topics per room.
  std::size_t subscriptions_per_connection = 32;
  std::size_t filters_per_subscription = 16;
  std::size_t topics_per_connection = 4096;

  // A sealed description (limits::max_sealed) in an event, with room for its frame.
  std::size_t message_size = 256UL * 1024;
  std::size_t tags_per_event = 64;

  // Unread answers: of one connection (a room of 100 joined at once is about 2 MiB), and of all.
  // Above the latter whoever holds more than a fair share of it is closed.
  std::size_t queued_bytes = 4UL * 1024 * 1024;
  std::size_t queued_bytes_of_all = 64UL * 1024 * 1024;

  // Published events. Linking with 100 peers at once takes about 1,500; afterwards next to none.
  double events_per_second = 200;
  double events_burst = 3000;
  double events_per_second_and_address = 1000;
  double events_burst_per_address = 15000;
  // Opening a connection costs an address this many events: handshakes cost more than events.
  double connection_cost = 10;

  // Bytes read from one connection. Above it the connection is read later: nothing is refused,
  // because a page gives up a relay that refuses (trystero 0.25.4).
  double bytes_per_second = 1024 * 1024;
  double bytes_burst = 16 * 1024 * 1024;
  // What a message costs beside its bytes, so that many tiny ones are slowed down as well.
  std::size_t message_overhead = 256;

  // An event that comes again within this time was already delivered.
  Duration duplicate_window = std::chrono::seconds(60);
  std::size_t duplicates_remembered = 64UL * 1024;

  // A page subscribes "since" its own clock. As nothing is stored there is no past to hide: a
  // listener whose clock is ahead of the speaker's must not be deaf.
  std::chrono::seconds clock_tolerance = std::chrono::hours(24);

  // All clients of a loopback relay have one address: only what each connection does counts.
  [[nodiscard]] static RelayLimits for_loopback() {
    RelayLimits limits;
    limits.connections_per_address = limits.connections;
    limits.events_per_second_and_address = 20000;
    limits.events_burst_per_address = 200000;
    return limits;
  }
};

}  // namespace genos::core
