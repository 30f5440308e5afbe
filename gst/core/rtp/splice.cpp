// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/splice.hpp"

#include <cstddef>

namespace genos::core {
namespace {

constexpr std::size_t fixed_header = 12;
constexpr std::uint16_t picture_mask = 0x7fff;

std::uint16_t read16(std::span<const std::uint8_t> at) { return std::uint16_t(at[0] << 8 | at[1]); }
void write16(std::span<std::uint8_t> at, std::uint16_t value) {
  at[0] = std::uint8_t(value >> 8);
  at[1] = std::uint8_t(value);
}

std::uint32_t read32(std::span<const std::uint8_t> at) {
  return std::uint32_t(read16(at)) << 16 | read16(at.subspan(2));
}
void write32(std::span<std::uint8_t> at, std::uint32_t value) {
  write16(at, std::uint16_t(value >> 16));
  write16(at.subspan(2), std::uint16_t(value));
}

// RFC 3550 section 5.1.
std::optional<std::size_t> payload_at(std::span<const std::uint8_t> packet) {
  if (packet.size() < fixed_header || packet[0] >> 6 != 2) return std::nullopt;
  std::size_t at = fixed_header + std::size_t(packet[0] & 0x0f) * 4;
  if (packet[0] & 0x10) {
    if (packet.size() < at + 4) return std::nullopt;
    at += 4 + std::size_t(read16(packet.subspan(at + 2))) * 4;
  }
  return at <= packet.size() ? std::optional(at) : std::nullopt;
}

// Where a picture id of 15 bits is: RFC 7741 section 4.2, RFC 9628 section 4.2.
std::optional<std::size_t> picture_at(std::span<const std::uint8_t> packet, PictureIds ids) {
  auto at = payload_at(packet);
  if (!at) return std::nullopt;
  const auto has = [&](std::uint8_t bit) { return *at < packet.size() && (packet[*at] & bit); };
  if (ids == PictureIds::vp8) {
    if (!has(0x80)) return std::nullopt;
    ++*at;
  }
  if (!has(0x80)) return std::nullopt;
  ++*at;
  const bool is_long = has(0x80);
  return is_long && *at + 2 <= packet.size() ? at : std::nullopt;
}

}  // namespace

std::optional<RtpPlace> place_of(std::span<const std::uint8_t> packet, PictureIds ids) {
  if (!payload_at(packet)) return std::nullopt;
  RtpPlace place{read16(packet.subspan(2)), read32(packet.subspan(4))};
  if (ids == PictureIds::none) return place;
  const auto picture = picture_at(packet, ids);
  if (!picture) return std::nullopt;
  place.picture = read16(packet.subspan(*picture)) & picture_mask;
  return place;
}

void shift(std::span<std::uint8_t> packet, PictureIds ids, const RtpPlace& by) {
  const auto place = place_of(packet, ids);
  if (!place) return;
  write16(packet.subspan(2), std::uint16_t(place->sequence + by.sequence));
  write32(packet.subspan(4), place->timestamp + by.timestamp);
  write32(packet.subspan(8), read32(packet.subspan(8)) + by.ssrc);
  if (ids == PictureIds::none) return;
  const auto picture = std::uint16_t((place->picture + by.picture) & picture_mask);
  write16(packet.subspan(*picture_at(packet, ids)), std::uint16_t(0x8000 | picture));
}

std::uint32_t RtpSplice::lateness(const RtpPlace& first) const {
  const auto late = last_->timestamp + least_step - first.timestamp;
  return std::int32_t(late) > 0 ? late : 0;
}

void RtpSplice::change_over(const RtpPlace& first) {
  by_ = {};
  frame_ = first.timestamp;
  if (!last_) return;
  by_.sequence = std::uint16_t(last_->sequence + 1 - first.sequence);
  by_.picture = std::uint16_t((last_->picture + 1 - first.picture) & picture_mask);
  by_.timestamp = lateness(first);
}

RtpPlace RtpSplice::take(const RtpPlace& first, const RtpPlace& last) {
  if (by_.timestamp != 0 && first.timestamp != frame_) by_.timestamp = lateness(first);
  frame_ = last.timestamp;
  last_ = {std::uint16_t(last.sequence + by_.sequence), last.timestamp + by_.timestamp,
           std::uint16_t((last.picture + by_.picture) & picture_mask)};
  return by_;
}

}  // namespace genos::core
