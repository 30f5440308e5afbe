// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/obu.hpp"

#include <algorithm>
#include <array>

#include "core/rtp/limits.hpp"

namespace genos::core {
namespace {

constexpr std::uint8_t forbidden_bit = 0x80;
constexpr std::uint8_t extension_bit = 4;
constexpr std::uint8_t size_bit = 2;

Error broken(const char* what) { return {Errc::malformed, std::string("OBU: ") + what}; }

// One OBU at the beginning of `bytes`; how much of them it takes goes to `taken`.
Result<Obu> read_obu(ByteView bytes, std::size_t& taken) {
  if (bytes.empty()) return broken("nothing there");
  const auto first = bytes[0];
  if (first & forbidden_bit) return broken("forbidden bit");
  Obu obu{static_cast<ObuType>(first >> 3 & 15), std::nullopt, {}};
  if (first & extension_bit) {
    if (bytes.size() < 2) return broken("extension cut off");
    obu.extension = bytes[1];
  }
  auto rest = bytes.subspan(obu.header_size());
  if (first & size_bit) {
    const auto size = read_leb128(rest);
    if (!size) return broken("size cut off or too large");
    rest = rest.subspan(size->size);
    if (rest.size() < size->value) return broken("cut off");
    rest = rest.first(size->value);
  }
  obu.payload = rest;
  taken = static_cast<std::size_t>(rest.data() + rest.size() - bytes.data());
  return obu;
}

// A length and as many bytes, taken off the front of `bytes`.
std::optional<ByteView> take_sized(ByteView& bytes) {
  const auto size = read_leb128(bytes);
  if (!size || bytes.size() - size->size < size->value) return std::nullopt;
  const auto taken = bytes.subspan(size->size, size->value);
  bytes = bytes.subspan(size->size + size->value);
  return taken;
}

std::size_t annexb_size(const Obu& obu) {
  const auto size = obu.header_size() + obu.payload.size();
  return leb128_size(size) + size;
}

// A frame unit: each OBU with its length in front instead of inside.
void append_frame_unit(Bytes& out, std::span<const Obu> obus) {
  std::size_t size = 0;
  for (const auto& obu : obus) size += annexb_size(obu);
  append_leb128(out, size);
  for (const auto& obu : obus) {
    append_leb128(out, obu.header_size() + obu.payload.size());
    out.push_back(obu.header(Obu::Size::without));
    if (obu.extension) out.push_back(*obu.extension);
    out.insert(out.end(), obu.payload.begin(), obu.payload.end());
  }
}

std::optional<Error> add(std::vector<Obu>& obus, const Result<Obu>& obu) {
  if (!obu) return obu.error();
  if (obus.size() == limits::max_obus) return Error{Errc::too_large, "OBU: too many"};
  obus.push_back(*obu);
  return std::nullopt;
}

bool begins_frame(ObuType type) { return type == ObuType::frame || type == ObuType::frame_header; }

bool continues_frame(ObuType type) {
  return type == ObuType::tile_group || type == ObuType::redundant_frame_header ||
         type == ObuType::tile_list || type == ObuType::padding;
}

}  // namespace

std::uint8_t Obu::header(Size size) const {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 3 |
                                   (extension ? extension_bit : 0U) |
                                   (size == Size::with ? size_bit : 0U));
}

std::optional<Leb128> read_leb128(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i) {
    value |= std::uint64_t{bytes[i] & 0x7fU} << (i * 7);
    if (bytes[i] & 0x80) continue;
    if (value > UINT32_MAX) return std::nullopt;
    return Leb128{static_cast<std::uint32_t>(value), i + 1};
  }
  return std::nullopt;
}

std::size_t leb128_size(std::size_t value) {
  std::size_t size = 1;
  while (value >>= 7) ++size;
  return size;
}

void append_leb128(Bytes& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

Result<Obu> parse_obu(ByteView bytes) {
  std::size_t taken = 0;
  auto obu = read_obu(bytes, taken);
  if (obu && taken != bytes.size()) return broken("more bytes than its size says");
  return obu;
}

Result<std::vector<Obu>> split_obu_stream(ByteView bytes) {
  std::vector<Obu> obus;
  while (!bytes.empty()) {
    std::size_t taken = 0;
    if (auto error = add(obus, read_obu(bytes, taken))) return *error;
    bytes = bytes.subspan(taken);
  }
  return obus;
}

Result<std::vector<Obu>> split_annexb(ByteView bytes) {
  std::vector<Obu> obus;
  std::array<ByteView, 3> open{bytes};  // units, one's frames, and one's OBUs
  for (std::size_t level = 0;;) {
    while (level > 0 && open[level].empty()) --level;
    if (open[level].empty()) return obus;
    const auto part = take_sized(open[level]);
    if (!part) return broken("cut off");
    if (level + 1 < open.size()) {
      open[++level] = *part;
    } else if (auto error = add(obus, parse_obu(*part))) {
      return *error;
    }
  }
}

void append_obu(Bytes& out, const Obu& obu) {
  out.push_back(obu.header(Obu::Size::with));
  if (obu.extension) out.push_back(*obu.extension);
  append_leb128(out, obu.payload.size());
  out.insert(out.end(), obu.payload.begin(), obu.payload.end());
}

Bytes write_obu_stream(std::span<const Obu> obus) {
  std::size_t size = 2;
  for (const auto& obu : obus)
    size += obu.header_size() + leb128_size(obu.payload.size()) + obu.payload.size();
  Bytes out;
  out.reserve(size);
  append_obu(out, {ObuType::temporal_delimiter, std::nullopt, {}});
  for (const auto& obu : obus) append_obu(out, obu);
  return out;
}

Bytes write_annexb(std::span<const Obu> obus) {
  std::vector<Obu> all{{ObuType::temporal_delimiter, std::nullopt, {}}};
  all.insert(all.end(), obus.begin(), obus.end());
  Bytes frames;
  std::size_t begin = 0;
  for (const auto end : frame_ends(all)) {
    append_frame_unit(frames, std::span<const Obu>(all).subspan(begin, end - begin));
    begin = end;
  }
  Bytes out;
  out.reserve(leb128_size(frames.size()) + frames.size());
  append_leb128(out, frames.size());
  out.insert(out.end(), frames.begin(), frames.end());
  return out;
}

bool is_carried(ObuType type) {
  return type != ObuType::temporal_delimiter && type != ObuType::tile_list &&
         type != ObuType::padding;
}

std::vector<std::size_t> frame_ends(std::span<const Obu> obus) {
  std::vector<std::size_t> ends;
  std::size_t end = 0;  // of the frame begun last; 0 before the first
  for (std::size_t i = 0; i < obus.size(); ++i) {
    if (begins_frame(obus[i].type)) {
      if (end != 0) ends.push_back(end);
      end = i + 1;
    } else if (end != 0 && end == i && continues_frame(obus[i].type)) {
      end = i + 1;
    }
  }
  if (!obus.empty()) ends.push_back(obus.size());
  return ends;
}

}  // namespace genos::core
