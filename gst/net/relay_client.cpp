// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "bridge/pump.hpp"
#include "net/context_guard.hpp"
#include "net/tls_trust.hpp"

namespace genos::net {
namespace {

namespace nostr = core::nostr;
using std::chrono::milliseconds;
using std::chrono::seconds;

// trystero 0.25.4: after a random part of a period that doubles.
constexpr core::Duration first_period = milliseconds(3333);
constexpr core::Duration last_period = seconds(60);
// On this machine a lost relay means that its process ended: somebody takes the port at once. The
// chance keeps the others from trying in the same instant.
constexpr core::Duration loopback_delay = milliseconds(25);
constexpr unsigned loopback_tries = 20;
constexpr core::Duration connect_limit = seconds(10);
// What we said and was not acknowledged for that long is given up, with the connection: TCP by
// itself would wait as long again as the network was away.
constexpr int unacknowledged_ms = 8000;
// A relay that we were on and that does not answer at all: the network is away, and so is everybody
// whom a storm could hurt. For this long we look every other second whether it is back.
constexpr core::Duration absence_watch = std::chrono::minutes(2);
constexpr core::Duration absence_connect_limit = seconds(4);
constexpr core::Duration absence_pause = milliseconds(1500);
// A relay that let us in counts as well only after this: one that hangs up at once is no better
// than one that is not there.
constexpr core::Duration proven_after = seconds(5);
constexpr core::Duration silence_check = seconds(20);  // a ping each
constexpr core::Duration silence_limit = seconds(65);
constexpr std::size_t topics_per_request = 250;  // trystero 0.25.4
constexpr std::int64_t since_slack = 60;         // a publisher's clock may be that slow, in seconds
constexpr std::size_t subscription_id_length = 64;

// What a relay may send us: joining a room of 100 is about 4,000 events, thereafter next to none.
constexpr core::Duration message_price = std::chrono::microseconds(500);
constexpr core::Duration message_credit = message_price * 8192;

// The network says nothing, or says that there is no way.
const char* about_certificate(const RelayUri& uri) {
  if (uri.trust.kind == TlsTrust::Kind::pinned)
    return "its certificate is not the one that the address names after #sha256=";
  return "nobody we trust has signed its certificate: end the address with #sha256= and the "
         "certificate's fingerprint, or set GENOS_TLS_CA";
}

bool tells_absence(const GError& error) {
  return g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE) ||
         g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE) ||
         g_error_matches(&error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE);
}

void limit_patience(GIOStream* stream) {
  if (!G_IS_SOCKET_CONNECTION(stream)) return;
  g_socket_set_option(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)), IPPROTO_TCP,
                      TCP_USER_TIMEOUT, unacknowledged_ms, nullptr);
}

}  // namespace

// One try to connect. It outlives its client when the client goes first.
struct RelayClient::Attempt {
  explicit Attempt(RelayClient* client) : owner(client), cancellable(adopt(g_cancellable_new())) {}
  RelayClient* owner;
  Ref<GCancellable> cancellable;
  Ref<SoupMessage> request;
  Connection on_certificate;
  Connection on_network;

  static void done(GObject* source, GAsyncResult* result, gpointer data) noexcept {
    const std::unique_ptr<std::shared_ptr<Attempt>> self(
        static_cast<std::shared_ptr<Attempt>*>(data));
    Owned<GError> error;
    auto connection =
        adopt(soup_session_websocket_connect_finish(SOUP_SESSION(source), result, out(error)));
    auto* owner = (*self)->owner;
    if (!owner) return;
    owner->attempt_ = nullptr;
    if (connection)
      owner->opened(std::move(connection));
    else if (error)
      owner->failed(*error);
  }
};

RelayClient::RelayClient(Options options, Events events)
    : options_(std::move(options)),
      events_(std::move(events)),
      retry_(options_.context, [this] { begin_attempt(); }),
      tick_(options_.context,
            [this] {
              if (topics_changed_) write_subscription();
            }),
      silence_(options_.context, [this] { watch_silence(); }) {
  const ContextGuard guard(options_.context);
  session_ = adopt(soup_session_new());
  if (options_.uri.loopback) soup_session_set_proxy_resolver(session_.get(), nullptr);
}

RelayClient::~RelayClient() {
  if (attempt_) {
    attempt_->owner = nullptr;
    g_cancellable_cancel(attempt_->cancellable.get());
  }
  drop_connection();
}

// --- connecting
// -----------------------------------------------------------------------------------

void RelayClient::connect() {
  if (state_ == State::waiting) begin_attempt();
}

