// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/random.hpp"

#include "crypto/sodium.hpp"

namespace genos::crypto {

std::uint64_t SecureRandom::next() {
  make_sodium_ready();
  std::uint64_t value = 0;
  randombytes_buf(&value, sizeof value);
  return value;
}

}  // namespace genos::crypto
