// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of a ladder a person may ask for, and why that much.
#pragma once

#include <cstdint>

namespace genos::core::limits {

// An encoder each; more than this no machine makes.
inline constexpr std::uint32_t max_rungs = 16;
inline constexpr std::uint32_t min_lines = 16;
// 16K; libaom takes 65,536.
inline constexpr std::uint32_t max_lines = 8640;
inline constexpr std::uint32_t max_frames_per_second = 240;
// Ten times what a Blu-ray has.
inline constexpr std::uint64_t max_bitrate = 400'000'000;
// Of the usual bitrate of such a rung: less is no picture, but a `k` that was forgotten.
inline constexpr std::uint32_t least_bitrate_share = 100;
// What encoders take.
inline constexpr std::uint32_t min_bitrate = 1'000;
// What libopus takes.
inline constexpr std::uint32_t min_sound_bitrate = 6'000;
inline constexpr std::uint32_t max_sound_bitrate = 510'000;

}  // namespace genos::core::limits
