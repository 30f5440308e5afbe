// SPDX-License-Identifier: LGPL-2.1-or-later
// What a sequence header of AV1 tells about the video, and where one can begin to decode.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.hpp"
#include "core/rtp/obu.hpp"

namespace genos::core {

struct SequenceHeader {
  std::uint8_t profile = 0;             // 0 main, 1 high, 2 professional
  std::uint32_t width = 0, height = 0;  // the largest of its frames
  std::uint8_t bit_depth = 8;
  bool monochrome = false;
  bool subsampling_x = true, subsampling_y = true;

  bool operator==(const SequenceHeader&) const = default;
};

Result<SequenceHeader> parse_sequence_header(ByteView payload);

// These OBUs begin a coded video sequence (AV1 section 7.5): a sequence header, then a key frame
// that is shown.
bool begins_sequence(std::span<const Obu> obus);
// One of the frames is shown, which ends the temporal unit when there are no spatial layers.
bool shows_frame(std::span<const Obu> obus);

}  // namespace genos::core
