// SPDX-License-Identifier: LGPL-2.1-or-later
// What peers say to each other of their streams.
#pragma once

#include <memory>

#include "core/room/node.hpp"
#include "core/wire/json.hpp"

namespace genos {

inline constexpr const char* announcement = "@_stream";  // as Trystero has it
inline constexpr const char* farewell = "genos:stream-end";
inline constexpr const char* quality_wish = "genos:quality";

inline core::Message message_of(const char* channel, const core::Json& said) {
  const std::string text = core::to_text(said);
  const auto bytes = core::bytes_of(text);
  core::Message message;
  message.channel = channel;
  message.kind = core::PayloadKind::json;
  message.payload = std::make_shared<const core::Bytes>(bytes.begin(), bytes.end());
  return message;
}

}  // namespace genos
