// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/session_grammar.hpp"

#include <algorithm>
#include <array>

#include "core/negotiation/remote_media.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using Problem = std::optional<Error>;

struct Hash {
  std::string_view name;
  std::size_t bytes;
};
// RFC 8122 section 5, without those that are broken.
constexpr std::array<Hash, 3> hashes{{{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}};

Error malformed(std::string what) { return {Errc::malformed, "SDP: " + std::move(what)}; }

bool is_digits(std::string_view text) { return number(text, ~std::uint64_t{0}).has_value(); }

// `IN IP4 ADDRESS`, the address being a literal: a name here would be looked up by somebody.
bool is_place(std::string_view net, std::string_view type, std::string_view address) {
  if (net != "IN" || (type != "IP4" && type != "IP6") || address.empty() || address.size() > 45)
    return false;
  return std::all_of(address.begin(), address.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' ||
           c == ':';
  });
}

bool is_origin(std::string_view value) {
  const auto words = split(value);
  return words.size() == 6 && !words[0].empty() && words[0].size() <= 128 && is_digits(words[1]) &&
         is_digits(words[2]) && is_place(words[3], words[4], words[5]);
}

bool is_connection(std::string_view value) {
  const auto words = split(value);
  return words.size() == 3 && is_place(words[0], words[1], words[2]);
}

bool is_bandwidth(std::string_view value) {
  const auto words = split(value, ':');
  return words.size() == 2 && is_token(words[0], 32) && number(words[1], 0xffffffff);
}

bool is_time(std::string_view value) {
  const auto words = split(value);
  return words.size() == 2 && is_digits(words[0]) && is_digits(words[1]);
}

bool is_good(const SdpLine& line) {
  switch (line.type) {
    case 'a': return is_token(line.name(), 64);
    case 'b': return is_bandwidth(line.value);
    case 'c': return is_connection(line.value);
    case 'o': return is_origin(line.value);
    case 't': return is_time(line.value);
    case 'i':
    case 's': return true;
    case 'v': return line.value == "0";
    default: return false;
  }
}

Problem check_block(const SdpBlock& block, std::string_view types) {
  for (const auto& line : block.lines)
    if (types.find(line.type) == std::string_view::npos || !is_good(line))
      return malformed(std::string("unexpected or bad line ") + line.type + '=' +
                       line.value.substr(0, 60));
  return std::nullopt;
}

std::size_t count(const SdpBlock& block, char type) {
  return static_cast<std::size_t>(std::count_if(block.lines.begin(), block.lines.end(),
                                                [&](const SdpLine& l) { return l.type == type; }));
}

std::size_t count_bundles(const SdpBlock& session) {
  const auto groups = session.all("group");
  return static_cast<std::size_t>(std::ranges::count_if(
      groups, [](std::string_view group) { return split(group).front() == "BUNDLE"; }));
}

bool is_ice(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '+' || c == '/';
         });
}

// `HASH XX:XX:…`
bool read_fingerprint(std::string_view value, TransportFacts& facts) {
  const auto words = split(value);
  if (words.size() != 2) return false;
  const auto hash = std::find_if(hashes.begin(), hashes.end(),
                                 [&](const Hash& h) { return same_word(h.name, words[0]); });
  if (hash == hashes.end() || words[1].size() != hash->bytes * 3 - 1) return false;
  for (std::size_t i = 0; i < words[1].size(); ++i) {
    char c = words[1][i];
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 32);
    const bool hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
    facts.fingerprint += c;
  }
  facts.hash = hash->name;
  return true;
}

}  // namespace

std::optional<Error> check_session_grammar(const Sdp& sdp) {
  if (auto problem = check_block(sdp.session, "vosictba")) return problem;
  for (const char type : {'v', 'o', 's', 't'})
    if (count(sdp.session, type) != 1)
      return malformed(std::string("not exactly one line ") + type + '=');
  if (count_bundles(sdp.session) != 1) return malformed("not exactly one BUNDLE group");
  for (const auto name : {"fingerprint", "setup", "ice-ufrag", "ice-pwd", "genos-identity"})
    if (sdp.session.count(name) > 1) return malformed(std::string("two session-wide a=") + name);
  for (const auto& section : sdp.media) {
    if (auto problem = check_block(section, "icba")) return problem;
    if (count(section, 'c') > 1) return malformed("two connection lines on one m-line");
  }
  return std::nullopt;
}

Result<TransportFacts> transport_of(const Sdp& sdp, const SdpMedia& section) {
  TransportFacts facts;
  facts.ufrag = sdp.find(section, "ice-ufrag").value_or(std::string_view());
  facts.password = sdp.find(section, "ice-pwd").value_or(std::string_view());
  if (!is_ice(facts.ufrag, 4, limits::max_ufrag)) return malformed("ice-ufrag missing or bad");
  if (!is_ice(facts.password, 22, limits::max_ice_password))
    return malformed("ice-pwd missing or bad");
  const auto fingerprint = sdp.find(section, "fingerprint");
  if (!fingerprint || !read_fingerprint(*fingerprint, facts))
    return malformed("no fingerprint of SHA-256 or better");
  return facts;
}

}  // namespace genos::core
