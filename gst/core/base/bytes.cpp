// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/bytes.hpp"

namespace genos::core {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Length of the sequence that `lead` begins and the smallest code point it may hold.
struct Lead {
  std::size_t length;
  std::uint32_t bits;
  std::uint32_t smallest;
};

Lead lead_of(std::uint8_t lead) {
  if (lead < 0x80) return {1, lead, 0};
  if ((lead & 0xe0) == 0xc0) return {2, lead & 0x1fu, 0x80};
  if ((lead & 0xf0) == 0xe0) return {3, lead & 0x0fu, 0x800};
  if ((lead & 0xf8) == 0xf0) return {4, lead & 0x07u, 0x10000};
  return {0, 0, 0};
}

}  // namespace

std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool from_hex(std::string_view text, Bytes& out) {
  out.clear();
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return true;
}

bool is_utf8(std::string_view text) {
  const auto bytes = bytes_of(text);
  for (std::size_t i = 0; i < bytes.size();) {
    const auto [length, bits, smallest] = lead_of(bytes[i]);
    if (length == 0 || i + length > bytes.size()) return false;
    std::uint32_t point = bits;
    for (std::size_t k = 1; k < length; ++k) {
      if ((bytes[i + k] & 0xc0) != 0x80) return false;
      point = point << 6 | (bytes[i + k] & 0x3fu);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < smallest || point > 0x10ffff || surrogate) return false;
    i += length;
  }
  return true;
}

}  // namespace genos::core
