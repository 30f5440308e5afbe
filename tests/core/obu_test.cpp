// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/obu.hpp"

#include <gtest/gtest.h>

#include "core/rtp/limits.hpp"
#include "core/rtp/sequence_header.hpp"
#include "support/av1_units.hpp"

namespace genos::core {
namespace {

using test::Av1Unit;

// pion/rtp 1.8, codecs/av1/obu/leb128_test.go
TEST(Obu, Leb128) {
  const std::pair<std::size_t, const char*> values[] = {
      {0, "00"},      {5, "05"},          {150, "9601"},
      {240, "f001"},  {400, "9003"},      {720, "d005"},
      {1200, "b009"}, {999999, "bf843d"}, {UINT32_MAX, "ffffffff0f"}};
  for (const auto& [value, hex] : values) {
    Bytes bytes;
    append_leb128(bytes, value);
    EXPECT_EQ(to_hex(bytes), hex);
    EXPECT_EQ(leb128_size(value), bytes.size());
    const auto read = read_leb128(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, value);
    EXPECT_EQ(read->size, bytes.size());
  }
}

TEST(Obu, Leb128ThatIsNone) {
  for (const char* hex :
       {"", "ff", "8080", "8080808080808080", "808080808080808001", "ffffffff1f", "ffffffffff01"}) {
    Bytes bytes;
    ASSERT_TRUE(from_hex(hex, bytes));
    EXPECT_FALSE(read_leb128(bytes)) << hex;
  }
  const Bytes padded{0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x77};
  EXPECT_EQ(read_leb128(padded)->value, 5u);
  EXPECT_EQ(read_leb128(padded)->size, 8u);
}

void expect_same(const std::vector<Obu>& a, std::span<const Obu> b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].type, b[i].type);
    EXPECT_EQ(a[i].extension, b[i].extension);
    EXPECT_TRUE(std::equal(a[i].payload.begin(), a[i].payload.end(), b[i].payload.begin(),
                           b[i].payload.end()));
  }
}

TEST(Obu, BothFormatsRoundTrip) {
  const auto unit = std::move(Av1Unit()
                                  .add_sequence_header()
                                  .add(ObuType::metadata, {1, 2, 3})
                                  .add_frame(test::shown_key, 300, 0)
                                  .add(ObuType::frame_header, {0x30}, 0x28)
                                  .add(ObuType::tile_group, Bytes(200, 7), 0x28));
  for (const bool annexb : {false, true}) {
    const auto bytes = annexb ? write_annexb(unit.obus()) : write_obu_stream(unit.obus());
    const auto split = annexb ? split_annexb(bytes) : split_obu_stream(bytes);
    ASSERT_TRUE(split);
    ASSERT_EQ((*split).size(), 6u);
    EXPECT_EQ((*split)[0].type, ObuType::temporal_delimiter);
    expect_same(unit.obus(), std::span(*split).subspan(1));
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const auto part = ByteView(bytes).first(cut);
      const auto broken = annexb ? split_annexb(part) : split_obu_stream(part);
      EXPECT_TRUE(!broken || (*broken).size() < 6) << cut;
    }
  }
  EXPECT_EQ(unit.obus()[3].temporal_id(), 1u);
  EXPECT_EQ(unit.obus()[3].spatial_id(), 1u);
}

TEST(Obu, AnnexBHasOneUnitOfEachFrame) {
  const auto unit = std::move(Av1Unit()
                                  .add(ObuType::frame, {0x10, 1})
                                  .add(ObuType::metadata, {9})
                                  .add(ObuType::frame, {0x30, 2}));
  // The temporal unit; its delimiter and a frame; metadata and a frame.
  const std::string expected =
      std::string("0f") + "06" + "0110" + "03301001" + "07" + "022809" + "03303002";
  EXPECT_EQ(to_hex(write_annexb(unit.obus())), expected);
}

TEST(Obu, FramesOfAUnit) {
  const auto unit = std::move(Av1Unit()
                                  .add_sequence_header()
                                  .add(ObuType::frame_header, {0x10})
                                  .add(ObuType::tile_group, {1})
                                  .add(ObuType::tile_group, {2})
                                  .add(ObuType::metadata, {3})
                                  .add(ObuType::frame, {0x30})
                                  .add(ObuType::metadata, {3}));
  EXPECT_EQ(frame_ends(unit.obus()), (std::vector<std::size_t>{4, 7}));
  EXPECT_TRUE(frame_ends({}).empty());
}

TEST(Obu, RefusesWhatIsNone) {
  for (const char* hex : {"80", "34", "3605", "32ff", "320400", "b200"}) {
    Bytes bytes;
    ASSERT_TRUE(from_hex(hex, bytes));
    EXPECT_FALSE(split_obu_stream(bytes)) << hex;
    EXPECT_FALSE(parse_obu(bytes)) << hex;
  }
  const Bytes longer{0x32, 0x01, 0x07, 0x00};
  EXPECT_FALSE(parse_obu(longer));
  EXPECT_FALSE(parse_obu({}));
  const Bytes last{0x32, 0x01, 0x07, 0x30, 0x01, 0x02};  // the last may leave its size out
  ASSERT_TRUE(split_obu_stream(last));
  EXPECT_EQ((*split_obu_stream(last))[1].payload.size(), 2u);
}

TEST(Obu, RefusesMoreThanAnyUnitHas) {
  Bytes many;
  for (std::size_t i = 0; i <= limits::max_obus; ++i) append_obu(many, {ObuType::padding, {}, {}});
  EXPECT_EQ(split_obu_stream(many).error().code, Errc::too_large);
  many.resize(many.size() - 2);
  EXPECT_TRUE(split_obu_stream(many));
}

TEST(SequenceHeader, IsRead) {
  const auto header = parse_sequence_header(test::sequence_payload);
  ASSERT_TRUE(header);
  EXPECT_EQ(*header, (SequenceHeader{0, 874, 1076, 8, false, true, true}));
  for (std::size_t cut = 0; cut < std::size(test::sequence_payload) - 1; ++cut)
    EXPECT_FALSE(parse_sequence_header(ByteView(test::sequence_payload).first(cut))) << cut;
  const Bytes unknown_profile{0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(parse_sequence_header(unknown_profile));
}

TEST(SequenceHeader, WhereOneCanBegin) {
  EXPECT_TRUE(begins_sequence(test::key_unit(9).obus()));
  EXPECT_FALSE(begins_sequence(test::delta_unit(9).obus()));
  const auto only_header = std::move(Av1Unit().add_sequence_header());
  EXPECT_FALSE(begins_sequence(only_header.obus()));
  const auto no_header = std::move(Av1Unit().add_frame(test::shown_key, 9));
  EXPECT_FALSE(begins_sequence(no_header.obus()));
  const auto hidden = std::move(Av1Unit().add_sequence_header().add_frame(test::hidden_key, 9));
  EXPECT_FALSE(begins_sequence(hidden.obus()));
  EXPECT_FALSE(shows_frame(hidden.obus()));
  EXPECT_TRUE(shows_frame(test::delta_unit(9).obus()));
  const auto upper = std::move(Av1Unit().add_sequence_header().add_frame(test::shown_key, 9, 0x20));
  EXPECT_FALSE(begins_sequence(upper.obus()));
  const auto still =
      std::move(Av1Unit().add(ObuType::sequence_header, {0x18}).add(ObuType::frame, {0x7f}));
  EXPECT_TRUE(begins_sequence(still.obus()));
}

}  // namespace
}  // namespace genos::core
