// SPDX-License-Identifier: LGPL-2.1-or-later
// Remembers which events were delivered lately, and when in their order, in bounded memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/time.hpp"

namespace genos::core {

// Two generations: an id is known for at least one window, unless more than `capacity` came in it.
class Seen {
 public:
  Seen(Duration window, std::size_t capacity) : window_(window), half_(capacity / 2) {}

  // The number under which the event was remembered.
  [[nodiscard]] std::optional<std::uint64_t> find(std::string_view id, Time now) {
    turn(now);
    for (const auto* generation : {&young_, &old_}) {
      const auto at = generation->find(id);
      if (at != generation->end()) return at->second;
    }
    return std::nullopt;
  }
  void set(std::string id, std::uint64_t number, Time now) {
    turn(now);
    young_[std::move(id)] = number;
  }

 private:
  void turn(Time now) {
    if (now - began_ >= 2 * window_) old_.clear(), young_.clear();
    if (now - began_ < window_ && young_.size() < half_) return;
    old_ = std::exchange(young_, {});
    began_ = now;
  }

  Duration window_;
  std::size_t half_;
  Time began_{};
  using Generation = std::map<std::string, std::uint64_t, std::less<>>;
  Generation young_;
  Generation old_;
};

}  // namespace genos::core
