// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/envelope.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Contents of events of trystero 0.25.4.
constexpr const char* announcement = R"({"peerId":"0A1b2C3d4E5f6G7h8I9j"})";
constexpr const char* offer =
    R"({"peerId":"nQk2JVZvt0ad9tOgoCvQ","offerId":"abcDEF012345","offer":"0,0$hDNBsxJKOe7jBswrWhhLWQ=="})";
constexpr const char* answer =
    R"({"peerId":"nQk2JVZvt0ad9tOgoCvQ","answer":"0,0$hDNBsxJKOe7jBswrWhhLWQ==","offerId":"abcDEF012345"})";
constexpr const char* passive_candidate =
    R"({"peerId":"zzzzzzzzzzzzzzzzzzzz","offerId":"abcDEF012345","candidate":"165,165$d7rwu+i3FlWioB/Q02Tn714P4JxBpe6hUO4i","passive":true})";

TEST(Envelope, ReadsAndWritesWhatTrysteroSends) {
  for (const std::string text : {announcement, offer, answer, passive_candidate}) {
    const auto envelope = decode_envelope(text);
    ASSERT_TRUE(envelope) << text;
    EXPECT_EQ(encode_envelope(*envelope), text);
  }
}

TEST(Envelope, KnowsTheParts) {
  const auto candidate = decode_envelope(passive_candidate);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->from.value, "zzzzzzzzzzzzzzzzzzzz");
  EXPECT_TRUE(candidate->passive);
  EXPECT_FALSE(candidate->genos);
  ASSERT_TRUE(candidate->sealed);
  EXPECT_EQ(candidate->sealed->kind, SealedKind::candidate);
  EXPECT_EQ(candidate->sealed->offer.value, "abcDEF012345");
  EXPECT_EQ(candidate->sealed->text, "165,165$d7rwu+i3FlWioB/Q02Tn714P4JxBpe6hUO4i");
  EXPECT_FALSE(decode_envelope(announcement)->sealed);
  EXPECT_EQ(decode_envelope(answer)->sealed->kind, SealedKind::answer);
}

TEST(Envelope, DropsWhatTrysteroDrops) {
  for (const std::string text :
       {"", "x", "null", "[]", "\"a\"", "7", "{}", R"({"peerId":""})", R"({"peerId":7})",
        R"({"peerId":"a","offer":""})", R"({"peerId":"a","answer":7})",
        R"({"peerId":"a","candidate":null})", R"({"peerId":"a","offer":"x","answer":""})",
        R"({"offer":"x"})"}) {
    EXPECT_FALSE(decode_envelope(text)) << text;
  }
}

TEST(Envelope, TakesWhatTrysteroTakes) {
  // Unknown fields, an offer id of a wrong type, several sealed fields, a passive that is not true.
  const auto loose =
      decode_envelope(R"({"peerId":"a","offer":"x","offerId":7,"passive":1,"y":{}})");
  ASSERT_TRUE(loose);
  EXPECT_TRUE(loose->sealed->offer.empty());
  EXPECT_FALSE(loose->passive);
  const auto several =
      decode_envelope(R"({"answer":"1","candidate":"2","offer":"3","peerId":"a"})");
  ASSERT_TRUE(several);
  EXPECT_EQ(several->sealed->kind, SealedKind::offer);
  const auto two = decode_envelope(R"({"answer":"1","candidate":"2","peerId":"a"})");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->sealed->kind, SealedKind::candidate);
}

TEST(Envelope, KeepsItsLimits) {
  const auto with = [](const std::string& field, std::size_t size) {
    return decode_envelope(R"({"peerId":"a","offer":"x",")" + field + "\":\"" +
                           std::string(size, 'x') + "\"}");
  };
  EXPECT_TRUE(with("peerId", limits::max_peer_id));
  EXPECT_EQ(with("peerId", limits::max_peer_id + 1).error().code, Errc::too_large);
  EXPECT_TRUE(with("offerId", limits::max_offer_id));
  EXPECT_EQ(with("offerId", limits::max_offer_id + 1).error().code, Errc::too_large);
  EXPECT_TRUE(with("offer", limits::max_sealed));
  EXPECT_EQ(with("offer", limits::max_sealed + 1).error().code, Errc::too_large);
}

TEST(Envelope, CarriesTheAdvertisement) {
  Envelope ours{{"00abc"}, false, Advertisement{1, {"send", "receive"}}, std::nullopt};
  const auto text = encode_envelope(ours);
  EXPECT_EQ(text, R"({"peerId":"00abc","genos":{"v":1,"caps":["receive","send"]}})");
  const auto back = decode_envelope(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, ours);
}

