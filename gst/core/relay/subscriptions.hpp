// SPDX-License-Identifier: LGPL-2.1-or-later
// Who wants to hear which topic: found by topic, never by asking every subscription.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/ids.hpp"
#include "core/wire/nostr.hpp"

namespace genos::core {

using ConnectionId = NumberId<struct ConnectionTag>;  // one client of a relay, never reused

class Subscriptions {
 public:
  struct Listener {
    ConnectionId connection;
    std::string head;  // ["EVENT","its id",
  };

  // Every filter must name topics by "#x". Replaces the subscription of the same name.
  void set(ConnectionId connection, nostr::Subscribe request);
  bool remove(ConnectionId connection, std::string_view id);
  void remove_all(ConnectionId connection);

  // Those that want `event`, each once, valid until the next change. Events are numbered by the
  // calls of this; only subscriptions that were made after number `after` are asked.
  [[nodiscard]] const std::vector<const Listener*>& match(const nostr::Event& event,
                                                          std::uint64_t after = 0);
  [[nodiscard]] std::uint64_t number() const { return events_; }

  [[nodiscard]] bool has(ConnectionId connection, std::string_view id) const;
  [[nodiscard]] std::size_t count(ConnectionId connection) const;
  [[nodiscard]] std::size_t topics(ConnectionId connection) const;
  [[nodiscard]] std::size_t topics_of(ConnectionId connection, std::string_view id) const;
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t topics() const { return by_topic_.size(); }

 private:
  struct Subscription {
    Listener listener;
    std::vector<nostr::Filter> filters;  // without "#x": the index stands for it
    std::vector<std::string> topics;     // one entry per topic and filter
    std::uint64_t made = 0;              // after the event of this number
    std::uint64_t matched = 0;           // number of the last event that it got
  };
  struct Entry {
    Subscription* subscription;
    std::size_t filter;
  };
  // Ordered maps, because strangers choose the names: nothing to collide on purpose.
  using OfConnection = std::map<std::string, std::unique_ptr<Subscription>, std::less<>>;

  void index(Subscription& subscription, std::size_t filter, std::vector<std::string> topics);
  void unindex(const Subscription& subscription);

  std::unordered_map<ConnectionId, OfConnection> by_connection_;
  std::map<std::string, std::vector<Entry>, std::less<>> by_topic_;
  std::vector<const Listener*> found_;
  std::uint64_t events_ = 0;
  std::size_t count_ = 0;
};

}  // namespace genos::core
