// SPDX-License-Identifier: LGPL-2.1-or-later
// The relays of one process and GMainContext: one connection for each, shared by all rooms and
// peers.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

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
  std::deque<std::string> order_;
  std::unordered_set<std::string> ids_;
};

// Everything on the thread of one context. Listeners may attach, detach and publish from inside any
// callback; none is called after its detach.
class RelayPool : public std::enable_shared_from_this<RelayPool> {
 public:
  struct Options {
    std::uint16_t lan_port = 7713;  // TCP; not default_relay_port: a relay for this machine alone
    std::uint16_t beacon_port = 7714;  // may hold that. UDP
    // After its last use a connection stands for this long: who comes back, or enters another room,
    // need not wait two round trips for it.
    core::Duration keep = std::chrono::seconds(10);
  };
  enum class Copy : std::uint8_t {
    first,
    repeated
  };  // repeated: the same event over another relay
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void relay_state(core::RelayId relay, RelayClient::State state,
                             const std::string& detail) = 0;
    virtual void relay_rate_limited(core::RelayId relay) = 0;
    virtual void relay_event(core::RelayId relay, const core::Topic& topic,
                             const std::string& content, Copy copy) = 0;
    virtual void relay_found(const RelayUri& uri) = 0;  // on the local network: attach() it
  };

  // One per context, made by the first call and gone with its last user.
  static std::shared_ptr<RelayPool> of(GMainContext* context);
  RelayPool(GMainContext* context, Options options);
  ~RelayPool();

  core::RelayId attach(Listener& listener, const RelayUri& uri);  // its state follows on a tick
  // Connects already, for whoever attaches soon.
  void warm_up(const RelayUri& uri);
  // The relay of this machine for its network, and news of the others'.
  core::RelayId attach_lan(Listener& listener);
  void detach(Listener& listener);  // from everything
  void subscribe(Listener& listener, const core::Topic& topic);
  void unsubscribe(Listener& listener, const core::Topic& topic);
  void publish(const std::vector<core::RelayId>& relays, const core::Topic& topic,
               const std::string& content);
  [[nodiscard]] GMainContext* context() const { return context_.get(); }
  [[nodiscard]] core::Random& random() { return random_; }

 private:
  struct Entry {
    RelayUri uri;
    bool lan = false;  // ours, for the local network
    std::unique_ptr<RelayClient> client;
    std::set<Listener*> listeners;
    std::set<Listener*> untold;           // of the state
    core::Time kept_until = core::never;  // without listeners
  };
  struct Member {
    std::set<core::Topic> topics;
    bool lan = false;
    bool told_found = false;
  };
  core::RelayId attach(Listener& listener, const RelayUri& uri, bool lan);
  std::map<core::RelayId, Entry>::iterator entry_of(const RelayUri& uri, bool lan);
  void start_client(core::RelayId id, Entry& entry);
  bool stand_in(const RelayUri& uri, bool lan);
  void open_beacon();
  void on_state(core::RelayId id, RelayClient::State state, const std::string& detail);
  void on_event(core::RelayId id, const core::Topic& topic, const core::nostr::Event& event);
  void on_rate_limited(core::RelayId id);
  void on_found(const RelayUri& uri);
  void update_topics();
  void tell_states();
  void tell_found();
  void tick();
  void drop_unused();
  [[nodiscard]] bool unused(const Entry& entry) const;
  [[nodiscard]] bool listens(core::RelayId id, Listener* listener) const;
  [[nodiscard]] std::string signed_frame(const core::Topic& topic, const std::string& content);

  Ref<GMainContext> context_;
  Options options_;
  crypto::SecureRandom random_;
  crypto::NostrKey key_ = crypto::NostrKey::generate();
  SeenEvents seen_;
  SeenEvents sent_;  // ids
  std::unique_ptr<EmbeddedRelays> embedded_;
  std::unique_ptr<LanBeacon> beacon_;
  std::map<std::string, RelayUri> found_;  // on the local network, by URL
  std::uint64_t last_id_ = 0;
  std::map<core::RelayId, Entry> relays_;
  std::map<Listener*, Member> members_;
  Timer tick_;
};

}  // namespace genos::net
