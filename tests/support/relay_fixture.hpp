// SPDX-License-Identifier: LGPL-2.1-or-later
// A relay in virtual time and what its connections heard, for its tests.
#pragma once

#include <gtest/gtest.h>
#include "core/base/overloaded.hpp"
#include "core/base/random.hpp"
#include "core/relay/relay.hpp"
#include "core/relay/websocket.hpp"

namespace genos::core {

using std::chrono::seconds;

inline nostr::Event event(int number, const std::string& topic, std::uint32_t kind = 22000) {
  nostr::Event e;
  e.id = std::string(64, '0');
  const std::string digits = std::to_string(number);
  e.id.replace(64 - digits.size(), digits.size(), digits);
  e.pubkey = std::string(64, 'a');
  e.sig = std::string(128, 'b');
  e.created_at = 1'700'000'000;
  e.kind = kind;
  e.tags = {{"x", topic}};
  e.content = "{\"peerId\":\"p\"}";
  return e;
}

// A relay with clients that keep what they were sent.
class RelayTest : public testing::Test {
 protected:
  void connect(std::uint64_t id, const std::string& address = "192.0.2.1") {
    give(Relay::Connected{{id}, address});
  }
  void say(std::uint64_t id, const std::string& text) { give(Relay::Received{{id}, text}); }
  void publish(std::uint64_t id, const nostr::Event& e) {
    say(id, nostr::encode(nostr::ClientMessage(nostr::Publish{e})));
  }
  void subscribe(std::uint64_t id, const std::string& name, std::vector<std::string> topics) {
    nostr::Filter filter;
    filter.tags = {{'x', std::move(topics)}};
    subscribe(id, name, filter);
  }
  void subscribe(std::uint64_t id, const std::string& name, const nostr::Filter& filter) {
    say(id, nostr::encode(nostr::ClientMessage(nostr::Subscribe{name, {filter}})));
  }
  void give(const Relay::Input& input) {
    relay().handle(input, now);
    drain();
  }
  void wait(Duration time) {
    now += time;
    relay().advance(now);
    drain();
  }
  void drain() {
    while (auto output = relay().poll())
      std::visit(
          Overloaded{[this](const Relay::Send& s) {
                       if (reads) give_later.push_back(s.connection);
                       heard[s.connection.value].push_back(s.head + (s.body ? *s.body : ""));
                     },
                     [this](const Relay::Close& c) { closed[c.connection.value] = c; },
                     [this](const Relay::Pause& p) { paused.push_back(p.connection.value); },
                     [this](const Relay::Resume& r) { std::erase(paused, r.connection.value); }},
          *output);
    for (const auto id : std::exchange(give_later, {})) relay().handle(Relay::Queued{id, 0}, now);
  }
  // The last answers as values.
  template <class T> std::vector<T> all(std::uint64_t id) {
    std::vector<T> found;
    for (const auto& text : heard[id]) {
      auto message = nostr::parse_relay_message(text);
      EXPECT_TRUE(message) << text;
      if (message && std::holds_alternative<T>(*message)) found.push_back(std::get<T>(*message));
    }
    return found;
  }
  Relay& relay() {
    if (!relay_)
      relay_.emplace(limits, [this](const nostr::Event&) { return ++verified, genuine; });
    return *relay_;
  }

  RelayLimits limits;
  Time now{seconds(1000)};
  bool genuine = true;
  bool reads = true;
  int verified = 0;
  std::map<std::uint64_t, std::vector<std::string>> heard;
  std::map<std::uint64_t, Relay::Close> closed;
  std::vector<std::uint64_t> paused;
  std::vector<ConnectionId> give_later;

 private:
  std::optional<Relay> relay_;
};

}  // namespace genos::core
