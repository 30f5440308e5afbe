// SPDX-License-Identifier: LGPL-2.1-or-later
// One message of a channel, as the application sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/bytes.hpp"

namespace genos::core {

enum class PayloadKind : std::uint8_t { text, json, bytes };

// The payload is shared, not copied, when one message goes to many peers.
struct Message {
  std::string channel;  // 1 to 32 bytes of UTF-8
  PayloadKind kind = PayloadKind::bytes;
  std::shared_ptr<const Bytes> payload = std::make_shared<const Bytes>();
  std::optional<std::string> meta;  // JSON text
  // Good only now: to ours, in one piece, perhaps not, perhaps out of order, and it waits for
  // nothing.
  bool fresh = false;
};

}  // namespace genos::core
