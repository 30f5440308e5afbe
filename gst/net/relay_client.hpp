// SPDX-License-Identifier: LGPL-2.1-or-later
// One connection to one Nostr relay: opens, subscribes, publishes, and comes back when it breaks.
#pragma once

#include <libsoup/soup.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/wire/nostr.hpp"
#include "net/signaling_uri.hpp"

namespace genos {
template <> struct RefOps<SoupSession> : ObjectOps {};
template <> struct RefOps<SoupWebsocketConnection> : ObjectOps {};
template <> struct RefOps<GCancellable> : ObjectOps {};
}  // namespace genos

namespace genos::net {

// Everything on the thread of `context`; no callback after destruction.
class RelayClient {
 public:
  enum class State : std::uint8_t { connecting, open, waiting, refused };
  struct Options {
    RelayUri uri;
    GMainContext* context = nullptr;
    core::Random* random = nullptr;
    // Nothing answers at a loopback URI: true when a relay listens there now, so try again at once.
    std::function<bool()> stand_in;
  };
  struct Events {
    std::function<void(State, const std::string& detail)> state;
    // An event on a topic that is subscribed here. Its signature is not checked, as Trystero does
    // not either: everything that matters in it is sealed with the room's key or signed by identity.
    std::function<void(const core::Topic&, core::nostr::Event&&)> event;
    std::function<void(const std::string& reason)> rate_limited;
  };

  RelayClient(Options options, Events events);
  RelayClient(const RelayClient&) = delete;
  RelayClient& operator=(const RelayClient&) = delete;
  ~RelayClient();

  void connect();
  void set_topics(std::vector<core::Topic> topics);  // written on the next tick, or before an event
  void publish(const std::string& event_frame);      // one ["EVENT",…] text
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const RelayUri& uri() const { return options_.uri; }

 private:
  struct Attempt;
  void opened(Ref<SoupWebsocketConnection> connection);
  void failed(const std::string& why, bool refused_connection);
  void closed();
  void retire(const std::string& why);
  void wait_before_retry();
  void received(core::ByteView text);
  void subscribe();
  void flush();
  void send(const std::string& text);
  void change(State state, const std::string& detail);
  void drop_connection();

  Options options_;
  Events events_;
  State state_ = State::waiting;
  Ref<SoupSession> session_;
  Ref<SoupWebsocketConnection> connection_;
  std::shared_ptr<Attempt> attempt_;
  std::set<core::Topic> topics_;
  std::vector<std::string> subscription_ids_;
  std::size_t subscribed_ = 0;       // of subscription_ids_ that the relay knows
  bool topics_changed_ = false;
  std::deque<std::string> waiting_;  // events published before it was open
  core::Duration period_{};
  unsigned stand_ins_ = 0;           // tries since it was last open
  GSource* retry_ = nullptr;
  GSource* tick_ = nullptr;
  std::int64_t allowance_at_ = 0;
  double allowance_ = 0;
  Connection on_message_;
  Connection on_closed_;
  Connection on_error_;
};

}  // namespace genos::net
