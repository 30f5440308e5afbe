// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/nostr.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/wire/limits.hpp"

namespace genos::core::nostr {
namespace {

constexpr const char* pubkey = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9";

struct Vector {
  std::uint32_t kind;
  std::int64_t created_at;
  const char* topic;
  const char* content;
  const char* id;
  const char* sig;
  const char* serialized;
  const char* wire;
};
// Computed by running trystero 0.25.4 with secret key 3.
constexpr Vector vectors[] = {
    {22558, 1795216000, "725o211c2784v43r415mo2h4q4r6n2967701g",
     R"({"peerId":"0A1b2C3d4E5f6G7h8I9j"})",
     "2c0fc9f3befceccb4be769987055f8197f59ee9346edf0014e1594c72f888bcd",
     "449aa7f507e0743efa170c97f0a16346b82e2022603e1d6a51144e5cdf859ed0952835ed88ddc752960eeb3fecded"
     "fd9be176737883d54ff09aeae1197bd46cb",
     R"([0,"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",1795216000,22558,[["x","725o211c2784v43r415mo2h4q4r6n2967701g"]],"{\"peerId\":\"0A1b2C3d4E5f6G7h8I9j\"}"])",
     R"(["EVENT",{"kind":22558,"tags":[["x","725o211c2784v43r415mo2h4q4r6n2967701g"]],"created_at":1795216000,"content":"{\"peerId\":\"0A1b2C3d4E5f6G7h8I9j\"}","pubkey":"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9","id":"2c0fc9f3befceccb4be769987055f8197f59ee9346edf0014e1594c72f888bcd","sig":"449aa7f507e0743efa170c97f0a16346b82e2022603e1d6a51144e5cdf859ed0952835ed88ddc752960eeb3fecdedfd9be176737883d54ff09aeae1197bd46cb"}])"},
    {22349, 1795216001, "i0aen1b2o614w3517243645a3o2p2fmh",
     R"({"peerId":"nQk2JVZvt0ad9tOgoCvQ","offerId":"abcDEF012345","offer":"255,254,253,252,251,250,249,248,247,246,245,244,243,242,241,240$BgTmBgNKYSH4OsO9EWlBvxOsM1B/69F3TV2jHP9JHowtoZ0NvU83I8KR4VjzMq6tIelVQw/p4tdfzm6FnLERQSrQa1qcVJSGAIbPfH7p81e8qc38i8499nQHvaqi60lkxg1HP8S750fzsNm4xZk9b+PG1Kj5JwbPXxUK7E6St4P3QCFXmjVDxzqeEw45mlMAEI92VDeSehllTf4SnzpN0o6MC5mcas0VLRlfpXSF3dwoAyI="})",
     "9ad570cb5acd796dd9fc24a0c95fbf37c33582eb4bb47235cda81b81a0f1a1a7",
     "4a217a5fdf1df7c17539c7f9bab4481efb4a94ce4466d0df022e2045d516f90fc9f6915fcb7d7718dbe57beb285d5"
     "bed4178daafb2f45ca4622ec2dca9a10fb3",
     R"([0,"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",1795216001,22349,[["x","i0aen1b2o614w3517243645a3o2p2fmh"]],"{\"peerId\":\"nQk2JVZvt0ad9tOgoCvQ\",\"offerId\":\"abcDEF012345\",\"offer\":\"255,254,253,252,251,250,249,248,247,246,245,244,243,242,241,240$BgTmBgNKYSH4OsO9EWlBvxOsM1B/69F3TV2jHP9JHowtoZ0NvU83I8KR4VjzMq6tIelVQw/p4tdfzm6FnLERQSrQa1qcVJSGAIbPfH7p81e8qc38i8499nQHvaqi60lkxg1HP8S750fzsNm4xZk9b+PG1Kj5JwbPXxUK7E6St4P3QCFXmjVDxzqeEw45mlMAEI92VDeSehllTf4SnzpN0o6MC5mcas0VLRlfpXSF3dwoAyI=\"}"])", R"(["EVENT",{"kind":22349,"tags":[["x","i0aen1b2o614w3517243645a3o2p2fmh"]],"created_at":1795216001,"content":"{\"peerId\":\"nQk2JVZvt0ad9tOgoCvQ\",\"offerId\":\"abcDEF012345\",\"offer\":\"255,254,253,252,251,250,249,248,247,246,245,244,243,242,241,240$BgTmBgNKYSH4OsO9EWlBvxOsM1B/69F3TV2jHP9JHowtoZ0NvU83I8KR4VjzMq6tIelVQw/p4tdfzm6FnLERQSrQa1qcVJSGAIbPfH7p81e8qc38i8499nQHvaqi60lkxg1HP8S750fzsNm4xZk9b+PG1Kj5JwbPXxUK7E6St4P3QCFXmjVDxzqeEw45mlMAEI92VDeSehllTf4SnzpN0o6MC5mcas0VLRlfpXSF3dwoAyI=\"}","pubkey":"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9","id":"9ad570cb5acd796dd9fc24a0c95fbf37c33582eb4bb47235cda81b81a0f1a1a7","sig":"4a217a5fdf1df7c17539c7f9bab4481efb4a94ce4466d0df022e2045d516f90fc9f6915fcb7d7718dbe57beb285d5bed4178daafb2f45ca4622ec2dca9a10fb3"}])"},
    {22610, 1795216002, "425k3t2j6x611o52f5f2n53283yz3614664c12",
     R"({"peerId":"zzzzzzzzzzzzzzzzzzzz","offerId":"abcDEF012345","candidate":"165,165,165,165,165,165,165,165,165,165,165,165,165,165,165,165$d7rwu+i3FlWioB/Q02Tn714P4JxBpe6hUO4i","passive":true})",
     "d2dbda4b9f331d1efe025f985f014bb54c4d2d7afb74abbfd2778218550d4001",
     "e8ec8c13a6991a0ed9756645a71dd1dc405c8c5ebf3b7e9940beb3bfae4d40a7c31af5689e2ace891bb4a64864905"
     "86a5b05305c38198e660764c193344eb0c4",
     R"([0,"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",1795216002,22610,[["x","425k3t2j6x611o52f5f2n53283yz3614664c12"]],"{\"peerId\":\"zzzzzzzzzzzzzzzzzzzz\",\"offerId\":\"abcDEF012345\",\"candidate\":\"165,165,165,165,165,165,165,165,165,165,165,165,165,165,165,165$d7rwu+i3FlWioB/Q02Tn714P4JxBpe6hUO4i\",\"passive\":true}"])", R"(["EVENT",{"kind":22610,"tags":[["x","425k3t2j6x611o52f5f2n53283yz3614664c12"]],"created_at":1795216002,"content":"{\"peerId\":\"zzzzzzzzzzzzzzzzzzzz\",\"offerId\":\"abcDEF012345\",\"candidate\":\"165,165,165,165,165,165,165,165,165,165,165,165,165,165,165,165$d7rwu+i3FlWioB/Q02Tn714P4JxBpe6hUO4i\",\"passive\":true}","pubkey":"f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9","id":"d2dbda4b9f331d1efe025f985f014bb54c4d2d7afb74abbfd2778218550d4001","sig":"e8ec8c13a6991a0ed9756645a71dd1dc405c8c5ebf3b7e9940beb3bfae4d40a7c31af5689e2ace891bb4a6486490586a5b05305c38198e660764c193344eb0c4"}])"},
};

