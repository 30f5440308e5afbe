// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes: an owning vector, a view, and the conversions between bytes and text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace genos::core {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);                 // lower case
bool from_hex(std::string_view text, Bytes& out);   // false when not an even run of hex digits
[[nodiscard]] bool is_utf8(std::string_view text);  // well formed: no overlong form, no surrogate

}  // namespace genos::core
