// SPDX-License-Identifier: LGPL-2.1-or-later
// What the relay delivers to whom, in virtual time.
#include "support/relay_fixture.hpp"

namespace genos::core {
namespace {

TEST_F(RelayTest, DeliversToWhoNamedTheTopicOnly) {
  for (std::uint64_t id : {1, 2, 3}) connect(id);
  subscribe(1, "mine", {"a", "b"});
  subscribe(2, "other", {"c"});
  publish(3, event(1, "b"));
  ASSERT_EQ(all<nostr::Eose>(1).size(), 1u);
  ASSERT_EQ(all<nostr::Delivered>(1).size(), 1u);
  EXPECT_EQ(all<nostr::Delivered>(1)[0].subscription, "mine");
  EXPECT_EQ(all<nostr::Delivered>(1)[0].event, event(1, "b"));
  EXPECT_TRUE(all<nostr::Delivered>(2).empty());
  ASSERT_EQ(all<nostr::Ok>(3).size(), 1u);
  EXPECT_TRUE(all<nostr::Ok>(3)[0].accepted);
  EXPECT_EQ(all<nostr::Ok>(3)[0].reason, "");
}

TEST_F(RelayTest, TheSpeakerHearsItselfIfItListens) {
  connect(1);
  subscribe(1, "s", {"a"});
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
}

TEST_F(RelayTest, OneSubscriptionHearsAnEventOnce) {
  connect(1);
  nostr::Filter first, second;
  first.tags = {{'x', {"a", "b", "a"}}};
  second.tags = {{'x', {"a"}}};
  say(1, nostr::encode(nostr::ClientMessage(nostr::Subscribe{"s", {first, second}})));
  auto both = event(1, "a");
  both.tags.push_back({"x", "b"});
  publish(1, both);
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
  say(1, R"(["CLOSE","s"])");
  publish(1, event(2, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
  EXPECT_EQ(relay().statistics().topics, 0u);
}

TEST_F(RelayTest, TheSameIdReplaces) {
  connect(1);
  subscribe(1, "s", {"a"});
  subscribe(1, "s", {"b"});
  publish(1, event(1, "a"));
  EXPECT_TRUE(all<nostr::Delivered>(1).empty());
  publish(1, event(2, "b"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
  EXPECT_EQ(relay().statistics().subscriptions, 1u);
}

TEST_F(RelayTest, HonoursEveryField) {
  const auto reaches = [this](const nostr::Filter& filter, const nostr::Event& e) {
    static std::uint64_t last = 100;
    const std::uint64_t client = ++last;
    connect(client, std::to_string(client));
    subscribe(client, "s", filter);
    publish(client, e);
    return all<nostr::Delivered>(client).size() == 1;
  };
  nostr::Filter topic;
  topic.tags = {{'x', {"a"}}};
  auto filter = topic;
  filter.kinds = {22001, 22000};
  EXPECT_TRUE(reaches(filter, event(1, "a")));
  EXPECT_FALSE(reaches(filter, event(2, "a", 22002)));
  filter = topic;
  filter.authors = {std::string(64, 'a')};
  EXPECT_TRUE(reaches(filter, event(3, "a")));
  filter.authors = {std::string(64, 'c')};
  EXPECT_FALSE(reaches(filter, event(4, "a")));
  filter = topic;
  filter.ids = {event(5, "a").id};
  EXPECT_TRUE(reaches(filter, event(5, "a")));
  EXPECT_FALSE(reaches(filter, event(6, "a")));
  filter = topic;
  filter.until = 1'699'999'999;
  EXPECT_FALSE(reaches(filter, event(7, "a")));
  filter = topic;
  filter.since = 1'700'000'000 + 2 * 24 * 3600;
  EXPECT_FALSE(reaches(filter, event(8, "a")));
  filter = topic;
  filter.limit = 0;  // of stored events, which there are none of
  EXPECT_TRUE(reaches(filter, event(9, "a")));
  filter = topic;
  filter.tags.push_back({'p', {"q"}});
  EXPECT_FALSE(reaches(filter, event(10, "a")));
}

TEST_F(RelayTest, AClockThatIsAheadIsNotDeaf) {
  connect(1);
  nostr::Filter filter;
  filter.tags = {{'x', {"a"}}};
  filter.since = 1'700'000'000 + 3600;
  subscribe(1, "s", filter);
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
}

TEST_F(RelayTest, RefusesWhatItDoesNotKeep) {
  connect(1);
  for (std::uint32_t kind : {0u, 1u, 19999u, 30000u}) {
    publish(1, event(static_cast<int>(kind), "a", kind));
    EXPECT_FALSE(all<nostr::Ok>(1).back().accepted) << kind;
    EXPECT_TRUE(all<nostr::Ok>(1).back().reason.starts_with("blocked: ")) << kind;
  }
  EXPECT_EQ(verified, 0) << "a signature costs more than a kind";
  for (std::uint32_t kind : {20000u, 29999u}) {
    publish(1, event(static_cast<int>(kind), "a", kind));
    EXPECT_TRUE(all<nostr::Ok>(1).back().accepted) << kind;
  }
}

TEST_F(RelayTest, DropsWhatIsNotGenuine) {
  connect(1);
  subscribe(1, "s", {"a"});
  genuine = false;
  publish(1, event(1, "a"));
  EXPECT_TRUE(all<nostr::Delivered>(1).empty());
  EXPECT_TRUE(all<nostr::Ok>(1).back().reason.starts_with("invalid: "));
  // And the forgery does not make the real one a duplicate.
  genuine = true;
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
}

TEST_F(RelayTest, DuplicatesReachNewcomersOnly) {
  connect(1);
  connect(2);
  subscribe(1, "s", {"a"});
  publish(1, event(1, "a"));
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
  EXPECT_TRUE(all<nostr::Ok>(1).back().accepted);
  EXPECT_TRUE(all<nostr::Ok>(1).back().reason.starts_with("duplicate: "));
  EXPECT_EQ(verified, 1);
  subscribe(2, "late", {"a"});
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 1u);
  EXPECT_EQ(all<nostr::Delivered>(2).size(), 1u);
  genuine = false;  // the id of a known event around another content
  connect(3);
  subscribe(3, "later", {"a"});
  publish(1, event(1, "a"));
  EXPECT_TRUE(all<nostr::Delivered>(3).empty());
  genuine = true;
  wait(2 * limits.duplicate_window);
  publish(1, event(1, "a"));
  EXPECT_EQ(all<nostr::Delivered>(1).size(), 2u);
}

TEST_F(RelayTest, RemembersABoundedNumberOfEvents) {
  limits.duplicates_remembered = 10;
  connect(1);
  for (int i = 0; i < 20; ++i) publish(1, event(i, "a"));
  publish(1, event(0, "a"));
  EXPECT_EQ(all<nostr::Ok>(1).back().reason, "");
  publish(1, event(19, "a"));
  EXPECT_TRUE(all<nostr::Ok>(1).back().reason.starts_with("duplicate: "));
}

}  // namespace
}  // namespace genos::core
