// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/bulk_gate.hpp"

#include <algorithm>

namespace genos::core {
namespace {

constexpr Duration wait = std::chrono::milliseconds(20);
constexpr std::size_t least_window = 32UL * 1024;
constexpr std::size_t most_window = 8UL * 1024 * 1024;
// A chunk more than the time says, which itself takes some of it.
constexpr std::size_t step = 16UL * 1024;
// Faster at the beginning, as long as there is hardly a queue.
constexpr double quick = 1.25;
constexpr std::size_t marks_in_window = 4;
// Not all of the window at once, which would be a queue of its own; a little faster than it
// empties.
constexpr double pace = 1.25;
// Nor slower than this above the idle link: after a cut of half a minute it would be as slow.
constexpr Duration slowest = 5 * wait;
constexpr Duration burst = std::chrono::milliseconds(2);
// A path may become longer, and then the time of its idle state is no longer true. It is looked at
// again after this, which costs a round trip without files.
constexpr Duration trust = std::chrono::seconds(10);

double ratio(Duration a, Duration b) {
  return static_cast<double>(a.count()) / static_cast<double>(b.count());
}

}  // namespace

bool BulkGate::mark_due() const {
  return sent_ > marked_ && (marks_ == 0 || sent_ - marked_ >= window_ / marks_in_window);
}

std::uint64_t BulkGate::mark(Time now) {
  if (quiet() && marks_ == 0 && (rested_ || now - quiet_since_ >= least_)) {
    rested_ = false;
    begins_ = true;
    start_round();
    round_ = sent_ + window_;
  }
  ++marks_;
  return marked_ = sent_;
}

void BulkGate::wrote(std::size_t bytes, Time now) {
  sent_ += bytes;
  if (sent_ - passed_ >= window_) filled_ = true;
  const double share = static_cast<double>(bytes) / static_cast<double>(window_) / pace;
  const auto time = std::chrono::duration_cast<Duration>(usual_ * share);
  next_ = std::max(next_, now - burst) + time;
}

void BulkGate::passed(std::uint64_t mark, Duration trip, Time now) {
  if (marks_ == 0) return;
  --marks_;
  trip = std::max(trip, Duration(1));
  const bool idle = mark == passed_;
  passed_ = std::max(passed_, mark);
  if (idle || trip <= least_) {
    least_ = trip;
    least_at_ = now;
  }
  if (quiet()) {
    quiet_since_ = now;
    rested_ = draining_;
  }
  draining_ = !quiet() && (draining_ || now - least_at_ > trust);
  if (idle) return;
  trips_ += trip;
  ++answers_;
  if (passed_ >= round_) adjust();
}

void BulkGate::start_round() {
  round_ = sent_;
  trips_ = {};
  answers_ = 0;
  filled_ = false;
}

void BulkGate::adjust() {
  const auto trip = trips_ / answers_;
  usual_ = std::min(trip, least_ + slowest);
  double factor = std::clamp(ratio(least_ + wait, trip), 0.5, 2.0);
  if (trip > least_ + wait / 2) begins_ = false;
  if (begins_) factor = std::max(factor, quick);
  const auto wanted = static_cast<std::size_t>(static_cast<double>(window_) * factor) + step;
  if (wanted < window_ || filled_) window_ = std::clamp(wanted, least_window, most_window);
  start_round();
}

void BulkGate::forget() {
  passed_ = sent_;
  marks_ = 0;
  draining_ = false;
}

}  // namespace genos::core
