// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/embedded.hpp"

#include "net/context_guard.hpp"
#include "net/watch_page.hpp"

namespace genos::net {

bool EmbeddedRelays::stand_in(const RelayUri& uri, RelayHost::Reach reach) {
  if (holds(uri)) return true;
  const ContextGuard guard(context_);
  RelayHost::Options options;
  options.port = uri.port;
  options.reach = reach;
  options.page = [name = options.name](std::string_view path) { return watch_page(path, name); };
  if (reach == RelayHost::Reach::anyone) {
    options.address = "0.0.0.0";
    options.limits = core::RelayLimits();
  } else {
    options.address = uri.host == "localhost" ? "127.0.0.1" : uri.host;
  }
  auto host = RelayHost::listen(options, context_);
  if (!host) return false;
  hosts_[uri.url] = *std::move(host);
  return true;
}

void EmbeddedRelays::stop(const RelayUri& uri) { hosts_.erase(uri.url); }

bool EmbeddedRelays::holds(const RelayUri& uri) const { return hosts_.contains(uri.url); }

}  // namespace genos::net
