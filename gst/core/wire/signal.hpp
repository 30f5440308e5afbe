// SPDX-License-Identifier: LGPL-2.1-or-later
// What two peers tell each other to make a connection, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "core/base/ids.hpp"

namespace genos::core {

enum class LinkRole : std::uint8_t { offerer, answerer };  // who makes the first offer
enum class Partner : std::uint8_t { page, genos };         // plain Trystero, or one of ours

// The `genos` field of our own peers' announcements and descriptions: who sends it understands
// more than Trystero. Pages never send it and ignore it.
struct Advertisement {
  std::uint32_t version = 1;
  std::set<std::string> capabilities;  // "send", "receive": what it does; further words later
  bool operator==(const Advertisement&) const = default;
  [[nodiscard]] bool can(const std::string& word) const { return capabilities.contains(word); }
};

enum class DescriptionType : std::uint8_t { offer, answer };

struct Description {
  DescriptionType type = DescriptionType::offer;
  std::string sdp;
  bool operator==(const Description&) const = default;
};

// RTCIceCandidateInit. An empty `candidate` means: no more of them (Firefox, GStreamer 1.26).
struct Candidate {
  std::string candidate;
  std::optional<std::string> mid;
  std::optional<std::uint32_t> mline;
  std::optional<std::string> ufrag;
  bool operator==(const Candidate&) const = default;
};

// Between our own peers only the leader of a link offers unasked; the other one asks for its turn.
// The leader sends the same back when no round of its own is under way, and then the asker offers.
struct TurnRequest {
  bool operator==(const TurnRequest&) const = default;
};

using Signal = std::variant<Description, Candidate, TurnRequest>;

}  // namespace genos::core
