// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/frame.hpp"

#include <gtest/gtest.h>

#include <string>

#include "captured_frames.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

const RoomToken room{"9f2abd38314120e0d813aef35ea77752fb1cb46af65de342bb8f8fdd05adea7e"};

Bytes unhex(std::string_view text) {
  Bytes bytes;
  EXPECT_TRUE(from_hex(text, bytes));
  return bytes;
}

Bytes raw_chunk(std::string name, std::uint8_t tag) {
  name.resize(32);
  Bytes bytes(name.begin(), name.end());
  for (const auto byte : {0, 7, int{tag}, 255}) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

TEST(Frame, ReadsAndWritesCapturedPresence) {
  for (const auto& captured : captured::presence_messages) {
    const auto bytes = unhex(captured.hex);
    const auto frame = parse_frame(bytes);
    ASSERT_TRUE(frame);
    ASSERT_TRUE(std::holds_alternative<PresenceFrame>(*frame));
    EXPECT_EQ(std::get<PresenceFrame>(*frame), (PresenceFrame{room, captured.present}));
    EXPECT_EQ(encode_presence(room, captured.present), bytes);
  }
}

TEST(Frame, ReadsAndWritesCapturedChunks) {
  for (const auto& captured : captured::room_messages) {
    const auto bytes = unhex(captured.hex);
    const auto frame = parse_frame(bytes);
    ASSERT_TRUE(frame);
    ASSERT_TRUE(std::holds_alternative<RoomFrame>(*frame));
    const auto& [token, inner] = std::get<RoomFrame>(*frame);
    EXPECT_EQ(token, room);
    const auto chunk = parse_chunk(inner);
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->action, captured.action);
    EXPECT_EQ(chunk->nonce, captured.nonce);
    EXPECT_EQ(chunk->last, (captured.tag & 1) != 0);
    EXPECT_EQ(chunk->meta, (captured.tag & 2) != 0);
    EXPECT_EQ(chunk->kind == PayloadKind::bytes, (captured.tag & 4) != 0);
    EXPECT_EQ(chunk->kind != PayloadKind::text, (captured.tag & 8) != 0);
    EXPECT_EQ(chunk->progress, captured.progress);
    const bool binary = chunk->kind == PayloadKind::bytes && !chunk->meta;
    EXPECT_EQ(binary ? to_hex(chunk->payload) : text_of(chunk->payload), captured.payload);
    EXPECT_EQ(encode_chunk(room, *chunk), bytes);
  }
}

TEST(Frame, RefusesWhatTrysteroDrops) {
  for (const auto* hex : {"", "01", "0100", "010000", "01000261", "010001ff", "020100", "02010000",
                          "0201000261", "0300016100", "0000016100"}) {
    EXPECT_FALSE(parse_frame(unhex(hex))) << hex;
  }
  EXPECT_TRUE(parse_frame(unhex("01000161")));
  EXPECT_TRUE(parse_frame(unhex("0201000161")));
}

TEST(Frame, OnlyOneMeansPresent) {
  const auto frame = parse_frame(unhex("0207000161"));
  ASSERT_TRUE(frame);
  EXPECT_FALSE(std::get<PresenceFrame>(*frame).present);
}

TEST(Frame, KeepsItsLimits) {
  const auto token = [](std::size_t size) {
    Bytes bytes{1, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    bytes.resize(3 + size, 'a');
    return parse_frame(bytes);
  };
  EXPECT_TRUE(token(limits::max_token));
  EXPECT_EQ(token(limits::max_token + 1).error().code, Errc::too_large);
  Bytes message = unhex("01000161");
  message.resize(limits::max_link_message);
  EXPECT_TRUE(parse_frame(message));
  message.push_back(0);
  EXPECT_EQ(parse_frame(message).error().code, Errc::too_large);
}

TEST(Chunk, NeedsAWholeHeaderAndAName) {
  const auto good = raw_chunk("chat", 1);
  EXPECT_TRUE(parse_chunk(good));
  EXPECT_FALSE(parse_chunk(ByteView(good).first(35)));
  EXPECT_FALSE(parse_chunk(raw_chunk("", 1)));
  EXPECT_FALSE(parse_chunk(raw_chunk("\xff", 1)));
  EXPECT_EQ(parse_chunk(raw_chunk(std::string(32, 'n'), 1))->action, std::string(32, 'n'));
  EXPECT_EQ(parse_chunk(raw_chunk(std::string("a\0b", 3), 1))->action, "ab");
}

TEST(Chunk, KnowsControlActions) {
  for (const auto* name : {"@_ping", "@_leave", "@_signal", "@_hsdata", "genos:turn"}) {
    EXPECT_TRUE(is_control(name)) << name;
  }
  for (const auto* name : {"@_response", "chat", "@", "genos", "x@_ping"}) {
    EXPECT_FALSE(is_control(name)) << name;
  }
}

}  // namespace
}  // namespace genos::core
