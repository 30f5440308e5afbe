// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/digest.hpp"

#include "crypto/sodium.hpp"

namespace genos::crypto {

std::array<std::uint8_t, 32> blake2b(std::uint8_t domain, core::ByteView bytes) {
  make_sodium_ready();
  std::array<std::uint8_t, 32> digest{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  crypto_generichash_update(&state, &domain, 1);
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  crypto_generichash_final(&state, digest.data(), digest.size());
  return digest;
}

}  // namespace genos::crypto
