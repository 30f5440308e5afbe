// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads and writes bits, most significant first, as AV1 and its dependency descriptor have them.
#pragma once

#include <bit>
#include <cstdint>

#include "core/base/bytes.hpp"

namespace genos::core {

// Past the end everything is 0 and ok() false: a parser checks once, when it is done.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() * 8 - at_; }

  bool flag() { return read(1) != 0; }
  // At most 32 bits.
  std::uint32_t read(unsigned count) {
    if (left() < count) {
      ok_ = false;
      at_ = bytes_.size() * 8;
      return 0;
    }
    std::uint64_t value = 0;
    for (; count > 0; --count, ++at_) value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1U);
    return static_cast<std::uint32_t>(value);
  }
  // uvlc() of AV1 section 4.10.3.
  std::uint32_t read_uvlc() {
    unsigned zeros = 0;
    while (ok_ && !flag()) ++zeros;
    if (zeros >= 32) return UINT32_MAX;
    return read(zeros) + (1U << zeros) - 1;
  }
  // ns(n) of AV1 section 4.10.7: a number below `count`.
  std::uint32_t read_below(std::uint32_t count) {
    const auto width = static_cast<unsigned>(std::bit_width(count));
    if (width == 0) return 0;
    const auto shorter = (1U << width) - count;
    const auto value = read(width - 1);
    return value < shorter ? value : (value << 1 | read(1)) - shorter;
  }

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

class BitWriter {
 public:
  void flag(bool value) { write(value ? 1 : 0, 1); }
  void write(std::uint32_t value, unsigned count) {
    for (; count > 0; --count, ++at_) {
      if (at_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<std::uint8_t>((value >> (count - 1) & 1U) << (7 - at_ % 8));
    }
  }
  void write_below(std::uint32_t value, std::uint32_t count) {
    const auto width = static_cast<unsigned>(std::bit_width(count));
    if (width == 0) return;
    const auto shorter = (1U << width) - count;
    if (value < shorter)
      write(value, width - 1);
    else
      write(value + shorter, width);
  }
  [[nodiscard]] std::size_t position() const { return at_; }
  // The last byte filled up with zeros.
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace genos::core
