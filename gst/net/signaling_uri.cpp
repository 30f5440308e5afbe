// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/signaling_uri.hpp"

#include <gio/gio.h>

#include <algorithm>
#include <cstdlib>

#include "bridge/ref.hpp"
#include "core/base/bytes.hpp"
#include "core/wire/nostr.hpp"
#include "net/soup_refs.hpp"

namespace genos::net {
namespace {

// A list longer than this is a mistake; each is a connection.
constexpr std::size_t max_relays = 32;
constexpr std::size_t max_uri = 2048;

core::Error malformed(std::string_view text, std::string_view why) {
  return {core::Errc::malformed, "'" + std::string(text) + "' is no relay: " + std::string(why) +
                                     " (wanted: ws://host:port, wss://host:port, lan or public)"};
}

// What stands in no URI, and would end a word, a line or a C string.
bool is_blank(unsigned char c) { return c <= ' ' || c == 0x7f; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  const auto address = adopt(g_inet_address_new_from_string(host.c_str()));
  return address && g_inet_address_get_is_loopback(address.get());
}

bool read_trust(const char* fragment, TlsTrust& trust) {
  static constexpr std::string_view pin = "sha256=";
  const std::string_view text = fragment ? fragment : "";
  if (text.empty()) return true;
  if (text == "insecure") {
    trust.kind = TlsTrust::Kind::anything;
    return true;
  }
  core::Bytes digest;
  if (!text.starts_with(pin) || !core::from_hex(text.substr(pin.size()), digest) ||
      digest.size() != 32)
    return false;
  trust.kind = TlsTrust::Kind::pinned;
  trust.pin = core::to_hex(digest);
  return true;
}

}  // namespace

core::Result<RelayUri> parse_relay_uri(std::string_view text) {
  if (text.size() > max_uri) return malformed(text.substr(0, 40), "the URI is too long");
  if (std::any_of(text.begin(), text.end(), is_blank))
    return malformed(text, "there is a space in it (relays are separated by commas)");
  Owned<GError> error;
  Owned<GUri> uri(g_uri_parse(std::string(text).c_str(), G_URI_FLAGS_NONE, out(error)));
  if (!uri) return malformed(text, error->message);
  RelayUri relay;
  const std::string_view scheme = g_uri_get_scheme(uri.get());
  if (scheme != "ws" && scheme != "wss")
    return malformed(text, "it begins with neither ws:// nor wss://");
  const char* host = g_uri_get_host(uri.get());
  if (!host || !*host) return malformed(text, "it names no host");
  relay.secure = scheme == "wss";
  relay.host = host;
  const int port = g_uri_get_port(uri.get());
  if (port == 0 || port > 65535) return malformed(text, "its port is not between 1 and 65535");
  relay.port = static_cast<std::uint16_t>(port > 0 ? port : relay.secure ? 443 : 80);
  relay.loopback = is_loopback(relay.host);
  const char* fragment = g_uri_get_fragment(uri.get());
  if (!read_trust(fragment, relay.trust) || (fragment && !relay.secure))
    return malformed(text, "after # it may say insecure or sha256=HEX, of wss:// only");
  relay.url = std::string(text.substr(0, text.find('#')));
  return relay;
}

namespace {

void add_relay(Signaling& signaling, const RelayUri& uri) {
  const auto same = [&](const RelayUri& other) { return other.url == uri.url; };
  if (std::none_of(signaling.relays.begin(), signaling.relays.end(), same))
    signaling.relays.push_back(uri);
}

std::optional<core::Error> add_word(Signaling& signaling, std::string_view word,
                                    std::string_view app) {
  if (word == "lan") {
    signaling.lan = true;
    return std::nullopt;
  }
  if (word == "public") {
    for (const auto& url : core::nostr::public_relays(app))
      if (auto uri = parse_relay_uri(url)) add_relay(signaling, *uri);
    return std::nullopt;
  }
  auto uri = parse_relay_uri(word);
  if (!uri) return uri.error();
  add_relay(signaling, *uri);
  return std::nullopt;
}

}  // namespace

core::Result<Signaling> parse_signaling(std::string_view text, std::string_view app) {
  const char* given = std::getenv("GENOS_SIGNALING");
  if (trimmed(text).empty()) text = given && *given ? given : default_signaling;
  Signaling signaling;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto word = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (word.empty()) continue;
    if (auto error = add_word(signaling, word, app)) return *error;
  }
  if (signaling.relays.empty() && !signaling.lan) return malformed(text, "the list is empty");
  if (signaling.relays.size() > max_relays)
    return core::Error{core::Errc::too_large, "signaling names more than 32 relays"};
  return signaling;
}

}  // namespace genos::net
