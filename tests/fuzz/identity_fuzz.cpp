// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptions that claim to be somebody's.
#include "crypto/identity.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

namespace {

constexpr crypto::UnixSeconds now{1'800'000'000};
const core::RoomToken room{std::string(64, 'a')};
const core::PeerId peer{"peer"};

// One of the corpus carries a proof of this key.
const crypto::Identity& known() {
  static const auto identity = crypto::Identity::from_seed(crypto::Key({1, 2, 3}));
  return identity;
}

void read(std::string_view sdp) {
  const auto signer = crypto::signer_of(sdp, room, peer, now);
  if (!signer) return;
  fuzz::require(*signer == known().public_text(), "nobody else's key made a proof");
  fuzz::require(!crypto::signer_of(sdp, room, {"other"}, now), "it is bound to the peer");
  fuzz::require(!crypto::signer_of(sdp, {"other"}, peer, now), "it is bound to the room");
  const auto later = now + 2 * crypto::proof_lifetime;
  fuzz::require(!crypto::signer_of(sdp, room, peer, later), "it expires");
}

void sign(std::string_view sdp) {
  const auto ours = crypto::sign_description(known(), std::string(sdp), room, peer, now);
  if (!ours) return;
  const auto signer = crypto::signer_of(*ours, room, peer, now);
  fuzz::require(signer && *signer == known().public_text(), "what was signed is verified");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = core::text_of({data, size});
  read(text);
  sign(text);
  const std::string fingerprint = "sha-256 " + std::string("00") + [] {
    std::string rest;
    for (int i = 0; i < 31; ++i) rest += ":00";
    return rest;
  }();
  fuzz::require(!crypto::verify_proof(text, {room, peer, fingerprint}, now),
                "no proof is made without the key");
  const auto shown = crypto::fingerprint_of(text);
  fuzz::require(shown.empty() || shown.size() == 39, "eight groups of four");
  return 0;
}
