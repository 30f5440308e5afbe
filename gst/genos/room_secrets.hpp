// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "core/base/result.hpp"
#include "crypto/identity.hpp"
#include "crypto/room_keys.hpp"
#include "genos/room_config.hpp"

namespace genos {

// What is slow to make for a room, made on the caller's thread: keys and identity.
struct RoomSecrets {
  crypto::Key key{};
  std::optional<crypto::Identity> identity;
};
core::Result<RoomSecrets> make_secrets(const RoomConfig& config);

}  // namespace genos
