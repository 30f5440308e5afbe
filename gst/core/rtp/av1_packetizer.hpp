// SPDX-License-Identifier: LGPL-2.1-or-later
// Cuts AV1 into payloads of RTP packets (RTP Payload Format For AV1, version 1.0).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/rtp/obu.hpp"

namespace genos::core {

// The payload of one packet, not written yet: it looks into the bytes that were packetised.
class Av1Packet {
 public:
  // Of an OBU, or a part of one.
  struct Piece {
    std::array<std::uint8_t, 2> header{};  // of the OBU, without a size
    std::uint8_t header_size = 0;
    ByteView body;
    [[nodiscard]] std::size_t size() const { return header_size + body.size(); }
  };

  [[nodiscard]] std::size_t size() const;
  void write(std::span<std::uint8_t> out) const;  // exactly size() bytes
  [[nodiscard]] Bytes bytes() const;

  std::vector<Piece> pieces;
  bool continues = false;        // Z: the first is the rest of one begun before
  bool continued = false;        // Y: the last goes on in the next packet
  bool begins_sequence = false;  // N
};

inline constexpr std::size_t min_av1_payload = 2;  // the aggregation header and a byte

// A temporal unit, or a frame of one. What is not carried is left out; none when nothing is left.
// `max_payload`: at least min_av1_payload.
std::vector<Av1Packet> packetize_av1(std::span<const Obu> obus, std::size_t max_payload);

enum class FrameKind { key, delta };
// A frame that nobody may look into: it is carried as one OBU is, and need not be one.
std::vector<Av1Packet> packetize_opaque(ByteView frame, FrameKind kind, std::size_t max_payload);

}  // namespace genos::core
