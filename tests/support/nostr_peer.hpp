// SPDX-License-Identifier: LGPL-2.1-or-later
// A peer of a Nostr session on real sockets, and what its session told it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/wire/envelope.hpp"
#include "crypto/random.hpp"
#include "net/nostr_session.hpp"
#include "net/relay_host.hpp"
#include "signaling/main_context.hpp"

namespace genos::net {

using core::Node;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline const std::string sdp =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP "
    "webrtc-datachannel\r\na=fingerprint:sha-256 "
    "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:"
    "F1\r\n";

inline std::string url_of(guint port) { return "ws://127.0.0.1:" + std::to_string(port); }

// A port that nobody listens at now.
inline guint free_port() {
  GSocketListener* listener = g_socket_listener_new();
  const auto port = g_socket_listener_add_any_inet_port(listener, nullptr, nullptr);
  g_object_unref(listener);
  return port;
}

inline std::unique_ptr<RelayHost> host_at(const TestContext& context, guint port,
                                          RelayHost::Options options = {}) {
  options.port = port;
  auto host = RelayHost::listen(options, context.get());
  if (!host) ADD_FAILURE() << host.error().detail;
  return host ? *std::move(host) : nullptr;
}

// One peer, and what its session told it.
struct Peer {
  Peer(const TestContext& context, const std::string& id, const std::string& signaling,
       const std::string& password = "", std::shared_ptr<const crypto::Identity> identity = nullptr,
       core::Discovery::Mode mode = core::Discovery::Mode::active,
       std::shared_ptr<RelayPool> own_pool = nullptr)
      : self{id} {
    NostrRoom room;
    room.app = "genos-test";
    room.room = "room";
    room.self = self;
    room.key = crypto::room_key(password, room.app, room.room);
    room.ours.capabilities = {"send"};
    room.mode = mode;
    room.identity = std::move(identity);
    auto parsed = parse_signaling(signaling, room.app);
    EXPECT_TRUE(parsed);
    room.signaling = *std::move(parsed);
    token = crypto::room_token(room.app, room.room);
    Session::Events events;
    events.input = [this](Node::Input input) { hear(std::move(input)); };
    events.status = [this](const Session::Status& status) { states.push_back(status); };
    events.ended = [this](const core::Error& error) { ended = error.detail; };
    // A pool of its own stands for a process of its own.
    pool = own_pool ? own_pool : std::make_shared<RelayPool>(context.get(), RelayPool::Options());
    session = make_nostr_session(pool, std::move(room), std::move(events));
  }
  void hear(Node::Input input) {
    if (auto* heard = std::get_if<Node::Heard>(&input)) {
      heard_from.push_back(*heard);
      if (on_heard) on_heard(*heard);
    } else if (auto* signalled = std::get_if<Node::Signalled>(&input)) {
      signals.push_back(*signalled);
    } else if (std::get_if<Node::Undecryptable>(&input)) {
      ++undecryptable;
    }
  }
  void send(const Peer& to, core::Signal signal) {
    session->deliver({token, to.self, {"offer0000001"}, std::move(signal)});
  }
  bool heard(const Peer& other) const {
    for (const auto& input : heard_from)
      if (input.peer == other.self) return true;
    return false;
  }
  bool in_state(Session::Status::State state) const {
    return !states.empty() && states.back().state == state;
  }
  bool open() const { return in_state(Session::Status::State::open); }

  core::PeerId self;
  core::RoomToken token;
  std::shared_ptr<RelayPool> pool;
  std::unique_ptr<Session> session;
  std::vector<Node::Heard> heard_from;
  std::vector<Node::Signalled> signals;
  std::vector<Session::Status> states;
  std::function<void(const Node::Heard&)> on_heard;
  std::string ended;
  int undecryptable = 0;
};

}  // namespace genos::net
