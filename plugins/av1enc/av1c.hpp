// SPDX-License-Identifier: LGPL-2.1-or-later
// What a container's header says of an AV1 stream: the "av1C" box, made from the first keyframe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace genos::element {

// Empty when the temporal unit, of 8-bit 4:2:0, has no sequence header that we make.
[[nodiscard]] std::vector<std::uint8_t> av1c_of(std::span<const std::uint8_t> unit);

}  // namespace genos::element
