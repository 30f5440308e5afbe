// SPDX-License-Identifier: LGPL-2.1-or-later
// Topics, tokens, keys, proofs and sealed text against what trystero 0.25.4 computes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/base/random.hpp"
#include "crypto/room_keys.hpp"
#include "crypto/sealing.hpp"
#include "signaling/crypto_vectors.hpp"

namespace genos::crypto {
namespace {

core::Bytes hex(std::string_view text) {
  core::Bytes bytes;
  EXPECT_TRUE(core::from_hex(text, bytes));
  return bytes;
}

Key key_of(std::string_view text) {
  Key key;
  const auto bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), key.writable().begin());
  return key;
}

TEST(RoomKeys, AreThoseOfTrystero) {
  for (const auto& row : vectors::rooms) {
    EXPECT_EQ(root_topic(row.app, row.room).value, row.root_topic);
    EXPECT_EQ(self_topic(row.app, row.room, {row.peer}).value, row.self_topic);
    EXPECT_EQ(room_token(row.app, row.room).value, row.token);
    EXPECT_EQ(core::to_hex(room_key(row.password, row.app, row.room).bytes()), row.key);
  }
}

TEST(RoomKeys, PasswordProofsAreThoseOfTrystero) {
  for (const auto& row : vectors::proofs)
    EXPECT_EQ(password_proof(row.challenge, row.password, row.app, row.room), row.proof);
}

// RFC 4231, test case 2.
TEST(RoomKeys, HmacIsThatOfTheRfc) {
  EXPECT_EQ(core::to_hex(hmac_sha256(core::bytes_of("Jefe"),
                                     core::bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// The value pins parameters and salt: two versions of ours must agree. Computed independently with
// argon2-cffi: hash_secret_raw(b"swordfish", sha256(label, u32 3, "app", u32 4, "room")[:16], 3,
// 65536, 1, 32, ID).
TEST(RoomKeys, StrictKeyNeverChanges) {
  const auto key = strict_key("swordfish", "app", "room");
  ASSERT_TRUE(key);
  EXPECT_EQ(core::to_hex((*key).bytes()),
            "58a32d0162bf577d2ad25904d12ba30298a061cd1cf6e7a8861e7f88acd51232");
}

TEST(RoomKeys, StrictKeyTellsRoomsApart) {
  const auto one = strict_key("p", "ab", "c");
  const auto other = strict_key("p", "a", "bc");
  ASSERT_TRUE(one && other);
  EXPECT_NE(core::to_hex((*one).bytes()), core::to_hex((*other).bytes()));
  EXPECT_NE(strict_proof("challenge", *one), strict_proof("challenge", *other));
  EXPECT_EQ(strict_proof("challenge", *one), strict_proof("challenge", *one));
  EXPECT_NE(strict_proof("challenge", *one), strict_proof("challengf", *one));
}

TEST(Sealing, IsThatOfTrystero) {
  for (const auto& row : vectors::sealed) {
    Iv iv;
    const auto bytes = hex(row.iv);
    ASSERT_EQ(bytes.size(), iv.size());
    std::copy(bytes.begin(), bytes.end(), iv.begin());
    EXPECT_EQ(seal_with(key_of(row.key), iv, row.plaintext), row.wire);
    const auto opened = unseal(key_of(row.key), row.wire);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(*opened, row.plaintext);
  }
}

TEST(Sealing, NeverRepeatsAnIv) {
  const Key key = room_key("", "app", "room");
  EXPECT_NE(seal(key, "text"), seal(key, "text"));
  const auto opened = unseal(key, seal(key, "text"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, "text");
}

// Computed with Python's `cryptography` (AESGCM), key 32 × 00.
TEST(Sealing, OpensOtherLengthsOfIv) {
  for (const char* wire :
       {"0,1,2,3,4,5,6,7,8,9,10,11$4K5fPm/A4J/JrwBGkSGQesYkbtyX",
        "7,7,7,7,7,7,7,7$gODgZr4JjgYl1K/y4v3v+B1LLd8c",
        "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,"
        "33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,"
        "63$Qmrn2Nnapxgwt6EQtK8Lh47Q+/GP"}) {
    const auto opened = unseal(Key(), wire);
    ASSERT_TRUE(opened) << wire << ": " << opened.error().detail;
    EXPECT_EQ(*opened, "hello");
  }
}

TEST(Sealing, AnotherKeyIsRefusedAndRubbishIsMalformed) {
  const Key key = room_key("right", "app", "room");
  const auto wire = seal(key, "v=0");
  const auto wrong = unseal(room_key("wrong", "app", "room"), wire);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, core::Errc::refused);

  std::string long_iv = "1";
  for (int i = 0; i < 64; ++i) long_iv += ",1";
  for (const std::string& text :
       {std::string(), std::string("$"), std::string("1,2$"), std::string("$AAAA"),
        std::string("256$hDNBsxJKOe7jBswrWhhLWQ=="), std::string("1,$hDNBsxJKOe7jBswrWhhLWQ=="),
        std::string("-1$hDNBsxJKOe7jBswrWhhLWQ=="), std::string("1,,2$hDNBsxJKOe7jBswrWhhLWQ=="),
        std::string("1$hDNBsxJKOe7jBswrWhhLWQ"), std::string("1$hDNBsxJKOe7jBswrWhhL!Q=="),
        std::string("1$AAAA"), long_iv + "$hDNBsxJKOe7jBswrWhhLWQ=="}) {
    const auto result = unseal(key, text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, core::Errc::malformed) << text;
  }
  const auto huge = unseal(key, std::string(max_sealed + 1, '1'));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, core::Errc::too_large);
}

TEST(Sealing, EveryAlteredByteIsNoticed) {
  const Key key = room_key("", "app", "room");
  const auto wire = seal(key, "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n");
  core::SeededRandom random(5);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    std::string altered = wire;
    altered[i] = static_cast<char>(altered[i] ^ static_cast<char>(1 + random.below(127)));
    const auto result = unseal(key, altered);
    EXPECT_FALSE(result) << i << ' ' << altered;
  }
}

}  // namespace
}  // namespace genos::crypto
