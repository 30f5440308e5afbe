// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a link is alive: when to ask, when to doubt, when to give up.
#pragma once

#include <deque>
#include <optional>

#include "core/base/time.hpp"

namespace genos::core {

// Anything that is heard counts as life. `doubt` and `lost` are said once per silence.
class Liveness {
 public:
  enum class Output : std::uint8_t { ask, doubt, lost };
  struct Limits {
    Duration ask;    // of silence, before we ask, and between two questions
    Duration doubt;  // of silence, before somebody should look for another way
    Duration lost;
  };

  Liveness(Limits limits, Time now) : limits_(limits) { heard(now); }

  void heard(Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const;
  [[nodiscard]] Time last_heard() const { return last_; }
  [[nodiscard]] bool doubtful() const { return doubted_; }

 private:
  Limits limits_;
  Time last_{};
  Time ask_at_ = never;
  bool doubted_ = false;
  bool lost_ = false;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