Event event_from(const Vector& vector) {
  return {vector.id,      pubkey,    vector.created_at, vector.kind, {{"x", vector.topic}},
          vector.content, vector.sig};
}

std::string with(const std::string& field, const std::string& value) {
  auto event = event_json(event_from(vectors[0]));
  event.set(field, *parse_json(value));
  return "[\"EVENT\"," + to_text(event) + "]";
}

TEST(Nostr, SerialisesEventsAsTrysteroDoes) {
  for (const auto& vector : vectors) {
    const auto event = event_from(vector);
    EXPECT_EQ(canonical(event), vector.serialized);
    EXPECT_EQ(encode(ClientMessage(Publish{event})), vector.wire);
    EXPECT_EQ(kind_of(Topic{vector.topic}), vector.kind);
    const auto parsed = parse_client_message(vector.wire);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, ClientMessage(Publish{event}));
    EXPECT_EQ(*event.tag("x"), vector.topic);
    EXPECT_FALSE(event.tag("y"));
    EXPECT_EQ(claimed_id(vector.wire), vector.id);
  }
}

TEST(Nostr, KindIsTheSumOfCharacterCodes) {
  // trystero 0.25.4; the last two hold what JavaScript counts as one and as two characters.
  EXPECT_EQ(kind_of(Topic{""}), 20000u);
  EXPECT_EQ(kind_of(Topic{"a"}), 20097u);
  EXPECT_EQ(kind_of(Topic{"\u00e4\u2728"}), 20000u + (0xe4 + 0x2728) % 10000);
  EXPECT_EQ(kind_of(Topic{"\U0001f600"}), 20000u + (0xd83d + 0xde00) % 10000);
}

