// SPDX-License-Identifier: LGPL-2.1-or-later
// The relay host on real sockets: what it serves and to whom.
#include "support/relay_host_fixture.hpp"

namespace genos::net {
namespace {

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

}  // namespace
}  // namespace genos::net
