// SPDX-License-Identifier: LGPL-2.1-or-later
// For those who cannot decode a rung: how long there is one for them, and what it is.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "core/base/time.hpp"
#include "core/ladder/words.hpp"

namespace genos::core {

// One rung for all who refused another, from the first of them until some time after the last:
// a page that is loaded again and again has no encoder made again and again.
class FallbackWish {
 public:
  static constexpr Duration patience = std::chrono::seconds(10);

  void refused(const std::string& peer) { refusers_.insert(peer); }
  void left(const std::string& peer, Time now) {
    if (refusers_.erase(peer) > 0 && refusers_.empty()) until_ = now + patience;
  }
  // Somebody is there for whom it is to be made, not only kept.
  [[nodiscard]] bool is_used() const { return !refusers_.empty(); }
  [[nodiscard]] bool is_wanted(Time now) const { return is_used() || now < until_; }

 private:
  std::set<std::string> refusers_;
  Time until_ = Time::min();
};

// The same rung in a codec that is older than `codec`, in which it is made now: with the bits that
// this one needs for as good a picture.
[[nodiscard]] RungWords fallback_of(const RungWords& rung, std::string_view codec,
                                    CodecName fallback);
// The ladder with one rung more, in words; it may be there already.
[[nodiscard]] Result<std::string> ladder_with(const std::string& ladder, const RungWords& rung);

}  // namespace genos::core
