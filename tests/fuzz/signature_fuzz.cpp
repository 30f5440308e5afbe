// SPDX-License-Identifier: LGPL-2.1-or-later
// Signatures of Nostr events: 32 bytes of key, 64 of signature, then what was signed.
#include "core/base/bytes.hpp"
#include "crypto/nostr_key.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const core::ByteView input(data, size);
  const auto key = input.first(std::min<std::size_t>(size, 32));
  const auto rest = input.subspan(key.size());
  const auto signature = rest.first(std::min<std::size_t>(rest.size(), 64));
  const auto message = rest.subspan(signature.size());
  const bool whole = key.size() == 32 && signature.size() == 64;
  const bool valid = crypto::schnorr_verify(key, message, signature);
  fuzz::require(whole || !valid, "what is too short is no signature");
  if (valid) {
    core::Bytes other(message.begin(), message.end());
    other.push_back(0);
    fuzz::require(!crypto::schnorr_verify(key, other, signature), "it is bound to the message");
  }

  static const auto ours = *crypto::NostrKey::from_secret(crypto::Key({7}));
  const auto id = crypto::sha256(input);
  auto made = ours.sign_with(id, id);
  fuzz::require(crypto::schnorr_verify(ours.public_key(), id, made), "ours is valid");
  if (size == 0) return 0;
  made[data[0] % made.size()] ^= static_cast<std::uint8_t>(data[size - 1] | 1);
  fuzz::require(!crypto::schnorr_verify(ours.public_key(), id, made), "an altered one is not");
  return 0;
}
