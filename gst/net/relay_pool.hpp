// SPDX-License-Identifier: LGPL-2.1-or-later
// The relays of one process and GMainContext: one connection for each, shared by all rooms and peers.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "core/room/discovery.hpp"
#include "crypto/nostr_key.hpp"
#include "crypto/random.hpp"
#include "net/relay_client.hpp"

namespace genos::net {

class EmbeddedRelays;
class LanBeacon;

// Remembers the last `limit` event ids.
class SeenEvents {
 public:
  explicit SeenEvents(std::size_t limit) : limit_(limit) {}
  bool insert(const std::string& id);  // false: seen before

 private:
  std::size_t limit_;
  std::list<std::string> order_;
  std::unordered_set<std::string> ids_;
};

// Everything on the thread of one context. Listeners may attach, detach and publish from inside any
// callback; none is called after its detach.
class RelayPool : public std::enable_shared_from_this<RelayPool> {
 public:
  enum class Copy : std::uint8_t { first, repeated };  // repeated: the same event over another relay
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void relay_state(core::RelayId relay, RelayClient::State state,
                             const std::string& detail) = 0;
    virtual void relay_rate_limited(core::RelayId relay) = 0;
    virtual void relay_event(core::RelayId relay, const core::Topic& topic,
                             const std::string& content, Copy copy) = 0;
    virtual void relay_found(const RelayUri& uri) = 0;  // on the local network
  };

  // One per context, made by the first call and gone with its last user.
  static std::shared_ptr<RelayPool> of(GMainContext* context);
  explicit RelayPool(GMainContext* context);
  ~RelayPool();

  core::RelayId attach(Listener& listener, const RelayUri& uri);  // state is told on the next tick
  void watch_lan(Listener& listener);     // embedded relay of this machine, relay_found for others
  void detach(Listener& listener);        // from all relays and topics
  void subscribe(Listener& listener, const core::Topic& topic);
  void unsubscribe(Listener& listener, const core::Topic& topic);
  void publish(core::RelayId relay, const core::Topic& topic, const std::string& content);
  [[nodiscard]] GMainContext* context() const { return context_.get(); }
  [[nodiscard]] core::Random& random() { return random_; }

 private:
  struct Entry;
  Entry* entry(core::RelayId id);
  void on_state(core::RelayId id, RelayClient::State state, const std::string& detail);
  void on_event(core::RelayId id, const core::Topic& topic, core::nostr::Event&& event);
  void on_rate_limited(core::RelayId id);
  void update_topics(Entry& entry);
  void tell_newcomers();
  void collect();
  void schedule_tick();

  Ref<GMainContext> context_;
  crypto::SecureRandom random_;
  crypto::NostrKey key_;
  SeenEvents seen_;
  std::unique_ptr<EmbeddedRelays> embedded_;
  std::unique_ptr<LanBeacon> lan_;
  std::uint64_t last_id_ = 0;
  std::map<core::RelayId, std::unique_ptr<Entry>> relays_;
  std::map<core::Topic, std::set<Listener*>> topics_;
  std::set<Listener*> lan_listeners_;
  GSource* tick_ = nullptr;
};

}  // namespace genos::net
