// SPDX-License-Identifier: LGPL-2.1-or-later
// Who knows the names of application and room, and means harm: writes what it likes on the room's
// topics, under any id, and opens real links.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/wire/envelope.hpp"
#include "crypto/room_keys.hpp"
#include "hostile/relay.hpp"
#include "link/peer_link.hpp"

namespace genos::test {

class Stranger {
 public:
  Stranger(HostileRelay& relay, std::string room);

  [[nodiscard]] core::Topic root() const;
  [[nodiscard]] core::Topic topic_of(const std::string& peer) const;
  // Text under the room's key, as the relay would carry it.
  [[nodiscard]] std::string sealed(const std::string& text) const;
  [[nodiscard]] std::optional<std::string> unsealed(const core::Sealed& sealed) const;

  enum class As { page, genos };
  void announce(const std::string& id, As as);
  void say(const std::string& from, const std::string& to, As as, core::SealedKind kind,
           const std::string& offer, const std::string& text);

  HostileRelay& relay;
  const std::string room;
  const core::RoomToken token;

 private:
  crypto::Key key_;
};

// A link of a stranger, under whatever name, to one of the good ones. It takes over `published` of
// the relay while it lives.
class HostileLink {
 public:
  struct Names {
    std::string self;
    std::string victim;
    Stranger::As as = Stranger::As::page;
    core::LinkRole role = core::LinkRole::answerer;
  };
  HostileLink(Stranger& stranger, Names names);
  HostileLink(const HostileLink&) = delete;
  HostileLink& operator=(const HostileLink&) = delete;
  ~HostileLink();

  bool open();  // and greet, so that the other side lets us in
  void greet();
  void send(core::Bytes bytes) { link_->send(std::move(bytes)); }
  void act(const std::string& action, const std::string& payload,
           core::PayloadKind kind = core::PayloadKind::json);
  [[nodiscard]] bool is_open() const { return opened_ && !closed_; }
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  void make_link();
  void heard(const core::Envelope& envelope);

  Stranger& stranger_;
  Names names_;
  core::OfferId offer_;
  std::unique_ptr<link::PeerLink> link_;
  bool opened_ = false;
  bool closed_ = false;
  std::size_t received_ = 0;
  std::uint16_t nonce_ = 0;
};

}  // namespace genos::test
