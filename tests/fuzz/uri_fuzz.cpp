// SPDX-License-Identifier: LGPL-2.1-or-later
// What people, links and pages hand us as addresses: relays, `signaling`, STUN and TURN servers.
#include <algorithm>
#include <cstdlib>

#include "core/base/bytes.hpp"
#include "link/ice_agent.hpp"
#include "net/signaling_uri.hpp"
#include "require.hpp"

using namespace genos;

namespace {

bool printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

void relay(std::string_view text) {
  const auto uri = net::parse_relay_uri(text);
  if (!uri) return;
  const auto& relay = *uri;
  fuzz::require(!relay.host.empty() && relay.port != 0, "a relay has an address");
  fuzz::require(printable(relay.url), "no line break slips into a request");
  fuzz::require(relay.secure || relay.trust == net::TlsTrust(), "trust is a matter of TLS");
  std::string whole = relay.url;
  if (relay.trust.kind == net::TlsTrust::Kind::anything) whole += "#insecure";
  if (relay.trust.kind == net::TlsTrust::Kind::pinned) whole += "#sha256=" + relay.trust.pin;
  const auto again = net::parse_relay_uri(whole);
  fuzz::require(again && *again == relay, "a relay survives a round trip");
}

void signaling(std::string_view text) {
  const auto list = net::parse_signaling(text, "app");
  if (!list) return;
  fuzz::require((*list).lan || !(*list).relays.empty(), "there is somewhere to look");
  fuzz::require((*list).relays.size() <= 32, "the list is bounded");
}

void ice_server(std::string_view text) {
  const auto server = link::parse_ice_server(text);
  if (!server) return;
  fuzz::require(printable((*server).uri), "the server is one word");
  const bool stun = (*server).kind == link::IceServer::Kind::stun;
  fuzz::require((*server).uri.starts_with(stun ? "stun://" : "turn"), "the scheme is the kind's");
  const auto again = link::parse_ice_server((*server).uri);
  fuzz::require(again && (*again).uri == (*server).uri, "a server survives a round trip");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  unsetenv("GENOS_SIGNALING");
  const auto text = core::text_of({data, size});
  relay(text);
  signaling(text);
  ice_server(text);
  return 0;
}
