// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_gate.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/bytes.hpp"
#include "net/soup_refs.hpp"

namespace genos::net {

namespace {

// "name:port", "[::1]:port" -> the name.
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

bool names_this_machine(const std::string& name) {
  if (g_ascii_strcasecmp(name.c_str(), "localhost") == 0) return true;
  auto address = adopt(g_inet_address_new_from_string(name.c_str()));
  return address && g_inet_address_get_is_loopback(address.get());
}

// Nobody else can make these names point here.
bool cannot_be_rebound(const std::string& name) {
  if (g_hostname_is_ip_address(name.c_str()) || names_this_machine(name)) return true;
  const std::string own = g_get_host_name();
  return g_ascii_strcasecmp(name.c_str(), own.c_str()) == 0 ||
         g_ascii_strcasecmp(name.c_str(), (own + ".local").c_str()) == 0;
}

}  // namespace

bool host_allowed(std::string_view host, RelayHost::Reach reach) {
  return reach == RelayHost::Reach::anyone || names_this_machine(name_of(host));
}

bool origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                    const std::vector<std::string>& origins) {
  if (!origin) return true;
  const auto listed = [&](const std::string& o) { return o == "*" || o == *origin; };
  if (std::any_of(origins.begin(), origins.end(), listed)) return true;
  Owned<GUri> uri(g_uri_parse(std::string(*origin).c_str(), G_URI_FLAGS_NONE, nullptr));
  if (!uri || !g_uri_get_host(uri.get())) return false;
  const std::string_view scheme = g_uri_get_scheme(uri.get());
  if (scheme != "http" && scheme != "https") return false;
  const std::string name = g_uri_get_host(uri.get());
  if (names_this_machine(name)) return true;
  const std::size_t authority = origin->find("://");
  return origin->substr(authority + 3) == host && cannot_be_rebound(name);
}

std::string address_key(GInetAddress* address) {
  if (g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6) {
    Owned<char> text(g_inet_address_to_string(address));
    return text.get();
  }
  const guint8* bytes = g_inet_address_to_bytes(address);
  static constexpr std::array<guint8, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes, mapped.data(), mapped.size()) == 0) {
    auto inner = adopt(g_inet_address_new_from_bytes(bytes + 12, G_SOCKET_FAMILY_IPV4));
    return address_key(inner.get());
  }
  return core::to_hex({bytes, 8}) + "/64";
}

}  // namespace genos::net
