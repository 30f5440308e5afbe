// SPDX-License-Identifier: LGPL-2.1-or-later
// How the peers of one room find each other and exchange what a connection needs: the interface
// behind which Nostr relays stand today and other media (MQTT, a deciding server) can stand.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "core/base/result.hpp"
#include "core/room/node.hpp"

namespace genos::net {

// Everything runs on the thread of one GMainContext. A session is joined once and left once.
class Session {
 public:
  // A relay of this session: what a person asks for when nobody comes.
  struct Status {
    std::string uri;
    enum class State { connecting, open, backing_off, refused, closed } state = State::connecting;
    std::string detail;  // why not, and what to do
  };
  struct Events {
    // Heard, Signalled, Undecryptable and Gone of this room.
    std::function<void(core::Node::Input)> input;
    std::function<void(const Status&)> status;
    // The session cannot go on (every relay refused us, the server decided so): once, the last
    // event.
    std::function<void(core::Error)> ended;
  };

  virtual ~Session() = default;
  virtual void join() = 0;
  virtual void leave() = 0;  // no event follows
  virtual void wake(const core::PeerId& peer) = 0;
  virtual void deliver(const core::Node::Deliver& signal) = 0;
  virtual void linked(const core::PeerId& peer) = 0;
  virtual void unlinked(const core::PeerId& peer, bool lost) = 0;
};

}  // namespace genos::net