TEST(Nostr, PicksTheRelaysThatAPagePicks) {
  // trystero 0.25.4, its default list and redundancy.
  const struct {
    const char* app_id;
    std::vector<std::string> relays;
  } table[] = {
      {"genosrtc-lab",
       {"wss://nostr-relay.corb.net", "wss://staging.yabu.me", "wss://social.amanah.eblessing.co",
        "wss://relay.sigit.io", "wss://relay.agorist.space"}},
      {"san_narciso_3d",
       {"wss://staging.yabu.me", "wss://relay.sigit.io", "wss://relay-can.zombi.cloudrodion.com",
        "wss://purplerelay.com", "wss://relay.artio.inf.unibe.ch"}},
      {"kinneret",
       {"wss://relay.mostr.pub", "wss://nos.lol", "wss://purplerelay.com",
        "wss://nostr-relay.corb.net", "wss://yabu.me/v2"}},
      {"a",
       {"wss://nostr.tegila.com.br", "wss://bucket.coracle.social", "wss://purplerelay.com",
        "wss://top.testrelay.top", "wss://nostr-relay.corb.net"}},
  };
  for (const auto& row : table) EXPECT_EQ(public_relays(row.app_id), row.relays) << row.app_id;
  EXPECT_EQ(public_relays("a", 2).size(), 2u);
  EXPECT_EQ(public_relays("a", 100).size(), 28u);
}

TEST(Nostr, ReadsWhatAPageAndARelaySay) {
  // Shapes of captured traffic of trystero 0.25.4.
  const std::string id = "HafsDWd6euOArdN8E7SJw0tmi7f6qMCHxVfajEDJUMnVsPLbaz3bxbD6MmVuEyNR";
  const auto req = parse_client_message(
      "[\"REQ\",\"" + id +
      "\",{\"kinds\":[22945,22558],\"since\":1795216507,\"#x\":[\"6h6w\",\"725o\"]}]");
  ASSERT_TRUE(req);
  Filter filter;
  filter.kinds = {22945, 22558};
  filter.since = 1795216507;
  filter.tags = {{'x', {"6h6w", "725o"}}};
  EXPECT_EQ(*req, ClientMessage(Subscribe{id, {filter}}));
  EXPECT_EQ(encode(*req),
            "[\"REQ\",\"" + id +
                "\",{\"kinds\":[22945,22558],\"since\":1795216507,\"#x\":[\"6h6w\",\"725o\"]}]");
  EXPECT_EQ(*parse_client_message("[\"CLOSE\",\"" + id + "\"]"), ClientMessage(Close{id}));
  EXPECT_EQ(*parse_relay_message("[\"EOSE\",\"" + id + "\"]"), RelayMessage(Eose{id}));
  EXPECT_EQ(*parse_relay_message("[\"OK\",\"" + std::string(vectors[0].id) + "\",true,\"\"]"),
            RelayMessage(Ok{vectors[0].id, true, ""}));
}

