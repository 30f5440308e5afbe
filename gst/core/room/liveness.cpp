// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/liveness.hpp"

#include <algorithm>

namespace genos::core {

void Liveness::heard(Time now) {
  last_ = now;
  ask_at_ = now + limits_.ask;
  doubted_ = false;
  lost_ = false;
}

void Liveness::advance(Time now) {
  if (lost_) return;
  if (now >= last_ + limits_.lost) {
    lost_ = true;
    ask_at_ = never;
    outputs_.push_back(Output::lost);
    return;
  }
  if (!doubted_ && now >= last_ + limits_.doubt) {
    doubted_ = true;
    outputs_.push_back(Output::doubt);
  }
  if (now >= ask_at_) {
    ask_at_ = now + limits_.ask;
    outputs_.push_back(Output::ask);
  }
}

std::optional<Liveness::Output> Liveness::poll() {
  if (outputs_.empty()) return {};
  const Output output = outputs_.front();
  outputs_.pop_front();
  return output;
}

Time Liveness::deadline() const {
  if (lost_) return never;
  Time next = std::min(ask_at_, last_ + limits_.lost);
  if (!doubted_) next = std::min(next, last_ + limits_.doubt);
  return next;
}

}  // namespace genos::core
