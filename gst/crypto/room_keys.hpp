// SPDX-License-Identifier: LGPL-2.1-or-later
// What a room's name and password become: topics, the room token, keys and password proofs.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/result.hpp"

namespace genos::crypto {

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

Sha1 sha1(core::ByteView data);
Sha256 sha256(core::ByteView data);
Sha256 hmac_sha256(core::ByteView key, core::ByteView data);

// 32 secret bytes, overwritten when they go.
class Key {
 public:
  Key() = default;
  explicit Key(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  [[nodiscard]] core::ByteView bytes() const { return bytes_; }
  [[nodiscard]] std::array<std::uint8_t, 32>& writable() { return bytes_; }

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

// All text is hashed as the UTF-8 bytes it is; nothing is normalised or escaped (trystero 0.25.4).
core::Topic topic_of(std::string_view plaintext);
core::Topic root_topic(std::string_view app, std::string_view room);
core::Topic self_topic(std::string_view app, std::string_view room, const core::PeerId& peer);
core::RoomToken room_token(std::string_view app, std::string_view room);

// Trystero's key: one SHA-256 of password, app and room. Whoever has one sealed description can try
// passwords at the speed of SHA-256, hence:
Key room_key(std::string_view password, std::string_view app, std::string_view room);

// The key of a strict room: Argon2id version 1.3 over the password (libsodium's crypto_pwhash),
// 3 passes, 64 MiB, one lane, 32 bytes. Salt: the first 16 bytes of SHA-256 over
// "genos strict room v1", then app and room, each after its length as u32 big endian.
// Takes about a fifth of a second: never call it on a thread that something waits for.
// Fails only when 64 MiB cannot be had.
inline constexpr unsigned long long strict_passes = 3;
inline constexpr std::size_t strict_memory = 64u << 20;
core::Result<Key> strict_key(std::string_view password, std::string_view app,
                             std::string_view room);

// The answer to a password challenge in the data channel's handshake.
std::string password_proof(std::string_view challenge, std::string_view password,
                           std::string_view app, std::string_view room);
// The same in a strict room: lower-case hex of HMAC-SHA-256(key, "genos strict proof v1"
// challenge).
std::string strict_proof(std::string_view challenge, const Key& key);

}  // namespace genos::crypto
