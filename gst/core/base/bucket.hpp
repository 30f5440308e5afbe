// SPDX-License-Identifier: LGPL-2.1-or-later
// A token bucket: so much at once, so much per second.
#pragma once

#include <algorithm>

#include "core/base/time.hpp"

namespace genos::core {

class Bucket {
 public:
  Bucket(double rate, double burst, Time now)
      : rate_(rate), burst_(burst), level_(burst), at_(now) {}

  // Takes `cost` if it is there.
  bool take(double cost, Time now) {
    refill(now);
    if (level_ < cost) return false;
    level_ -= cost;
    return true;
  }
  // Takes `cost` in any case; ready_at() says when the debt is paid.
  void charge(double cost, Time now) {
    refill(now);
    level_ -= cost;
  }
  [[nodiscard]] bool in_debt() const { return level_ < 0; }
  [[nodiscard]] Time ready_at() const { return when(0); }
  [[nodiscard]] Time full_at() const { return when(burst_); }

 private:
  void refill(Time now) {
    if (now <= at_) return;
    const double seconds = std::chrono::duration<double>(now - at_).count();
    level_ = std::min(burst_, level_ + seconds * rate_);
    at_ = now;
  }
  [[nodiscard]] Time when(double level) const {
    if (level_ >= level) return at_;
    // One tick later than computed, so that rounding never asks for the same instant again.
    const auto wait = std::chrono::duration<double>((level - level_) / rate_);
    return at_ + std::chrono::duration_cast<Duration>(wait) + Duration(1);
  }

  double rate_;
  double burst_;
  double level_;
  Time at_;
};

}  // namespace genos::core
