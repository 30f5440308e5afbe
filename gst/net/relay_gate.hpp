// SPDX-License-Identifier: LGPL-2.1-or-later
// Which requests a relay answers: what the Host and Origin headers of a browser give away.
#pragma once

#include <gio/gio.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/relay_host.hpp"

namespace genos::net {

// A name that some site lets point at 127.0.0.1 (DNS rebinding) stands in the Host header: a relay
// for this machine answers to names of this machine only.
[[nodiscard]] bool host_allowed(std::string_view host, RelayHost::Reach reach);

// No Origin: no browser. A page of this machine, of the very address that it talks to, or of the
// list ("*" for all, "null" for files and sandboxed frames, which any site can make).
[[nodiscard]] bool origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                                  const std::vector<std::string>& origins);

// What limits per address go by: the address, or the network of 64 bits for IPv6, where every
// customer has 2^64 of them.
[[nodiscard]] std::string address_key(GInetAddress* address);

}  // namespace genos::net