TEST(Nostr, RoundTripsEveryMessage) {
  Filter filter;
  filter.ids = {std::string(64, 'a')};
  filter.authors = {std::string(64, '0')};
  filter.kinds = {1, 65535};
  filter.since = 1;
  filter.until = 2;
  filter.limit = 0;
  filter.tags = {{'x', {"a", "b"}}, {'E', {}}};
  const auto event = event_from(vectors[1]);
  for (const auto& message :
       std::vector<ClientMessage>{Publish{event}, Subscribe{"s", {filter, Filter{}}}, Close{"s"}}) {
    const auto back = parse_client_message(encode(message));
    ASSERT_TRUE(back) << encode(message);
    EXPECT_EQ(*back, message);
  }
  for (const auto& message :
       std::vector<RelayMessage>{Delivered{"s", event}, Ok{"id", false, "rate-limited: slow"},
                                 Eose{"s"}, Closed{"s", "error: \u00fc"}, Notice{"n"}}) {
    const auto back = parse_relay_message(encode(message));
    ASSERT_TRUE(back) << encode(message);
    EXPECT_EQ(*back, message);
  }
}

TEST(Nostr, RefusesMalformedMessages) {
  for (const std::string text : {"",
                                 "{}",
                                 "[]",
                                 "[1]",
                                 R"(["REQ"])",
                                 R"(["REQ","s"])",
                                 R"(["REQ","",{}])",
                                 R"(["REQ",7,{}])",
                                 R"(["REQ","s",[]])",
                                 R"(["REQ","s",{"kinds":7}])",
                                 R"(["REQ","s",{"kinds":[65536]}])",
                                 R"(["REQ","s",{"kinds":[-1]}])",
                                 R"(["REQ","s",{"kinds":["1"]}])",
                                 R"(["REQ","s",{"ids":["abc"]}])",
                                 R"(["REQ","s",{"authors":[7]}])",
                                 R"(["REQ","s",{"#x":"a"}])",
                                 R"(["REQ","s",{"#x":[1]}])",
                                 R"(["REQ","s",{"#xy":[]}])",
                                 R"(["REQ","s",{"#1":[]}])",
                                 R"(["REQ","s",{"since":"1"}])",
                                 R"(["REQ","s",{"until":-1}])",
                                 R"(["REQ","s",{"search":"a"}])",
                                 R"(["CLOSE"])",
                                 R"(["EVENT"])",
                                 R"(["EVENT",7])",
                                 R"(["EVENT",{}])"}) {
    const auto parsed = parse_client_message(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().code, Errc::not_found) << text;
  }
  for (const std::string text :
       {R"(["EVENT","s"])", R"(["EVENT","s",{}])", R"(["OK"])", R"(["OK","id"])",
        R"(["OK","id","true"])", R"(["EOSE"])", R"(["CLOSED"])", R"(["EOSE",""])"}) {
    EXPECT_FALSE(parse_relay_message(text)) << text;
  }
  EXPECT_EQ(parse_relay_message(R"(["AUTH","x"])").error().code, Errc::not_found);
  EXPECT_EQ(parse_client_message(R"(["COUNT","x",{}])").error().code, Errc::not_found);
}

TEST(Nostr, RefusesMalformedEvents) {
  EXPECT_TRUE(parse_client_message(with("kind", "0")));
  const struct {
    const char* field;
    const char* value;
  } table[] = {{"id", "\"abc\""},       {"id", "7"},        {"pubkey", "null"},
               {"sig", "\"\""},         {"kind", "-1"},     {"kind", "65536"},
               {"kind", "1.5"},         {"kind", "\"1\""},  {"created_at", "-1"},
               {"created_at", "1e300"}, {"content", "7"},   {"tags", "{}"},
               {"tags", "[[1]]"},       {"tags", "[\"x\"]"}};
  for (const auto& row : table) {
    EXPECT_FALSE(parse_client_message(with(row.field, row.value))) << row.field << row.value;
  }
  const std::string upper(64, 'A');
  EXPECT_FALSE(parse_client_message(with("id", "\"" + upper + "\"")));
}

