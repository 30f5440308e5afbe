// SPDX-License-Identifier: LGPL-2.1-or-later
// Every description that is known to abort, crash or stall webrtcbin 1.22 or 1.26, and its kin.
#include <gtest/gtest.h>

#include <functional>

#include "core/negotiation/gate.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::core {
namespace {

using test::answer;
using test::offer;
using test::replaced;
// --------------------------------------------------------------------

enum class On { first_offer, first_answer, media_offer, media_answer, our_answer };

struct Attack {
  const char* what;
  On on;
  std::function<std::string(std::string)> spoil;
};

std::function<std::string(std::string)> change(std::string from, std::string to,
                                               std::size_t nth = 0) {
  return [=](std::string text) { return replaced(std::move(text), from, to, nth); };
}

std::string swapped_lines(const std::string& text) {
  auto sdp = *Sdp::parse(text);
  std::swap(sdp.media[1], sdp.media[2]);
  return sdp.text();
}

std::string without_line(const std::string& text, std::size_t line) {
  auto sdp = *Sdp::parse(text);
  sdp.media.erase(sdp.media.begin() + static_cast<std::ptrdiff_t>(line));
  std::vector<std::string> mids;
  for (const auto& section : sdp.media) mids.emplace_back(section.mid());
  sdp.set_bundle(mids);
  return sdp.text();
}

std::string with_second_application(const std::string& text) {
  auto sdp = *Sdp::parse(text);
  sdp.media.push_back(sdp.media[0]);
  sdp.media.back().set("mid", "extra");
  auto mids = sdp.bundle();
  mids.emplace_back("extra");
  sdp.set_bundle(mids);
  return sdp.text();
}

std::string with_rejected(const std::string& text, std::size_t line, bool out_of_bundle) {
  auto sdp = *Sdp::parse(text);
  sdp.media[line].port = 0;
  auto mids = sdp.bundle();
  if (out_of_bundle) std::erase(mids, std::string(sdp.media[line].mid()));
  sdp.set_bundle(mids);
  return sdp.text();
}

std::string with_anchor_moved(const std::string& text) {
  auto sdp = *Sdp::parse(text);
  auto mids = sdp.bundle();
  std::swap(mids[0], mids[1]);
  sdp.set_bundle(mids);
  return sdp.text();
}

std::string repeated(const std::string& line, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += replaced(line, "#", std::to_string(i + 1));
  return text;
}

// The recorded rounds are Chromium's; the attacks edit what it sent.
Result<RemoteDescription> meet(const Attack& attack) {
  Gate gate;
  const auto check = [&](Description description) {
    const auto before = description.sdp;
    description.sdp = attack.spoil(before);
    EXPECT_NE(description.sdp, before) << attack.what << ": the attack changed nothing";
    return gate.check(description);
  };
  if (attack.on == On::first_offer) return check(offer("chromium-data"));
  if (attack.on == On::first_answer) {
    EXPECT_TRUE(gate.sent(offer("chromium-data")));
    return check(answer("chromium-data"));
  }
  if (attack.on == On::media_answer) {
    EXPECT_TRUE(gate.sent(offer("chromium-data")));
    EXPECT_TRUE(gate.check(answer("chromium-data")));
    EXPECT_TRUE(gate.sent(offer("chromium-media")));
    return check(answer("chromium-media"));
  }
  EXPECT_TRUE(gate.check(offer("chromium-data")));
  EXPECT_TRUE(gate.sent(answer("chromium-data")));
  if (attack.on == On::media_offer) return check(offer("chromium-media"));
  EXPECT_TRUE(gate.check(offer("chromium-media")));
  EXPECT_TRUE(gate.sent(answer("chromium-media")));
  return check(offer("chromium-removed"));
}

const std::string other_print = "sha-256 " + repeated("AA:", 31) + "AA";

const std::vector<Attack>& attacks() {
  using enum On;
  static const std::vector<Attack> all = {
      // 1b: fingerprints
      {"no fingerprint", first_offer, change("a=fingerprint:", "a=x-fingerprint:")},
      {"no fingerprint on one m-line", media_offer,
       change("a=fingerprint:", "a=x-fingerprint:", 2)},
      {"fingerprints differ", media_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media[2].set("fingerprint", other_print);
         return sdp.text();
       }},
      {"another certificate in a re-offer", media_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         for (auto& section : sdp.media) section.set("fingerprint", other_print);
         return sdp.text();
       }},
      {"SHA-1", first_offer, change("sha-256 ", "sha-1 ")},
      {"two fingerprints", first_offer,
       change("a=setup:", "a=fingerprint:" + other_print + "\r\na=setup:")},
      {"a short fingerprint", first_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media[0].set("fingerprint", "sha-256 AA:BB");
         return sdp.text();
       }},
      {"a fingerprint with a blank", first_offer, change("sha-256 ", "sha-256  ")},
      // 2: the anchor
      {"answer rejects the first m-line", first_answer,
       [](auto t) { return with_rejected(t, 0, false); }},
      {"answer rejects the first of several", media_answer,
       [](auto t) { return with_rejected(t, 0, true); }},
      {"re-offer rejects the anchor", our_answer, [](auto t) { return with_rejected(t, 0, true); }},
      {"re-offer moves the anchor", our_answer, with_anchor_moved},
      {"no BUNDLE", media_offer, change("a=group:BUNDLE", "a=x-group:BUNDLE")},
      {"no BUNDLE at first", first_offer, change("a=group:BUNDLE 0\r\n", "")},
      {"two BUNDLE groups", media_offer, change("t=0 0\r\n", "t=0 0\r\na=group:BUNDLE 1 2\r\n")},
      {"BUNDLE lacks a live m-line", media_offer, change("BUNDLE 0 1 2", "BUNDLE 0 1")},
      {"BUNDLE names an unknown mid", media_offer, change("BUNDLE 0 1 2", "BUNDLE 0 1 2 9")},
      {"BUNDLE names a mid twice", media_offer, change("BUNDLE 0 1 2", "BUNDLE 0 1 2 2")},
      {"BUNDLE is empty", media_offer, change("BUNDLE 0 1 2", "BUNDLE")},
      {"BUNDLE keeps a rejected m-line", media_answer,
       [](auto t) { return with_rejected(t, 2, false); }},
      // 2c: m-lines
      {"mid renamed", our_answer,
       [](auto t) {
         return replaced(replaced(t, "a=mid:2", "a=mid:7"), "BUNDLE 0 1 2", "BUNDLE 0 1 7");
       }},
      {"mid renamed in the answer", media_answer,
       [](auto t) {
         return replaced(replaced(t, "a=mid:2", "a=mid:7"), "BUNDLE 0 1 2", "BUNDLE 0 1 7");
       }},
      {"mid twice", media_offer,
       [](auto t) {
         return replaced(replaced(t, "a=mid:2", "a=mid:1"), "BUNDLE 0 1 2", "BUNDLE 0 1");
       }},
      {"no mid", media_offer, change("a=mid:2\r\n", "")},
      {"empty mid", media_offer, change("a=mid:2", "a=mid:")},
      {"two mids on a line", media_offer, change("a=mid:2", "a=mid:2\r\na=mid:3")},
      {"mid with a quote", media_offer,
       [](auto t) {
         return replaced(replaced(t, "a=mid:2", "a=mid:\"2"), "BUNDLE 0 1 2", "BUNDLE 0 1 \"2");
       }},
      {"m-lines swapped", our_answer, swapped_lines},
      {"m-lines swapped in the answer", media_answer, swapped_lines},
      {"m-lines swapped with their mids kept in place", our_answer,
       [](auto t) {
         return replaced(replaced(t, "m=audio", "m=video", 1), "m=video", "m=audio", 2);
       }},
      {"an m-line gone from a re-offer", our_answer, [](auto t) { return without_line(t, 2); }},
      {"the data channel gone", our_answer, [](auto t) { return without_line(t, 0); }},
      {"an m-line gone from the answer", media_answer, [](auto t) { return without_line(t, 1); }},
      {"the answer adds an m-line", first_answer, with_second_application},
      {"second application m-line", our_answer, with_second_application},
      {"second application m-line at first", first_offer, with_second_application},
      {"kind changed", our_answer, change("m=video", "m=audio")},
      {"unknown kind", media_offer, change("m=video", "m=text")},
      {"offer adds a rejected m-line", media_offer,
       [](auto t) { return with_rejected(t, 2, true); }},
      {"no m-line at all", first_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media.clear();
         return sdp.text();
       }},
      {"no data channel", media_offer, [](auto t) { return without_line(t, 0); }},
      // proto
      {"RTP/AVP", media_offer, change("UDP/TLS/RTP/SAVPF", "RTP/AVP")},
      {"DTLS/SCTP", first_offer, change("UDP/DTLS/SCTP", "DTLS/SCTP")},
      {"another data format", first_offer, change("webrtc-datachannel", "5000")},
      {"no sctp-port", first_offer, change("a=sctp-port:5000\r\n", "")},
      {"sctp-port 0", first_offer, change("a=sctp-port:5000", "a=sctp-port:0")},
      {"sctp-port too large", first_offer, change("a=sctp-port:5000", "a=sctp-port:65536")},
      {"sctp-port is a word", first_offer, change("a=sctp-port:5000", "a=sctp-port:x")},
      {"max-message-size is negative", first_offer,
       change("max-message-size:", "max-message-size:-")},
      {"no rtcp-mux", media_offer, change("a=rtcp-mux\r\n", "", 1)},
      // 7 and ICE
      {"ICE restart", media_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         for (auto& section : sdp.media) section.set("ice-ufrag", "newufrag");
         return sdp.text();
       }},
      {"new ICE password", media_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         for (auto& section : sdp.media) section.set("ice-pwd", "012345678901234567890123");
         return sdp.text();
       }},
      {"ICE credentials differ", media_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media[1].set("ice-ufrag", "newufrag");
         return sdp.text();
       }},
      {"no ufrag", first_offer, change("a=ice-ufrag:", "a=x:")},
      {"no password", first_offer, change("a=ice-pwd:", "a=x:")},
      {"short ufrag", first_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media[0].set("ice-ufrag", "abc");
         return sdp.text();
       }},
      {"long ufrag", first_offer, change("a=ice-ufrag:", "a=ice-ufrag:" + std::string(257, 'a'))},
      {"ufrag with a colon", first_offer, change("a=ice-ufrag:", "a=ice-ufrag:a:")},
      {"short password", first_offer,
       [](std::string t) {
         auto sdp = *Sdp::parse(t);
         sdp.media[0].set("ice-pwd", "abcdefghijklmnopqrstu");
         return sdp.text();
       }},
      {"password with a blank", first_offer, change("a=ice-pwd:", "a=ice-pwd: ")},
      {"hundreds of candidates", first_offer,
       change("a=mid:0",
              repeated("a=candidate:1 1 UDP # 192.0.2.1 5 typ host\r\n", 200) + "a=mid:0")},
      // roles
      {"offer without actpass", first_offer, change("setup:actpass", "setup:active")},
      {"no setup", first_offer, change("a=setup:actpass\r\n", "")},
      {"holdconn", first_offer, change("setup:actpass", "setup:holdconn")},
      {"answer is actpass", first_answer, change("setup:active", "setup:actpass")},
      {"role flipped in a later answer", media_answer, change("setup:active", "setup:passive")},
      {"re-offer with the wrong role", our_answer, change("setup:actpass", "setup:active")},
      {"setup twice", first_offer, change("a=setup:actpass", "a=setup:actpass\r\na=setup:active")},
      // codecs
      {"payload type out of range", media_offer, change(" 96 97 ", " 128 97 ")},
      {"payload type that reads as RTCP", media_offer,
       [](auto t) {
         return replaced(replaced(t, " 96 97 ", " 72 97 "), "rtpmap:96", "rtpmap:72");
       }},
      {"payload type twice", media_offer, change(" 96 97 ", " 96 96 ")},
      {"payload type is a word", media_offer, change(" 96 97 ", " x 97 ")},
      {"no rtpmap", media_offer, change("a=rtpmap:96 VP8/90000\r\n", "")},
      {"rtpmap twice", media_offer,
       change("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/90000\r\na=rtpmap:96 VP9/90000")},
      {"rtpmap without clock", media_offer, change("VP8/90000", "VP8")},
      {"clock rate 0", media_offer, change("VP8/90000", "VP8/0")},
      {"clock rate too large", media_offer, change("VP8/90000", "VP8/4294967296")},
      {"clock rate negative", media_offer, change("VP8/90000", "VP8/-1")},
      {"another clock rate", media_offer, change("VP8/90000", "VP8/48000")},
      {"opus is mono", media_offer, change("opus/48000/2", "opus/48000")},
      {"channels 0", media_offer, change("opus/48000/2", "opus/48000/0")},
      {"codec name with a quote", media_offer, change("VP8/90000", "V\"P8/90000")},
      {"only unknown codecs", media_offer,
       [](std::string t) {
         for (const auto name : {"VP8/", "VP9/", "AV1/", "H264/", "H265/"})
           t = replaced(t, name, "NEW/");
         return t;
       }},
      {"answer has a codec that was not offered", media_answer, change("VP8/90000", "AV1/90000")},
      {"fmtp overwrites the clock", media_offer,
       change("a=fmtp:97 apt=96", "a=fmtp:97 apt=96;clock-rate=x")},
      {"fmtp overwrites the media", media_offer, change("a=fmtp:97 apt=96", "a=fmtp:97 Media=x")},
      {"fmtp writes an ssrc field", media_offer,
       change("a=fmtp:97 apt=96", "a=fmtp:97 apt=96; ssrc-1-msid=x")},
      {"fmtp twice", media_offer,
       change("a=fmtp:97 apt=96", "a=fmtp:97 apt=96\r\na=fmtp:97 apt=98")},
      // extensions
      {"extension id 0", media_offer, change("a=extmap:1 ", "a=extmap:0 ")},
      {"extension id 256", media_offer, change("a=extmap:1 ", "a=extmap:256 ")},
      {"extension id is a word", media_offer, change("a=extmap:1 ", "a=extmap:x ")},
      {"extension id twice", media_offer, change("a=extmap:1 ", "a=extmap:2 ")},
      {"extension with an odd direction", media_offer, change("a=extmap:1 ", "a=extmap:1/up ")},
      {"extension without URI", media_offer,
       change("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap:1")},
      {"extension twice", media_offer,
       change("a=extmap:1 ", "a=extmap:15 urn:x\r\na=extmap:16 urn:x\r\na=extmap:1 ")},
      {"forty extensions", media_offer,
       change("a=extmap:1 ", repeated("a=extmap:10# urn:x:#\r\n", 40) + "a=extmap:1 ")},
      // sources
      {"ssrc with a leading zero", media_offer, change("a=mid:2", "a=ssrc:05 cname:x\r\na=mid:2")},
      {"payload type with a leading zero", media_offer, change(" 96 97 ", " 096 97 ")},
      {"ssrc is a word", media_offer, change("a=ssrc:", "a=ssrc:x")},
      {"ssrc too large", media_offer, change("a=mid:2", "a=ssrc:4294967296 cname:x\r\na=mid:2")},
      {"ssrc 0", media_offer, change("a=mid:2", "a=ssrc:0 cname:x\r\na=mid:2")},
      {"ssrc without attribute", media_offer, change("a=mid:2", "a=ssrc:5\r\na=mid:2")},
      {"one ssrc on two m-lines", media_offer,
       [](auto t) {
         return replaced(replaced(t, "a=mid:2", "a=ssrc:5 cname:x\r\na=mid:2"), "a=mid:1",
                         "a=ssrc:5 cname:x\r\na=mid:1");
       }},
      {"twenty ssrcs", media_offer,
       change("a=mid:2", repeated("a=ssrc:# cname:x\r\n", 20) + "a=mid:2")},
      {"too many streams of SSRCs", media_offer,
       [](auto t) {
         return replaced(replaced(t, "a=msid:", "a=x-msid:"), "a=mid:2",
                         repeated("a=ssrc:# msid:s# t\r\n", 20) + "a=mid:2");
       }},
      {"FID of one", media_offer, change("a=mid:2", "a=ssrc-group:FID 7\r\na=mid:2")},
      {"FID with itself", media_offer, change("a=mid:2", "a=ssrc-group:FID 7 7\r\na=mid:2")},
      {"group with a word", media_offer, change("a=mid:2", "a=ssrc-group:FID 7 x\r\na=mid:2")},
      {"msid of three words", media_offer, change("a=mid:2", "a=msid:a b c\r\na=mid:2")},
      {"two directions", media_offer, change("a=sendrecv", "a=sendrecv\r\na=recvonly")},
      // the session
      {"a host name in c=", first_offer, change("c=IN IP4 ", "c=IN IP4 example.com\r\na=x:")},
      {"a broken origin", first_offer, change("o=- ", "o=- x")},
      {"no origin", first_offer, change("o=", "i=")},
      {"two times", first_offer, change("t=0 0", "t=0 0\r\nt=0 0")},
      {"a key line", first_offer, change("t=0 0", "t=0 0\r\nk=clear:x")},
      {"an attribute without a name", first_offer, change("t=0 0", "t=0 0\r\na=:x")},
      {"an attribute with a blank in its name", first_offer, change("t=0 0", "t=0 0\r\na=b c:x")},
      {"a huge identity", first_offer,
       change("t=0 0", "t=0 0\r\na=genos-identity:" + std::string(600, 'x'))},
      {"no SDP", first_offer, [](auto) { return std::string("hello"); }},
      {"empty", first_offer, [](auto) { return std::string(); }},
  };
  return all;
}

