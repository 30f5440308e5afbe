// SPDX-License-Identifier: LGPL-2.1-or-later
// Pieces of a hostile peer, each with its length before it; what is joined fits the limits, and
// cutting it again and joining that gives it back.
#include "core/channel/fresh_lane.hpp"

#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::ByteView rest(data, size);
  core::FreshReceiver receiver, second;
  core::FreshSender sender;
  while (!rest.empty()) {
    const auto length = std::min<std::size_t>(rest[0], rest.size() - 1);
    sender.handle(rest.subspan(1, length));
    const auto message = receiver.handle(rest.subspan(1, length)).message;
    rest = rest.subspan(1 + length);
    if (!message) continue;
    fuzz::require(message->size() <= core::limits::max_pieces * core::limits::piece,
                  "a message is within the limits");
    std::optional<core::Bytes> again;
    for (const auto& piece : sender.send(*message, {})) {
      const auto heard = second.handle(piece);
      sender.handle(heard.answer);
      again = heard.message;
    }
    fuzz::require(again == message, "pieces survive a round trip");
  }
  return 0;
}
