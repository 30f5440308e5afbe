// SPDX-License-Identifier: LGPL-2.1-or-later
// A certificate that a server signs for itself, for pages on other machines: cameras and
// crypto.subtle exist on HTTPS only.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace genos::crypto {

struct TlsIdentity {
  std::string certificate;  // PEM
  std::string key;          // PEM, not encrypted
};

// ECDSA on P-256, for these host names and IP addresses, valid from yesterday (clocks differ).
[[nodiscard]] core::Result<TlsIdentity> make_tls_identity(const std::vector<std::string>& names,
                                                          int days);

}  // namespace genos::crypto
