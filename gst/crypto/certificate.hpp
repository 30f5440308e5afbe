// SPDX-License-Identifier: LGPL-2.1-or-later
// What is looked at in certificates: their fingerprints, and whose key they carry.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace genos::crypto {

// "AA:BB:…" over the DER form of the first certificate in `pem`, as a=fingerprint writes it (RFC
// 8122). `hash`: "sha-256", "sha-384" or "sha-512".
[[nodiscard]] core::Result<std::string> certificate_fingerprint(std::string_view pem,
                                                                std::string_view hash);

// Whether the private key in `key` belongs to the first certificate in `pem`.
[[nodiscard]] bool key_fits(std::string_view pem, std::string_view key);

}  // namespace genos::crypto
