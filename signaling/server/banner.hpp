// SPDX-License-Identifier: LGPL-2.1-or-later
// What a person at the terminal needs: the URLs, and a QR code for the phone.
#pragma once

#include <string>
#include <vector>

#include "net/relay_host.hpp"

namespace genos::signald {

// Addresses of this machine that others can reach, most useful first.
[[nodiscard]] std::vector<std::string> own_addresses();
// What the endpoint is called in URLs: one of own_addresses() for 0.0.0.0 and ::.
[[nodiscard]] std::string authority_of(const net::RelayHost::Endpoint& endpoint);
// Empty when built without libqrencode.
[[nodiscard]] std::string qr_code(const std::string& text);

}  // namespace genos::signald