TEST(Gate, RefusesWhatWouldHurt) {
  for (const auto& attack : attacks()) {
    const auto met = meet(attack);
    EXPECT_FALSE(met) << attack.what;
    if (met) continue;
    EXPECT_NE(met.error().code, Errc::wrong_state) << attack.what;
  }
}

TEST(Gate, RefusesADirectionThatDoesNotAnswer) {
  Gate gate;
  ASSERT_TRUE(gate.sent(offer("webrtcbin-1.22-data")));
  ASSERT_TRUE(gate.check(answer("chromium-to-webrtcbin-data")));
  ASSERT_TRUE(gate.sent(offer("webrtcbin-1.22-video")));  // sendonly
  auto sends = answer("chromium-to-webrtcbin-video");
  sends.sdp = replaced(sends.sdp, "a=recvonly", "a=sendrecv");
  EXPECT_FALSE(gate.check(sends));
  auto mute = answer("chromium-to-webrtcbin-video");
  mute.sdp = replaced(mute.sdp, "a=recvonly", "a=inactive");
  EXPECT_TRUE(gate.check(mute));
}

TEST(Gate, ARejectedLineStaysRejected) {
  Gate gate;
  ASSERT_TRUE(gate.check(offer("chromium-data")));
  ASSERT_TRUE(gate.sent(answer("chromium-data")));
  ASSERT_TRUE(gate.check(offer("chromium-media")));
  auto without_video = answer("chromium-media");
  without_video.sdp = with_rejected(without_video.sdp, 2, true);
  ASSERT_TRUE(gate.sent(without_video));
  EXPECT_FALSE(gate.check(offer("chromium-removed")));
}

}  // namespace
}  // namespace genos::core
