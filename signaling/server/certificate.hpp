// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's certificate: from files, or its own, made once and kept.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "net/soup_refs.hpp"

namespace genos::signald {

// Errc::not_found when a file cannot be read or is no certificate.
[[nodiscard]] core::Result<Ref<GTlsCertificate>> load_certificate(const std::string& certificate,
                                                                  const std::string& key);

// Kept in the state directory (mode 0600), because a browser's exception is for this very
// certificate; made anew a week before it ends. Errc::failed when it cannot be written.
[[nodiscard]] core::Result<Ref<GTlsCertificate>> own_certificate(
    const std::vector<std::string>& names);

// "AA:BB:…", what a careful person compares with the browser's warning.
[[nodiscard]] std::string fingerprint_of(GTlsCertificate* certificate);

}  // namespace genos::signald
