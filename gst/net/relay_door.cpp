// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_door.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "bridge/pump.hpp"

namespace genos::net {

namespace {

constexpr int backlog = 256;
// Accepted per turn, so that a crowd at the door does not keep the clients waiting.
constexpr int accepted_per_turn = 32;
// Handshakes of TLS and HTTP take milliseconds; phones in a train take seconds.
constexpr auto patience = std::chrono::seconds(15);
// More than may knock within a second or two; beyond it the oldest has to go.
constexpr std::size_t most_visitors = 256;
// No file descriptor left: look again after this time instead of spinning.
constexpr auto no_descriptor_pause = std::chrono::milliseconds(500);

constexpr const char* mark_key = "genos-relay-visitor";

gboolean socket_ready(GSocket*, GIOCondition, gpointer task) noexcept { return run_task(task); }

core::Error error_of(const GError* error, const std::string& what) {
  const bool taken = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  return {taken ? core::Errc::refused : core::Errc::failed, what + ": " + error->message};
}

core::Result<Ref<GSocket>> bound_socket(const RelayHost::Endpoint& endpoint) {
  const std::string what = endpoint.address + " port " + std::to_string(endpoint.port);
  auto address =
      adopt(g_inet_socket_address_new_from_string(endpoint.address.c_str(), endpoint.port));
  if (!address) return core::Error{core::Errc::failed, what + ": not an IP address"};
  Owned<GError> error;
  auto socket = adopt(g_socket_new(g_socket_address_get_family(address.get()), G_SOCKET_TYPE_STREAM,
                                   G_SOCKET_PROTOCOL_TCP, out(error)));
  if (!socket) return error_of(error.get(), what);
  // 0.0.0.0 and [::] of one port can both be listened on.
  if (g_socket_address_get_family(address.get()) == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, nullptr);
  g_socket_set_blocking(socket.get(), FALSE);
  g_socket_set_listen_backlog(socket.get(), backlog);
  if (!g_socket_bind(socket.get(), address.get(), TRUE, out(error)))
    return error_of(error.get(), what);
  if (!g_socket_listen(socket.get(), out(error))) return error_of(error.get(), what);
  return socket;
}

}  // namespace

// Set on the address object that libsoup keeps for as long as it keeps the connection.
struct RelayDoor::Mark {
  std::weak_ptr<Waiting> waiting;
  std::uint64_t number;

  static void end(gpointer data) {
    const std::unique_ptr<Mark> mark(static_cast<Mark*>(data));
    if (const auto waiting = mark->waiting.lock()) waiting->erase(mark->number);
  }
};

RelayDoor::RelayDoor(GMainContext* context, SoupServer* server, RelayHost::Reach reach)
    : context_(retain(context)),
      server_(retain(server)),
      reach_(reach),
      late_(context, [this] { send_away_late(); }),
      reopen_(context, [this] {
        for (Listener& listener : listeners_)
          if (!listener.source) watch(listener);
      }) {}

core::Result<guint> RelayDoor::open(const RelayHost::Endpoint& endpoint,
                                    GTlsCertificate* certificate) {
  auto socket = bound_socket(endpoint);
  if (!socket) return socket.error();
  Owned<GError> error;
  auto local = adopt(g_socket_get_local_address(socket->get(), out(error)));
  if (!local) return error_of(error.get(), endpoint.address);
  listeners_.push_back({*std::move(socket), retain(certificate), {}});
  watch(listeners_.back());
  return guint(g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local.get())));
}

void RelayDoor::watch(Listener& listener) {
  GSource* source = g_socket_create_source(listener.socket.get(), G_IO_IN, nullptr);
  g_source_set_callback(source, G_SOURCE_FUNC(socket_ready),
                        new Task([this, &listener] { accept(listener); }), delete_task);
  g_source_attach(source, context_.get());
  listener.source = Source(source);
}

void RelayDoor::accept(Listener& listener) {
  for (int i = 0; i < accepted_per_turn; ++i) {
    Owned<GError> error;
    auto socket = adopt(g_socket_accept(listener.socket.get(), nullptr, out(error)));
    if (socket) {
      welcome(std::move(socket), listener.certificate.get());
      continue;
    }
    if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return;
    // A visitor who left already is harmless, but no descriptor left would be told again and again.
    listener.source.end();
    reopen_.set(monotonic_now() + no_descriptor_pause);
    return;
  }
}

void RelayDoor::welcome(Ref<GSocket> socket, GTlsCertificate* certificate) {
  auto local = adopt(g_socket_get_local_address(socket.get(), nullptr));
  auto remote = adopt(g_socket_get_remote_address(socket.get(), nullptr));
  if (!local || !remote) return;
  GInetAddress* from = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(remote.get()));
  if (reach_ == RelayHost::Reach::loopback && !g_inet_address_get_is_loopback(from)) return;
  if (waiting_->size() >= most_visitors) {
    g_socket_shutdown(waiting_->begin()->second.socket.get(), TRUE, TRUE, nullptr);
    waiting_->erase(waiting_->begin());
  }
  g_socket_set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);

  const std::uint64_t number = ++visitors_so_far_;
  g_object_set_data_full(G_OBJECT(remote.get()), mark_key, new Mark{waiting_, number}, Mark::end);
  auto stream = adopt(G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())));
  if (certificate)
    stream = adopt(G_IO_STREAM(g_tls_server_connection_new(stream.get(), certificate, nullptr)));
  if (!stream) return;
  const core::Time leaves_at = monotonic_now() + patience;
  if (waiting_->empty()) late_.set(leaves_at);
  waiting_->emplace(number, Visitor{std::move(socket), leaves_at});
  soup_server_accept_iostream(server_.get(), stream.get(), local.get(), remote.get(), nullptr);
}

void RelayDoor::send_away_late() {
  const core::Time now = monotonic_now();
  // libsoup sees the end of the stream and forgets the connection, which ends its mark.
  std::vector<Ref<GSocket>> late;
  for (const auto& [number, visitor] : *waiting_)
    if (visitor.leaves_at <= now) late.push_back(visitor.socket);
  for (const auto& socket : late) g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
  for (const auto& [number, visitor] : *waiting_)
    if (visitor.leaves_at > now) return late_.set(visitor.leaves_at);
  if (!waiting_->empty()) late_.set(now + patience);
}

Ref<GSocket> RelayDoor::admit(SoupServerMessage* message) {
  GSocketAddress* address = soup_server_message_get_remote_address(message);
  if (!address) return nullptr;
  const auto* mark = static_cast<Mark*>(g_object_get_data(G_OBJECT(address), mark_key));
  const auto at = mark ? waiting_->find(mark->number) : waiting_->end();
  if (at == waiting_->end()) return nullptr;
  auto socket = at->second.socket;
  waiting_->erase(at);
  return socket;
}

void RelayDoor::shut() {
  listeners_.clear();
  std::vector<Ref<GSocket>> left;
  for (const auto& [number, visitor] : *waiting_) left.push_back(visitor.socket);
  for (const auto& socket : left) g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
}

}  // namespace genos::net
