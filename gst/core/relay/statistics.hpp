// SPDX-License-Identifier: LGPL-2.1-or-later
// What a relay has done so far: numbers for metrics and for its log.
#pragma once

#include <cstddef>
#include <cstdint>

namespace genos::core {

struct RelayStatistics {
  // Now.
  std::size_t connections = 0;
  std::size_t subscriptions = 0;
  std::size_t topics = 0;
  std::size_t queued_bytes = 0;
  // Since the start.
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // too many, or too fast
  std::uint64_t messages = 0;
  std::uint64_t malformed = 0;  // no message of NIP-01
  std::uint64_t events_accepted = 0;
  std::uint64_t events_duplicate = 0;
  std::uint64_t events_invalid = 0;  // signature, kind, size
  std::uint64_t events_limited = 0;  // rate
  std::uint64_t subscriptions_refused = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t delivered_bytes = 0;
  std::uint64_t slow_readers = 0;
  std::uint64_t pauses = 0;
};

}  // namespace genos::core
