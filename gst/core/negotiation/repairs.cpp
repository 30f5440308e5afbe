// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/repairs.hpp"

#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace genos::core {
namespace {

using Ssrc = std::uint32_t;

// Of `ssrc-group:FID 1 2`.
std::optional<std::pair<Ssrc, Ssrc>> pair_of(std::string_view group) {
  const auto words = split(group);
  if (words.size() != 3 || words[0] != "FID") return {};
  const auto main = number(words[1], std::numeric_limits<Ssrc>::max());
  const auto repair = number(words[2], std::numeric_limits<Ssrc>::max());
  if (!main || !repair) return {};
  return std::pair(Ssrc(*main), Ssrc(*repair));
}

}  // namespace

void Repairs::keep(SdpMedia& section) {
  std::map<std::string, std::string> others;  // what is written there, and what was told
  for (auto& line : section.lines) {
    const auto pair = line.name() == "ssrc-group" ? pair_of(line.argument()) : std::nullopt;
    if (!pair) continue;
    const auto [main, repair] = *pair;
    const Ssrc told = told_.try_emplace(main, repair).first->second;
    if (told == repair) continue;
    others[std::to_string(repair)] = std::to_string(told);
    line.value = "ssrc-group:FID " + std::to_string(main) + ' ' + std::to_string(told);
  }
  for (auto& line : section.lines) {
    if (line.name() != "ssrc") continue;
    const auto ssrc = line.argument().substr(0, line.argument().find(' '));
    const auto other = others.find(std::string(ssrc));
    if (other == others.end()) continue;
    line.value = "ssrc:" + other->second + std::string(line.argument().substr(ssrc.size()));
  }
}

void Repairs::keep(Sdp& created) {
  for (auto& section : created.media) keep(section);
}

}  // namespace genos::core
