// SPDX-License-Identifier: LGPL-2.1-or-later
// A ladder in words that a person types: "720p30:1500k,360p30:500k:vp8", "opus:96k,aac:128k".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace genos::core {

// Empty: whatever the ladder's owner prefers.
using CodecName = std::string;

struct RungWords {
  std::uint32_t lines =
      0;  // of the shorter side, so that an upright picture is no larger; 0: sound
  std::uint32_t frames = 0;   // a second at most; 0: as many as come
  std::uint32_t bitrate = 0;  // bit/s
  CodecName codec;
  bool dtx = false;  // of sound: almost nothing is sent of silence

  bool operator==(const RungWords&) const = default;
};

struct SoundWords {
  CodecName codec;
  std::uint32_t bitrate = 0;
  bool dtx = false;

  bool operator==(const SoundWords&) const = default;
};

// Of LINESp[FRAMES][:BITRATE][:CODEC], comma separated, or "low", "medium", "high", "livestream".
// What is left out of bitrate is a usual one for that size. Largest first, whatever the order.
Result<std::vector<RungWords>> parse_ladder(std::string_view words);
// Of CODEC[:BITRATE][:dtx], comma separated; empty: no sound.
Result<std::vector<SoundWords>> parse_sounds(std::string_view words);

// The same that makes it, with its bitrate; of a sound too.
std::string to_words(const RungWords& rung);
RungWords rung_of(const SoundWords& sound);

// "1500k", "1.5M", "500000"; 0 when it is none.
std::uint32_t parse_bitrate(std::string_view word);
// Of good quality for most pictures, in AV1.
std::uint32_t usual_bitrate(std::uint32_t lines, std::uint32_t frames);

}  // namespace genos::core
