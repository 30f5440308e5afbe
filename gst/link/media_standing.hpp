// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace genos::link {

// What became of a track that we offered, as of the last round; in_other: of two codecs they take
// the second only.
enum class MediaStanding : std::uint8_t { open, taken, taken_in_other, refused };

}  // namespace genos::link
