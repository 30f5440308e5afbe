// SPDX-License-Identifier: LGPL-2.1-or-later
// BIP-340 signatures of Nostr events. The key is made at start and names nobody: who a peer is says
// its Identity.
#pragma once

#include <array>
#include <string>

#include "crypto/room_keys.hpp"

namespace genos::crypto {

using SchnorrSignature = std::array<std::uint8_t, 64>;

class NostrKey {
 public:
  static NostrKey generate();
  static core::Result<NostrKey> from_secret(
      const Key& secret);  // refused: not a scalar of the curve

  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const { return public_; }
  [[nodiscard]] std::string public_hex() const { return core::to_hex(public_); }
  // BIP-340 over the 32 bytes of an event id, with fresh auxiliary randomness.
  [[nodiscard]] SchnorrSignature sign(const Sha256& id) const;
  // With given randomness and a message of any length: the published vectors need both.
  [[nodiscard]] SchnorrSignature sign_with(core::ByteView message, const Sha256& randomness) const;

 private:
  NostrKey(const Key& secret, const std::array<std::uint8_t, 32>& shown)
      : secret_(secret), public_(shown) {}
  Key secret_;
  std::array<std::uint8_t, 32> public_;
};

// False for anything that is not a valid signature, whatever the lengths.
bool schnorr_verify(core::ByteView public_key, core::ByteView message, core::ByteView signature);

}  // namespace genos::crypto
