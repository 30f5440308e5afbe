// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/sequence_header.hpp"

#include "core/rtp/bits.hpp"

namespace genos::core {
namespace {

constexpr unsigned key_frame = 0;

// The words of AV1 section 5.5, where one decides whether another is there.
struct Timing {
  bool decoder_model = false;
  unsigned delay_bits = 0;
};

Timing read_timing(BitReader& bits) {
  Timing timing;
  if (!bits.flag()) return timing;  // timing_info_present_flag
  bits.read(32);                    // num_units_in_display_tick
  bits.read(32);                    // time_scale
  if (bits.flag()) bits.read_uvlc();
  timing.decoder_model = bits.flag();
  if (!timing.decoder_model) return timing;
  timing.delay_bits = bits.read(5) + 1;
  bits.read(32);  // num_units_in_decoding_tick
  bits.read(10);  // two lengths
  return timing;
}

void skip_operating_points(BitReader& bits, const Timing& timing) {
  const bool display_delays = bits.flag();
  const auto count = bits.read(5) + 1;
  for (unsigned i = 0; i < count; ++i) {
    bits.read(12);                      // operating_point_idc
    if (bits.read(5) > 7) bits.flag();  // seq_level_idx, seq_tier
    if (timing.decoder_model && bits.flag()) {
      bits.read(timing.delay_bits);
      bits.read(timing.delay_bits);
      bits.flag();
    }
    if (display_delays && bits.flag()) bits.read(4);
  }
}

void skip_tools(BitReader& bits) {
  bits.read(4);  // interintra, masked compound, warped motion, dual filter
  const bool order_hint = bits.flag();
  if (order_hint) bits.read(2);
  const bool choose_screen_content = bits.flag();
  const bool screen_content = choose_screen_content || bits.flag();
  if (screen_content && !bits.flag()) bits.flag();  // seq_force_integer_mv
  if (order_hint) bits.read(3);
}

void read_color(BitReader& bits, SequenceHeader& header) {
  const bool high_bitdepth = bits.flag();
  if (high_bitdepth) header.bit_depth = header.profile == 2 && bits.flag() ? 12 : 10;
  header.monochrome = header.profile != 1 && bits.flag();
  constexpr std::uint32_t srgb = 1 << 16 | 13 << 8;  // BT.709, sRGB, identity
  const bool described = bits.flag();
  const auto description = described ? bits.read(24) : 0;
  if (header.monochrome) return;
  if (description == srgb) {
    header.subsampling_x = header.subsampling_y = false;
    return;
  }
  bits.flag();  // color_range
  if (header.profile == 1) header.subsampling_x = header.subsampling_y = false;
  if (header.profile != 2) return;
  header.subsampling_x = header.bit_depth != 12 || bits.flag();
  header.subsampling_y = header.bit_depth == 12 && header.subsampling_x && bits.flag();
}

// Still pictures may leave out what a frame header begins with: all of them are key frames.
bool is_reduced(const Obu& sequence_header) {
  return !sequence_header.payload.empty() && (sequence_header.payload[0] & 8) != 0;
}

struct FrameHeader {
  bool key = false;    // and not one that was decoded before
  bool shown = false;  // now
};

FrameHeader read_frame_header(const Obu& frame, bool reduced) {
  if (reduced) return {true, true};
  BitReader bits(frame.payload);
  const bool existing = bits.flag();
  if (existing) return {false, true};
  const bool key = bits.read(2) == key_frame;
  const bool shown = bits.flag();
  return {bits.ok() && key, bits.ok() && shown};
}

bool is_frame(const Obu& obu) {
  return obu.type == ObuType::frame || obu.type == ObuType::frame_header;
}

}  // namespace

Result<SequenceHeader> parse_sequence_header(ByteView payload) {
  BitReader bits(payload);
  SequenceHeader header;
  header.profile = static_cast<std::uint8_t>(bits.read(3));
  if (header.profile > 2) return Error{Errc::malformed, "sequence header: unknown profile"};
  bits.flag();  // still_picture
  const bool reduced = bits.flag();
  if (reduced)
    bits.read(5);  // seq_level_idx
  else
    skip_operating_points(bits, read_timing(bits));
  const auto width_bits = bits.read(4) + 1;
  const auto height_bits = bits.read(4) + 1;
  header.width = bits.read(width_bits) + 1;
  header.height = bits.read(height_bits) + 1;
  if (!reduced && bits.flag()) bits.read(7);  // lengths of frame ids
  bits.read(3);                               // superblock size, two intra tools
  if (!reduced) skip_tools(bits);
  bits.read(3);  // superres, cdef, restoration
  read_color(bits, header);
  if (!bits.ok()) return Error{Errc::malformed, "sequence header: cut off"};
  return header;
}

bool begins_sequence(std::span<const Obu> obus) {
  const Obu* header = nullptr;
  for (const auto& obu : obus) {
    if (obu.type == ObuType::sequence_header) header = &obu;
    if (!is_frame(obu)) continue;
    if (!header || obu.temporal_id() != 0) return false;
    const auto frame = read_frame_header(obu, is_reduced(*header));
    return frame.key && frame.shown;
  }
  return false;
}

bool shows_frame(std::span<const Obu> obus) {
  bool reduced = false;
  for (const auto& obu : obus) {
    if (obu.type == ObuType::sequence_header) reduced = is_reduced(obu);
    if (is_frame(obu) && read_frame_header(obu, reduced).shown) return true;
  }
  return false;
}

}  // namespace genos::core
