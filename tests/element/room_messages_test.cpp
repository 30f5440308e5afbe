// SPDX-License-Identifier: LGPL-2.1-or-later
// What rooms say to each other: messages, progress, requests, pings.
#include <gtest/gtest.h>

#include "support/test_room.hpp"

namespace genos {
namespace {

class RoomMessages : public testing::Test {
 protected:
  void SetUp() override {
    a.channel();
    b.channel();
    a.join();
    b.join();
    ASSERT_TRUE(context.until([&] { return a.peers() == 1 && b.peers() == 1; }));
  }
  ~RoomMessages() override { gst_genos_deinit(); }

  Owned<GError> sent(const Outcome& outcome) {
    Owned<GError> error;
    EXPECT_TRUE(context.until([&] { return bool(outcome); }, std::chrono::seconds(60)));
    if (outcome) gst_genos_channel_send_finish(a.channel(), outcome.get(), out(error));
    return error;
  }
  Outcome send(GstGenosPayload kind, std::string_view text, const char* meta = nullptr,
               const char* const* targets = nullptr, GCancellable* cancellable = nullptr) {
    Outcome outcome;
    const auto payload = bytes_from(text);
    gst_genos_channel_send_async(a.channel(), kind, payload.get(), meta, targets, nullptr, nullptr,
                                 nullptr, cancellable, Outcome::take, outcome.data());
    return outcome;
  }
  Outcome request(std::string_view text, guint limit_ms, const std::string& whom,
                  GCancellable* cancellable = nullptr) {
    Outcome outcome;
    const auto payload = bytes_from(text);
    gst_genos_channel_request_async(a.channel(), whom.c_str(), GST_GENOS_PAYLOAD_TEXT,
                                    payload.get(), "{\"n\":1}", limit_ms, cancellable,
                                    Outcome::take, outcome.data());
    return outcome;
  }
  Ref<GBytes> answer(const Outcome& outcome, Owned<GError>& error) {
    EXPECT_TRUE(context.until([&] { return bool(outcome); }));
    if (!outcome) return nullptr;
    return adopt(
        gst_genos_channel_request_finish(a.channel(), outcome.get(), nullptr, nullptr, out(error)));
  }

  TestContext context;
  std::string relay = private_relay();
  TestRoom a{"talk", relay};
  TestRoom b{"talk", relay};
};

TEST_F(RoomMessages, KindsAndMetadataArriveInOrder) {
  const auto text = send(GST_GENOS_PAYLOAD_TEXT, "gr\xc3\xbc\xc3\x9f dich");
  const auto json = send(GST_GENOS_PAYLOAD_JSON, "{\"a\":[1,null]}");
  const auto bytes = send(GST_GENOS_PAYLOAD_BYTES, std::string_view("\0\xff\x01", 3), "{\"n\":1}");
  const auto empty = send(GST_GENOS_PAYLOAD_BYTES, "");
  for (const auto& one : {text, json, bytes, empty}) EXPECT_FALSE(sent(one));
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 4; }));
  EXPECT_EQ(b.heard[0].text, "gr\xc3\xbc\xc3\x9f dich");
  EXPECT_EQ(b.heard[0].kind, GST_GENOS_PAYLOAD_TEXT);
  EXPECT_EQ(b.heard[0].peer, a.self());
  EXPECT_EQ(b.heard[1].text, "{\"a\":[1,null]}");
  EXPECT_EQ(b.heard[1].kind, GST_GENOS_PAYLOAD_JSON);
  EXPECT_EQ(b.heard[2].text, std::string("\0\xff\x01", 3));
  EXPECT_EQ(b.heard[2].meta, "{\"n\":1}");
  EXPECT_EQ(b.heard[3].text, "");
}

TEST_F(RoomMessages, WhatIsNotWhatItSaysIsRefused) {
  const Outcome wrong[] = {
      send(GST_GENOS_PAYLOAD_TEXT, "\xff\xfe"), send(GST_GENOS_PAYLOAD_JSON, "{nope"),
      send(GST_GENOS_PAYLOAD_BYTES, "x", "not json"), send(static_cast<GstGenosPayload>(7), "x")};
  const char* words[] = {"UTF-8", "JSON", "metadata", "kind"};
  for (int i = 0; i < 4; ++i) {
    const auto error = sent(wrong[i]);
    ASSERT_TRUE(error) << words[i];
    EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID));
    EXPECT_NE(std::string(error->message).find(words[i]), std::string::npos) << error->message;
  }
  Owned<GError> error;
  EXPECT_FALSE(gst_genos_channel_send_json(a.channel(), "{", nullptr, out(error)));
  EXPECT_TRUE(error);
}

