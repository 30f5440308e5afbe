// SPDX-License-Identifier: LGPL-2.1-or-later
// One connection to one Nostr relay: opens, subscribes, publishes, and comes back when it breaks.
#pragma once

#include <libsoup/soup.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/wire/nostr.hpp"
#include "net/signaling_uri.hpp"
#include "net/soup_refs.hpp"
#include "net/source.hpp"

namespace genos::net {

// Everything on the thread of `context`. No callback after destruction, which may happen in one.
class RelayClient {
 public:
  enum class State : std::uint8_t { connecting, open, waiting, refused };
  struct Options {
    RelayUri uri;
    GMainContext* context = nullptr;
    core::Random* random = nullptr;
    // Nothing answers at a loopback URI: true when a relay listens there now.
    std::function<bool()> stand_in;
  };
  struct Events {
    std::function<void(State, const std::string& detail)> state;
    // An event on a topic that is subscribed here. Neither its id nor its signature is checked, as
    // Trystero does not either: what matters in it is sealed with the room's key, and who sent it
    // is proved by identity.
    std::function<void(const core::Topic&, const core::nostr::Event&)> event;
    std::function<void(const std::string& reason)> rate_limited;
  };

  RelayClient(Options options, Events events);
  RelayClient(const RelayClient&) = delete;
  RelayClient& operator=(const RelayClient&) = delete;
  ~RelayClient();

  void connect();
  void set_topics(std::set<core::Topic> topics);  // written on the next tick, or before an event
  void publish(const std::string& frame);  // one ["EVENT",…]; lost when the relay is not open
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  [[nodiscard]] const RelayUri& uri() const { return options_.uri; }

 private:
  struct Attempt;
  // absent: nobody says anything, as when a network is away; ended: somebody does.
  enum class Loss : std::uint8_t { absent, ended };
  void begin_attempt();
  void opened(Ref<SoupWebsocketConnection> connection);
  void failed(const GError& error);
  void lost(const std::string& why, Loss loss);
  void retire(const std::string& why);
  void wait_before_retry(Loss loss);
  void received(std::string_view text);
  void on(const core::nostr::Delivered& message);
  void on(const core::nostr::Ok& message);
  void on(const core::nostr::Closed& message);
  void on(const core::nostr::Eose&) {}
  void on(const core::nostr::Notice& message);
  void write_subscription();
  void send(const std::string& text);
  void watch_silence();
  void change(State state, std::string detail);
  void drop_connection();
  [[nodiscard]] bool within_rate();

  Options options_;
  Events events_;
  State state_ = State::waiting;
  std::string detail_;
  Ref<SoupSession> session_;
  Ref<SoupWebsocketConnection> connection_;
  std::shared_ptr<Attempt> attempt_;
  std::set<core::Topic> topics_;
  std::vector<std::string> subscription_ids_;
  std::size_t subscribed_ = 0;  // of subscription_ids_ that the relay knows
  std::string ended_;           // the last one that we closed
  bool topics_changed_ = false;
  core::Duration period_{};
  unsigned quick_tries_ = 0;  // since it was last open
  core::Time heard_{};
  core::Time proven_at_{};
  core::Time watch_until_{};  // see absence_watch
  Loss broken_ = Loss::ended;
  core::Time allowed_from_{};  // incoming messages, as a virtual clock
  Timer retry_;
  Timer tick_;
  Timer silence_;
  Connection on_message_;
  Connection on_pong_;
  Connection on_error_;
  Connection on_closed_;
};

}  // namespace genos::net
