// SPDX-License-Identifier: LGPL-2.1-or-later
// What a peer, a relay or a network may do to a link: it ends, and nothing else does.
#include <gtest/gtest.h>

#include "support/link_pair.hpp"

namespace genos {
namespace {

using core::Bytes;
using core::Description;
using core::DescriptionType;
using core::Signal;
using test::LinkPair;
using namespace std::chrono_literals;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// Every line that begins with `begin` goes, or becomes `line`.
void rewrite(std::string& sdp, const std::string& begin, const std::string& line) {
  for (std::size_t at = 0; at < sdp.size();) {
    const std::size_t end = std::min(sdp.find("\r\n", at), sdp.size() - 2) + 2;
    if (sdp.compare(at, begin.size(), begin) != 0) {
      at = end;
      continue;
    }
    const std::string put = line.empty() ? "" : line + "\r\n";
    sdp.replace(at, end - at, put);
    at += put.size();
  }
}

std::string other_fingerprint() {
  std::string text = "a=fingerprint:sha-256 00";
  for (int i = 1; i < 32; i++) text += ":00";
  return text;
}

// Whoever sits on the path and changes what is signalled is found out before a byte passes.
TEST(LinkHostile, ACertificateThatWasNotAnnouncedEndsTheLink) {
  for (const auto tampered : {DescriptionType::offer, DescriptionType::answer}) {
    LinkPair pair;
    for (auto* side : {&pair.a, &pair.b})
      side->on_the_way = [tampered](Signal signal) -> std::optional<Signal> {
        auto* description = std::get_if<Description>(&signal);
        if (description && description->type == tampered)
          rewrite(description->sdp, "a=fingerprint", other_fingerprint());
        return signal;
      };
    pair.start();
    auto& fooled = tampered == DescriptionType::offer ? pair.b : pair.a;
    ASSERT_TRUE(pair.until([&] { return fooled.closed > 0; }));
    EXPECT_FALSE(fooled.opened);
    EXPECT_NE(fooled.reason.find("somebody else"), std::string::npos) << fooled.reason;
    EXPECT_TRUE(fooled.messages.empty());
  }
}

struct Mutation {
  const char* name;
  void (*apply)(std::string& sdp);
};

const Mutation mutations[] = {
    {"first line rejected",
     [](std::string& s) { replace_all(s, "m=application 9", "m=application 0"); }},
    {"rejected and out of the bundle",
     [](std::string& s) {
       replace_all(s, "m=application 9", "m=application 0");
       rewrite(s, "a=group", "a=group:BUNDLE");
     }},
    {"no bundle", [](std::string& s) { rewrite(s, "a=group", ""); }},
    {"bundle of strangers", [](std::string& s) { rewrite(s, "a=group", "a=group:BUNDLE nobody"); }},
    {"no mid", [](std::string& s) { rewrite(s, "a=mid", ""); }},
    {"another mid", [](std::string& s) { rewrite(s, "a=mid", "a=mid:other"); }},
    {"no fingerprint", [](std::string& s) { rewrite(s, "a=fingerprint", ""); }},
    {"weak fingerprint",
     [](std::string& s) { rewrite(s, "a=fingerprint", "a=fingerprint:sha-1 00:11:22:33"); }},
    {"no ufrag", [](std::string& s) { rewrite(s, "a=ice-ufrag", ""); }},
    {"no password", [](std::string& s) { rewrite(s, "a=ice-pwd", ""); }},
    {"audio instead",
     [](std::string& s) { rewrite(s, "m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 0"); }},
    {"no line", [](std::string& s) { s.resize(s.find("m=application")); }},
    {"one line more", [](std::string& s) { s += s.substr(s.find("m=application")); }},
    {"actpass", [](std::string& s) { rewrite(s, "a=setup", "a=setup:actpass"); }},
    {"empty", [](std::string& s) { s.clear(); }},
    {"garbage", [](std::string& s) { s.assign(5000, '\xff'); }},
    {"enormous", [](std::string& s) { s.append(std::string(1 << 20, 'a')); }},
};

TEST(LinkHostile, AnswersOutOfShapeEndTheLinkAndNothingElse) {
  for (const Mutation& mutation : mutations) {
    LinkPair pair;
    pair.b.on_the_way = [&](Signal signal) -> std::optional<Signal> {
      if (auto* description = std::get_if<Description>(&signal)) mutation.apply(description->sdp);
      return signal;
    };
    pair.start();
    EXPECT_TRUE(pair.until([&] { return pair.a.closed > 0; }, 5s)) << mutation.name;
    EXPECT_FALSE(pair.a.opened) << mutation.name;
    EXPECT_EQ(pair.a.closed, 1) << mutation.name;
  }
}

TEST(LinkHostile, OffersOutOfShapeEndTheLinkAndNothingElse) {
  for (const Mutation& mutation : mutations) {
    // An offerer says actpass, and its mids are its own.
    if (std::string(mutation.name) == "actpass" || std::string(mutation.name) == "another mid")
      continue;
    LinkPair pair;
    pair.a.on_the_way = [&](Signal signal) -> std::optional<Signal> {
      if (auto* description = std::get_if<Description>(&signal)) mutation.apply(description->sdp);
      return signal;
    };
    pair.start();
    EXPECT_TRUE(pair.until([&] { return pair.b.closed > 0; }, 5s)) << mutation.name;
    EXPECT_FALSE(pair.b.opened) << mutation.name;
  }
}

TEST(LinkHostile, CandidatesOfEveryKindOfNonsenseAreTakenCalmly) {
  LinkPair pair;
  pair.b.on_the_way = [&](Signal signal) -> std::optional<Signal> {
    if (std::holds_alternative<Description>(signal)) {
      for (const char* text :
           {"", "x", "candidate:", "candidate:1 1 UDP 1 256.1.1.1 9 typ host",
            "candidate:1 1 UDP 1 x.local 9 typ host", "candidate:1 2 UDP 1 127.0.0.1 9 typ host",
            "candidate:1 1 TCP 1 127.0.0.1 9 typ host tcptype active"})
        pair.a.link->signal(core::Candidate{text, std::nullopt, 0, std::nullopt});
      for (std::uint32_t i = 0; i < 1000; i++)
        pair.a.link->signal(
            core::Candidate{"candidate:1 1 UDP 1 127.0.0.1 9 typ host", "zz", i, "q"});
    }
    return signal;
  };
  EXPECT_TRUE(pair.open()) << pair.a.reason;
}

TEST(LinkHostile, AFingerprintThatChangesLaterEndsTheLink) {
  LinkPair pair;
  ASSERT_TRUE(pair.open());
  pair.a.on_the_way = [](Signal signal) -> std::optional<Signal> {
    if (auto* description = std::get_if<Description>(&signal))
      rewrite(description->sdp, "a=fingerprint", other_fingerprint());
    return signal;
  };
  const auto caps = adopt(gst_caps_from_string(
      "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,ssrc=(uint)5"));
  ASSERT_TRUE(pair.a.link->add_media(caps.get(), "s"));
  EXPECT_TRUE(pair.until([&] { return pair.b.closed > 0; }));
}

}  // namespace
}  // namespace genos