TEST_F(RoomMessages, TargetsAndNobody) {
  TestRoom c("talk", relay);
  c.channel();
  c.join();
  ASSERT_TRUE(context.until([&] { return a.peers() == 2 && b.peers() == 2; }));
  const std::string id = c.self();
  const char* only[] = {id.c_str(), nullptr};
  const char* both[] = {id.c_str(), "nobody-of-that-name0", nullptr};
  EXPECT_FALSE(sent(send(GST_GENOS_PAYLOAD_TEXT, "for c", nullptr, only)));
  const auto error = sent(send(GST_GENOS_PAYLOAD_TEXT, "for c and nobody", nullptr, both));
  ASSERT_TRUE(error);
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE));
  EXPECT_NE(std::string(error->message).find("nobody-of-that-name0"), std::string::npos);
  EXPECT_FALSE(sent(send(GST_GENOS_PAYLOAD_TEXT, "for all")));
  ASSERT_TRUE(context.until([&] { return c.heard.size() == 3 && b.heard.size() == 1; }));
  EXPECT_EQ(b.heard[0].text, "for all");
}

TEST_F(RoomMessages, AloneInTheRoomSendingIsDoneAtOnce) {
  gst_genos_room_leave(b.room.get());
  ASSERT_TRUE(context.until([&] { return a.peers() == 0; }));
  EXPECT_FALSE(sent(send(GST_GENOS_PAYLOAD_TEXT, "nobody hears this")));
}

TEST_F(RoomMessages, OutsideTheRoomNothingIsSent) {
  gst_genos_room_leave(a.room.get());
  const auto error = sent(send(GST_GENOS_PAYLOAD_TEXT, "x"));
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE));
  Owned<GError> now;
  EXPECT_FALSE(gst_genos_channel_send_text(a.channel(), "x", nullptr, out(now)));
  EXPECT_TRUE(g_error_matches(now.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE));
  EXPECT_FALSE(answer(request("?", 1000, b.self()), now));
}

TEST_F(RoomMessages, FiftyMebibytesWithProgressAtBothEnds) {
  std::string big(50u << 20, '\0');
  for (std::size_t i = 0; i < big.size(); i += 4093) big[i] = char(i % 251);
  struct Sending {
    std::vector<double> fractions;
    bool gone = false;
  } sending;
  Outcome outcome;
  const auto payload = bytes_from(big);
  gst_genos_channel_send_async(
      a.channel(), GST_GENOS_PAYLOAD_BYTES, payload.get(), "{\"name\":\"big\"}", nullptr,
      [](GstGenosChannel*, const gchar*, gdouble fraction, gpointer data) {
        static_cast<Sending*>(data)->fractions.push_back(fraction);
      },
      &sending, [](gpointer data) { static_cast<Sending*>(data)->gone = true; }, nullptr,
      Outcome::take, outcome.data());
  EXPECT_FALSE(sent(outcome));
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 1; }, std::chrono::seconds(60)));
  EXPECT_TRUE(b.heard[0].text == big);
  EXPECT_EQ(b.heard[0].meta, "{\"name\":\"big\"}");
  EXPECT_TRUE(std::is_sorted(b.progress.begin(), b.progress.end()));
  EXPECT_GT(b.progress.size(), 2u);
  ASSERT_TRUE(context.until([&] { return sending.gone; }));
  EXPECT_TRUE(std::is_sorted(sending.fractions.begin(), sending.fractions.end()));
  EXPECT_EQ(sending.fractions.back(), 1.0);
}

TEST_F(RoomMessages, CancellingTakesBackWhatHasNotLeft) {
  const auto cancellable = adopt(g_cancellable_new());
  const std::string big(30u << 20, 'x');
  const auto first = send(GST_GENOS_PAYLOAD_BYTES, big);
  const auto second =
      send(GST_GENOS_PAYLOAD_BYTES, "taken back", nullptr, nullptr, cancellable.get());
  const auto third = send(GST_GENOS_PAYLOAD_BYTES, "last");
  g_cancellable_cancel(cancellable.get());
  EXPECT_TRUE(g_error_matches(sent(second).get(), G_IO_ERROR, G_IO_ERROR_CANCELLED));
  EXPECT_FALSE(sent(first));
  EXPECT_FALSE(sent(third));
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 2; }, std::chrono::seconds(30)));
  EXPECT_EQ(b.heard[1].text, "last");
  const auto fourth = send(GST_GENOS_PAYLOAD_TEXT, "x", nullptr, nullptr, cancellable.get());
  EXPECT_TRUE(g_error_matches(sent(fourth).get(), G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

TEST_F(RoomMessages, ChannelsAskedForLaterGetWhatWaits) {
  a.say("early", "later");
  a.say("now");
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 1; }));
  b.channel("later");
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 2; }));
  EXPECT_EQ(b.heard[1].text, "early");
}

