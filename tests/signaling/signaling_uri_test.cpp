// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/signaling_uri.hpp"

#include <glib.h>
#include <gtest/gtest.h>

namespace genos::net {
namespace {

TEST(Signaling, ReadsWhatAPersonWrites) {
  const auto given =
      parse_signaling("ws://127.0.0.1:7712, wss://relay.example/path#insecure ,lan", "a");
  ASSERT_TRUE(given);
  ASSERT_EQ(given->relays.size(), 2u);
  EXPECT_TRUE(given->lan);
  EXPECT_TRUE(given->relays[0].loopback);
  EXPECT_EQ(given->relays[0].port, 7712);
  EXPECT_EQ(given->relays[1].port, 443);
  EXPECT_EQ(given->relays[1].url, "wss://relay.example/path");
  EXPECT_EQ(given->relays[1].trust.kind, TlsTrust::Kind::anything);
  const auto pinned = parse_relay_uri("wss://h#sha256=" + std::string(64, 'A'));
  ASSERT_TRUE(pinned);
  EXPECT_EQ(pinned->trust.pin, std::string(64, 'a'));
  EXPECT_TRUE(parse_relay_uri("ws://[::1]:1")->loopback);
  EXPECT_TRUE(parse_relay_uri("ws://localhost:1")->loopback);
  EXPECT_FALSE(parse_relay_uri("ws://127.0.0.1.example")->loopback);
}

TEST(Signaling, DefaultsAndPublicRelays) {
  g_unsetenv("GENOS_SIGNALING");
  EXPECT_EQ(parse_signaling("", "a")->relays[0].url, default_signaling);
  g_setenv("GENOS_SIGNALING", "ws://other:1", TRUE);
  EXPECT_EQ(parse_signaling(" ", "a")->relays[0].url, "ws://other:1");
  g_unsetenv("GENOS_SIGNALING");
  // trystero 0.25.4 picks these for this app id.
  const auto chosen = parse_signaling("public", "genosrtc-lab");
  ASSERT_TRUE(chosen);
  ASSERT_EQ(chosen->relays.size(), 5u);
  EXPECT_EQ(chosen->relays[0].url, "wss://nostr-relay.corb.net");
  EXPECT_EQ(chosen->relays[4].url, "wss://relay.agorist.space");
}

TEST(Signaling, ErrorsSayWhatIsWantedInstead) {
  for (const char* text : {"127.0.0.1:7712", "http://x", "ws://", "ws://h:0", "ws://h:70000", "lna",
                           "ws://h#insecure", "wss://h#sha256=00", ",", "ws://h x"}) {
    const auto parsed = parse_signaling(text, "a");
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().detail.find("wanted: ws://host:port"), std::string::npos);
  }
}

}  // namespace
}  // namespace genos::net
