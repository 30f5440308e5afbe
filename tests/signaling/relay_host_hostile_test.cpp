// SPDX-License-Identifier: LGPL-2.1-or-later
// The relay host on real sockets, against slow, fast, rude and dead clients.
#include "support/relay_host_fixture.hpp"

namespace genos::net {
namespace {

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