TEST_F(RoomMessages, RequestsAreAnsweredRefusedAndForgotten) {
  std::vector<Ref<GstGenosRequest>> kept;
  const auto asked = on<void(GstGenosChannel*, GstGenosRequest*)>(
      b.channel(), "request", [&](auto*, auto* request) {
        const std::string text = text_of(gst_genos_request_get_payload(request));
        EXPECT_STREQ(gst_genos_request_get_meta(request), "{\"n\":1}");
        EXPECT_EQ(gst_genos_peer_get_id(gst_genos_request_get_peer(request)), a.self());
        if (text == "echo") {
          Owned<GError> error;
          const auto bad = bytes_from("\xff");
          EXPECT_FALSE(
              gst_genos_request_respond(request, GST_GENOS_PAYLOAD_TEXT, bad.get(), out(error)));
          EXPECT_TRUE(error);
          EXPECT_TRUE(gst_genos_request_respond(request, GST_GENOS_PAYLOAD_TEXT,
                                                gst_genos_request_get_payload(request), nullptr));
          gst_genos_request_fail(request, "only the first answer counts");
        }
        if (text == "fail") gst_genos_request_fail(request, "I will not");
        if (text == "keep") kept.push_back(retain(request));
      });
  Owned<GError> error;
  const auto echo = answer(request("echo", 5000, b.self()), error);
  ASSERT_TRUE(echo) << error->message;
  EXPECT_EQ(text_of(echo.get()), "echo");

  const auto code_of = [&](const Outcome& outcome) {
    error = nullptr;
    EXPECT_FALSE(answer(outcome, error));
    return error && error->domain == GST_GENOS_ERROR ? error->code : -1;
  };
  EXPECT_EQ(code_of(request("fail", 5000, b.self())), GST_GENOS_ERROR_REFUSED);
  EXPECT_NE(std::string(error->message).find("I will not"), std::string::npos) << error->message;
  EXPECT_EQ(code_of(request("forget", 5000, b.self())), GST_GENOS_ERROR_REFUSED);
  EXPECT_EQ(code_of(request("keep", 300, b.self())), GST_GENOS_ERROR_TIMED_OUT);
  EXPECT_EQ(code_of(request("x", 5000, "nobody-of-that-name0")), GST_GENOS_ERROR_UNREACHABLE);

  const auto cancellable = adopt(g_cancellable_new());
  const auto given_up = request("keep", 60000, b.self(), cancellable.get());
  g_cancellable_cancel(cancellable.get());
  error = nullptr;
  EXPECT_FALSE(answer(given_up, error));
  EXPECT_TRUE(g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED));

  const auto interrupted = request("keep", 60000, b.self());
  ASSERT_TRUE(context.until([&] { return kept.size() >= 2; }));
  gst_genos_room_leave(b.room.get());
  EXPECT_EQ(code_of(interrupted), GST_GENOS_ERROR_UNREACHABLE);
}

TEST_F(RoomMessages, ARequestThatNobodyHandlesFailsSoon) {
  const gint64 begun = g_get_monotonic_time();
  Owned<GError> error;
  EXPECT_FALSE(answer(request("?", 60000, b.self()), error));
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_REFUSED));
  EXPECT_LT(g_get_monotonic_time() - begun, 5 * G_USEC_PER_SEC);
}

TEST_F(RoomMessages, PingMeasuresAndEndsWhenThePeerGoes) {
  const auto peer = a.peer(b.self());
  Outcome ping;
  gst_genos_peer_ping_async(peer.get(), nullptr, Outcome::take, ping.data());
  ASSERT_TRUE(context.until([&] { return bool(ping); }));
  EXPECT_GT(gst_genos_peer_ping_finish(peer.get(), ping.get(), nullptr), 0);
  gst_genos_room_leave(b.room.get());
  ASSERT_TRUE(context.until([&] { return !gst_genos_peer_is_present(peer.get()); }));
  Outcome late;
  gst_genos_peer_ping_async(peer.get(), nullptr, Outcome::take, late.data());
  ASSERT_TRUE(context.until([&] { return bool(late); }));
  Owned<GError> error;
  EXPECT_EQ(gst_genos_peer_ping_finish(peer.get(), late.get(), out(error)), -1);
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE));
}

TEST_F(RoomMessages, ADroppedPeerIsGoneAtBothEnds) {
  gst_genos_peer_drop(a.peer(b.self()).get(), "enough");
  ASSERT_TRUE(context.until([&] { return !a.left.empty() && !b.left.empty(); }));
}

}  // namespace
}  // namespace genos
