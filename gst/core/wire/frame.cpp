// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/frame.hpp"

#include <algorithm>
#include <cassert>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::uint8_t room_version = 1;
constexpr std::uint8_t presence_version = 2;

// Bits of a chunk's tag.
constexpr std::uint8_t last_bit = 1;
constexpr std::uint8_t meta_bit = 2;
constexpr std::uint8_t binary_bit = 4;
constexpr std::uint8_t not_text_bit = 8;

constexpr std::size_t nonce_at = 32;
constexpr std::size_t tag_at = 34;
constexpr std::size_t progress_at = 35;

Error broken(const char* what) { return {Errc::malformed, std::string("frame: ") + what}; }

std::size_t number_at(ByteView bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

void append_number(Bytes& out, std::size_t number) {
  out.push_back(static_cast<std::uint8_t>(number >> 8));
  out.push_back(static_cast<std::uint8_t>(number));
}

// Length and token from `at` on; the token's end on success.
Result<std::size_t> read_token(ByteView message, std::size_t at, RoomToken& room) {
  if (message.size() < at + 2) return broken("too short");
  const auto size = number_at(message, at);
  if (size == 0 || message.size() - at - 2 < size) return broken("token missing or cut off");
  if (size > limits::max_token) return Error{Errc::too_large, "frame: token too long"};
  room.value = text_of(message.subspan(at + 2, size));
  if (!is_utf8(room.value)) return broken("token is not UTF-8");
  return at + 2 + size;
}

void append_token(Bytes& out, const RoomToken& room) {
  assert(!room.empty() && room.value.size() <= limits::max_token);
  append_number(out, room.value.size());
  out.insert(out.end(), room.value.begin(), room.value.end());
}

PayloadKind kind_of(std::uint8_t tag) {
  if (tag & binary_bit) return PayloadKind::bytes;
  return tag & not_text_bit ? PayloadKind::json : PayloadKind::text;
}

std::uint8_t tag_of(const Chunk& chunk) {
  std::uint8_t tag = 0;
  if (chunk.last) tag |= last_bit;
  if (chunk.meta) tag |= meta_bit;
  if (chunk.kind == PayloadKind::bytes) tag |= binary_bit;
  if (chunk.kind != PayloadKind::text) tag |= not_text_bit;
  return tag;
}

}  // namespace

Result<Frame> parse_frame(ByteView message) {
  if (message.size() > limits::max_link_message) {
    return Error{Errc::too_large, "frame: longer than any link carries"};
  }
  if (message.size() < 3) return broken("too short");
  RoomToken room;
  if (message[0] == room_version) {
    const auto end = read_token(message, 1, room);
    if (!end) return end.error();
    return Frame(RoomFrame{std::move(room), message.subspan(*end)});
  }
  if (message[0] != presence_version) return broken("unknown version");
  const auto end = read_token(message, 2, room);
  if (!end) return end.error();
  return Frame(PresenceFrame{std::move(room), message[1] == 1});
}

Bytes encode_presence(const RoomToken& room, bool present) {
  Bytes out{presence_version, static_cast<std::uint8_t>(present)};
  append_token(out, room);
  return out;
}

Result<Chunk> parse_chunk(ByteView inner) {
  if (inner.size() < limits::chunk_header) return broken("chunk without a full header");
  Chunk chunk;
  for (const auto byte : inner.first(limits::max_channel_name)) {
    if (byte != 0) chunk.action += static_cast<char>(byte);  // Trystero, too, drops inner zeros
  }
  if (chunk.action.empty() || !is_utf8(chunk.action)) return broken("no name of an action");
  const auto tag = inner[tag_at];
  chunk.nonce = static_cast<std::uint16_t>(number_at(inner, nonce_at));
  chunk.last = tag & last_bit;
  chunk.meta = tag & meta_bit;
  chunk.kind = kind_of(tag);
  chunk.progress = inner[progress_at];
  chunk.payload = inner.subspan(limits::chunk_header);
  return chunk;
}

Bytes encode_chunk(const RoomToken& room, const Chunk& chunk) {
  assert(!chunk.action.empty() && chunk.action.size() <= limits::max_channel_name);
  Bytes out;
  out.reserve(3 + room.value.size() + limits::chunk_header + chunk.payload.size());
  out.push_back(room_version);
  append_token(out, room);
  out.insert(out.end(), chunk.action.begin(), chunk.action.end());
  out.insert(out.end(), limits::max_channel_name - chunk.action.size(), 0);
  append_number(out, chunk.nonce);
  out.push_back(tag_of(chunk));
  out.push_back(chunk.progress);
  out.insert(out.end(), chunk.payload.begin(), chunk.payload.end());
  return out;
}

bool is_control(std::string_view action) {
  if (action == "@_response" || action == "genos:file" || action == bulk_action) return false;
  return action.starts_with("@_") || action.starts_with("genos:");
}

}  // namespace genos::core