void RelayClient::begin_attempt() {
  if (attempt_) {  // it takes too long
    g_cancellable_cancel(attempt_->cancellable.get());
    return;
  }
  const ContextGuard guard(options_.context);
  attempt_ = std::make_shared<Attempt>(this);
  attempt_->request = adopt(soup_message_new(SOUP_METHOD_GET, options_.uri.url.c_str()));
  if (!attempt_->request) {
    attempt_ = nullptr;
    retire("libsoup does not take this URI");
    return;
  }
  attempt_->on_certificate =
      genos::on<gboolean(SoupMessage*, GTlsCertificate*, GTlsCertificateFlags)>(
          attempt_->request.get(), "accept-certificate",
          [uri = options_.uri](auto*, GTlsCertificate* certificate, auto) -> gboolean {
            return trusts(uri, certificate);
          });
  attempt_->on_network = genos::on<void(SoupMessage*, GSocketClientEvent, GIOStream*)>(
      attempt_->request.get(), "network-event",
      [](auto*, GSocketClientEvent event, GIOStream* stream) {
        if (event == G_SOCKET_CLIENT_CONNECTED) limit_patience(stream);
      });
  soup_session_websocket_connect_async(session_.get(), attempt_->request.get(), nullptr, nullptr,
                                       G_PRIORITY_DEFAULT, attempt_->cancellable.get(),
                                       Attempt::done, new std::shared_ptr<Attempt>(attempt_));
  const core::Time now = monotonic_now();
  retry_.set(now + (now < watch_until_ ? absence_connect_limit : connect_limit));
  change(State::connecting, "");
}

