// SPDX-License-Identifier: LGPL-2.1-or-later
// ICE candidate lines of the other side: which are well formed, and which are of use to webrtcbin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

enum class CandidateKind : std::uint8_t { host, srflx, prflx, relay };
enum class Transport : std::uint8_t { udp, tcp };
enum class Address : std::uint8_t { ipv4, ipv6, mdns };

struct IceCandidate {
  std::string foundation;
  std::uint32_t component = 1;
  Transport transport = Transport::udp;
  std::uint32_t priority = 0;
  std::string address;
  Address family = Address::ipv4;
  std::uint16_t port = 0;
  CandidateKind kind = CandidateKind::host;
  std::string tcp_type;  // "active", "passive", "so"; empty for UDP
  std::string ufrag;     // empty when not named
  bool operator==(const IceCandidate&) const = default;
};

// With or without "a=" and "candidate:" in front.
[[nodiscard]] Result<IceCandidate> parse_candidate(std::string_view line);
// "candidate:…" with the fields above and nothing else of what the line said.
[[nodiscard]] std::string to_line(const IceCandidate& candidate);

struct CandidatePolicy {
  bool tcp = false;  // ICE-TCP is off unless asked for: it doubles the checks and helps nobody here
  // A `.local` name needs nss-mdns, which a server lacks, and webrtcbin 1.22 waits for the resolver
  // on the wrong context. Dropping it costs nothing as long as our own candidates are routable:
  // the page reaches us and is found as peer-reflexive.
  bool mdns = false;
};

enum class Verdict : std::uint8_t {
  keep,      // hand it to webrtcbin
  drop,      // legal and useless: another component or m-line of the bundle, TCP, mDNS
  finished,  // no more of them will come. Never for webrtcbin, and no reason to give up
  refuse     // malformed: count it; the connection lives on
};

struct Sorted {
  Verdict verdict = Verdict::refuse;
  // For add-ice-candidate when kept: m-line 0, since one transport carries the whole bundle.
  std::string line;
  std::string why;  // for the log, when not kept
};

// `ufrag` and `mid`: what the accepted remote description says of its first m-line; empty: not
// known.
[[nodiscard]] Sorted sort_candidate(const Candidate& candidate, const CandidatePolicy& policy,
                                    std::string_view ufrag = {}, std::string_view mid = {});

}  // namespace genos::core
