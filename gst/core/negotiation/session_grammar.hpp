// SPDX-License-Identifier: LGPL-2.1-or-later
// Grammar of what is not media: the session's lines, connection lines, ICE and DTLS attributes.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/negotiation/sdp.hpp"

namespace genos::core {

struct TransportFacts {
  std::string ufrag, password;
  std::string hash;         // lower case: "sha-256", "sha-384", "sha-512"
  std::string fingerprint;  // upper case, with colons
};

// Line types, their number and their words; not which attributes there are.
[[nodiscard]] std::optional<Error> check_session_grammar(const Sdp& sdp);
// The section's own attributes or the session's.
[[nodiscard]] Result<TransportFacts> transport_of(const Sdp& sdp, const SdpMedia& section);

}  // namespace genos::core
