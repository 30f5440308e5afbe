// SPDX-License-Identifier: LGPL-2.1-or-later
// One peer's session in one room over Nostr relays, as trystero 0.25.4 speaks it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/room/discovery.hpp"
#include "crypto/identity.hpp"
#include "crypto/room_keys.hpp"
#include "net/relay_pool.hpp"
#include "net/session.hpp"
#include "net/signaling_uri.hpp"

namespace genos::net {

// What a session needs to know of its room. `key` is crypto::room_key(), or crypto::strict_key() in
// a strict room (made off the library thread: it takes a while).
struct NostrRoom {
  std::string app;
  std::string room;
  core::PeerId self;
  crypto::Key key;
  core::Advertisement ours;
  core::Discovery::Mode mode = core::Discovery::Mode::active;
  Signaling signaling;
  std::shared_ptr<const crypto::Identity> identity;  // signs every description; may be empty
};

std::unique_ptr<Session> make_nostr_session(std::shared_ptr<RelayPool> pool, NostrRoom room,
                                            Session::Events events);

}  // namespace genos::net
