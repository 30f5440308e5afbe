// SPDX-License-Identifier: LGPL-2.1-or-later
// The relay that this process becomes when nothing answers at a loopback address.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "net/relay_host.hpp"
#include "net/signaling_uri.hpp"

namespace genos::net {

class EmbeddedRelays {
 public:
  explicit EmbeddedRelays(GMainContext* context) : context_(context) {}

  // True when this process listens at `uri` now (or did already). Losing the race for the port is
  // false: then somebody else answers there.
  bool stand_in(const RelayUri& uri, RelayHost::Reach reach);
  void stop(const RelayUri& uri);
  [[nodiscard]] bool holds(const RelayUri& uri) const;

 private:
  GMainContext* context_;
  std::map<std::string, std::unique_ptr<RelayHost>> hosts_;
};

}  // namespace genos::net
