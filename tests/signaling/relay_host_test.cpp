// SPDX-License-Identifier: LGPL-2.1-or-later
// The relay on real sockets: libsoup's client as a stranger that knows nothing of our code, and
// raw sockets for what no client would do.
#include "net/relay_host.hpp"

#include <gtest/gtest.h>
#include <libsoup/soup.h>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"
#include "core/wire/nostr.hpp"
#include "crypto/nostr_key.hpp"
#include "crypto/tls_identity.hpp"
#include "net/relay_gate.hpp"
#include "net/soup_refs.hpp"

namespace genos {
template <> struct RefOps<SoupSession> : ObjectOps {};
template <> struct RefOps<SoupMessage> : ObjectOps {};
template <> struct RefOps<SoupWebsocketConnection> : ObjectOps {};
template <> struct RefOps<GSocketClient> : ObjectOps {};
}  // namespace genos

namespace genos::net {
namespace {

constexpr gint64 patience = 10 * G_USEC_PER_SEC;

template <class Condition> bool run_until(Condition condition, gint64 time = patience) {
  const gint64 end = g_get_monotonic_time() + time;
  while (!condition()) {
    if (g_get_monotonic_time() > end) return false;
    if (!g_main_context_iteration(nullptr, FALSE)) g_usleep(500);
  }
  return true;
}

std::string event_text(const crypto::NostrKey& key, const std::string& topic, int number,
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

std::string subscription(const std::string& id, const std::string& topic) {
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

TEST_F(RelayHostTest, CarriesAnEventAndChecksIt) {
  listen();
  Client listener(uri()), speaker(uri());
  ASSERT_TRUE(listener.open() && speaker.open());
  listener.say(subscription("s", "a"));
  ASSERT_TRUE(listener.hears(R"(["EOSE","s"])"));
  const std::string text = event_text(key, "a", 1);
  speaker.say(text);
  ASSERT_TRUE(speaker.hears("true"));
  ASSERT_TRUE(listener.hears(R"(["EVENT","s",)"));
  std::string forged = event_text(key, "a", 2);
  forged.replace(forged.find("2...."), 1, "3");
  speaker.say(forged);
  ASSERT_TRUE(speaker.hears("invalid: "));
  std::string altered = event_text(key, "a", 4);
  const std::size_t sig = altered.find("\"sig\":\"") + 7;
  altered[sig + 100] = altered[sig + 100] == '0' ? '1' : '0';
  speaker.say(altered);
  ASSERT_TRUE(run_until([&] { return host->statistics().events_invalid == 2; }));
  EXPECT_EQ(listener.heard.size(), 2u);
}

TEST_F(RelayHostTest, ATakenPortIsToldApart) {
  listen();
  options.port = host->port();
  auto second = RelayHost::listen(options, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, core::Errc::refused) << second.error().detail;
  options.port = 0;
  options.address = "nonsense";
  auto third = RelayHost::listen(options, nullptr);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, core::Errc::failed);
  // And the port is free again at once.
  options.address = "127.0.0.1";
  options.port = host->port();
  Client client(uri());
  host.reset();
  listen();
}

TEST_F(RelayHostTest, StopsWithACloseFrame) {
  listen();
  Client client(uri());
  Raw silent(host->port());
  silent.upgrade();
  bool done = false;
  host->stop([&] { done = true; });
  EXPECT_EQ(client.close_code(), SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  EXPECT_FALSE(done) << "one has not answered";
  EXPECT_TRUE(silent.hears("relay is stopping"));
  EXPECT_TRUE(run_until([&] { return done; }, 4 * G_USEC_PER_SEC));
}

TEST_F(RelayHostTest, StopMayDestroyTheHost) {
  listen();
  host->stop([this] { host.reset(); });
  EXPECT_TRUE(run_until([this] { return !host; }));
}

TEST_F(RelayHostTest, TellsAboutItself) {
  options.service = RelayHost::Service::relay_and_metrics;
  options.page = [](std::string_view path) -> std::optional<RelayHost::Page> {
    if (path != "/") return std::nullopt;
    return RelayHost::Page{"text/html", "<p>hello"};
  };
  listen();
  auto info = get(uri("http"), "application/nostr+json");
  EXPECT_EQ(info.status, 200u);
  EXPECT_EQ(info.cors, "*");
  auto document = core::parse_json(info.body);
  ASSERT_TRUE(document);
  const auto* limitation = document->find("limitation");
  ASSERT_TRUE(limitation);
  EXPECT_EQ(limitation->integer_at("max_message_length"), 256 * 1024);
  EXPECT_EQ(get(uri("http")).body, "<p>hello");
  EXPECT_EQ(get(uri("http", "/health")).body.find(R"({"status":"ok")"), 0u);
  Client client(uri());
  EXPECT_NE(get(uri("http", "/metrics")).body.find("genos_relay_connections 1\n"),
            std::string::npos);
  EXPECT_EQ(get(uri("http", "/nothing")).status, 404u);
}

TEST_F(RelayHostTest, AnEmbeddedRelayKeepsItsNumbersToItself) {
  listen();
  EXPECT_EQ(get(uri("http", "/metrics")).status, 404u);
}

TEST_F(RelayHostTest, AnswersThisMachineOnly) {
  listen();
  EXPECT_EQ(get(uri("http"), "*/*", "evil.example:7712").status, 403u);
  EXPECT_EQ(Client(uri(), nullptr, "evil.example").status(), 403u);
  EXPECT_EQ(Client(uri(), "https://evil.example").status(), 403u);
  EXPECT_EQ(Client(uri(), "null").status(), 403u);
  EXPECT_TRUE(Client(uri(), "http://localhost:8080").open());
  EXPECT_TRUE(Client(uri(), "http://127.0.0.1").open());
  EXPECT_TRUE(Client(uri(), nullptr, "localhost:7712").open());
}

TEST(RelayGate, OriginsAndNames) {
  const std::vector<std::string> none, all = {"*"}, some = {"https://app.example", "null"};
  EXPECT_TRUE(origin_allowed(std::nullopt, "h", none));
  EXPECT_TRUE(origin_allowed("https://x.example", "h", all));
  EXPECT_TRUE(origin_allowed("https://app.example", "h", some));
  EXPECT_TRUE(origin_allowed("null", "h", some));
  EXPECT_FALSE(origin_allowed("https://app.example.evil.example", "h", some));
  EXPECT_FALSE(origin_allowed("", "h", none));
  EXPECT_FALSE(origin_allowed("http://localhost.evil.example", "h", none));
  EXPECT_TRUE(origin_allowed("http://[::1]:8080", "h", none));
  // A page of the relay itself, unless its name may have been pointed here by a stranger.
  EXPECT_TRUE(origin_allowed("https://192.0.2.7:7712", "192.0.2.7:7712", none));
  EXPECT_FALSE(origin_allowed("https://192.0.2.7:8000", "192.0.2.7:7712", none));
  EXPECT_FALSE(origin_allowed("http://evil.example:7712", "evil.example:7712", none));
  EXPECT_TRUE(host_allowed("[::1]:7712", RelayHost::Reach::loopback));
  EXPECT_TRUE(host_allowed("127.8.9.1", RelayHost::Reach::loopback));
  EXPECT_FALSE(host_allowed("", RelayHost::Reach::loopback));
  EXPECT_FALSE(host_allowed("192.0.2.7:7712", RelayHost::Reach::loopback));
  EXPECT_TRUE(host_allowed("thathost", RelayHost::Reach::anyone));
  const auto key_of = [](const char* text) {
    auto address = adopt(g_inet_address_new_from_string(text));
    return address_key(address.get());
  };
  EXPECT_EQ(key_of("2001:db8::1"), key_of("2001:db8::ffff:1"));
  EXPECT_NE(key_of("2001:db8::1"), key_of("2001:db8:0:1::1"));
  EXPECT_EQ(key_of("::ffff:192.0.2.7"), "192.0.2.7");
}

TEST_F(RelayHostTest, SpeaksTls) {
  auto identity = crypto::make_tls_identity({"localhost"}, 30);
  ASSERT_TRUE(identity);
  const std::string pem = identity->certificate + identity->key;
  auto certificate = adopt(g_tls_certificate_new_from_pem(pem.c_str(), -1, nullptr));
  ASSERT_TRUE(certificate);
  options.certificate = certificate.get();
  options.scheme = RelayHost::Scheme::secure;
  listen();
  auto plain = host->add({"127.0.0.1", 0, RelayHost::Scheme::plain});
  ASSERT_TRUE(plain);
  Client secure(uri("wss")), open("ws://127.0.0.1:" + std::to_string(*plain));
  ASSERT_TRUE(secure.open() && open.open());
  secure.say(subscription("s", "a"));  // one relay behind both doors
  ASSERT_TRUE(secure.hears("EOSE"));
  for (int i = 0; i < 50; ++i) open.say(event_text(key, "a", i, 20000));
  EXPECT_TRUE(run_until([&] { return secure.heard.size() == 51; }));
  secure.say(event_text(key, "a", 99, 100000));
  EXPECT_TRUE(secure.hears("99....."));
}

TEST_F(RelayHostTest, ASlowReaderIsClosedAndNobodyElseNotices) {
  options.limits.queued_bytes = 1024 * 1024;
  listen();
  Client speaker(uri()), good(uri());
  Raw slow(host->port());
  slow.upgrade();
  ASSERT_TRUE(slow.say(frame(subscription("s", "a"))));
  good.say(subscription("s", "a"));
  ASSERT_TRUE(good.hears("EOSE"));
  std::size_t said = 0;
  // Kernel buffers take several MiB before anything waits in the relay.
  for (; said < 400 && host->statistics().slow_readers == 0; ++said) {
    speaker.say(event_text(key, "a", static_cast<int>(said), 100000));
    ASSERT_TRUE(run_until([&] { return good.heard.size() >= said + 2; }));
    EXPECT_LE(host->statistics().queued_bytes, options.limits.queued_bytes + 300000);
  }
  EXPECT_EQ(host->statistics().slow_readers, 1u);
  EXPECT_EQ(good.heard.size(), said + 1);
  EXPECT_TRUE(run_until([&] { return host->statistics().connections == 2; }));
}

TEST_F(RelayHostTest, AFastWriterIsReadLater) {
  options.limits.bytes_burst = 200000;
  options.limits.bytes_per_second = 1000000;
  listen();
  Raw fast(host->port());
  Client other(uri());
  fast.upgrade();
  std::string flood;
  for (int i = 0; i < 8000; ++i) flood += frame(R"(["CLOSE","x"])");
  std::string mixed = flood + frame(subscription("end", "a"));
  const gint64 start = g_get_monotonic_time();
  ASSERT_TRUE(fast.say(mixed));
  other.say(subscription("s", "a"));
  EXPECT_TRUE(other.hears("EOSE"));
  EXPECT_TRUE(fast.hears(R"(["EOSE","end"])")) << "late, but nothing is lost";
  EXPECT_GE(host->statistics().pauses, 1u);
  EXPECT_GT(g_get_monotonic_time() - start, G_USEC_PER_SEC);
}

TEST_F(RelayHostTest, OversizedAndForbiddenFramesEndTheConnection) {
  listen();
  const std::string too_large(options.limits.message_size + 1, 'x');
  struct Case {
    std::string bytes;
    const char* reason;
  };
  for (const Case& c :
       {Case{frame(too_large), "too large"}, Case{frame("x", 0x82), "text"},
        Case{std::string("\x81\x01x", 3), "masked"}, Case{frame("\xff\xfe"), "UTF-8"}}) {
    Raw raw(host->port());
    raw.upgrade();
    raw.say(c.bytes);
    EXPECT_TRUE(raw.hears(c.reason)) << c.reason;
    EXPECT_TRUE(raw.hung_up()) << c.reason;
  }
  EXPECT_TRUE(run_until([&] { return host->statistics().connections == 0; }));
}

TEST_F(RelayHostTest, TenThousandMalformedMessages) {
  options.limits.bytes_burst = 1e9;
  listen();
  Client good(uri());
  good.say(subscription("s", "a"));
  const std::string text = event_text(key, "a", 1);
  core::SeededRandom random(3);
  Raw bad(host->port());
  bad.upgrade();
  for (int i = 0; i < 10000; ++i) {
    std::string broken = text;
    for (std::uint64_t n = 1 + random.below(6); n > 0; --n)
      broken[random.below(broken.size())] = static_cast<char>(1 + random.below(126));
    ASSERT_TRUE(bad.say(frame(broken)));
    if (i % 100 == 0) bad.hears("invalid");
  }
  ASSERT_TRUE(run_until([&] { return host->statistics().messages >= 10001; }, 3 * patience));
  EXPECT_GT(host->statistics().malformed + host->statistics().events_invalid, 9000u);
  good.say(event_text(key, "a", 2));
  EXPECT_TRUE(good.hears("2......"));
}

TEST_F(RelayHostTest, GarbageInsteadOfHttp) {
  listen();
  core::SeededRandom random(5);
  for (int i = 0; i < 200; ++i) {
    Raw raw(host->port());
    std::string noise(200, ' ');
    for (char& c : noise) c = static_cast<char>(random.below(256));
    raw.say(noise + "\r\n\r\n");
  }
  Raw post(host->port());
  post.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000000\r\n\r\nxxxx");
  EXPECT_TRUE(post.hung_up(patience / 10)) << "nobody waits for four gigabytes";
  EXPECT_TRUE(Client(uri()).open());
}

TEST_F(RelayHostTest, NobodyStaysInTheDoorway) {
  listen();
  std::vector<std::unique_ptr<Raw>> crowd;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(std::make_unique<Raw>(host->port()));
    crowd.back()->say("GET / HTTP/1.1\r\n");
  }
  EXPECT_TRUE(Client(uri()).open()) << "whoever knocks properly comes in";
  EXPECT_TRUE(crowd.front()->hung_up()) << "the oldest has to go";
  EXPECT_FALSE(crowd.back()->hung_up(G_USEC_PER_SEC / 10));
}

TEST_F(RelayHostTest, TheDeadAreFound) {
  options.ping_interval = std::chrono::milliseconds(50);
  listen();
  Client alive(uri());
  Raw dead(host->port());
  dead.upgrade();
  EXPECT_TRUE(dead.hears(std::string("\x89\x00", 2)));
  EXPECT_TRUE(dead.hung_up());
  EXPECT_TRUE(run_until([&] { return host->statistics().connections == 1; }));
  EXPECT_TRUE(alive.open());
}

}  // namespace
}  // namespace genos::net
