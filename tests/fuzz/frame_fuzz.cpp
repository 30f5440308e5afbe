// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/frame.hpp"

#include <algorithm>

#include "core/wire/limits.hpp"
#include "require.hpp"

using namespace genos;

namespace {

void chunk(const core::RoomFrame& frame) {
  const auto chunk = core::parse_chunk(frame.inner);
  if (!chunk) return;
  const auto bytes = core::encode_chunk(frame.room, *chunk);
  const auto outer = core::parse_frame(bytes);
  const auto* room = outer ? std::get_if<core::RoomFrame>(&*outer) : nullptr;
  fuzz::require(room && room->room == frame.room, "a room frame survives a round trip");
  const auto again = core::parse_chunk(room->inner);
  fuzz::require(again && again->action == chunk->action && again->nonce == chunk->nonce &&
                    again->last == chunk->last && again->meta == chunk->meta &&
                    again->kind == chunk->kind && again->progress == chunk->progress &&
                    std::equal(again->payload.begin(), again->payload.end(), chunk->payload.begin(),
                               chunk->payload.end()),
                "a chunk survives a round trip");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto frame = core::parse_frame({data, size});
  if (!frame) return 0;
  if (const auto* room = std::get_if<core::RoomFrame>(&*frame)) {
    chunk(*room);
  } else {
    const auto& presence = std::get<core::PresenceFrame>(*frame);
    const auto bytes = core::encode_presence(presence.room, presence.present);
    const auto again = core::parse_frame(bytes);
    fuzz::require(again && std::get_if<core::PresenceFrame>(&*again) &&
                      std::get<core::PresenceFrame>(*again) == presence,
                  "presence survives a round trip");
  }
  return 0;
}
