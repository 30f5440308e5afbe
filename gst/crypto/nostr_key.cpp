// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/nostr_key.hpp"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "crypto/sodium.hpp"

namespace genos::crypto {
namespace {

// One for the process: it is only read after it was made, and blinding protects against side
// channels of the multiplication with a secret.
const secp256k1_context* curve() {
  static secp256k1_context* const context = [] {
    make_sodium_ready();
    auto* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    unsigned char seed[32];
    randombytes_buf(seed, sizeof seed);
    if (secp256k1_context_randomize(made, seed) != 1) randombytes_buf(seed, sizeof seed);
    sodium_memzero(seed, sizeof seed);
    return made;
  }();
  return context;
}

// The secret half, overwritten when it goes.
struct Pair {
  explicit Pair(const Key& secret)
      : good(secp256k1_keypair_create(curve(), &raw, secret.bytes().data()) == 1) {}
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() { sodium_memzero(&raw, sizeof raw); }
  secp256k1_keypair raw;
  bool good;
};

}  // namespace

core::Result<NostrKey> NostrKey::from_secret(const Key& secret) {
  const Pair pair(secret);
  secp256k1_xonly_pubkey shown;
  std::array<std::uint8_t, 32> bytes{};
  if (!pair.good || secp256k1_keypair_xonly_pub(curve(), &shown, nullptr, &pair.raw) != 1 ||
      secp256k1_xonly_pubkey_serialize(curve(), bytes.data(), &shown) != 1)
    return core::Error{core::Errc::refused, "not a secret key of secp256k1"};
  return NostrKey(secret, bytes);
}

NostrKey NostrKey::generate() {
  make_sodium_ready();
  for (;;) {  // one in 2^128 tries is no scalar
    Key secret;
    randombytes_buf(secret.writable().data(), secret.writable().size());
    if (auto key = from_secret(secret)) return *std::move(key);
  }
}

SchnorrSignature NostrKey::sign(const Sha256& id) const {
  Sha256 randomness;
  randombytes_buf(randomness.data(), randomness.size());
  return sign_with(id, randomness);
}

SchnorrSignature NostrKey::sign_with(core::ByteView message, const Sha256& randomness) const {
  const Pair pair(secret_);
  SchnorrSignature signature{};
  Sha256 auxiliary = randomness;
  secp256k1_schnorrsig_extraparams extra = SECP256K1_SCHNORRSIG_EXTRAPARAMS_INIT;
  extra.ndata = auxiliary.data();
  // Cannot fail: the key was checked when it was made.
  if (secp256k1_schnorrsig_sign_custom(curve(), signature.data(), message.data(), message.size(),
                                       &pair.raw, &extra) != 1)
    signature.fill(0);
  return signature;
}

bool schnorr_verify(core::ByteView public_key, core::ByteView message, core::ByteView signature) {
  secp256k1_xonly_pubkey key;
  return public_key.size() == 32 && signature.size() == 64 &&
         secp256k1_xonly_pubkey_parse(curve(), &key, public_key.data()) == 1 &&
         secp256k1_schnorrsig_verify(curve(), signature.data(), message.data(), message.size(),
                                     &key) == 1;
}

}  // namespace genos::crypto