void RelayClient::failed(const GError& error) {
  const bool nobody = g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  const bool cancelled = g_error_matches(&error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (nobody && options_.uri.loopback && options_.stand_in && quick_tries_ < loopback_tries) {
    ++quick_tries_;
    const bool ours = options_.stand_in();
    // Not ours: somebody else won the race for the port and answers in a moment.
    retry_.set(monotonic_now() +
               (ours ? core::Duration() : options_.random->below(loopback_delay)));
    return;
  }
  const auto loss = cancelled || tells_absence(error) ? Loss::absent : Loss::ended;
  if (g_error_matches(&error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return lost(about_certificate(options_.uri), loss);
  lost(cancelled ? "no answer in time" : error.message, loss);
}

void RelayClient::lost(const std::string& why, Loss loss) {
  const core::Time now = monotonic_now();
  if (connection_ && now >= proven_at_) {
    period_ = core::Duration();
    quick_tries_ = 0;
    watch_until_ = now + absence_watch;
  }
  drop_connection();
  wait_before_retry(loss);
  change(State::waiting, why);
}

void RelayClient::wait_before_retry(Loss loss) {
  const core::Time now = monotonic_now();
  if (loss == Loss::absent && now < watch_until_) {
    retry_.set(now + absence_pause / 3 + options_.random->below(absence_pause * 2 / 3));
    return;
  }
  if (options_.uri.loopback && quick_tries_ < loopback_tries) {
    ++quick_tries_;
    retry_.set(now + options_.random->below(loopback_delay));
    return;
  }
  period_ = period_ == core::Duration() ? first_period : std::min(period_ * 2, last_period);
  retry_.set(now + options_.random->below(period_));
}

void RelayClient::opened(Ref<SoupWebsocketConnection> connection) {
  connection_ = std::move(connection);
  auto* raw = connection_.get();
  soup_websocket_connection_set_max_incoming_payload_size(raw, core::limits::max_nostr_message);
  soup_websocket_connection_set_keepalive_interval(
      raw, static_cast<guint>(std::chrono::duration_cast<seconds>(silence_check).count()));
  on_message_ = genos::on<void(SoupWebsocketConnection*, gint, GBytes*)>(
      raw, "message", [this](auto*, gint type, GBytes* data) {
        heard_ = monotonic_now();
        if (type == SOUP_WEBSOCKET_DATA_TEXT) received(core::text_of(bytes_of(data)));
      });
  on_pong_ = genos::on<void(SoupWebsocketConnection*, GBytes*)>(
      raw, "pong", [this](auto*, GBytes*) { heard_ = monotonic_now(); });
  broken_ = Loss::ended;
  on_error_ = genos::on<void(SoupWebsocketConnection*, GError*)>(
      raw, "error", [this](auto*, GError* error) {
        if (error && tells_absence(*error)) broken_ = Loss::absent;
      });
  on_closed_ = genos::on<void(SoupWebsocketConnection*)>(raw, "closed", [this](auto*) {
    if (broken_ == Loss::absent) return lost("the relay does not answer any more", broken_);
    lost("the relay closed the connection", broken_);
  });
  heard_ = monotonic_now();
  proven_at_ = heard_ + proven_after;
  retry_.set(core::never);
  silence_.set(heard_ + silence_check);
  subscribed_ = 0;
  if (!topics_.empty()) write_subscription();
  change(State::open, "");
}

// TCP notices a cable that was pulled only after a quarter of an hour.
void RelayClient::watch_silence() {
  const core::Time now = monotonic_now();
  if (now - heard_ > silence_limit) {
    lost("the relay fell silent", Loss::absent);
    return;
  }
  silence_.set(now + silence_check);
}

void RelayClient::retire(const std::string& why) {
  drop_connection();
  retry_.set(core::never);
  change(State::refused, why);
}

void RelayClient::drop_connection() {
  silence_.set(core::never);
  on_message_.disconnect();
  on_pong_.disconnect();
  on_error_.disconnect();
  on_closed_.disconnect();
  if (connection_ &&
      soup_websocket_connection_get_state(connection_.get()) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close(connection_.get(), SOUP_WEBSOCKET_CLOSE_GOING_AWAY, nullptr);
  connection_ = nullptr;
}

// Last in every function: the one who hears it may destroy us.
void RelayClient::change(State state, std::string detail) {
  if (std::exchange(state_, state) == state && detail == detail_) return;
  detail_ = std::move(detail);
  const auto tell = events_.state;
  tell(state, std::string(detail_));
}

// --- what we say
// ----------------------------------------------------------------------------------

void RelayClient::set_topics(std::set<core::Topic> topics) {
  if (topics == topics_) return;
  topics_ = std::move(topics);
  topics_changed_ = true;
  tick_.set(monotonic_now());
}

void RelayClient::publish(const std::string& frame) {
  if (state_ != State::open) return;
  if (topics_changed_) write_subscription();  // or the answer would come before we listen
  send(frame);
}

void RelayClient::write_subscription() {
  topics_changed_ = false;
  if (!connection_) return;
  const std::vector<core::Topic> topics(topics_.begin(), topics_.end());
  const auto needed = (topics.size() + topics_per_request - 1) / topics_per_request;
  while (subscription_ids_.size() < needed)
    subscription_ids_.push_back(options_.random->alphanumerics(subscription_id_length));
  for (std::size_t i = 0; i < needed; ++i) {
    nostr::Filter filter;
    std::set<std::uint32_t> kinds;
    nostr::Filter::Tag tag{'x', {}};
    const auto end = std::min(topics.size(), (i + 1) * topics_per_request);
    for (std::size_t k = i * topics_per_request; k < end; ++k) {
      kinds.insert(nostr::kind_of(topics[k]));
      tag.values.push_back(topics[k].value);
    }
    filter.kinds.emplace(kinds.begin(), kinds.end());
    filter.tags.push_back(std::move(tag));
    filter.since = g_get_real_time() / G_USEC_PER_SEC - since_slack;
    send(nostr::encode(nostr::ClientMessage(nostr::Subscribe{subscription_ids_[i], {filter}})));
  }
  for (std::size_t i = needed; i < subscribed_; ++i) {
    ended_ = subscription_ids_[i];
    send(nostr::encode(nostr::ClientMessage(nostr::Close{ended_})));
  }
  subscription_ids_.resize(needed);
  subscribed_ = needed;
}

void RelayClient::send(const std::string& text) {
  if (connection_ &&
      soup_websocket_connection_get_state(connection_.get()) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_send_text(connection_.get(), text.c_str());
}

// --- what the relay says
// --------------------------------------------------------------------------

bool RelayClient::within_rate() {
  const core::Time now = monotonic_now();
  allowed_from_ = std::max(allowed_from_, now - message_credit) + message_price;
  return allowed_from_ <= now;
}

void RelayClient::received(std::string_view text) {
  if (!within_rate()) return;
  const auto message = nostr::parse_relay_message(text);
  if (!message) return;
  std::visit([this](const auto& kind) { on(kind); }, *message);
}

void RelayClient::on(const nostr::Delivered& message) {
  const auto end = subscription_ids_.begin() + static_cast<std::ptrdiff_t>(subscribed_);
  const auto* name = message.event.tag("x");
  if (!name || std::find(subscription_ids_.begin(), end, message.subscription) == end) return;
  const core::Topic topic{*name};
  if (!topics_.contains(topic)) return;
  const auto tell = events_.event;
  tell(topic, message.event);
}

void RelayClient::on(const nostr::Ok& message) {
  if (message.accepted || message.reason.starts_with("duplicate:")) return;
  if (message.reason.starts_with("rate-limited:")) {
    const auto tell = events_.rate_limited;
    tell(message.reason);
    return;
  }
  retire("the relay refused an event: " + message.reason);
}

void RelayClient::on(const nostr::Closed& message) {
  if (message.subscription == ended_) return;  // by us
  retire("the relay ended our subscription: " + message.reason);
}

void RelayClient::on(const nostr::Notice& message) {
  g_debug("%s says: %s", options_.uri.url.c_str(), message.text.c_str());
}

}  // namespace genos::net
