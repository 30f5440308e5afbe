// SPDX-License-Identifier: LGPL-2.1-or-later
// Limits of an exchange in bytes a second, where none is a limit too.
#pragma once

#include <optional>

#include "core/base/bucket.hpp"

namespace genos::core::rates {

inline std::optional<Bucket> bucket(double rate, Time now) {
  if (rate <= 0) return std::nullopt;
  // A tenth of a second at once; what is larger goes too, and is paid off after it.
  return Bucket(rate, rate / 10, now);
}

inline void refill(std::optional<Bucket>& bucket, Time now) {
  if (bucket) bucket->charge(0, now);
}

inline bool is_open(std::optional<Bucket>& bucket, Time now) {
  return !bucket || bucket->take(0, now);
}

inline void charge(std::optional<Bucket>& bucket, std::uint64_t size, Time now) {
  if (bucket) bucket->charge(static_cast<double>(size), now);
}

}  // namespace genos::core::rates
