// SPDX-License-Identifier: LGPL-2.1-or-later
// How a link finds its path: STUN and TURN servers as people write them, and libnice's settings.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace genos::link {

struct IceOptions {
  std::vector<std::string>
      servers;              // as typed: stun:host:port, turn:user:pass@host:port?transport=tcp
  bool relay_only = false;  // ice-transport-policy
};

// One server as webrtcbin's properties want it: stun://host:port, turn://user:pass@host:port?….
// User and password may be written as they are or percent-encoded; a colon in the user must be %3A.
struct IceServer {
  enum class Kind : std::uint8_t { stun, turn } kind = Kind::stun;
  std::string uri;
};
core::Result<IceServer> parse_ice_server(std::string_view typed);

// Before webrtcbin leaves NULL. Servers that do not parse are skipped: the API checked them.
void configure_ice(GstElement* webrtcbin, const IceOptions& options);

}  // namespace genos::link
