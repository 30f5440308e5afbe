// SPDX-License-Identifier: LGPL-2.1-or-later
// A relay that says whatever a test wants: whole events, broken frames, half of one, nothing.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "core/base/ids.hpp"
#include "core/relay/websocket.hpp"
#include "core/wire/nostr.hpp"

namespace genos::test {

// On the thread of the default main context.
class HostileRelay {
 public:
  HostileRelay();
  HostileRelay(const HostileRelay&) = delete;
  HostileRelay& operator=(const HostileRelay&) = delete;
  ~HostileRelay();

  [[nodiscard]] std::string uri() const;
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  // Of all that ever were.
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] std::set<std::string> subscriptions() const;

  // As an honest relay: to whoever subscribed this topic.
  void deliver(const core::Topic& topic, const std::string& content);
  // To everybody, whatever it is.
  void text(std::string_view message);
  void raw(std::string_view bytes);
  void hang_up();

  // What becomes of an event that a client publishes; false: it is not carried on.
  std::function<bool(const core::nostr::Event&)> published;
  // What the opening handshake is answered with, when it is not the right answer.
  std::function<std::string(const std::string& right)> greeting;

 private:
  struct Client;
  void accept(GSocketConnection* connection);
  void hear(Client& client, const std::string& text);
  void send(Client& client, std::string_view bytes);
  bool read(Client& client);
  void drop(Client& client);
  [[nodiscard]] bool open_upgrade(Client& client);

  GSocketService* service_;
  guint16 port_ = 0;
  std::size_t connections_ = 0;
  std::list<std::unique_ptr<Client>> clients_;
};

// One text frame.
std::string framed(std::string_view message);
// ["EVENT", subscription, …] of an event that nobody signed: whoever reads it does not look.
std::string event_message(const std::string& subscription, const core::Topic& topic,
                          const std::string& content);

}  // namespace genos::test
