// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/room_keys.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "crypto/sodium.hpp"

namespace genos::crypto {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> digest(const EVP_MD* kind, core::ByteView data) {
  std::array<std::uint8_t, Size> out{};
  unsigned int size = Size;
  EVP_Digest(data.data(), data.size(), out.data(), &size, kind, nullptr);
  return out;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text += part;
  return text;
}

void append_with_length(core::Bytes& out, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(text.size() >> shift));
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

Key::~Key() { sodium_memzero(bytes_.data(), bytes_.size()); }

Sha1 sha1(core::ByteView data) { return digest<20>(EVP_sha1(), data); }
Sha256 sha256(core::ByteView data) { return digest<32>(EVP_sha256(), data); }

Sha256 hmac_sha256(core::ByteView key, core::ByteView data) {
  Sha256 out{};
  unsigned int size = out.size();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(), out.data(),
       &size);
  return out;
}

core::Topic topic_of(std::string_view plaintext) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  core::Topic topic;
  for (const auto byte : sha1(core::bytes_of(plaintext))) {
    if (byte >= 36) topic.value += digits[byte / 36];  // at most 255 = "73"
    topic.value += digits[byte % 36];
  }
  return topic;
}

core::Topic root_topic(std::string_view app, std::string_view room) {
  return topic_of(joined({"Trystero@", app, "@", room}));
}

core::Topic self_topic(std::string_view app, std::string_view room, const core::PeerId& peer) {
  return topic_of(joined({"Trystero@", app, "@", room, "@", peer.value}));
}

core::RoomToken room_token(std::string_view app, std::string_view room) {
  return {core::to_hex(sha256(core::bytes_of(joined({"Trystero:", app, ":", room}))))};
}

Key room_key(std::string_view password, std::string_view app, std::string_view room) {
  std::string text = joined({password, ":", app, ":", room});
  Key key(sha256(core::bytes_of(text)));
  sodium_memzero(text.data(), text.size());
  return key;
}

core::Result<Key> strict_key(std::string_view password, std::string_view app,
                             std::string_view room) {
  make_sodium_ready();
  static constexpr std::string_view label = "genos strict room v1";
  core::Bytes salted(label.begin(), label.end());
  append_with_length(salted, app);
  append_with_length(salted, room);
  const Sha256 salt = sha256(salted);
  static_assert(crypto_pwhash_SALTBYTES <= sizeof(Sha256));
  Key key;
  if (crypto_pwhash(key.writable().data(), key.writable().size(), password.data(), password.size(),
                    salt.data(), strict_passes, strict_memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return core::Error{core::Errc::failed,
                       "no memory to stretch the room's password (64 MiB are needed)"};
  return key;
}

std::string password_proof(std::string_view challenge, std::string_view password,
                           std::string_view app, std::string_view room) {
  std::string text = joined({challenge, ":", password, ":", app, ":", room});
  const Sha256 proof = sha256(core::bytes_of(text));
  sodium_memzero(text.data(), text.size());
  return core::to_hex(proof);
}

std::string strict_proof(std::string_view challenge, const Key& key) {
  const std::string text = joined({"genos strict proof v1", challenge});
  return core::to_hex(hmac_sha256(key.bytes(), core::bytes_of(text)));
}

}  // namespace genos::crypto
