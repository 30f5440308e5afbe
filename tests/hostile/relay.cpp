// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hostile/relay.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "core/base/overloaded.hpp"
#include "crypto/random.hpp"
#include "crypto/room_keys.hpp"

namespace genos::test {
namespace {

namespace nostr = core::nostr;

// RFC 6455 section 1.3.
constexpr const char* websocket_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string header_of(const std::string& request, const std::string& name) {
  const auto at = request.find(name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

std::string right_answer(const std::string& request) {
  const auto key = header_of(request, "Sec-WebSocket-Key") + websocket_guid;
  const auto digest = crypto::sha1(core::bytes_of(key));
  gchar* base64 = g_base64_encode(digest.data(), digest.size());
  const std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      std::string(base64) + "\r\n\r\n";
  g_free(base64);
  return answer;
}

}  // namespace

struct HostileRelay::Client {
  HostileRelay* relay = nullptr;
  GSocketConnection* connection = nullptr;
  GSource* readable = nullptr;
  GSource* writable = nullptr;
  std::string request;
  bool upgraded = false;
  core::WebSocketReader reader{std::size_t{1} << 20};
  std::map<std::string, std::vector<nostr::Filter>> subscriptions;
  std::string out;

  [[nodiscard]] GSocket* socket() const { return g_socket_connection_get_socket(connection); }
  ~Client() {
    for (GSource* source : {readable, writable}) {
      if (!source) continue;
      g_source_destroy(source);
      g_source_unref(source);
    }
    g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr);
    g_object_unref(connection);
  }
};

HostileRelay::HostileRelay() : service_(g_socket_service_new()) {
  GInetAddress* loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
  GSocketAddress* address = g_inet_socket_address_new(loopback, 0);
  GSocketAddress* bound = nullptr;
  g_socket_listener_add_address(G_SOCKET_LISTENER(service_), address, G_SOCKET_TYPE_STREAM,
                                G_SOCKET_PROTOCOL_TCP, nullptr, &bound, nullptr);
  port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
  g_object_unref(bound);
  g_object_unref(address);
  g_object_unref(loopback);
  const auto incoming =
      +[](GSocketService*, GSocketConnection* connection, GObject*, gpointer self) -> gboolean {
    static_cast<HostileRelay*>(self)->accept(connection);
    return TRUE;
  };
  g_signal_connect(service_, "incoming", G_CALLBACK(incoming), this);
  g_socket_service_start(service_);
}

HostileRelay::~HostileRelay() {
  g_socket_service_stop(service_);
  g_socket_listener_close(G_SOCKET_LISTENER(service_));
  g_object_unref(service_);
}

std::string HostileRelay::uri() const { return "ws://127.0.0.1:" + std::to_string(port_); }

std::set<std::string> HostileRelay::subscriptions() const {
  std::set<std::string> ids;
  for (const auto& client : clients_)
    for (const auto& [id, filters] : client->subscriptions) ids.insert(id);
  return ids;
}

void HostileRelay::accept(GSocketConnection* connection) {
  ++connections_;
  auto client = std::make_unique<Client>();
  client->relay = this;
  client->connection = G_SOCKET_CONNECTION(g_object_ref(connection));
  g_socket_set_blocking(client->socket(), FALSE);
  client->readable = g_socket_create_source(client->socket(), G_IO_IN, nullptr);
  const auto ready = +[](GSocket*, GIOCondition, gpointer data) -> gboolean {
    auto& self = *static_cast<Client*>(data);
    return self.relay->read(self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
  };
  g_source_set_callback(client->readable, G_SOURCE_FUNC(ready), client.get(), nullptr);
  g_source_attach(client->readable, nullptr);
  clients_.push_back(std::move(client));
}

bool HostileRelay::read(Client& client) {
  std::array<char, 65536> piece;
  const gssize size =
      g_socket_receive(client.socket(), piece.data(), piece.size(), nullptr, nullptr);
  if (size <= 0) {
    drop(client);
    return false;
  }
  const std::string_view bytes(piece.data(), static_cast<std::size_t>(size));
  if (!client.upgraded) {
    client.request += bytes;
    return open_upgrade(client);
  }
  client.reader.push(bytes);
  while (auto input = client.reader.poll()) {
    if (const auto* said = std::get_if<core::WebSocketReader::Text>(&*input)) {
      hear(client, said->text);
    } else if (std::holds_alternative<core::WebSocketReader::Closed>(*input) ||
               std::holds_alternative<core::WebSocketReader::Violation>(*input)) {
      drop(client);
      return false;
    }
  }
  return true;
}

bool HostileRelay::open_upgrade(Client& client) {
  if (client.request.find("\r\n\r\n") == std::string::npos) return true;
  client.upgraded = true;
  const auto right = right_answer(client.request);
  send(client, greeting ? greeting(right) : right);
  return true;
}

void HostileRelay::drop(Client& client) {
  clients_.remove_if([&](const auto& one) { return one.get() == &client; });
}

void HostileRelay::hang_up() { clients_.clear(); }

void HostileRelay::hear(Client& client, const std::string& text) {
  const auto message = nostr::parse_client_message(text);
  if (!message) return;
  std::visit(
      core::Overloaded{
          [&](const nostr::Publish& publish) {
            if (published && !published(publish.event)) return;
            if (const auto* topic = publish.event.tag("x"))
              deliver(core::Topic{*topic}, publish.event.content);
          },
          [&](const nostr::Subscribe& wish) { client.subscriptions[wish.id] = wish.filters; },
          [&](const nostr::Close& close) { client.subscriptions.erase(close.id); }},
      *message);
}

void HostileRelay::deliver(const core::Topic& topic, const std::string& content) {
  const auto wants = [&](const nostr::Filter& filter) {
    return std::any_of(filter.tags.begin(), filter.tags.end(), [&](const auto& tag) {
      return std::find(tag.values.begin(), tag.values.end(), topic.value) != tag.values.end();
    });
  };
  for (const auto& client : clients_)
    for (const auto& [id, filters] : client->subscriptions)
      if (std::any_of(filters.begin(), filters.end(), wants))
        send(*client, framed(event_message(id, topic, content)));
}

void HostileRelay::text(std::string_view message) { raw(framed(message)); }

void HostileRelay::raw(std::string_view bytes) {
  for (const auto& client : clients_) send(*client, bytes);
}

void HostileRelay::send(Client& client, std::string_view bytes) {
  client.out += bytes;
  if (client.writable) return;
  client.writable = g_socket_create_source(client.socket(), G_IO_OUT, nullptr);
  const auto ready = +[](GSocket* socket, GIOCondition, gpointer data) -> gboolean {
    auto& self = *static_cast<Client*>(data);
    const gssize sent = g_socket_send(socket, self.out.data(), self.out.size(), nullptr, nullptr);
    if (sent > 0) self.out.erase(0, static_cast<std::size_t>(sent));
    if (!self.out.empty()) return G_SOURCE_CONTINUE;
    g_source_unref(std::exchange(self.writable, nullptr));
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(client.writable, G_SOURCE_FUNC(ready), &client, nullptr);
  g_source_attach(client.writable, nullptr);
}

std::string framed(std::string_view message) {
  std::string frame;
  core::append_frame(frame, core::WebSocketOpcode::text, message);
  return frame;
}

std::string event_message(const std::string& subscription, const core::Topic& topic,
                          const std::string& content) {
  static crypto::SecureRandom random;
  static const std::string nobody(64, 'a');
  static const std::string nothing(128, 'b');
  std::string id(64, '0');
  for (char& digit : id) digit = "0123456789abcdef"[random.below(16)];
  nostr::Event event{id,
                     nobody,
                     g_get_real_time() / G_USEC_PER_SEC,
                     nostr::kind_of(topic),
                     {{"x", topic.value}},
                     content,
                     nothing};
  return nostr::encode(nostr::RelayMessage(nostr::Delivered{subscription, std::move(event)}));
}

}  // namespace genos::test
