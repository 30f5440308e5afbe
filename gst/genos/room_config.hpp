// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything a person may say about a room before joining it, checked in one place.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/room/node.hpp"
#include "link/peer_link.hpp"

namespace genos {

struct RoomConfig {
  std::string app_id = "genos";
  std::string room_id;
  std::string password;
  std::string signaling;    // empty: $GENOS_SIGNALING, else the loopback relay
  std::string ice_servers;  // empty: $GENOS_ICE_SERVERS, else one public STUN server; "none": none
  bool relay_only = false;
  std::string peer;     // rooms of one process that name the same peer are one peer
  std::string self_id;  // empty: made up
  std::string name_hint;
  std::string identity_file;
  std::set<std::string> trusted;
  bool strict = false;
  bool passive = false;
  bool application_handshake = false;
  bool sends = true;
  bool receives = true;
  std::size_t queue_limit = 64UL * 1024 * 1024;
  core::Overflow overflow = core::Overflow::wait;
  std::uint64_t upload_limit = 0;  // of files, bytes a second; 0: none
  std::uint64_t upload_limit_per_peer = 0;
  std::uint64_t download_limit = 0;
};

// What is wrong with it, in a sentence for the person who wrote it.
std::optional<core::Error> check(const RoomConfig& config);

// The property in which two users of one peer differ; empty when they agree.
std::string conflict_in_peer(const RoomConfig& one, const RoomConfig& other);
std::string conflict_in_room(const RoomConfig& one, const RoomConfig& other);

// As typed, checked: stun:host:port and turn:user:pass@host:port?transport=udp|tcp.
core::Result<link::IceOptions> parse_ice(const RoomConfig& config);

core::Advertisement advertisement_of(const RoomConfig& config);

}  // namespace genos
