// SPDX-License-Identifier: LGPL-2.1-or-later
// A NIP-01 relay for ephemeral events: who is connected, who hears what, and how much is too much.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "core/base/bucket.hpp"
#include "core/base/result.hpp"
#include "core/relay/limits.hpp"
#include "core/relay/seen.hpp"
#include "core/relay/statistics.hpp"
#include "core/relay/subscriptions.hpp"

namespace genos::core {

// A page gives up a relay for good on any `OK false` but "rate-limited:" and "duplicate:", and on
// any CLOSED (trystero 0.25.4). So what a page does in ordinary use is never answered so: what
// comes too fast is answered "rate-limited:" if it is an event, and read later if it is not.
class Relay {
 public:
  struct Connected {
    ConnectionId connection;
    std::string address;  // what limits per address go by: for IPv6 the network of 64 bits
  };
  struct Received {
    ConnectionId connection;
    std::string_view text;  // valid during handle()
  };
  // How much of what was sent waits for the client to read, at this moment.
  struct Queued {
    ConnectionId connection;
    std::size_t bytes;
  };
  struct Disconnected {
    ConnectionId connection;
  };
  using Input = std::variant<Connected, Received, Queued, Disconnected>;

  // The text is `head` and then `body`; many connections share one body.
  struct Send {
    ConnectionId connection;
    std::string head;
    std::shared_ptr<const std::string> body;  // may be none
  };
  // Nothing more is sent to the connection, and it is forgotten.
  struct Close {
    ConnectionId connection;
    std::uint16_t code;  // of WebSocket
    std::string reason;
  };
  struct Pause {  // read no more from it until Resume
    ConnectionId connection;
  };
  struct Resume {
    ConnectionId connection;
  };
  using Output = std::variant<Send, Close, Pause, Resume>;

  // Whether an event's id and signature are true.
  using Verify = std::function<bool(const nostr::Event&)>;

  Relay(const RelayLimits& limits, Verify verify);

  void handle(const Input& input, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const;

  [[nodiscard]] RelayStatistics statistics() const;

 private:
  struct Address {
    Bucket events;
    std::size_t connections = 0;
    bool leaving = false;  // it is in forget_
  };
  using Addresses = std::map<std::string, Address, std::less<>>;
  struct Client {
    Addresses::iterator address;
    Bucket events;
    Bucket bytes;
    std::size_t queued = 0;
    bool paused = false;
  };
  using Clients = std::unordered_map<ConnectionId, Client>;

  void on(const Connected& input, Time now);
  void on(const Received& input, Time now);
  void on(const Queued& input, Time now);
  void on(const Disconnected& input, Time now);

  void on(ConnectionId from, Client& client, nostr::Publish& message, Time now);
  void on(ConnectionId from, Client& client, nostr::Subscribe& message, Time now);
  void on(ConnectionId from, Client& client, nostr::Close& message, Time now);
  void malformed(ConnectionId from, Client& client, std::string_view text, const Error& error,
                 Time now);

  [[nodiscard]] const char* refusal(const nostr::Event& event) const;
  [[nodiscard]] std::string refusal(ConnectionId from, const nostr::Subscribe& message) const;
  void deliver(const nostr::Event& event,
               const std::vector<const Subscriptions::Listener*>& listeners, Time now);
  void answer(ConnectionId to, const nostr::RelayMessage& message, Time now);
  void send(ConnectionId to, std::string head, std::shared_ptr<const std::string> body, Time now);
  [[nodiscard]] bool reads_too_slowly(const Client& client) const;
  void close(ConnectionId connection, std::uint16_t code, std::string reason, Time now);
  void forget(Clients::iterator client, Time now);
  void slow_down(ConnectionId connection, Client& client);

  RelayLimits limits_;
  Verify verify_;
  Clients clients_;
  Addresses addresses_;
  Subscriptions subscriptions_;
  Seen seen_;
  std::deque<Output> outputs_;
  std::multimap<Time, ConnectionId> paused_;
  std::multimap<Time, std::string> forget_;  // addresses without connections
  RelayStatistics statistics_;
};

}  // namespace genos::core
