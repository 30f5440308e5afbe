// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_host.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "bridge/pump.hpp"
#include "bridge/signal.hpp"
#include "core/base/overloaded.hpp"
#include "core/relay/relay.hpp"
#include "crypto/nostr_key.hpp"
#include "net/relay_door.hpp"
#include "net/relay_gate.hpp"
#include "net/relay_pages.hpp"
#include "net/relay_socket.hpp"

namespace genos::net {

namespace {

constexpr auto goodbye = std::chrono::seconds(2);  // how long a close frame waits for its answer
constexpr unsigned ping_patience = 3;

bool genuine(const core::nostr::Event& event) {
  core::Bytes id, key, signature;
  if (!core::from_hex(event.id, id) || !core::from_hex(event.pubkey, key) ||
      !core::from_hex(event.sig, signature))
    return false;
  const auto hash = crypto::sha256(core::bytes_of(core::nostr::canonical(event)));
  return std::equal(id.begin(), id.end(), hash.begin(), hash.end()) &&
         crypto::schnorr_verify(key, id, signature);
}

std::string_view header(SoupServerMessage* message, const char* name) {
  const char* value =
      soup_message_headers_get_one(soup_server_message_get_request_headers(message), name);
  return value ? value : "";
}

void set_header(SoupServerMessage* message, const char* name, const char* value) {
  soup_message_headers_replace(soup_server_message_get_response_headers(message), name, value);
}

void respond(SoupServerMessage* message, guint status, const char* type, const std::string& body) {
  soup_server_message_set_status(message, status, nullptr);
  set_header(message, "X-Content-Type-Options", "nosniff");
  set_header(message, "Cache-Control", "no-store");
  soup_server_message_set_response(message, type, SOUP_MEMORY_COPY, body.data(), body.size());
}

class Host final : public RelayHost, public RelaySocket::Owner {
 public:
  Host(const Options& options, GMainContext* context);
  ~Host() override;

  core::Result<guint> add(const Endpoint& endpoint) override;
  [[nodiscard]] guint port() const override { return port_; }
  [[nodiscard]] core::RelayStatistics statistics() const override { return relay_.statistics(); }
  void stop(std::function<void()> done) override;

 private:
  using Sockets = std::map<core::ConnectionId, std::unique_ptr<RelaySocket>>;

  static void on_early(SoupServer*, SoupServerMessage* message, const char*, GHashTable*,
                       gpointer) noexcept;
  static void on_request(SoupServer*, SoupServerMessage* message, const char* path, GHashTable*,
                         gpointer self) noexcept;
  void get(SoupServerMessage* message, std::string_view path);
  void upgrade(SoupServerMessage* message);
  void upgraded(SoupServerMessage* message);

  void text(core::ConnectionId from, std::string_view text) override;
  void gone(core::ConnectionId connection) override { gone_.push_back(connection); }
  void touched(core::ConnectionId connection) override { touched_.push_back(connection); }
  void closing(core::ConnectionId connection) override {
    goodbyes_.emplace_back(monotonic_now() + goodbye, connection);
  }
  void settle() override;

  void drain();
  void act(const core::Relay::Send& send);
  void act(const core::Relay::Close& close);
  void act(const core::Relay::Pause& pause);
  void act(const core::Relay::Resume& resume);
  [[nodiscard]] RelaySocket* find(core::ConnectionId id);
  void flush(RelaySocket& socket);
  void on_time();
  void set_timer();

