// SPDX-License-Identifier: LGPL-2.1-or-later
#include "av1c.hpp"

#include <optional>

namespace genos::element {
namespace {

constexpr std::uint8_t sequence_header = 1;
constexpr std::uint8_t highest_level_without_tier = 7;

struct Obu {
  std::uint8_t type = 0;
  std::span<const std::uint8_t> whole, payload;
};

// The first OBU of `bytes`, which says its size, as libaom writes it (AV1 specification, 5.3).
std::optional<Obu> first_obu(std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || !(bytes[0] & 0x02)) return {};
  std::size_t at = bytes[0] & 0x04 ? 2 : 1;
  std::size_t size = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    if (at >= bytes.size()) return {};
    const auto byte = bytes[at++];
    size |= std::size_t(byte & 0x7F) << shift;
    if (!(byte & 0x80)) break;
  }
  if (size > bytes.size() - at) return {};
  return Obu{std::uint8_t(bytes[0] >> 3 & 0x0F), bytes.first(at + size), bytes.subspan(at, size)};
}

}  // namespace

std::vector<std::uint8_t> av1c_of(std::span<const std::uint8_t> unit) {
  while (const auto obu = first_obu(unit)) {
    unit = unit.subspan(obu->whole.size());
    if (obu->type != sequence_header || obu->payload.size() < 5) continue;
    // Profile (3 bits), still, reduced, timing, delay, number of points (5), which layers (12),
    // level (5), then the tier of a high level: at fixed places, because libaom was asked for
    // neither timing nor a still picture.
    const auto* bits = obu->payload.data();
    const auto profile = std::uint8_t(bits[0] >> 5);
    const auto level = std::uint8_t(bits[3] >> 3);
    const bool tier = level > highest_level_without_tier && (bits[3] & 0x04);
    constexpr std::uint8_t marker_and_version = 0x81, half_chroma_both_ways = 0x0C;
    std::vector<std::uint8_t> box = {marker_and_version, std::uint8_t(profile << 5 | level),
                                     std::uint8_t((tier ? 0x80 : 0) | half_chroma_both_ways), 0};
    box.insert(box.end(), obu->whole.begin(), obu->whole.end());
    return box;
  }
  return {};
}

}  // namespace genos::element
