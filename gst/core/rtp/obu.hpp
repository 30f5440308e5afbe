// SPDX-License-Identifier: LGPL-2.1-or-later
// Open bitstream units of AV1: the header of one, and how a temporal unit is cut into them and made
// of them, in the low-overhead format (section 5 of the AV1 specification) and that of its annex B.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace genos::core {

enum class ObuType : std::uint8_t {
  sequence_header = 1,
  temporal_delimiter = 2,
  frame_header = 3,
  tile_group = 4,
  metadata = 5,
  frame = 6,
  redundant_frame_header = 7,
  tile_list = 8,
  padding = 15
};

// A view of one in somebody's bytes.
struct Obu {
  ObuType type{};
  std::optional<std::uint8_t> extension;  // three bits of temporal id, two of spatial id, reserved
  ByteView payload;                       // without header and size

  [[nodiscard]] unsigned temporal_id() const { return extension.value_or(0) >> 5; }
  [[nodiscard]] unsigned spatial_id() const { return extension.value_or(0) >> 3 & 3; }
  [[nodiscard]] std::size_t header_size() const { return extension ? 2 : 1; }
  // The header's first byte, that says whether a size follows.
  enum class Size { without, with };
  [[nodiscard]] std::uint8_t header(Size size) const;
};

struct Leb128 {
  std::uint32_t value = 0;
  std::size_t size = 0;  // in bytes
};
// None when cut off, longer than eight bytes or beyond 32 bits (AV1 section 4.10.5).
std::optional<Leb128> read_leb128(ByteView bytes);
std::size_t leb128_size(std::size_t value);
void append_leb128(Bytes& out, std::size_t value);

// All of `bytes` is one OBU; when it tells its size, that must be right.
Result<Obu> parse_obu(ByteView bytes);
Result<std::vector<Obu>> split_obu_stream(ByteView bytes);
Result<std::vector<Obu>> split_annexb(ByteView bytes);

// A temporal unit of these: a temporal delimiter in front, every OBU with its size.
Bytes write_obu_stream(std::span<const Obu> obus);
Bytes write_annexb(std::span<const Obu> obus);
void append_obu(Bytes& out, const Obu& obu);  // with its size

// What an RTP stream does not carry (AV1 RTP 1.0, section 5): temporal delimiters, tile lists; and
// padding.
bool is_carried(ObuType type);
// Where each frame of a temporal unit ends: one past its last OBU. The last is obus.size().
std::vector<std::size_t> frame_ends(std::span<const Obu> obus);

}  // namespace genos::core
