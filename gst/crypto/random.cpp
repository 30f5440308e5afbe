// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/random.hpp"

#include <sodium.h>

namespace genos::crypto {

std::uint64_t SecureRandom::next() {
  std::uint64_t value = 0;
  randombytes_buf(&value, sizeof value);
  return value;
}

}  // namespace genos::crypto
