// SPDX-License-Identifier: LGPL-2.1-or-later
// What a person writes into `signaling`, as a list of relays to use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace genos::net {

inline constexpr std::uint16_t default_relay_port = 7712;
inline constexpr char default_signaling[] = "ws://127.0.0.1:7712";

// How the certificate of a wss relay is judged. Beside these, GENOS_TLS_CA names a PEM file of
// authorities that are accepted in addition to the system's.
struct TlsTrust {
  enum class Kind : std::uint8_t { authorities, pinned, anything } kind = Kind::authorities;
  std::string pin;  // SHA-256 of the certificate, 64 hex digits
  bool operator==(const TlsTrust&) const = default;
};

struct RelayUri {
  std::string url;  // ws://host[:port][/path] or wss://…, without the fragment
  std::string host;
  std::uint16_t port = 0;
  bool secure = false;
  bool loopback = false;  // an embedded relay may stand in, no proxy, quick reconnects
  TlsTrust trust;         // fragment: `#sha256=HEX` or `#insecure`
  bool operator==(const RelayUri&) const = default;
};

// `lan` and `public` may stand beside URIs, e.g. "lan,wss://relay.example".
struct Signaling {
  std::vector<RelayUri> relays;
  bool lan = false;
  bool operator==(const Signaling&) const = default;
};

core::Result<RelayUri> parse_relay_uri(std::string_view text);
// Empty text: $GENOS_SIGNALING, else default_signaling. `app` decides what `public` means.
core::Result<Signaling> parse_signaling(std::string_view text, std::string_view app);

}  // namespace genos::net
