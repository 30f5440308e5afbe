// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/quality.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace genos::core {
namespace {

constexpr std::array words = {
    std::pair{Quality::none, std::string_view("none")},
    std::pair{Quality::automatic, std::string_view("auto")},
    std::pair{Quality::low, std::string_view("low")},
    std::pair{Quality::medium, std::string_view("medium")},
    std::pair{Quality::high, std::string_view("high")},
};

}  // namespace

std::optional<Quality> parse_quality(std::string_view word) {
  for (const auto& [quality, name] : words)
    if (name == word) return quality;
  return std::nullopt;
}

std::string_view to_word(Quality quality) {
  return std::ranges::find(words, quality, [](const auto& one) { return one.first; })->second;
}

MediaWish larger(const MediaWish& one, const MediaWish& other) {
  return {std::max(one.picture, other.picture), std::max(one.sound, other.sound)};
}

std::size_t rung_of(Quality quality, std::size_t rungs) {
  switch (quality) {
    case Quality::low: return rungs - 1;
    case Quality::medium: return (rungs - 1) / 2;
    default: return 0;
  }
}

bool RungChoice::follow(const std::vector<Rung>& rungs, Time now) {
  std::optional<Rung> best;
  if (!rungs.empty() && wish_ != Quality::none) best = rungs[rung_of(wish_, rungs.size())];
  if (best == rung_) return false;
  const bool goes_on = rung_ && std::ranges::find(rungs, *rung_) != rungs.end();
  if (goes_on && now - changed_ < least_distance) return false;
  // Its first one is no change, nor is another in the place of one that is gone.
  if (goes_on) changed_ = now;
  rung_ = best;
  return true;
}

}  // namespace genos::core
