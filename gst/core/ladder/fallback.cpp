// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/fallback.hpp"

#include <algorithm>

#include "core/ladder/limits.hpp"

namespace genos::core {
namespace {

// Of the bits of VP8 and H.264, in percent: usual figures of encoders in real time.
std::uint64_t share_of(std::string_view codec) {
  if (codec == "av1") return 67;
  return codec == "vp9" ? 80 : 100;
}

}  // namespace

RungWords fallback_of(const RungWords& rung, std::string_view codec, CodecName fallback) {
  RungWords other = rung;
  const auto bitrate = std::uint64_t(rung.bitrate) * 100 / share_of(codec) / 1000 * 1000;
  other.bitrate = std::uint32_t(std::clamp<std::uint64_t>(
      bitrate, std::min<std::uint64_t>(rung.bitrate, limits::max_bitrate), limits::max_bitrate));
  other.codec = std::move(fallback);
  return other;
}

Result<std::string> ladder_with(const std::string& ladder, const RungWords& rung) {
  auto rungs = parse_ladder(ladder);
  if (!rungs) return rungs.error();
  if (std::ranges::find(*rungs, rung) == rungs->end()) rungs->push_back(rung);
  if (rungs->size() > limits::max_rungs)
    return Error{Errc::too_large, "the ladder has no room for one rung more"};
  std::string words;
  for (const auto& each : *rungs) words += (words.empty() ? "" : ",") + to_words(each);
  return words;
}

}  // namespace genos::core
