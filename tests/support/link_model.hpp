// SPDX-License-Identifier: LGPL-2.1-or-later
// One direction of a network path as a pure model: rate, queue, delay, jitter, loss, reordering.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "core/base/time.hpp"

namespace genos::test {

struct LinkOptions {
  core::Duration delay{};
  core::Duration jitter{};               // each packet waits up to this much longer
  double loss = 0;                       // probability that a packet is gone
  double reorder = 0;                    // probability that a packet overtakes those that wait
  std::uint64_t bits_per_second = 0;     // 0: no limit
  std::size_t queue_bytes = 256 * 1024;  // what waits for the rate; the rest is dropped
};

struct LinkStats {
  std::uint64_t delivered = 0, lost = 0, dropped = 0, reordered = 0;
};

// Time is an argument and the seed is given, so that the same packets meet the same fate again.
template <typename Packet> class LinkModel {
 public:
  LinkModel(const LinkOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  void send(Packet packet, std::size_t size, core::Time now) {
    if (chance(options_.loss)) {
      ++stats_.lost;
      return;
    }
    const auto sent = serialise(size, now);
    if (!sent) {
      ++stats_.dropped;
      return;
    }
    waiting_.push({arrival(*sent), next_++, std::move(packet)});
  }

  // The next packet that has arrived by now.
  std::optional<Packet> poll(core::Time now) {
    if (waiting_.empty() || waiting_.top().due > now) return std::nullopt;
    auto packet = std::move(const_cast<Waiting&>(waiting_.top()).packet);
    waiting_.pop();
    ++stats_.delivered;
    return packet;
  }

  [[nodiscard]] core::Time deadline() const {
    return waiting_.empty() ? core::never : waiting_.top().due;
  }
  [[nodiscard]] const LinkStats& stats() const { return stats_; }

 private:
  struct Waiting {
    core::Time due;
    std::uint64_t order;
    Packet packet;
    bool operator<(const Waiting& other) const {
      return std::pair(due, order) > std::pair(other.due, other.order);  // the earliest is on top
    }
  };

  bool chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }

  // When the last bit is on the wire; nothing when the queue before the wire is full.
  std::optional<core::Time> serialise(std::size_t size, core::Time now) {
    if (options_.bits_per_second == 0) return now;
    const auto per_second = static_cast<double>(options_.bits_per_second);
    const auto start = std::max(now, wire_free_);
    const auto backlog = std::chrono::duration<double>(start - now).count() * per_second / 8;
    if (backlog + static_cast<double>(size) > static_cast<double>(options_.queue_bytes)) return {};
    const std::chrono::duration<double> takes(static_cast<double>(size) * 8 / per_second);
    wire_free_ = start + std::chrono::duration_cast<core::Duration>(takes);
    return wire_free_;
  }

  // Jitter alone keeps the order, as a queue does; only `reorder` lets a packet overtake.
  core::Time arrival(core::Time sent) {
    if (!waiting_.empty() && chance(options_.reorder)) {
      ++stats_.reordered;
      return sent;
    }
    auto extra = core::Duration{};
    if (options_.jitter > core::Duration{})
      extra = core::Duration(
          std::uniform_int_distribution<core::Duration::rep>(0, options_.jitter.count())(random_));
    return last_ = std::max(last_, sent + options_.delay + extra);
  }

  LinkOptions options_;
  std::mt19937_64 random_;
  std::priority_queue<Waiting> waiting_;
  core::Time wire_free_{};
  core::Time last_{};
  std::uint64_t next_ = 0;
  LinkStats stats_;
};

}  // namespace genos::test
