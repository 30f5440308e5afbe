// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of a stranger's video stream we hold, and why that much.
#pragma once

#include <cstddef>
#include <cstdint>

namespace genos::core::limits {

// Of one temporal unit. A picture of 3840x2160 has 12 MiB before it is compressed.
inline constexpr std::size_t max_temporal_unit = 16UL * 1024 * 1024;
// AV1 has at most 4,096 tiles in a frame, each of which may be an OBU; others are a handful.
inline constexpr std::size_t max_obus = 8192;
// Packets that come again or late, after their place was given up; further back, the sender has
// begun anew. RFC 3550 appendix A.1 calls 100 of them a misorder.
inline constexpr std::int32_t max_misorder = 100;
// Dependency descriptor: 6 bits name a template (AV1 RTP 1.0, appendix A.8.3).
inline constexpr std::size_t max_templates = 64;
// Spatial and temporal ids have 2 and 3 bits.
inline constexpr std::size_t max_spatial_layers = 4;
inline constexpr std::size_t max_temporal_layers = 8;
// Frames that one frame refers to; AV1 has 7 references.
inline constexpr std::size_t max_frame_diffs = 8;
// A two-byte RTP header extension holds no more (RFC 8285 section 4.3).
inline constexpr std::size_t max_header_extension = 255;
// SSRCs of one connection that report and send no media: Chromium has one, Firefox one for each of
// its lines, and GStreamer one for each flow that it repairs. rtpsession keeps a record of each.
inline constexpr std::size_t max_reporters = 128;
// Of a compound RTCP packet: everybody keeps to the MTU, and each report in it costs time.
inline constexpr std::size_t max_rtcp = 2048;

}  // namespace genos::core::limits
