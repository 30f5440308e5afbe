// SPDX-License-Identifier: LGPL-2.1-or-later
// When to try something again that was not answered: each time after twice as long.
#pragma once

#include <algorithm>

#include "core/base/time.hpp"

namespace genos::core {

class Retry {
 public:
  Retry(Duration first, Duration last) : first_(first), last_(last), delay_(first) {}

  void start(Time now) {
    delay_ = first_;
    at_ = now + delay_;
  }
  void stop() { at_ = never; }
  // True once for each time that it is due; the next one is armed already.
  bool due(Time now) {
    if (now < at_) return false;
    delay_ = std::min(delay_ * 2, last_);
    at_ = now + delay_;
    return true;
  }
  [[nodiscard]] bool running() const { return at_ != never; }
  [[nodiscard]] Time at() const { return at_; }

 private:
  Duration first_;
  Duration last_;
  Duration delay_;
  Time at_ = never;
};

}  // namespace genos::core