  Options options_;
  Ref<GTlsCertificate> certificate_;
  Ref<GMainContext> context_;
  Ref<SoupServer> server_;
  core::Relay relay_;
  Sockets sockets_;
  std::vector<core::ConnectionId> touched_;
  std::vector<core::ConnectionId> gone_;
  std::deque<std::pair<core::Time, core::ConnectionId>> goodbyes_;  // how long each may take
  std::uint64_t connections_ = 0;
  guint port_ = 0;
  core::Time next_ping_ = core::never;
  bool settling_ = false;
  bool stopping_ = false;
  std::function<void()> stopped_;
  Timer timer_;
  std::unique_ptr<RelayDoor> door_;
};

Host::Host(const Options& options, GMainContext* context)
    : options_(options),
      certificate_(retain(options.certificate)),
      context_(retain(context)),
      server_(adopt(soup_server_new("server-header", "genos", nullptr))),
      relay_(options.limits, genuine),
      timer_(context, [this] { on_time(); }),
      door_(std::make_unique<RelayDoor>(context, server_.get(), options.reach)) {
  soup_server_add_early_handler(server_.get(), nullptr, on_early, this, nullptr);
  soup_server_add_handler(server_.get(), nullptr, on_request, this, nullptr);
}

Host::~Host() {
  door_.reset();
  // Its remaining HTTP connections are cut; their handlers would reach for us.
  soup_server_disconnect(server_.get());
}

core::Result<guint> Host::add(const Endpoint& endpoint) {
  GTlsCertificate* certificate = nullptr;
  if (endpoint.scheme == Scheme::secure) {
    if (!certificate_) return core::Error{core::Errc::failed, "wss needs a certificate"};
    certificate = certificate_.get();
  }
  auto port = door_->open(endpoint, certificate);
  if (port && port_ == 0) port_ = *port;
  return port;
}

// libsoup would gather a request's body in memory, however long it is: nothing here takes one.
void Host::on_early(SoupServer*, SoupServerMessage* message, const char*, GHashTable*,
                    gpointer self) noexcept {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
  const SoupEncoding encoding = soup_message_headers_get_encoding(headers);
  const bool has_body =
      encoding == SOUP_ENCODING_CHUNKED || (encoding == SOUP_ENCODING_CONTENT_LENGTH &&
                                            soup_message_headers_get_content_length(headers) > 0);
  if (!has_body) return;
  // An answer would only be sent after the body.
  if (const auto socket = static_cast<Host*>(self)->door_->admit(message))
    g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
}

void Host::on_request(SoupServer*, SoupServerMessage* message, const char* path, GHashTable*,
                      gpointer self) noexcept {
  auto& host = *static_cast<Host*>(self);
  const std::string_view method = soup_server_message_get_method(message);
  if (!host_allowed(header(message, "Host"), host.options_.reach))
    return respond(message, SOUP_STATUS_FORBIDDEN, "text/plain",
                   "this relay answers to localhost only\n");
  if (method == "OPTIONS") {
    set_header(message, "Access-Control-Allow-Origin", "*");
    set_header(message, "Access-Control-Allow-Headers", "*");
    set_header(message, "Access-Control-Allow-Methods", "GET");
    return soup_server_message_set_status(message, SOUP_STATUS_NO_CONTENT, nullptr);
  }
  if (method != "GET" && method != "HEAD")
    return respond(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "text/plain", "GET only\n");
  if (soup_message_headers_header_contains(soup_server_message_get_request_headers(message),
                                           "Upgrade", "websocket"))
    return host.upgrade(message);
  host.get(message, path);
}

void Host::get(SoupServerMessage* message, std::string_view path) {
  if (header(message, "Accept").find("application/nostr+json") != std::string_view::npos) {
    set_header(message, "Access-Control-Allow-Origin", "*");
    return respond(message, SOUP_STATUS_OK, "application/nostr+json",
                   information_document(options_.name, options_.version, options_.limits));
  }
  if (options_.service == Service::relay_and_metrics && path == "/health")
    return respond(message, SOUP_STATUS_OK, "application/json", health_document(statistics()));
  if (options_.service == Service::relay_and_metrics && path == "/metrics")
    return respond(message, SOUP_STATUS_OK, "text/plain; version=0.0.4",
                   metrics_text(statistics()));
  if (const auto page = options_.page ? options_.page(path) : std::nullopt) {
    for (const auto& [name, value] : page->headers)
      set_header(message, name.c_str(), value.c_str());
    return respond(message, SOUP_STATUS_OK, page->type.c_str(), page->body);
  }
  if (path == "/")
    return respond(message, SOUP_STATUS_OK, "text/plain", "Nostr relay: connect by WebSocket\n");
  respond(message, SOUP_STATUS_NOT_FOUND, "text/plain", "nothing here\n");
}

void Host::upgrade(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  const char* origin = soup_message_headers_get_one(headers, "Origin");
  const auto from = origin ? std::optional<std::string_view>(origin) : std::nullopt;
  if (stopping_)
    return respond(message, SOUP_STATUS_SERVICE_UNAVAILABLE, "text/plain", "going away\n");
  if (!origin_allowed(from, header(message, "Host"), options_.origins))
    return respond(message, SOUP_STATUS_FORBIDDEN, "text/plain",
                   "pages of this origin may not connect\n");
  if (!soup_websocket_server_process_handshake(message, nullptr, nullptr, nullptr, nullptr)) return;
  g_signal_connect(message, "wrote-informational",
                   G_CALLBACK(+[](SoupServerMessage* m, gpointer self) noexcept {
                     static_cast<Host*>(self)->upgraded(m);
                   }),
                   this);
}

void Host::upgraded(SoupServerMessage* message) {
  auto address = retain(soup_server_message_get_remote_address(message));
  auto socket = door_->admit(message);
  auto stream = adopt(soup_server_message_steal_connection(message));
  if (!socket || !stream || !G_IS_INET_SOCKET_ADDRESS(address.get())) return;
  const core::ConnectionId id{++connections_};
  auto& client = *sockets_
                      .emplace(id, std::make_unique<RelaySocket>(
                                       std::move(stream), std::move(socket), context_.get(), id,
                                       options_.limits.message_size, *this))
                      .first->second;
  if (next_ping_ == core::never) next_ping_ = monotonic_now() + options_.ping_interval;
  GInetAddress* from = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address.get()));
  relay_.handle(core::Relay::Connected{id, address_key(from)}, monotonic_now());
  client.start();
}

