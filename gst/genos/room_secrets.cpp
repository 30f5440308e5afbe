// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/room_secrets.hpp"

namespace genos {

core::Result<RoomSecrets> make_secrets(const RoomConfig& config) {
  RoomSecrets secrets;
  if (config.strict) {
    auto key = crypto::strict_key(config.password, config.app_id, config.room_id);
    if (!key) return key.error();
    secrets.key = *key;
  } else {
    secrets.key = crypto::room_key(config.password, config.app_id, config.room_id);
  }
  if (!config.identity_file.empty()) {
    auto identity = crypto::Identity::load(config.identity_file);
    if (!identity) return identity.error();
    secrets.identity = *identity;
  }
  return secrets;
}

}  // namespace genos
