// SPDX-License-Identifier: LGPL-2.1-or-later
// BLAKE2b with 32 bytes: the fastest hash of libsodium, for contents of files.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/bytes.hpp"

namespace genos::crypto {

// `domain` keeps hashes of different things apart.
std::array<std::uint8_t, 32> blake2b(std::uint8_t domain, core::ByteView bytes);

}  // namespace genos::crypto
