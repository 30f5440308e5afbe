// SPDX-License-Identifier: LGPL-2.1-or-later
// Sessions over relays that refuse, or talk nonsense.
#include <libsoup/soup.h>

#include "support/nostr_peer.hpp"

namespace genos::net {
namespace {

// A WebSocket server that gives one answer to everything.
class Rude {
 public:
  Rude(std::string answer)
      : answer_(std::move(answer)), server_(soup_server_new(nullptr, nullptr)) {
    soup_server_add_websocket_handler(server_, "/", nullptr, nullptr, accept, this, nullptr);
    EXPECT_TRUE(soup_server_listen_local(server_, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, nullptr));
    GSList* uris = soup_server_get_uris(server_);
    port_ = static_cast<guint>(g_uri_get_port(static_cast<GUri*>(uris->data)));
    g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  }
  Rude(const Rude&) = delete;
  Rude& operator=(const Rude&) = delete;
  ~Rude() {
    for (auto* connection : connections_) g_object_unref(connection);
    soup_server_disconnect(server_);
    g_object_unref(server_);
  }
  std::string url() const { return url_of(port_); }
  std::size_t connections() const { return connections_.size(); }
  int messages = 0;

 private:
  static void accept(SoupServer*, SoupServerMessage*, const char*,
                     SoupWebsocketConnection* connection, gpointer data) {
    auto& self = *static_cast<Rude*>(data);
    self.connections_.push_back(SOUP_WEBSOCKET_CONNECTION(g_object_ref(connection)));
    g_signal_connect(connection, "message", G_CALLBACK(answer), data);
  }
  static void answer(SoupWebsocketConnection* connection, gint, GBytes*, gpointer data) {
    auto& self = *static_cast<Rude*>(data);
    ++self.messages;
    soup_websocket_connection_send_text(connection, self.answer_.c_str());
  }
  std::string answer_;
  SoupServer* server_;
  guint port_ = 0;
  std::vector<SoupWebsocketConnection*> connections_;
};

const std::string no_id(64, 'a');

TEST(NostrRefusals, EndsWhenEveryRelayRefusesIt) {
  const TestContext context;
  for (const std::string& answer : {std::string(R"(["CLOSED","x","auth-required: pay"])"),
                                    R"(["OK",")" + no_id + R"(",false,"blocked: not you"])"}) {
    const Rude relay(answer);
    Peer a(context, "aaaaaaaaaaaaaaaaaaaa", relay.url());
    a.session->join();
    ASSERT_TRUE(context.until([&] { return !a.ended.empty(); })) << answer;
    EXPECT_TRUE(a.in_state(Session::Status::State::refused));
    context.until([] { return false; }, milliseconds(200));
    EXPECT_EQ(relay.connections(), 1u);  // it is left alone
  }
}

TEST(NostrRefusals, ARelayThatIsBusyIsKeptAndSpared) {
  const TestContext context;
  const Rude relay(R"(["OK",")" + no_id + R"(",false,"rate-limited: slow down"])");
  Peer a(context, "aaaaaaaaaaaaaaaaaaaa", relay.url());
  a.session->join();
  ASSERT_TRUE(context.until([&] { return relay.messages == 2; }));  // REQ and one announcement
  context.until([] { return false; }, milliseconds(1000));
  EXPECT_LE(relay.messages, 3);
  EXPECT_TRUE(a.open());
  EXPECT_EQ(a.ended, "");
}

TEST(NostrRefusals, NonsenseOfARelayIsHarmless) {
  const TestContext context;
  for (const char* answer :
       {"", "[", "null", "[1]", R"(["EVENT"])", R"(["EVENT","x",{}])", R"(["AUTH","challenge"])",
        R"(["NOTICE","hello"])", R"(["OK","x",true,"duplicate:"])", R"(["EOSE",7])"}) {
    const Rude relay(answer);
    Peer a(context, "aaaaaaaaaaaaaaaaaaaa", relay.url());
    a.session->join();
    ASSERT_TRUE(context.until([&] { return relay.messages >= 3; })) << answer;
    EXPECT_TRUE(a.open()) << answer;
    EXPECT_TRUE(a.heard_from.empty());
  }
}

}  // namespace
}  // namespace genos::net
