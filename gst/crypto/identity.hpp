// SPDX-License-Identifier: LGPL-2.1-or-later
// Who a peer is: an Ed25519 key in a file, and the proof that a description was made by its owner.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "crypto/room_keys.hpp"

namespace genos::crypto {

using UnixSeconds = std::chrono::duration<std::int64_t>;  // since 1970, of the wall clock

// A proof says for how long it may be used; longer than this nobody accepts one, so that a stolen
// description with its DTLS certificate dies with it.
inline constexpr UnixSeconds proof_lifetime{600};
// How far two peers' clocks may be apart.
inline constexpr UnixSeconds proof_clock_tolerance{120};

// What a proof is bound to. `fingerprint` is the value of `a=fingerprint`, in any case of letters.
struct Claim {
  core::RoomToken room;
  core::PeerId peer;
  std::string fingerprint;
};

class Identity {
 public:
  enum class Existing : std::uint8_t { keep, overwrite };

  static Identity generate();
  static Identity from_seed(const Key& seed);
  // Refuses a file that others can read. Errors say what to do.
  static core::Result<Identity> load(const std::string& path);
  // Mode 0600; either the whole key is there or nothing changed.
  [[nodiscard]] core::Result<std::monostate> save(const std::string& path, Existing existing) const;

  [[nodiscard]] std::string public_text() const;  // 43 characters of base64url
  // The value of `a=genos-identity:`: `1 KEY EXPIRY SIGNATURE`.
  [[nodiscard]] std::string prove(const Claim& claim, UnixSeconds now) const;

 private:
  explicit Identity(const Key& seed);
  Key seed_;
  std::array<std::uint8_t, 32> public_{};
};

// The key (base64url) whose owner made this claim; refused when the signature, the time or the
// claim does not fit.
core::Result<std::string> verify_proof(std::string_view proof, const Claim& claim, UnixSeconds now);

// A key as people compare it: eight groups of four hex digits of its SHA-256. Empty for no key.
std::string fingerprint_of(std::string_view public_text);

// The same for a whole description: the proof is a session-level line `a=genos-identity:`, the
// fingerprint is the description's own (refused when it has none, or two that differ).
core::Result<std::string> sign_description(const Identity& identity, std::string sdp,
                                           const core::RoomToken& room, const core::PeerId& self,
                                           UnixSeconds now);
// not_found: it carries no proof.
core::Result<std::string> signer_of(std::string_view sdp, const core::RoomToken& room,
                                    const core::PeerId& sender, UnixSeconds now);

}  // namespace genos::crypto
