// SPDX-License-Identifier: LGPL-2.1-or-later
// What the relay does with those who want too much, in virtual time.
#include "support/relay_fixture.hpp"

namespace genos::core {
namespace {

TEST_F(RelayTest, TooManyConnections) {
  limits.connections = 3;
  limits.connections_per_address = 2;
  connect(1);
  connect(2);
  connect(3);
  EXPECT_TRUE(closed.contains(3));
  connect(4, "192.0.2.2");
  connect(5, "192.0.2.3");
  EXPECT_FALSE(closed.contains(4));
  EXPECT_TRUE(closed.contains(5));
  EXPECT_EQ(closed.at(5).code, close_code::try_later);
  give(Relay::Disconnected{{1}});
  connect(6);
  EXPECT_FALSE(closed.contains(6));
  EXPECT_EQ(relay().statistics().connections_refused, 2u);
  say(5, R"(["CLOSE","s"])");  // what was refused is not there
  EXPECT_TRUE(heard[5].empty());
}

TEST_F(RelayTest, ReconnectingGainsNothing) {
  limits.events_burst_per_address = 100;
  limits.events_per_second_and_address = 10;
  for (std::uint64_t id = 1; id <= 10; ++id) {
    connect(id);
    give(Relay::Disconnected{{id}});
  }
  EXPECT_TRUE(closed.empty());
  connect(11);
  EXPECT_TRUE(closed.contains(11));
  EXPECT_NE(relay().deadline(), never) << "the address is forgotten in the end";
  wait(seconds(1));
  connect(12);
  EXPECT_FALSE(closed.contains(12));
  give(Relay::Disconnected{{12}});
  while (relay().deadline() != never) wait(relay().deadline() - now);
}

TEST_F(RelayTest, SubscriptionLimits) {
  limits.subscriptions_per_connection = 2;
  limits.topics_per_connection = 4;
  limits.filters_per_subscription = 2;
  connect(1);
  subscribe(1, "one", {"a", "b"});
  subscribe(1, "two", {"c", "d"});
  subscribe(1, "two", {"e", "f"});  // replaces
  EXPECT_TRUE(all<nostr::Closed>(1).empty());
  subscribe(1, "three", std::vector<std::string>{});
  ASSERT_EQ(all<nostr::Closed>(1).size(), 1u);
  EXPECT_EQ(all<nostr::Closed>(1)[0].subscription, "three");
  subscribe(1, "two", {"e", "f", "g"});
  ASSERT_EQ(all<nostr::Closed>(1).size(), 2u);
  EXPECT_EQ(relay().statistics().subscriptions, 1u) << "what is CLOSED is closed";
  nostr::Filter filter;
  filter.tags = {{'x', {"a"}}};
  say(1, nostr::encode(nostr::ClientMessage(nostr::Subscribe{"s", {filter, filter, filter}})));
  EXPECT_EQ(all<nostr::Closed>(1).size(), 3u);
  subscribe(1, "all", nostr::Filter{});
  ASSERT_EQ(all<nostr::Closed>(1).size(), 4u);
  EXPECT_TRUE(all<nostr::Closed>(1)[3].reason.starts_with("restricted: "));
}

TEST_F(RelayTest, APageNeverHearsWhatMakesItGiveUp) {
  // trystero 0.25.4 with 16 rooms of 100 peers each, all joined within a second.
  connect(1);
  std::vector<std::string> topics;
  for (int room = 0; room < 16; ++room) {
    topics.push_back("self" + std::to_string(room));
    topics.push_back("root" + std::to_string(room));
    subscribe(1, "subscription", topics);
  }
  for (int i = 0; i < 3000; ++i) publish(1, event(i, "peer"));
  EXPECT_TRUE(all<nostr::Closed>(1).empty());
  for (const auto& ok : all<nostr::Ok>(1)) EXPECT_TRUE(ok.accepted) << ok.reason;
  for (int i = 3000; i < 4000; ++i) publish(1, event(i, "peer"));
  int limited = 0;
  for (const auto& ok : all<nostr::Ok>(1)) {
    if (ok.accepted) continue;
    EXPECT_TRUE(ok.reason.starts_with("rate-limited: "));
    ++limited;
  }
  EXPECT_EQ(limited, 1000);
  EXPECT_TRUE(closed.empty());
  wait(seconds(1));
  publish(1, event(5000, "peer"));
  EXPECT_TRUE(all<nostr::Ok>(1).back().accepted);
}

TEST_F(RelayTest, TheRateOfAnAddressIsShared) {
  limits.events_burst_per_address = 50 + 2 * limits.connection_cost;
  connect(1);
  connect(2);
  connect(3, "192.0.2.9");
  for (int i = 0; i < 50; ++i) publish(1, event(i, "a"));
  EXPECT_TRUE(all<nostr::Ok>(1).back().accepted);
  publish(2, event(100, "a"));
  EXPECT_FALSE(all<nostr::Ok>(2).back().accepted);
  publish(3, event(100, "a"));
  EXPECT_TRUE(all<nostr::Ok>(3).back().accepted) << "another household is not concerned";
}

TEST_F(RelayTest, WhoSendsTooMuchIsReadLater) {
  limits.bytes_burst = 10000;
  limits.bytes_per_second = 1000;
  connect(1);
  for (int i = 0; i < 100 && paused.empty(); ++i) subscribe(1, "s", {"a"});
  ASSERT_EQ(paused.size(), 1u);
  EXPECT_TRUE(all<nostr::Closed>(1).empty());
  const auto said = heard[1].size();
  const Time until = relay().deadline();
  ASSERT_NE(until, never);
  wait(until - now - Duration(1));
  EXPECT_EQ(paused.size(), 1u);
  wait(Duration(1));
  EXPECT_TRUE(paused.empty());
  EXPECT_EQ(relay().deadline(), never);
  subscribe(1, "s", {"a"});
  EXPECT_GT(heard[1].size(), said);
}

TEST_F(RelayTest, WhatWasReadAlreadyIsPaidForToo) {
  limits.bytes_burst = 10000;
  limits.bytes_per_second = 1000;
  connect(1);
  while (paused.empty()) subscribe(1, "s", {"a"});
  const Time first = relay().deadline();
  for (int i = 0; i < 30; ++i) subscribe(1, "s", {"a"});  // of the same piece
  wait(first - now);
  EXPECT_EQ(paused.size(), 1u);
  EXPECT_GT(relay().deadline(), now + seconds(8));
  wait(relay().deadline() - now);
  EXPECT_TRUE(paused.empty());
}

TEST_F(RelayTest, ASlowReaderIsClosed) {
  limits.queued_bytes = 10000;
  reads = false;
  connect(1);
  connect(2, "192.0.2.2");
  subscribe(2, "s", {"a"});
  for (int i = 0; i < 100 && !closed.contains(2); ++i) {
    publish(1, event(i, "a"));
    give(Relay::Queued{{1}, 0});  // the speaker reads, the listener does not
  }
  ASSERT_TRUE(closed.contains(2));
  EXPECT_FALSE(closed.contains(1));
  std::size_t bytes = 0;
  for (const auto& text : heard[2]) bytes += text.size();
  EXPECT_GT(bytes, 9000u);
  EXPECT_LT(bytes, 11000u);
  EXPECT_EQ(relay().statistics().slow_readers, 1u);
  EXPECT_EQ(relay().statistics().queued_bytes, 0u);
  EXPECT_EQ(relay().statistics().subscriptions, 0u);
}

TEST_F(RelayTest, ManySlowReadersAreBoundedTogether) {
  limits.queued_bytes_of_all = 100000;
  limits.connections = 50;
  reads = false;
  connect(1);
  for (std::uint64_t id = 2; id <= 40; ++id) {
    connect(id);
    subscribe(id, "s", {"a"});
  }
  for (int i = 0; i < 200; ++i) {
    publish(1, event(i, "a"));
    give(Relay::Queued{{1}, 0});
    EXPECT_LT(relay().statistics().queued_bytes, 2 * limits.queued_bytes_of_all);
  }
  EXPECT_FALSE(closed.empty());
  EXPECT_FALSE(closed.contains(1));
}

TEST_F(RelayTest, NonsenseIsAnsweredAndHarmless) {
  connect(1);
  connect(2, "192.0.2.2");
  subscribe(2, "s", {"a"});
  const std::string good = nostr::encode(nostr::ClientMessage(nostr::Publish{event(1, "a")}));
  SeededRandom random(7);
  for (int i = 0; i < 10000; ++i) {
    std::string text = good;
    for (std::uint64_t n = 1 + random.below(8); n > 0; --n)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) text.resize(random.below(text.size()));
    say(1, text);
    heard[1].clear();
    heard[2].clear();
  }
  EXPECT_GT(relay().statistics().malformed, 5000u);
  EXPECT_FALSE(closed.contains(1));
  EXPECT_EQ(paused, std::vector<std::uint64_t>{1}) << "nonsense costs";
  publish(2, event(77, "a"));
  EXPECT_EQ(all<nostr::Delivered>(2).size(), 1u);
  say(2, R"(["AUTH",{}])");
  EXPECT_EQ(all<nostr::Notice>(2).size(), 1u);
  say(2, R"(["EVENT",{"id":")" + std::string(64, 'e') + R"("}])");
  EXPECT_EQ(all<nostr::Ok>(2).back().event, std::string(64, 'e'));
  EXPECT_FALSE(all<nostr::Ok>(2).back().accepted);
}

TEST_F(RelayTest, ForgetsWhoLeaves) {
  for (std::uint64_t id = 1; id <= 100; ++id) {
    connect(id);
    subscribe(id, "s", {"a", "b", std::to_string(id)});
  }
  EXPECT_EQ(relay().statistics().topics, 102u);
  for (std::uint64_t id = 1; id <= 100; ++id) give(Relay::Disconnected{{id}});
  const auto statistics = relay().statistics();
  EXPECT_EQ(statistics.connections, 0u);
  EXPECT_EQ(statistics.subscriptions, 0u);
  EXPECT_EQ(statistics.topics, 0u);
  EXPECT_EQ(statistics.queued_bytes, 0u);
  give(Relay::Disconnected{{1}});
  say(1, R"(["CLOSE","s"])");
}

}  // namespace
}  // namespace genos::core
