// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/relay/websocket.hpp"

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace genos::core {
namespace {

using Reader = WebSocketReader;

// A frame as a client sends it.
std::string frame(int first, std::string payload, bool masked = true) {
  std::string text(1, static_cast<char>(first));
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    text += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() <= 0xffff) {
    text += static_cast<char>(mask_bit | 126);
    text += static_cast<char>(payload.size() >> 8);
    text += static_cast<char>(payload.size() & 0xff);
  } else {
    text += static_cast<char>(mask_bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      text += static_cast<char>(std::uint64_t(payload.size()) >> shift & 0xff);
  }
  if (!masked) return text + payload;
  const std::string mask = "\x11\x22\xf3\x04";
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return text + mask + payload;
}

std::uint16_t violation(const std::string& bytes, std::size_t limit = 1000) {
  Reader reader(limit);
  reader.push(bytes);
  while (auto input = reader.poll())
    if (const auto* wrong = std::get_if<Reader::Violation>(&*input)) {
      EXPECT_FALSE(reader.poll());
      return wrong->code;
    }
  return 0;
}

TEST(WebSocket, ReadsTheExampleOfTheRfc) {
  Reader reader(100);  // RFC 6455 section 5.7: a single-frame masked text message
  reader.push("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  auto input = reader.poll();
  ASSERT_TRUE(input);
  EXPECT_EQ(std::get<Reader::Text>(*input).text, "Hello");
  EXPECT_FALSE(reader.poll());
}

TEST(WebSocket, ReadsEveryLengthInEveryPiece) {
  for (const std::size_t length :
       {0u, 1u, 7u, 8u, 125u, 126u, 127u, 1000u, 65535u, 65536u, 70000u}) {
    std::string payload(length, 'x');
    for (std::size_t i = 0; i < length; ++i) payload[i] = static_cast<char>('a' + i % 26);
    const std::string bytes = frame(0x81, payload);
    for (const std::size_t piece : {std::size_t(1), std::size_t(5), bytes.size()}) {
      if (piece == 1 && length > 1000) continue;
      Reader reader(70000);
      std::string got = "?";
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        reader.push(std::string_view(bytes).substr(at, piece));
        while (auto input = reader.poll()) got = std::get<Reader::Text>(*input).text;
      }
      EXPECT_EQ(got, payload) << length << " in pieces of " << piece;
      EXPECT_EQ(reader.kept(), 0u);
    }
  }
}

TEST(WebSocket, JoinsFragmentsAroundControlFrames) {
  Reader reader(100);
  reader.push(frame(0x01, "Hel") + frame(0x89, "ping") + frame(0x00, "") + frame(0x80, "lo"));
  EXPECT_EQ(std::get<Reader::Ping>(*reader.poll()).payload, "ping");
  EXPECT_EQ(std::get<Reader::Text>(*reader.poll()).text, "Hello");
  reader.push(frame(0x8a, "") + frame(0x88,
                                      "\x03\xe9"
                                      "bye"));
  EXPECT_TRUE(std::holds_alternative<Reader::Pong>(*reader.poll()));
  const auto closed = std::get<Reader::Closed>(*reader.poll());
  EXPECT_EQ(closed.code, close_code::going_away);
  EXPECT_EQ(closed.reason, "bye");
}

TEST(WebSocket, RefusesWhatTheRfcForbids) {
  EXPECT_EQ(violation(frame(0x81, "x", false)), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0xc1, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x83, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x8b, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x82, "x")), close_code::unsupported);
  EXPECT_EQ(violation(frame(0x80, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x01, "x") + frame(0x81, "y")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x09, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x89, std::string(126, 'x'))), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x88, "x")), close_code::protocol_error);
  EXPECT_EQ(violation(frame(0x88, "\x03\xed")), close_code::protocol_error);  // 1005
  EXPECT_EQ(violation(frame(0x88, "\x03\xe8\xff")), close_code::bad_data);
  EXPECT_EQ(violation(frame(0x81, "\xc3")), close_code::bad_data);
  // Half a character may end a fragment.
  EXPECT_EQ(violation(frame(0x01, "\xc3") + frame(0x80, "\xa4")), 0);
}

TEST(WebSocket, SaysNoBeforeTheBytesCome) {
  const std::string large = frame(0x81, std::string(1001, 'x'));
  EXPECT_EQ(violation(large.substr(0, 8)), close_code::too_large);
  EXPECT_EQ(violation(frame(0x01, std::string(600, 'x')) + frame(0x80, std::string(401, 'x'))),
            close_code::too_large);
  EXPECT_EQ(violation(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff....", 14)),
            close_code::too_large);
  EXPECT_EQ(violation(frame(0x82, "x").substr(0, 2)), close_code::unsupported);
}

TEST(WebSocket, WritesWhatClientsRead) {
  for (const std::size_t length : {0u, 125u, 126u, 65535u, 65536u}) {
    const std::string payload(length, 'x');
    std::string text;
    append_frame(text, WebSocketOpcode::text, payload.substr(0, length / 2),
                 payload.substr(length / 2));
    EXPECT_EQ(text, frame(0x81, payload, false)) << length;
    EXPECT_EQ(text.size(), length + frame_overhead(length));
  }
  std::string text;
  append_close(text, close_code::going_away, std::string(200, 'x'));
  EXPECT_EQ(text, frame(0x88, "\x03\xe9" + std::string(123, 'x'), false));
}

TEST(WebSocket, SurvivesNoise) {
  SeededRandom random(11);
  for (int round = 0; round < 10000; ++round) {
    Reader reader(300);
    std::string bytes =
        frame(static_cast<int>(random.below(256)), std::string(random.below(300), 'y'));
    for (std::uint64_t n = random.below(4); n > 0; --n)
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    for (std::size_t at = 0; at < bytes.size(); at += 50) {
      reader.push(std::string_view(bytes).substr(at, 50));
      while (auto input = reader.poll()) {
        if (const auto* text = std::get_if<Reader::Text>(&*input)) {
          EXPECT_LE(text->text.size(), 300u);
        }
      }
      EXPECT_LE(reader.kept(), 400u);
    }
  }
}

}  // namespace
}  // namespace genos::core
