// SPDX-License-Identifier: LGPL-2.1-or-later
// A relay host on real sockets, polite and rude clients, for its tests.
#pragma once

#include <gtest/gtest.h>
#include <libsoup/soup.h>
#include "bridge/gio_refs.hpp"
#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/wire/nostr.hpp"
#include "crypto/nostr_key.hpp"
#include "crypto/tls_identity.hpp"
#include "net/relay_gate.hpp"
#include "net/relay_host.hpp"
#include "net/soup_refs.hpp"
namespace genos::net {

constexpr gint64 patience = 10 * G_USEC_PER_SEC;

template <class Condition> bool run_until(Condition condition, gint64 time = patience) {
  const gint64 end = g_get_monotonic_time() + time;
  while (!condition()) {
    if (g_get_monotonic_time() > end) return false;
    if (!g_main_context_iteration(nullptr, FALSE)) g_usleep(500);
  }
  return true;
}

inline std::string event_text(const crypto::NostrKey& key, const std::string& topic, int number,
                              std::size_t size = 20) {
  core::nostr::Event e;
  e.pubkey = key.public_hex();
  e.created_at = g_get_real_time() / G_USEC_PER_SEC;
  e.kind = 22000;
  e.tags = {{"x", topic}};
  e.content = std::to_string(number) + std::string(size, '.');
  const auto id = crypto::sha256(core::bytes_of(core::nostr::canonical(e)));
  e.id = core::to_hex(id);
  e.sig = core::to_hex(key.sign(id));
  return core::nostr::encode(core::nostr::ClientMessage(core::nostr::Publish{e}));
}

inline std::string subscription(const std::string& id, const std::string& topic) {
  return R"(["REQ",")" + id + R"(",{"kinds":[22000],"#x":[")" + topic + R"("]}])";
}

// A WebSocket of libsoup.
class Client {
 public:
  Client(const std::string& uri, const char* origin = nullptr, const char* host = nullptr) {
    session_ = adopt(soup_session_new());
    message_ = adopt(soup_message_new("GET", uri.c_str()));
    auto* headers = soup_message_get_request_headers(message_.get());
    if (host) soup_message_headers_replace(headers, "Host", host);
    g_signal_connect(message_.get(), "accept-certificate",
                     G_CALLBACK(+[](SoupMessage*, GTlsCertificate*, GTlsCertificateFlags,
                                    gpointer) -> gboolean { return TRUE; }),
                     nullptr);
    soup_session_websocket_connect_async(session_.get(), message_.get(), origin, nullptr, 0,
                                         nullptr, on_connected, this);
    run_until([this] { return done_; });
  }
  ~Client() {
    if (connection_) g_signal_handlers_disconnect_by_data(connection_.get(), this);
  }
  [[nodiscard]] bool open() const {
    return connection_ &&
           soup_websocket_connection_get_state(connection_.get()) == SOUP_WEBSOCKET_STATE_OPEN;
  }
  void say(const std::string& text) {
    soup_websocket_connection_send_text(connection_.get(), text.c_str());
  }
  [[nodiscard]] bool hears(std::string_view part) {
    return run_until([&] {
      for (const auto& text : heard)
        if (text.find(part) != std::string::npos) return true;
      return false;
    });
  }
  [[nodiscard]] int close_code() {
    return run_until([this] { return closed_; })
               ? soup_websocket_connection_get_close_code(connection_.get())
               : -1;
  }
  [[nodiscard]] guint status() const { return soup_message_get_status(message_.get()); }
  SoupWebsocketConnection* connection() { return connection_.get(); }

  std::vector<std::string> heard;

