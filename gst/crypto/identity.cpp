// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/identity.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "crypto/sodium.hpp"

namespace genos::crypto {
namespace {

constexpr std::string_view proof_version = "1";

void append(core::Bytes& out, std::uint64_t number, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(number >> shift));
}

void append(core::Bytes& out, std::string_view text) {
  append(out, text.size(), 4);
  out.insert(out.end(), text.begin(), text.end());
}

bool is_hex_pairs(std::string_view text) {
  if (text.size() % 3 != 2) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
  }
  return true;
}

// "SHA-256 aB:…" and "sha-256 AB:…" are the same certificate. Empty when it is not a fingerprint by
// a hash that still stands.
std::string normal_fingerprint(std::string_view text) {
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  static constexpr struct {
    std::string_view hash;
    std::size_t size;
  } known[] = {{"sha-256 ", 32}, {"sha-384 ", 48}, {"sha-512 ", 64}};
  for (const auto& [hash, size] : known)
    if (low.starts_with(hash) && low.size() == hash.size() + size * 3 - 1 &&
        is_hex_pairs(std::string_view(low).substr(hash.size())))
      return low;
  return {};
}

// Each part after its length: no two claims give the same bytes.
core::Bytes signed_bytes(const Claim& claim, std::int64_t expiry) {
  core::Bytes bytes;
  append(bytes, "genos identity proof v1");
  append(bytes, claim.room.value);
  append(bytes, claim.peer.value);
  append(bytes, normal_fingerprint(claim.fingerprint));
  append(bytes, static_cast<std::uint64_t>(expiry), 8);
  return bytes;
}

struct Proof {
  core::Bytes key;
  std::string_view key_text;
  std::int64_t expiry = 0;
  core::Bytes signature;
};

bool read_proof(std::string_view text, Proof& proof) {
  std::array<std::string_view, 4> words;
  for (auto& word : words) {
    const auto space = text.find(' ');
    word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  const auto& [version, key, expiry, signature] = words;
  const auto [end, error] =
      std::from_chars(expiry.data(), expiry.data() + expiry.size(), proof.expiry);
  proof.key_text = key;
  return text.empty() && version == proof_version && error == std::errc() &&
         end == expiry.data() + expiry.size() && from_base64(key, Base64::url, proof.key) &&
         proof.key.size() == crypto_sign_PUBLICKEYBYTES &&
         from_base64(signature, Base64::url, proof.signature) &&
         proof.signature.size() == crypto_sign_BYTES;
}

core::Error refused(std::string why) { return {core::Errc::refused, std::move(why)}; }

}  // namespace

Identity::Identity(const Key& seed) : seed_(seed) {
  make_sodium_ready();
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(public_.data(), secret.data(), seed_.bytes().data());
  sodium_memzero(secret.data(), secret.size());
}

Identity Identity::generate() {
  make_sodium_ready();
  Key seed;
  randombytes_buf(seed.writable().data(), seed.writable().size());
  return Identity(seed);
}

Identity Identity::from_seed(const Key& seed) { return Identity(seed); }

std::string Identity::public_text() const { return to_base64(public_, Base64::url); }

