// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/ice_agent.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "link/platform.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {
namespace {

using core::Errc;
using core::Error;

std::string encode(std::string_view typed) {
  const std::string raw(typed);
  const Owned<char> plain(g_uri_unescape_string(raw.c_str(), nullptr));
  const Owned<char> coded(g_uri_escape_string(plain ? plain.get() : raw.c_str(), nullptr, FALSE));
  return coded.get();
}

struct Endpoint {
  std::string_view host;  // with brackets when it is IPv6
  std::string_view port;  // empty when not given
};

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto colon = text.find(':', bracket);
  endpoint.host = text.substr(0, colon);
  if (colon != std::string_view::npos) endpoint.port = text.substr(colon + 1);
  const bool blank = std::any_of(endpoint.host.begin(), endpoint.host.end(),
                                 [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  const bool digits = endpoint.port.find_first_not_of("0123456789") == std::string_view::npos;
  const bool fits = endpoint.port.size() <= 5;
  if (endpoint.host.empty() || blank || !digits || !fits) return std::nullopt;
  return endpoint;
}

bool only_loopback() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(raw, freeifaddrs);
  for (const ifaddrs* i = all.get(); i; i = i->ifa_next) {
    const bool usable = (i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK);
    const int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
    if (usable && (family == AF_INET || family == AF_INET6)) return false;
  }
  return true;
}

void set_if_present(GObject* object, const char* property, gboolean value) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(object), property))
    g_object_set(object, property, value, nullptr);
}

void configure_agent(GObject* ice) {
  if (!g_object_class_find_property(G_OBJECT_GET_CLASS(ice), "agent")) return;
  GObject* raw = nullptr;
  g_object_get(ice, "agent", &raw, nullptr);
  const auto agent = adopt(raw);
  if (!agent) return;
  // A router's UPnP answer may take seconds, ICE-TCP doubles the checks; 20 ms between two checks
  // was made for slow links: 2 ms connects in 18 ms instead of 72.
  set_if_present(agent.get(), "upnp", FALSE);
  set_if_present(agent.get(), "ice-tcp", FALSE);
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(agent.get()), "stun-pacing-timer"))
    g_object_set(agent.get(), "stun-pacing-timer", 2u, nullptr);
}

core::Result<IceServer> turn_server(std::string_view scheme, std::string_view login,
                                    const std::string& where, std::string_view query) {
  const auto colon = login.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return Error{Errc::malformed, "no user:password for the TURN server " + where};
  if (!query.empty() && query != "?transport=udp" && query != "?transport=tcp")
    return Error{Errc::malformed, "unknown '" + std::string(query) + "' of " + where};
  return IceServer{IceServer::Kind::turn,
                   std::string(scheme) + "://" + encode(login.substr(0, colon)) + ":" +
                       encode(login.substr(colon + 1)) + "@" + where + std::string(query)};
}

}  // namespace

core::Result<IceServer> parse_ice_server(std::string_view typed) {
  const auto scheme_end = typed.find(':');
  const std::string_view scheme = typed.substr(0, scheme_end);
  const bool stun = scheme == "stun", turn = scheme == "turn" || scheme == "turns";
  if (typed.find('\0') != std::string_view::npos)  // GLib would take what is before it
    return Error{Errc::malformed, "a NUL byte in the address of a server"};
  if (scheme_end == std::string_view::npos || (!stun && !turn))
    return Error{Errc::malformed, "not stun:, turn: or turns: in '" + std::string(typed) + "'"};
  std::string_view rest = typed.substr(scheme_end + 1);
  if (rest.starts_with("//")) rest.remove_prefix(2);
  // A password may contain '@', '/' and '?', a host none of them.
  const auto at = rest.rfind('@');
  const std::string_view login = at == std::string_view::npos ? "" : rest.substr(0, at);
  if (at != std::string_view::npos) rest.remove_prefix(at + 1);
  const auto question = rest.find('?');
  const std::string_view query = question == std::string_view::npos ? "" : rest.substr(question);
  const auto endpoint = parse_endpoint(rest.substr(0, question));
  if (!endpoint) return Error{Errc::malformed, "no host:port in '" + std::string(scheme) + ":'"};
  const std::string port =
      endpoint->port.empty() ? (scheme == "turns" ? "5349" : "3478") : std::string(endpoint->port);
  const std::string where = std::string(endpoint->host) + ":" + port;
  if (stun) return IceServer{IceServer::Kind::stun, "stun://" + where};
  return turn_server(scheme, login, where, query);
}

void configure_ice(GstElement* webrtcbin, const IceOptions& options) {
  GObject* raw = nullptr;
  g_object_get(webrtcbin, "ice-agent", &raw, nullptr);
  const auto ice = adopt(raw);
  if (ice) configure_agent(ice.get());
  // libnice leaves `lo` out, so that a machine without a network would have no candidate at all.
  if (ice && platform().add_local_ip_address && only_loopback()) {
    for (const char* address : {"127.0.0.1", "::1"}) {
      gboolean added = FALSE;
      g_signal_emit_by_name(ice.get(), "add-local-ip-address", address, &added);
    }
  }
  bool stun = false;
  for (const std::string& typed : options.servers) {
    const auto server = parse_ice_server(typed);
    if (!server) continue;
    if ((*server).kind == IceServer::Kind::turn) {
      gboolean added = FALSE;
      g_signal_emit_by_name(webrtcbin, "add-turn-server", (*server).uri.c_str(), &added);
    } else if (!std::exchange(stun, true)) {  // libnice takes one
      g_object_set(webrtcbin, "stun-server", (*server).uri.c_str(), nullptr);
    }
  }
  if (options.relay_only)
    g_object_set(webrtcbin, "ice-transport-policy", GST_WEBRTC_ICE_TRANSPORT_POLICY_RELAY, nullptr);
}

}  // namespace genos::link
