// SPDX-License-Identifier: LGPL-2.1-or-later
// Thins out reports of progress: the first, every twentieth, the last, and any that went back.
#pragma once

#include <cmath>
#include <optional>

#include "e2e/peer/speech.hpp"

namespace genos::test {

class Progress {
 public:
  // The event to write, if any; `line` holds the fields that name the transfer.
  std::optional<core::Json> report(core::Json line, double fraction) {
    count_++;
    const bool back = fraction < last_;
    const bool step = std::floor(fraction * 20) != std::floor(last_ * 20);
    const bool wanted = last_ < 0 || back || step || fraction >= 1;
    line.set("fraction", fraction).set("count", count_).set("back", back);
    last_ = fraction >= 1 ? -1 : fraction;
    if (fraction >= 1) count_ = 0;
    if (!wanted) return std::nullopt;
    return line;
  }

 private:
  double last_ = -1;
  std::int64_t count_ = 0;
};

}  // namespace genos::test