TEST(Envelope, AMalformedAdvertisementIsNone) {
  const std::string words16 = R"("a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p")";
  const std::string word32(32, 'w');
  const auto genos = [](const std::string& value) {
    const auto envelope = decode_envelope(R"({"peerId":"a","genos":)" + value + "}");
    return envelope && envelope->genos;
  };
  EXPECT_TRUE(genos(R"({"v":1,"caps":[]})"));
  EXPECT_TRUE(genos(R"({"v":2,"caps":[)" + words16 + R"(],"later":{}})"));
  EXPECT_TRUE(genos(R"({"v":1,"caps":[")" + word32 + "\"]}"));
  for (const std::string& value :
       {std::string("7"), std::string("null"), std::string("{}"), std::string(R"({"v":1})"),
        std::string(R"({"v":"1","caps":[]})"), std::string(R"({"v":0,"caps":[]})"),
        std::string(R"({"v":-1,"caps":[]})"), std::string(R"({"v":4294967297,"caps":[]})"),
        std::string(R"({"v":1,"caps":{}})"), std::string(R"({"v":1,"caps":[1]})"),
        std::string(R"({"v":1,"caps":[""]})"), R"({"v":1,"caps":[)" + words16 + ",\"q\"]}",
        R"({"v":1,"caps":[")" + word32 + "w\"]}"}) {
    EXPECT_FALSE(genos(value)) << value;
    EXPECT_TRUE(decode_envelope(R"({"peerId":"a","genos":)" + value + "}")) << value;
  }
}

TEST(Candidate, ReadsAndWritesAPagesJson) {
  // Plaintext of a vector of trystero 0.25.4.
  const std::string text =
      R"({"candidate":"candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host generation 0 ufrag abcd network-id 1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"abcd"})";
  const auto candidate = decode_candidate(text);
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->mid, "0");
  EXPECT_EQ(candidate->mline, 0u);
  EXPECT_EQ(candidate->ufrag, "abcd");
  EXPECT_EQ(encode_candidate(*candidate), text);
}

TEST(Candidate, FieldsMayBeMissingOrNull) {
  const auto end = decode_candidate(R"({"candidate":"","sdpMid":null,"sdpMLineIndex":null})");
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, Candidate{});
  EXPECT_TRUE(decode_candidate("{}"));
  EXPECT_EQ(encode_candidate(Candidate{"c", {}, 0, {}}), R"({"candidate":"c","sdpMLineIndex":0})");
}

TEST(Candidate, RefusesWrongTypesAndLengths) {
  const auto field = [](const char* name, std::size_t size) {
    return "{\"" + std::string(name) + "\":\"" + std::string(size, 'x') + "\"}";
  };
  for (const std::string& text :
       {std::string("[]"), std::string("7"), std::string(R"({"candidate":7})"),
        std::string(R"({"sdpMid":0})"), std::string(R"({"sdpMLineIndex":"0"})"),
        std::string(R"({"sdpMLineIndex":-1})"), std::string(R"({"sdpMLineIndex":1025})"),
        std::string(R"({"sdpMLineIndex":0.5})"), std::string(R"({"usernameFragment":{}})"),
        field("candidate", limits::max_candidate + 1), field("sdpMid", limits::max_mid + 1),
        field("usernameFragment", limits::max_ufrag + 1)}) {
    EXPECT_FALSE(decode_candidate(text)) << text;
  }
  EXPECT_TRUE(decode_candidate(field("candidate", limits::max_candidate)));
  EXPECT_TRUE(decode_candidate(field("sdpMid", limits::max_mid)));
  EXPECT_TRUE(decode_candidate(field("usernameFragment", limits::max_ufrag)));
}

TEST(InBandSignal, RoundTrips) {
  const Signal signals[] = {Description{DescriptionType::offer, "v=0\r\n"},
                            Description{DescriptionType::answer, "v=0\r\n"},
                            Candidate{"candidate:1", "0", 0, "abcd"}, TurnRequest{}};
  for (const auto& signal : signals) {
    const auto sent = encode_signal(signal);
    const auto back = decode_signal(sent.action, sent.json);
    ASSERT_TRUE(back) << sent.json;
    EXPECT_EQ(*back, signal);
  }
  EXPECT_EQ(encode_signal(signals[0]).json, R"({"type":"offer","sdp":"v=0\r\n"})");
  EXPECT_EQ(encode_signal(Candidate{"c", {}, 0, {}}).json,
            R"({"type":"candidate","sdp":"{\"candidate\":\"c\",\"sdpMLineIndex\":0}"})");
  EXPECT_EQ(encode_signal(TurnRequest{}).action, "genos:turn");
}

TEST(InBandSignal, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("7"), std::string("{}"), std::string(R"({"type":"offer"})"),
        std::string(R"({"type":"rollback","sdp":""})"), std::string(R"({"type":1,"sdp":""})"),
        std::string(R"({"type":"candidate","sdp":"x"})"),
        R"({"type":"offer","sdp":")" + std::string(limits::max_sdp + 1, 'x') + "\"}"}) {
    EXPECT_FALSE(decode_signal("@_signal", text)) << text.substr(0, 60);
  }
  EXPECT_FALSE(decode_signal("chat", R"({"type":"offer","sdp":"v=0"})"));
  EXPECT_FALSE(decode_signal("genos:turn", "[]"));
}

}  // namespace
}  // namespace genos::core
