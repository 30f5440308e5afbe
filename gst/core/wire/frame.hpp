// SPDX-License-Identifier: LGPL-2.1-or-later
// Binary framing inside a link: which room a message is for, and the chunks of an action.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/wire/message.hpp"

namespace genos::core {

struct RoomFrame {
  RoomToken room;
  ByteView inner;  // a chunk; a view into what was parsed
};
struct PresenceFrame {
  RoomToken room;
  bool present = true;
  bool operator==(const PresenceFrame&) const = default;
};
using Frame = std::variant<RoomFrame, PresenceFrame>;

// One message of the data channel. What Trystero drops is an error here.
Result<Frame> parse_frame(ByteView message);
[[nodiscard]] Bytes encode_presence(const RoomToken& room, bool present);

// One piece of one transmission of an action.
struct Chunk {
  std::string action;  // 1 to 32 bytes of UTF-8
  std::uint16_t nonce = 0;
  bool last = true;
  bool meta = false;  // the payload is the metadata, not data
  PayloadKind kind = PayloadKind::text;
  std::uint8_t progress = 255;
  ByteView payload;
};

Result<Chunk> parse_chunk(ByteView inner);
// The whole message for the link: room frame around the chunk.
[[nodiscard]] Bytes encode_chunk(const RoomToken& room, const Chunk& chunk);

// Actions of the protocol itself, which go first. Answers ("@_response") and files are not among
// them: they carry what an application says.
[[nodiscard]] bool is_control(std::string_view action);
// Contents of files.
inline constexpr std::string_view bulk_action = "genos:parcel";

}  // namespace genos::core
