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

void StreamWishes::set(std::string stream, const MediaWish& wish) {
  if (wish == all_)
    others_.erase(stream);
  else
    others_.insert_or_assign(std::move(stream), wish);
}

const MediaWish& StreamWishes::of(std::string_view stream) const {
  const auto found = others_.find(stream);
  return found == others_.end() ? all_ : found->second;
}

bool StreamWishes::takes_as(const StreamWishes& other) const {
  const auto alike = [](const MediaWish& one, const MediaWish& two) {
    return (one.picture == Quality::none) == (two.picture == Quality::none) &&
           (one.sound == Quality::none) == (two.sound == Quality::none);
  };
  const auto of_these = [&](const auto& streams) {
    return std::ranges::all_of(streams, [&](const auto& stream) {
      return alike(of(stream.first), other.of(stream.first));
    });
  };
  return alike(all_, other.all_) && of_these(others_) && of_these(other.others_);
}

StreamWishes larger(const StreamWishes& one, const StreamWishes& other) {
  StreamWishes all(larger(one.all(), other.all()));
  for (const auto* each : {&one, &other})
    for (const auto& [stream, wish] : each->others())
      all.set(stream, larger(one.of(stream), other.of(stream)));
  return all;
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
