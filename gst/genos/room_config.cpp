// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/room_config.hpp"

#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/wire/limits.hpp"
#include "link/ice_agent.hpp"
#include "net/signaling_uri.hpp"

namespace genos {
namespace {

using core::Errc;
using core::Error;

// One that answers nearly everywhere; `ice-servers=none` asks nobody.
constexpr char default_ice[] = "stun:stun.cloudflare.com:3478";
// Names end up in hashes only; longer ones are mistakes.
constexpr std::size_t longest_name = 1024;
constexpr std::size_t self_id_length = 20;
// 32 bytes in base64url.
constexpr std::size_t key_length = 43;

bool is_alphanumeric(const std::string& text) {
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) return false;
  return true;
}

std::optional<Error> check_name(const char* what, const std::string& name) {
  if (name.empty()) return Error{Errc::malformed, std::string(what) + " is empty; give it a name"};
  if (name.size() > longest_name || !core::is_utf8(name))
    return Error{Errc::malformed, std::string(what) + " must be UTF-8 text of at most 1024 bytes"};
  return std::nullopt;
}

// A mistyped key would only shut everybody out.
bool is_key_or_id(const std::string& word) {
  if (word.size() == self_id_length) return is_alphanumeric(word);
  std::string letters = word;
  std::erase_if(letters, [](char c) { return c == '-' || c == '_'; });
  return word.size() == key_length && is_alphanumeric(letters);
}

std::string ice_text(const RoomConfig& config) {
  if (!config.ice_servers.empty()) return config.ice_servers;
  const char* from_environment = std::getenv("GENOS_ICE_SERVERS");
  return from_environment && *from_environment ? from_environment : default_ice;
}

}  // namespace

std::optional<Error> check(const RoomConfig& config) {
  if (auto error = check_name("app-id", config.app_id)) return error;
  if (auto error = check_name("room", config.room_id)) return error;
  if (!config.self_id.empty() &&
      (config.self_id.size() != self_id_length || !is_alphanumeric(config.self_id)))
    return Error{Errc::malformed, "self-id must be 20 letters and digits"};
  if (config.name_hint.size() > core::limits::max_peer_name || !core::is_utf8(config.name_hint))
    return Error{Errc::malformed, "name-hint must be UTF-8 text of at most 128 bytes"};
  for (const auto& word : config.trusted)
    if (!is_key_or_id(word))
      return Error{Errc::malformed, "trusted: '" + word +
                                        "' is neither a key (43 characters, as `genos identity "
                                        "show` prints it) nor a peer id (20 letters and digits)"};
  if (config.strict && config.identity_file.empty())
    return Error{Errc::malformed,
                 "a strict room needs an identity: make one with `genos identity new FILE` and set "
                 "`identity` to FILE"};
  if (auto signaling = net::parse_signaling(config.signaling, config.app_id); !signaling)
    return signaling.error();
  if (auto ice = parse_ice(config); !ice) return ice.error();
  return std::nullopt;
}

std::string conflict_in_peer(const RoomConfig& one, const RoomConfig& other) {
  if (one.self_id != other.self_id && !other.self_id.empty()) return "self-id";
  if (one.ice_servers != other.ice_servers) return "ice-servers";
  if (one.relay_only != other.relay_only) return "ice-transport-policy";
  if (one.identity_file != other.identity_file) return "identity";
  if (one.queue_limit != other.queue_limit) return "queue-limit";
  if (one.overflow != other.overflow) return "overflow";
  return {};
}

std::string conflict_in_room(const RoomConfig& one, const RoomConfig& other) {
  if (one.password != other.password) return "password";
  if (one.signaling != other.signaling) return "signaling";
  if (one.strict != other.strict) return "strict";
  if (one.trusted != other.trusted) return "trusted";
  if (one.name_hint != other.name_hint && !other.name_hint.empty()) return "name-hint";
  if (one.passive != other.passive) return "passive";
  if (one.sends != other.sends || one.receives != other.receives) return "activity";
  if (one.application_handshake != other.application_handshake) return "handshake";
  return {};
}

core::Result<link::IceOptions> parse_ice(const RoomConfig& config) {
  link::IceOptions options;
  options.relay_only = config.relay_only;
  const std::string text = ice_text(config);
  if (text == "none") return options;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string server = text.substr(begin, end - begin);
    std::erase(server, ' ');
    begin = end + 1;
    if (server.empty()) continue;
    if (auto parsed = link::parse_ice_server(server); !parsed)
      return Error{Errc::malformed, "ice-servers: " + parsed.error().detail +
                                        "; write stun:HOST:PORT or "
                                        "turn:USER:PASSWORD@HOST:PORT?transport=udp"};
    options.servers.push_back(std::move(server));
  }
  return options;
}

core::Advertisement advertisement_of(const RoomConfig& config) {
  core::Advertisement ours;
  if (config.sends) ours.capabilities.insert("send");
  if (config.receives) ours.capabilities.insert("receive");
  return ours;
}

}  // namespace genos