TEST(Nostr, KeepsItsLimits) {
  const auto repeat = [](const std::string& item, std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += (i ? "," : "") + item;
    return list;
  };
  const auto filters = [&](std::size_t n) {
    return parse_client_message("[\"REQ\",\"s\"," + repeat("{}", n) + "]");
  };
  EXPECT_TRUE(filters(limits::max_filters));
  EXPECT_EQ(filters(limits::max_filters + 1).error().code, Errc::too_large);
  const auto values = [&](const std::string& name, const std::string& item, std::size_t n) {
    return parse_client_message("[\"REQ\",\"s\",{\"" + name + "\":[" + repeat(item, n) + "]}]");
  };
  EXPECT_TRUE(values("#x", "\"t\"", limits::max_filter_values));
  EXPECT_EQ(values("#x", "\"t\"", limits::max_filter_values + 1).error().code, Errc::too_large);
  EXPECT_TRUE(values("kinds", "1", limits::max_filter_values));
  EXPECT_EQ(values("kinds", "1", limits::max_filter_values + 1).error().code, Errc::too_large);
  const auto tags = [&](std::size_t n) {
    return parse_client_message(with("tags", "[" + repeat("[\"x\"]", n) + "]"));
  };
  EXPECT_TRUE(tags(limits::max_tags));
  EXPECT_EQ(tags(limits::max_tags + 1).error().code, Errc::too_large);
  const auto tag = [&](std::size_t n) {
    return parse_client_message(with("tags", "[[" + repeat("\"x\"", n) + "]]"));
  };
  EXPECT_TRUE(tag(limits::max_tag_values));
  EXPECT_EQ(tag(limits::max_tag_values + 1).error().code, Errc::too_large);
  EXPECT_TRUE(parse_client_message("[\"CLOSE\",\"" + std::string(64, 's') + "\"]"));
  EXPECT_FALSE(parse_client_message("[\"CLOSE\",\"" + std::string(65, 's') + "\"]"));
  const std::string huge(limits::max_nostr_message, 'x');
  EXPECT_EQ(parse_client_message("[\"CLOSE\",\"" + huge + "\"]").error().code, Errc::too_large);
}

TEST(Nostr, MatchesAsNip01Says) {
  const auto event = event_from(vectors[0]);
  EXPECT_TRUE(matches({}, event));
  Filter filter;
  filter.kinds = {1, event.kind};
  filter.since = event.created_at;
  filter.until = event.created_at;
  filter.tags = {{'x', {"other", vectors[0].topic}}};
  EXPECT_TRUE(matches(filter, event));
  const auto changed = [&](auto change) {
    auto other = filter;
    change(other);
    return matches(other, event);
  };
  EXPECT_FALSE(changed([](Filter& f) { f.kinds->pop_back(); }));
  EXPECT_FALSE(changed([](Filter& f) { ++*f.since; }));
  EXPECT_FALSE(changed([](Filter& f) { --*f.until; }));
  EXPECT_FALSE(changed([](Filter& f) { f.tags[0].letter = 'y'; }));
  EXPECT_FALSE(changed([](Filter& f) { f.tags[0].values.pop_back(); }));
  EXPECT_FALSE(changed([](Filter& f) { f.tags.push_back({'e', {"a"}}); }));
  EXPECT_FALSE(changed([](Filter& f) { f.ids.emplace(); }));
  EXPECT_FALSE(changed([](Filter& f) { f.authors = {std::string(64, '0')}; }));
  EXPECT_TRUE(changed([&](Filter& f) { f.ids = {event.id}, f.authors = {event.pubkey}; }));
}

TEST(Nostr, ClaimedIdNeedsAReadableId) {
  EXPECT_EQ(claimed_id(with("kind", "-1")), vectors[0].id);
  EXPECT_EQ(claimed_id(with("id", "7")), "");
  EXPECT_EQ(claimed_id("[\"REQ\",\"s\",{}]"), "");
  EXPECT_EQ(claimed_id("["), "");
}

}  // namespace
}  // namespace genos::core::nostr