std::string Identity::prove(const Claim& claim, UnixSeconds now) const {
  const auto expiry = (now + proof_lifetime).count();
  const auto bytes = signed_bytes(claim, expiry);
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  std::array<std::uint8_t, 32> unused;
  std::array<std::uint8_t, crypto_sign_BYTES> signature;
  crypto_sign_seed_keypair(unused.data(), secret.data(), seed_.bytes().data());
  crypto_sign_detached(signature.data(), nullptr, bytes.data(), bytes.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return std::string(proof_version) + ' ' + public_text() + ' ' + std::to_string(expiry) + ' ' +
         to_base64(signature, Base64::url);
}

core::Result<std::string> verify_proof(std::string_view proof_text, const Claim& claim,
                                       UnixSeconds now) {
  make_sodium_ready();
  Proof proof;
  if (!read_proof(proof_text, proof))
    return core::Error{core::Errc::malformed, "not an identity proof"};
  if (normal_fingerprint(claim.fingerprint).empty())
    return refused("the description has no usable DTLS fingerprint");
  const auto tolerance = proof_clock_tolerance.count();
  if (proof.expiry < now.count() - tolerance)
    return refused("the identity proof has expired (is a clock wrong?)");
  if (proof.expiry > now.count() + proof_lifetime.count() + tolerance)
    return refused("the identity proof is from the future (is a clock wrong?)");
  const auto bytes = signed_bytes(claim, proof.expiry);
  // libsodium refuses keys of small order and signatures that are not in canonical form.
  if (crypto_sign_verify_detached(proof.signature.data(), bytes.data(), bytes.size(),
                                  proof.key.data()) != 0)
    return refused("the identity proof was not made for this room, peer and certificate");
  return std::string(proof.key_text);
}

std::string fingerprint_of(std::string_view public_text) {
  core::Bytes key;
  if (!from_base64(public_text, Base64::url, key) || key.size() != crypto_sign_PUBLICKEYBYTES)
    return {};
  const std::string hex = core::to_hex(sha256(key));
  std::string text;
  for (std::size_t i = 0; i < 32; i += 4) {
    if (i > 0) text += ' ';
    text += hex.substr(i, 4);
  }
  return text;
}

namespace {

constexpr std::string_view proof_line = "a=genos-identity:";
constexpr std::string_view fingerprint_line = "a=fingerprint:";

struct Scan {
  std::size_t media_at = std::string_view::npos;  // where the first m-line begins
  std::string fingerprint;                        // normalised
  bool ambiguous = false;                         // two fingerprints, or two proofs
  std::vector<std::string_view> proofs;
};

Scan scan_description(std::string_view sdp) {
  Scan scan;
  for (std::size_t at = 0; at < sdp.size();) {
    const auto newline = std::min(sdp.find('\n', at), sdp.size());
    auto line = sdp.substr(at, newline - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (scan.media_at == std::string_view::npos && line.starts_with("m=")) scan.media_at = at;
    const bool session_level = scan.media_at == std::string_view::npos;
    if (line.starts_with(fingerprint_line)) {
      auto found = normal_fingerprint(line.substr(fingerprint_line.size()));
      scan.ambiguous |= found.empty() || (!scan.fingerprint.empty() && scan.fingerprint != found);
      scan.fingerprint = std::move(found);
    } else if (session_level && line.starts_with(proof_line)) {
      scan.ambiguous |= !scan.proofs.empty();
      scan.proofs = {line.substr(proof_line.size())};
    }
    at = newline + 1;
  }
  return scan;
}

}  // namespace

core::Result<std::string> sign_description(const Identity& identity, std::string sdp,
                                           const core::RoomToken& room, const core::PeerId& self,
                                           UnixSeconds now) {
  const Scan scan = scan_description(sdp);
  if (scan.ambiguous || scan.fingerprint.empty() || scan.media_at == std::string_view::npos ||
      !scan.proofs.empty())
    return refused("a description needs one DTLS fingerprint and no proof yet to be signed");
  const auto proof = identity.prove({room, self, scan.fingerprint}, now);
  sdp.insert(scan.media_at, std::string(proof_line) + proof + "\r\n");
  return sdp;
}

core::Result<std::string> signer_of(std::string_view sdp, const core::RoomToken& room,
                                    const core::PeerId& sender, UnixSeconds now) {
  const Scan scan = scan_description(sdp);
  if (scan.proofs.empty()) return core::Error{core::Errc::not_found, "no identity proof"};
  if (scan.ambiguous) return refused("two DTLS fingerprints or two identity proofs");
  return verify_proof(scan.proofs.front(), {room, sender, scan.fingerprint}, now);
}

}  // namespace genos::crypto
