// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/candidate.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/negotiation/sdp.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::array<std::pair<std::string_view, CandidateKind>, 4> kinds{{
    {"host", CandidateKind::host},
    {"srflx", CandidateKind::srflx},
    {"prflx", CandidateKind::prflx},
    {"relay", CandidateKind::relay},
}};

Error malformed(const char* what) {
  return Error{Errc::malformed, std::string("candidate: ") + what};
}

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_ice_char(char c) { return is_alnum(c) || c == '+' || c == '/'; }

bool is_ice_text(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         std::all_of(text.begin(), text.end(), is_ice_char);
}

bool is_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](auto part) {
           return part.size() <= 3 && number(part, 255).has_value();
         });
}

bool is_group(std::string_view text) {
  return !text.empty() && text.size() <= 4 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

// Groups of 16 bits in `text`, an IPv4 tail counting as two; none when it is no such list.
std::optional<std::size_t> groups_in(std::string_view text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  const auto parts = split(text, ':');
  std::size_t groups = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (last && may_end_in_ipv4 && is_ipv4(parts[i])) {
      ++groups;
      continue;
    }
    if (!is_group(parts[i])) return std::nullopt;
  }
  return groups;
}

// A literal without zone: a zone (`%eth0`) would name an interface of ours.
bool is_ipv6(std::string_view text) {
  if (text.size() > 45) return false;
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return groups_in(text, true) == 8;
  const auto head = groups_in(text.substr(0, gap), false);
  const auto tail = groups_in(text.substr(gap + 2), true);
  return head && tail && *head + *tail < 8;
}

// RFC 6762: one label, then `.local`; browsers use a UUID.
bool is_mdns(std::string_view text) {
  constexpr std::string_view suffix = ".local";
  if (text.size() <= suffix.size() || !same_word(text.substr(text.size() - suffix.size()), suffix))
    return false;
  const auto label = text.substr(0, text.size() - suffix.size());
  return label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

std::optional<Address> address_of(std::string_view text) {
  if (is_ipv4(text)) return Address::ipv4;
  if (is_ipv6(text)) return Address::ipv6;
  return is_mdns(text) ? std::optional(Address::mdns) : std::nullopt;
}

// What follows "typ KIND": pairs of name and value. Unknown names are legal and left out.
std::optional<Error> read_extensions(const std::vector<std::string_view>& words,
                                     IceCandidate& candidate) {
  if (words.size() % 2 != 0) return malformed("a name without a value at the end");
  for (std::size_t i = 8; i < words.size(); i += 2) {
    if (words[i].empty() || words[i + 1].empty()) return malformed("two blanks");
    if (words[i] == "ufrag") {
      if (!is_ice_text(words[i + 1], 1, limits::max_ufrag)) return malformed("ufrag");
      candidate.ufrag = words[i + 1];
    } else if (words[i] == "tcptype") {
      candidate.tcp_type = words[i + 1];
    }
  }
  const bool known = candidate.tcp_type == "active" || candidate.tcp_type == "passive" ||
                     candidate.tcp_type == "so";
  if ((candidate.transport == Transport::tcp) != known) return malformed("tcptype");
  return std::nullopt;
}

std::string_view without(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// Why it is not of this connection, or nothing. RTCP has no component of its own, and no m-line a
// transport of its own: Firefox sends candidates for all of them before it knows.
const char* why_foreign(const Candidate& candidate, const IceCandidate& parsed,
                        std::string_view ufrag, std::string_view mid) {
  if (candidate.mline.value_or(0) > 0) return "another m-line of the bundle";
  if (!candidate.mline && candidate.mid && !mid.empty() && *candidate.mid != mid)
    return "another mid of the bundle";
  if (parsed.component != 1) return "another component";
  const auto& named =
      candidate.ufrag && !candidate.ufrag->empty() ? *candidate.ufrag : parsed.ufrag;
  if (!ufrag.empty() && !named.empty() && named != ufrag) return "of another ICE session";
  return nullptr;
}

// Why there is no use in trying it, or nothing.
const char* why_useless(const IceCandidate& parsed, const CandidatePolicy& policy) {
  if (parsed.transport == Transport::tcp && !policy.tcp) return "ICE-TCP is off";
  if (parsed.family == Address::mdns && !policy.mdns) return "mDNS name";
  // Port 9 is RFC 8839's discard: nobody listens there, except that active TCP has no port at all.
  if (parsed.transport == Transport::udp && (parsed.port == 0 || parsed.port == 9))
    return "no port to send to";
  return nullptr;
}

}  // namespace

Result<IceCandidate> parse_candidate(std::string_view line) {
  if (line.size() > limits::max_candidate) return Error{Errc::too_large, "candidate: too long"};
  const auto words = split(without(without(line, "a="), "candidate:"));
  if (words.size() < 8 || words[6] != "typ") return malformed("too few words or no typ");
  IceCandidate candidate;
  if (!is_ice_text(words[0], 1, 32)) return malformed("foundation");
  candidate.foundation = words[0];
  const auto component = number(words[1], 256);
  if (!component || *component == 0) return malformed("component");
  candidate.component = static_cast<std::uint32_t>(*component);
  if (same_word(words[2], "tcp"))
    candidate.transport = Transport::tcp;
  else if (!same_word(words[2], "udp"))
    return malformed("transport");
  const auto priority = number(words[3], 0xffffffff);
  if (!priority) return malformed("priority");
  candidate.priority = static_cast<std::uint32_t>(*priority);
  const auto family = address_of(words[4]);
  if (!family) return malformed("address");
  candidate.family = *family;
  candidate.address = words[4];
  const auto port = number(words[5], 65535);
  if (!port) return malformed("port");
  candidate.port = static_cast<std::uint16_t>(*port);
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const auto& entry) { return entry.first == words[7]; });
  if (kind == kinds.end()) return malformed("typ");
  candidate.kind = kind->second;
  if (auto error = read_extensions(words, candidate)) return *error;
  return candidate;
}

std::string to_line(const IceCandidate& candidate) {
  std::string line =
      "candidate:" + candidate.foundation + ' ' + std::to_string(candidate.component);
  line += candidate.transport == Transport::udp ? " UDP " : " TCP ";
  line += std::to_string(candidate.priority) + ' ' + candidate.address + ' ' +
          std::to_string(candidate.port) + " typ ";
  for (const auto& [name, kind] : kinds)
    if (kind == candidate.kind) line += name;
  if (!candidate.tcp_type.empty()) line += " tcptype " + candidate.tcp_type;
  if (!candidate.ufrag.empty()) line += " ufrag " + candidate.ufrag;
  return line;
}

Sorted sort_candidate(const Candidate& candidate, const CandidatePolicy& policy,
                      std::string_view ufrag, std::string_view mid) {
  const auto text = without(without(candidate.candidate, "a="), "candidate:");
  if (text.empty() || candidate.candidate == "a=end-of-candidates")
    return {Verdict::finished, {}, "end of candidates"};
  auto parsed = parse_candidate(candidate.candidate);
  if (!parsed) return {Verdict::refuse, {}, parsed.error().detail};
  if (const auto* why = why_foreign(candidate, *parsed, ufrag, mid))
    return {Verdict::drop, {}, why};
  if (const auto* why = why_useless(*parsed, policy)) return {Verdict::drop, {}, why};
  return {Verdict::keep, to_line(*parsed), {}};
}

}  // namespace genos::core
