// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/av1_packetizer.hpp"

#include <algorithm>
#include <cassert>

#include "core/rtp/sequence_header.hpp"

namespace genos::core {
namespace {

// The aggregation header: Z Y W W N - - - (AV1 RTP 1.0, section 4.4).
constexpr unsigned continues_bit = 0x80;
constexpr unsigned continued_bit = 0x40;
constexpr unsigned count_shift = 4;
constexpr unsigned begins_sequence_bit = 8;
// W has two bits; of more pieces each tells its length, the last too.
constexpr std::size_t most_counted = 3;
constexpr int no_layer = -1;

// Fills packets one after another.
class Filler {
 public:
  explicit Filler(std::size_t max_payload) : max_payload_(max_payload) {}

  void add(Av1Packet::Piece piece) {
    while (piece.size() > room_left()) {
      // A few bytes at the end of a packet are not worth their length field and a second packet.
      if (filled_ > 0 && room_left() < std::max<std::size_t>(1, max_payload_ / 16)) {
        close();
        continue;
      }
      put(cut(piece, room_left()));
      packets_.back().continued = true;
      close();
      next_continues_ = true;
    }
    put(piece);
  }
  // What comes next is in another packet.
  void close() { filled_ = 0; }
  [[nodiscard]] std::vector<Av1Packet> take() { return std::move(packets_); }

 private:
  // For one more piece that is then the last: as such it has no length field, if it is counted.
  [[nodiscard]] std::size_t room_left() const {
    if (filled_ == 0) return max_payload_ - 1;
    const auto left = max_payload_ - std::min(filled_, max_payload_);
    if (packets_.back().pieces.size() < most_counted) return left;
    auto room = left;
    while (room > 0 && room + leb128_size(room) > left) --room;
    return room;
  }

  void put(const Av1Packet::Piece& piece) {
    if (filled_ == 0) {
      packets_.emplace_back().continues = std::exchange(next_continues_, false);
      filled_ = 1;
    }
    packets_.back().pieces.push_back(piece);
    filled_ += leb128_size(piece.size()) + piece.size();
  }

  // The first `size` bytes of a piece, which keeps the rest.
  static Av1Packet::Piece cut(Av1Packet::Piece& piece, std::size_t size) {
    Av1Packet::Piece front = piece;
    front.header_size = static_cast<std::uint8_t>(std::min<std::size_t>(size, piece.header_size));
    front.body = piece.body.first(size - front.header_size);
    if (front.header_size == 1 && piece.header_size == 2) piece.header[0] = piece.header[1];
    piece.header_size = static_cast<std::uint8_t>(piece.header_size - front.header_size);
    piece.body = piece.body.subspan(front.body.size());
    return front;
  }

  std::size_t max_payload_;
  std::size_t filled_ = 0;  // of the last packet, if every piece told its length; 0: it is closed
  bool next_continues_ = false;
  std::vector<Av1Packet> packets_;
};

Av1Packet::Piece piece_of(const Obu& obu) {
  return {{obu.header(Obu::Size::without), obu.extension.value_or(0)},
          static_cast<std::uint8_t>(obu.header_size()),
          obu.payload};
}

}  // namespace

std::size_t Av1Packet::size() const {
  std::size_t size = 1;
  for (const auto& piece : pieces) size += piece.size() + leb128_size(piece.size());
  if (pieces.size() <= most_counted) size -= leb128_size(pieces.back().size());
  return size;
}

void Av1Packet::write(std::span<std::uint8_t> out) const {
  assert(out.size() == size());
  const bool counted = pieces.size() <= most_counted;
  out[0] = static_cast<std::uint8_t>(
      (continues ? continues_bit : 0U) | (continued ? continued_bit : 0U) |
      (counted ? pieces.size() << count_shift : 0U) | (begins_sequence ? begins_sequence_bit : 0U));
  auto at = out.begin() + 1;
  for (const auto& piece : pieces) {
    if (!counted || &piece != &pieces.back()) {
      auto size = piece.size();
      for (; size >= 0x80; size >>= 7) *at++ = static_cast<std::uint8_t>(size | 0x80);
      *at++ = static_cast<std::uint8_t>(size);
    }
    at = std::copy_n(piece.header.begin(), piece.header_size, at);
    at = std::copy(piece.body.begin(), piece.body.end(), at);
  }
}

Bytes Av1Packet::bytes() const {
  Bytes out(size());
  write(out);
  return out;
}

std::vector<Av1Packet> packetize_av1(std::span<const Obu> obus, std::size_t max_payload) {
  assert(max_payload >= min_av1_payload);
  Filler filler(max_payload);
  int layer = no_layer;  // of the packet that is being filled
  for (const auto& obu : obus) {
    if (!is_carried(obu.type)) continue;
    const int of_obu = obu.extension ? *obu.extension >> 3 : no_layer;
    // Section 5: those of a packet that name a layer name the same; a sequence header comes first.
    const bool other = layer != no_layer && of_obu != no_layer && layer != of_obu;
    if (other || obu.type == ObuType::sequence_header) {
      filler.close();
      layer = of_obu;
    } else if (of_obu != no_layer) {
      layer = of_obu;
    }
    filler.add(piece_of(obu));
  }
  auto packets = filler.take();
  if (!packets.empty()) packets.front().begins_sequence = core::begins_sequence(obus);
  return packets;
}

std::vector<Av1Packet> packetize_opaque(ByteView frame, FrameKind kind, std::size_t max_payload) {
  assert(max_payload >= min_av1_payload);
  if (frame.empty()) return {};
  Filler filler(max_payload);
  filler.add({{}, 0, frame});
  auto packets = filler.take();
  packets.front().begins_sequence = kind == FrameKind::key;
  return packets;
}

}  // namespace genos::core
