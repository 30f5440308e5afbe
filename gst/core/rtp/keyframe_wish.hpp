// SPDX-License-Identifier: LGPL-2.1-or-later
// When an encoder is asked for a keyframe, however many viewers want one.
#pragma once

#include "core/base/time.hpp"

namespace genos::core {

class KeyframeWish {
 public:
  // Of wishes that come together one is passed on; a keyframe costs everybody a burst.
  static constexpr Duration least_distance = std::chrono::milliseconds(250);
  // An encoder that was asked and gave none is asked again.
  static constexpr Duration patience = std::chrono::seconds(1);
  // Who lost something just before a keyframe went out has been helped by it.
  static constexpr Duration covered = std::chrono::milliseconds(100);

  void joined(Time) { wanted_ = true; }  // a viewer waits for its first one
  void lost(Time now) { wanted_ = wanted_ || now - made_ > covered; }
  void made(Time now) {  // one goes out
    wanted_ = false;
    made_ = now;
    asked_ = long_ago;
  }
  // Asked before every frame; true: ask the encoder now.
  [[nodiscard]] bool due(Time now) {
    if (!wanted_ || now - made_ < least_distance || now - asked_ < patience) return false;
    asked_ = now;
    return true;
  }

 private:
  static constexpr Time long_ago{-std::chrono::hours(1)};
  bool wanted_ = false;
  Time asked_ = long_ago, made_ = long_ago;
};

}  // namespace genos::core
