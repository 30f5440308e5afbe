// SPDX-License-Identifier: LGPL-2.1-or-later
#include "files/file_hash.hpp"

#include "crypto/digest.hpp"

namespace genos::files {

core::Digest file_hash(core::HashOf what, core::ByteView bytes) {
  return crypto::blake2b(static_cast<std::uint8_t>(what), bytes);
}

}  // namespace genos::files