 private:
  static void on_connected(GObject* session, GAsyncResult* result, gpointer data) noexcept {
    auto& self = *static_cast<Client*>(data);
    self.done_ = true;
    self.connection_ =
        adopt(soup_session_websocket_connect_finish(SOUP_SESSION(session), result, nullptr));
    if (!self.connection_) return;
    soup_websocket_connection_set_max_incoming_payload_size(self.connection_.get(), 0);
    g_signal_connect(self.connection_.get(), "message",
                     G_CALLBACK(+[](SoupWebsocketConnection*, gint, GBytes* bytes, gpointer d) {
                       static_cast<Client*>(d)->heard.emplace_back(core::text_of(bytes_of(bytes)));
                     }),
                     data);
    g_signal_connect(self.connection_.get(), "closed",
                     G_CALLBACK(+[](SoupWebsocketConnection*, gpointer d) {
                       static_cast<Client*>(d)->closed_ = true;
                     }),
                     data);
  }
  Ref<SoupSession> session_;
  Ref<SoupMessage> message_;
  Ref<SoupWebsocketConnection> connection_;
  bool done_ = false;
  bool closed_ = false;
};

// A TCP connection that says whatever it is told.
class Raw {
 public:
  explicit Raw(guint port) {
    auto client = adopt(g_socket_client_new());
    g_socket_client_set_timeout(client.get(), 5);
    auto connection = adopt(g_socket_client_connect_to_host(
        client.get(), "127.0.0.1", static_cast<guint16>(port), nullptr, nullptr));
    socket_ = retain(g_socket_connection_get_socket(connection.get()));
    g_socket_set_blocking(socket_.get(), FALSE);
    keep_ = std::move(connection);
    while (g_main_context_iteration(nullptr, FALSE)) {  // the relay is in this thread
    }
  }
  // Says all of it while the relay runs; false when the relay hung up before the end.
  bool say(std::string_view bytes) {
    return run_until([&] {
             Owned<GError> error;
             const gssize n =
                 g_socket_send(socket_.get(), bytes.data(), bytes.size(), nullptr, out(error));
             if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
             broken_ = n < 0 && !g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
             return broken_ || bytes.empty();
           }) &&
           !broken_;
  }
  void upgrade() {
    ASSERT_TRUE(
        say("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    ASSERT_TRUE(hears("\r\n\r\n"));
    // RFC 6455 section 1.3 has the answer to this key.
    EXPECT_NE(text_.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << text_;
    text_.clear();
  }
  bool hears(std::string_view part) {
    return run_until([&] { return read(), text_.find(part) != std::string::npos; });
  }
  bool hung_up(gint64 time = patience) {
    return run_until([&] { return read(), over_; }, time);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void read() {
    char bytes[65536];
    Owned<GError> error;
    const gssize n = g_socket_receive(socket_.get(), bytes, sizeof bytes, nullptr, out(error));
    if (n > 0) text_.append(bytes, static_cast<std::size_t>(n));
    over_ = n == 0 || (n < 0 && !g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
  }
  Ref<GSocketConnection> keep_;
  Ref<GSocket> socket_;
  std::string text_;
  bool over_ = false;
  bool broken_ = false;
};

// A masked text frame; the mask is zero, which is as good as any.
std::string frame(std::string_view payload, int first = 0x81) {
  std::string text(1, static_cast<char>(first));
  if (payload.size() < 126) {
    text += static_cast<char>(0x80 | payload.size());
  } else {
    text += static_cast<char>(0xff);
    for (int shift = 56; shift >= 0; shift -= 8)
      text += static_cast<char>(std::uint64_t(payload.size()) >> shift & 0xff);
  }
  return text + std::string(4, '\0') + std::string(payload);
}

class RelayHostTest : public testing::Test {
 protected:
  void listen() {
    auto result = RelayHost::listen(options, nullptr);
    ASSERT_TRUE(result) << result.error().detail;
    host = *std::move(result);
  }
  [[nodiscard]] std::string uri(const char* scheme = "ws", const char* path = "/") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(host->port()) + path;
  }
  struct Answer {
    guint status = 0;
    std::string type, body, cors;
  };
  Answer get(const std::string& where, const char* accept = "*/*", const char* name = nullptr) {
    auto session = adopt(soup_session_new());
    auto message = adopt(soup_message_new("GET", where.c_str()));
    auto* headers = soup_message_get_request_headers(message.get());
    soup_message_headers_replace(headers, "Accept", accept);
    if (name) soup_message_headers_replace(headers, "Host", name);
    GBytes* body = nullptr;
    struct State {
      bool done = false;
      GBytes* body = nullptr;
    } state;
    soup_session_send_and_read_async(
        session.get(), message.get(), 0, nullptr,
        [](GObject* s, GAsyncResult* r, gpointer d) noexcept {
          auto& st = *static_cast<State*>(d);
          st.body = soup_session_send_and_read_finish(SOUP_SESSION(s), r, nullptr);
          st.done = true;
        },
        &state);
    run_until([&] { return state.done; });
    Answer answer;
    body = state.body;
    answer.status = soup_message_get_status(message.get());
    auto* back = soup_message_get_response_headers(message.get());
    const char* type = soup_message_headers_get_one(back, "Content-Type");
    const char* cors = soup_message_headers_get_one(back, "Access-Control-Allow-Origin");
    answer.type = type ? type : "";
    answer.cors = cors ? cors : "";
    if (body) {
      answer.body = core::text_of(bytes_of(body));
      g_bytes_unref(body);
    }
    return answer;
  }

  RelayHost::Options options;
  std::unique_ptr<RelayHost> host;
  crypto::NostrKey key = crypto::NostrKey::generate();
};

}  // namespace genos::net
