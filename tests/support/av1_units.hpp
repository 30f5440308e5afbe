// SPDX-License-Identifier: LGPL-2.1-or-later
// Temporal units that look like AV1 as far as RTP looks into it.
#pragma once

#include <vector>

#include "core/rtp/obu.hpp"

namespace genos::test {

// A sequence header that libaom wrote, with 4:2:0 of 8 bits (pion/rtp 1.8, TestAV1_Unmarshal).
inline constexpr std::uint8_t sequence_payload[] = {0x00, 0x00, 0x00, 0x2c, 0xd6, 0xd3,
                                                    0x0c, 0xd5, 0x02, 0x00, 0x80};
inline constexpr std::uint8_t shown_key = 0x10, hidden_key = 0x00, shown_delta = 0x30;

// Owns what its OBUs look into.
class Av1Unit {
 public:
  Av1Unit& add(core::ObuType type, core::Bytes payload, int extension = -1) {
    payloads_.push_back(std::move(payload));
    obus_.push_back({type, std::nullopt, payloads_.back()});
    if (extension >= 0) obus_.back().extension = static_cast<std::uint8_t>(extension);
    return *this;
  }
  Av1Unit& add_sequence_header() {
    return add(core::ObuType::sequence_header,
               {std::begin(sequence_payload), std::end(sequence_payload)});
  }
  Av1Unit& add_frame(std::uint8_t first, std::size_t size, int extension = -1) {
    core::Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 31 + size);
    payload[0] = first;
    return add(core::ObuType::frame, std::move(payload), extension);
  }
  [[nodiscard]] const std::vector<core::Obu>& obus() const { return obus_; }
  [[nodiscard]] core::Bytes stream() const { return core::write_obu_stream(obus_); }

 private:
  std::vector<core::Bytes> payloads_;  // a vector that moves keeps its bytes where they are
  std::vector<core::Obu> obus_;
};

inline Av1Unit key_unit(std::size_t size) {
  return std::move(Av1Unit().add_sequence_header().add_frame(shown_key, size));
}
inline Av1Unit delta_unit(std::size_t size) {
  return std::move(Av1Unit().add_frame(shown_delta, size));
}

}  // namespace genos::test
