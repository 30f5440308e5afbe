// SPDX-License-Identifier: LGPL-2.1-or-later
// BIP-340 signatures against the BIP's own table and against events signed by trystero 0.25.4.
#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/nostr_key.hpp"
#include "signaling/crypto_vectors.hpp"

namespace genos::crypto {
namespace {

core::Bytes hex(std::string_view text) {
  core::Bytes bytes;
  EXPECT_TRUE(core::from_hex(text, bytes));
  return bytes;
}

template <std::size_t Size> std::array<std::uint8_t, Size> block(std::string_view text) {
  std::array<std::uint8_t, Size> out{};
  const auto bytes = hex(text);
  EXPECT_EQ(bytes.size(), Size);
  std::copy_n(bytes.begin(), std::min(Size, bytes.size()), out.begin());
  return out;
}

TEST(NostrKey, SignsAndVerifiesAsBip340Says) {
  for (const auto& row : vectors::bip340) {
    const auto message = hex(row.message);
    EXPECT_EQ(schnorr_verify(hex(row.key), message, hex(row.signature)), row.valid) << row.comment;
    if (!*row.secret) continue;
    const auto key = NostrKey::from_secret(Key(block<32>(row.secret)));
    ASSERT_TRUE(key);
    EXPECT_EQ(core::to_hex((*key).public_key()), core::to_hex(hex(row.key)));
    EXPECT_EQ(core::to_hex((*key).sign_with(message, block<32>(row.randomness))),
              core::to_hex(hex(row.signature)));
  }
}

TEST(NostrKey, SignsEventsAsTrysteroDoes) {
  for (const auto& row : vectors::events) {
    const auto id = sha256(core::bytes_of(row.serialized));
    EXPECT_EQ(core::to_hex(id), row.id);
    const auto key = NostrKey::from_secret(Key(block<32>(row.secret)));
    ASSERT_TRUE(key);
    EXPECT_EQ((*key).public_hex(), row.key);
    EXPECT_EQ(core::to_hex((*key).sign_with(id, Sha256{})), row.signature);
  }
}

TEST(NostrKey, FreshKeysDifferAndTheirSignaturesHold) {
  const auto one = NostrKey::generate();
  const auto other = NostrKey::generate();
  EXPECT_NE(one.public_hex(), other.public_hex());
  const auto id = sha256(core::bytes_of("event"));
  auto signature = one.sign(id);
  EXPECT_TRUE(schnorr_verify(one.public_key(), id, signature));
  EXPECT_FALSE(schnorr_verify(other.public_key(), id, signature));
  signature[63] ^= 1;
  EXPECT_FALSE(schnorr_verify(one.public_key(), id, signature));
}

TEST(NostrKey, RefusesWhatIsNoKey) {
  EXPECT_FALSE(NostrKey::from_secret(Key()));  // zero
  EXPECT_FALSE(NostrKey::from_secret(Key(block<32>(std::string(64, 'f')))));
  EXPECT_FALSE(schnorr_verify({}, {}, {}));
}

}  // namespace
}  // namespace genos::crypto