void Host::text(core::ConnectionId from, std::string_view text) {
  relay_.handle(core::Relay::Received{from, text}, monotonic_now());
  drain();
}

void Host::drain() {
  while (auto output = relay_.poll()) std::visit([this](const auto& o) { act(o); }, *output);
}

RelaySocket* Host::find(core::ConnectionId id) {
  const auto at = sockets_.find(id);
  return at == sockets_.end() ? nullptr : at->second.get();
}

void Host::act(const core::Relay::Send& send) {
  if (RelaySocket* socket = find(send.connection))
    socket->send(send.head, send.body ? std::string_view(*send.body) : std::string_view());
}

void Host::act(const core::Relay::Close& close) {
  if (RelaySocket* socket = find(close.connection)) socket->close(close.code, close.reason);
}

void Host::act(const core::Relay::Pause& pause) {
  if (RelaySocket* socket = find(pause.connection)) socket->pause();
}

void Host::act(const core::Relay::Resume& resume) {
  if (RelaySocket* socket = find(resume.connection)) socket->resume();
}

void Host::flush(RelaySocket& socket) {
  socket.flush();
  relay_.handle(core::Relay::Queued{socket.id(), socket.queued()}, monotonic_now());
}

// Ends every turn: what was said goes out, and who is gone is forgotten.
void Host::settle() {
  if (std::exchange(settling_, true)) return;
  drain();
  while (!touched_.empty() || !gone_.empty()) {
    for (const auto id : std::exchange(touched_, {}))
      if (RelaySocket* socket = find(id)) flush(*socket);
    for (const auto id : std::exchange(gone_, {})) {
      relay_.handle(core::Relay::Disconnected{id}, monotonic_now());
      sockets_.erase(id);
    }
    drain();
  }
  settling_ = false;
  set_timer();
}

void Host::set_timer() {
  if (sockets_.empty()) next_ping_ = core::never;
  core::Time next = std::min(next_ping_, relay_.deadline());
  if (!goodbyes_.empty()) next = std::min(next, goodbyes_.front().first);
  if (sockets_.empty() && stopped_) next = core::Time{};
  timer_.set(next);
}

void Host::on_time() {
  const core::Time now = monotonic_now();
  relay_.advance(now);
  if (now >= next_ping_) {
    next_ping_ = now + options_.ping_interval;
    for (const auto& [id, socket] : sockets_) socket->keep_alive(ping_patience);
  }
  for (; !goodbyes_.empty() && goodbyes_.front().first <= now; goodbyes_.pop_front())
    if (RelaySocket* socket = find(goodbyes_.front().second)) socket->drop();
  settle();
  // Last, because it may destroy us.
  if (!sockets_.empty() || !stopped_) return;
  const auto done = std::exchange(stopped_, nullptr);
  done();
}

void Host::stop(std::function<void()> done) {
  stopped_ = std::move(done);
  stopping_ = true;
  door_->shut();
  for (const auto& [id, socket] : sockets_)
    socket->close(core::close_code::going_away, "relay is stopping");
  settle();
}

}  // namespace

core::Result<std::unique_ptr<RelayHost>> RelayHost::listen(const Options& options,
                                                           GMainContext* context) {
  auto host = std::make_unique<Host>(options, context);
  auto port = host->add({options.address, options.port, options.scheme});
  if (!port) return port.error();
  return std::unique_ptr<RelayHost>(std::move(host));
}

}  // namespace genos::net
