// SPDX-License-Identifier: LGPL-2.1-or-later
// How many bytes of files may wait in a link: so few that what is said meanwhile leaves soon, and
// so many that the link never runs dry.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/base/time.hpp"

namespace genos::core {

class BulkGate {
 public:
  // So many bytes have left the link's queue.
  void drained(std::size_t bytes, Time now) {
    if (now - last_ > pause) {
      began_ = now;
      bytes_ = 0;
    }
    last_ = now;
    bytes_ += static_cast<double>(bytes);
    if (now - began_ < window) return;
    const double rate = bytes_ / std::chrono::duration<double>(now - began_).count();
    rate_ = rate_ == 0 ? rate : (rate_ + rate) / 2;
    began_ = now;
    bytes_ = 0;
  }
  [[nodiscard]] std::size_t limit() const {
    const double delay = std::chrono::duration<double>(wait).count();
    return std::clamp(static_cast<std::size_t>(rate_ * delay), least, most);
  }

 private:
  static constexpr Duration wait = std::chrono::milliseconds(20);
  static constexpr Duration window = std::chrono::milliseconds(50);
  static constexpr Duration pause = std::chrono::milliseconds(200);  // the link was idle
  static constexpr std::size_t least = 48 * 1024;                    // three chunks
  static constexpr std::size_t most = 256 * 1024;

  double rate_ = 0;  // bytes a second
  double bytes_ = 0;
  Time began_{}, last_{};
};

}  // namespace genos::core
