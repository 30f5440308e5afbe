// SPDX-License-Identifier: LGPL-2.1-or-later
// Sealed text as Trystero writes it: AES-256-GCM, `IV bytes in decimal, comma separated` `$`
// `base64`.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "crypto/room_keys.hpp"

namespace genos::crypto {

using Iv = std::array<std::uint8_t, 16>;  // 16, not 12: libsodium and GnuTLS cannot do it

std::string seal(const Key& key, std::string_view plaintext);  // with a random IV
std::string seal_with(const Key& key, const Iv& iv, std::string_view plaintext);

// Any IV of 1 to 64 bytes is accepted, as WebCrypto does. Errors: malformed, too_large (over
// max_sealed), refused (another key, or altered on the way).
inline constexpr std::size_t max_sealed = 512UL * 1024;  // a description of ours may have 256 KiB
core::Result<std::string> unseal(const Key& key, std::string_view wire);

}  // namespace genos::crypto
