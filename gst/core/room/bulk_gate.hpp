// SPDX-License-Identifier: LGPL-2.1-or-later
// How many bytes of large messages may be under way on a link: so few that what is said meanwhile
// arrives soon, and so many that the link never runs dry.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/time.hpp"

namespace genos::core {

// What a link holds of what it was given is not known: behind the data channel's own count there is
// usrsctp's buffer, and there are the network's queues. So marks go along with the bytes, pings in
// the order of everything else, and the time until one is answered says how long anything waits.
// The window follows it as that of FAST TCP does: so large that an answer takes `wait` longer than
// on an idle link.
//
// What is written is spread over that time. usrsctp sends four packets at once and then what each
// acknowledgement allows: a window written at once comes back at once, and stands still between.
class BulkGate {
 public:
  [[nodiscard]] bool open(Time now) const { return now >= opens_at(); }
  // Never: when an answer comes.
  [[nodiscard]] Time opens_at() const {
    return draining_ || sent_ - passed_ >= window_ ? never : next_;
  }
  // Nothing is under way: a mark before the first byte times the idle link.
  [[nodiscard]] bool quiet() const { return sent_ == passed_; }
  // After every quarter of the window, and after the last byte.
  [[nodiscard]] bool mark_due() const;
  // One is sent now; what this returns is given to passed() with its answer.
  std::uint64_t mark(Time now);
  void wrote(std::size_t bytes, Time now);
  void passed(std::uint64_t mark, Duration trip, Time now);
  // Who would have answered is gone: what was under way is not waited for.
  void forget();

  [[nodiscard]] std::size_t window() const { return window_; }

 private:
  void start_round();
  void adjust();

  std::size_t window_ = 32UL * 1024;  // the least: two chunks
  std::uint64_t sent_ = 0, passed_ = 0, marked_ = 0;
  std::size_t marks_ = 0;  // without an answer
  Time next_{};            // nothing before that

  Duration least_{};  // of the idle link
  Time least_at_{};
  Time quiet_since_{};
  bool draining_ = false;  // to see the idle link again
  bool rested_ = true;     // it was idle: what it can do now is to be found out
  bool begins_ = true;     // and is not known yet

  // A round: as long as what was written at its beginning takes.
  std::uint64_t round_ = 0;
  Duration trips_{};  // of its marks, all together
  int answers_ = 0;
  bool filled_ = false;  // the window was what held us
  Duration usual_{};     // trip of the round before
};

}  // namespace genos::core
