// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/inbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "captured_frames.hpp"
#include "core/channel/outbox.hpp"

namespace genos::core {
namespace {

enum class Place { first, middle, last, only };

Chunk chunk_of(std::string action, std::uint16_t nonce, Place place, std::string_view payload,
               PayloadKind kind = PayloadKind::bytes, std::uint8_t progress = 100) {
  Chunk chunk;
  chunk.action = std::move(action);
  chunk.nonce = nonce;
  chunk.last = place == Place::last || place == Place::only;
  chunk.kind = kind;
  chunk.progress = chunk.last ? 255 : progress;
  chunk.payload = bytes_of(payload);
  return chunk;
}

Chunk meta_of(std::string action, std::uint16_t nonce, std::string_view meta,
              PayloadKind kind = PayloadKind::bytes) {
  auto chunk = chunk_of(std::move(action), nonce, Place::first, meta, kind, 10);
  chunk.meta = true;
  return chunk;
}

struct Heard {
  std::vector<Message> messages;
  std::vector<Inbox::Progress> progress;
  std::vector<Inbox::Refused> refused;
};

Heard drain(Inbox& inbox) {
  Heard heard;
  while (auto output = inbox.poll()) {
    if (auto* received = std::get_if<Inbox::Received>(&*output)) {
      heard.messages.push_back(std::move(received->message));
    } else if (auto* progress = std::get_if<Inbox::Progress>(&*output)) {
      heard.progress.push_back(*progress);
    } else {
      heard.refused.push_back(std::get<Inbox::Refused>(*output));
    }
  }
  return heard;
}

std::string payload_of(const Message& message) { return std::string(text_of(*message.payload)); }

TEST(Inbox, TakesEveryCapturedMessageOfOneChunk) {
  for (const auto& captured : captured::room_messages) {
    if (!(captured.tag & 1)) continue;
    Bytes bytes;
    ASSERT_TRUE(from_hex(captured.hex, bytes));
    const auto frame = parse_frame(bytes);
    ASSERT_TRUE(frame);
    Inbox inbox;
    inbox.handle(*parse_chunk(std::get<RoomFrame>(*frame).inner));
    const auto heard = drain(inbox);
    ASSERT_EQ(heard.messages.size(), 1u) << captured.action;
    EXPECT_EQ(heard.messages[0].channel, captured.action);
    EXPECT_TRUE(heard.progress.empty());
    EXPECT_EQ(inbox.held(), 0u);
  }
}

TEST(Inbox, PutsTogetherWhatTheOutboxCut) {
  std::string data(100'000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 255);
  const auto view = bytes_of(data);
  const Message message{"file", PayloadKind::bytes,
                        std::make_shared<const Bytes>(view.begin(), view.end()), R"({"n":1})"};
  Outbox outbox;
  outbox.send({1}, RoomToken{"r"}, message, 5);
  Inbox inbox;
  while (const auto frame = outbox.next()) {
    inbox.handle(*parse_chunk(std::get<RoomFrame>(*parse_frame(frame->bytes)).inner));
  }
  const auto heard = drain(inbox);
  ASSERT_EQ(heard.messages.size(), 1u);
  EXPECT_EQ(*heard.messages[0].payload, *message.payload);
  EXPECT_EQ(heard.messages[0].meta, message.meta);
  ASSERT_EQ(heard.progress.size(), 8u);
  EXPECT_EQ(heard.progress[0].meta, message.meta);
  EXPECT_EQ(heard.progress[0].bytes, 0u);
  EXPECT_NEAR(heard.progress[0].fraction, 1.0 / 8, 0.005);
  EXPECT_EQ(heard.progress[7].bytes, data.size());
  EXPECT_EQ(heard.progress[7].fraction, 1);
  EXPECT_EQ(inbox.partials(), 0u);
  EXPECT_EQ(inbox.held(), 0u);
}

TEST(Inbox, InterleavedTransmissionsStayApart) {
  Inbox inbox;
  inbox.handle(chunk_of("a", 0, Place::first, "1"));
  inbox.handle(chunk_of("a", 1, Place::first, "2"));
  inbox.handle(chunk_of("b", 0, Place::first, "3"));
  EXPECT_EQ(inbox.partials(), 3u);
  EXPECT_EQ(inbox.held(), 3u);
  inbox.handle(chunk_of("a", 1, Place::last, "2"));
  inbox.handle(chunk_of("b", 0, Place::last, "3"));
  inbox.handle(chunk_of("a", 0, Place::last, "1"));
  const auto heard = drain(inbox);
  ASSERT_EQ(heard.messages.size(), 3u);
  EXPECT_EQ(payload_of(heard.messages[0]), "22");
  EXPECT_EQ(payload_of(heard.messages[1]), "33");
  EXPECT_EQ(payload_of(heard.messages[2]), "11");
}

TEST(Inbox, RefusesMalformedPayloads) {
  const struct {
    PayloadKind kind;
    const char* payload;
    bool good;
  } table[] = {{PayloadKind::text, "\xff", false},     {PayloadKind::text, "\u00fc", true},
               {PayloadKind::json, "{", false},        {PayloadKind::json, "", false},
               {PayloadKind::json, "{\"a\":1}", true}, {PayloadKind::bytes, "\xff", true}};
  for (const auto& row : table) {
    Inbox inbox;
    inbox.handle(chunk_of("a", 0, Place::only, row.payload, row.kind));
    const auto heard = drain(inbox);
    EXPECT_EQ(heard.messages.size(), row.good ? 1u : 0u) << row.payload;
    EXPECT_EQ(heard.refused.size(), row.good ? 0u : 1u) << row.payload;
    EXPECT_EQ(inbox.held(), 0u);
    EXPECT_EQ(inbox.partials(), 0u);
  }
}

TEST(Inbox, RefusesMalformedMetadataWithItsMessage) {
  Inbox inbox;
  inbox.handle(meta_of("a", 0, "{"));
  inbox.handle(chunk_of("a", 0, Place::last, "x"));
  auto heard = drain(inbox);
  EXPECT_TRUE(heard.messages.empty());
  ASSERT_EQ(heard.refused.size(), 1u);
  EXPECT_EQ(heard.refused[0].error.code, Errc::malformed);
  inbox.handle(chunk_of("a", 0, Place::only, "y"));  // the number is free again
  EXPECT_EQ(drain(inbox).messages.size(), 1u);
}

TEST(Inbox, ChunksOfOneMessageHaveOneType) {
  Inbox inbox;
  inbox.handle(chunk_of("a", 0, Place::first, "x", PayloadKind::bytes));
  inbox.handle(chunk_of("a", 0, Place::last, "y", PayloadKind::text));
  const auto heard = drain(inbox);
  EXPECT_TRUE(heard.messages.empty());
  EXPECT_EQ(heard.refused.size(), 1u);
}

TEST(Inbox, LimitsTheSizeOfAMessage) {
  Inbox inbox(Inbox::Limits{4, 2, 8, 100});
  inbox.handle(chunk_of("a", 0, Place::first, "123"));
  inbox.handle(chunk_of("a", 0, Place::last, "4"));
  EXPECT_EQ(drain(inbox).messages.size(), 1u);
  inbox.handle(chunk_of("a", 1, Place::first, "123"));
  inbox.handle(chunk_of("a", 1, Place::middle, "45"));
  EXPECT_EQ(inbox.held(), 0u);
  inbox.handle(chunk_of("a", 1, Place::last, "6"));
  auto heard = drain(inbox);
  EXPECT_TRUE(heard.messages.empty());
  ASSERT_EQ(heard.refused.size(), 1u);  // said once
  EXPECT_EQ(heard.refused[0].error.code, Errc::too_large);
  EXPECT_EQ(heard.refused[0].channel, "a");
  inbox.handle(chunk_of("@_signal", 0, Place::only, "123"));
  EXPECT_EQ(drain(inbox).refused.size(), 1u);
  inbox.handle(chunk_of("@_signal", 1, Place::only, "12"));
  EXPECT_EQ(drain(inbox).messages.size(), 1u);
}

TEST(Inbox, TooManyPartialsPushOutTheStalest) {
  Inbox inbox(Inbox::Limits{100, 100, 2, 100});
  inbox.handle(chunk_of("a", 0, Place::first, "1"));
  inbox.handle(chunk_of("b", 0, Place::first, "2"));
  inbox.handle(chunk_of("a", 0, Place::middle, "1"));
  inbox.handle(chunk_of("d", 0, Place::only, "4"));   // whole messages push nobody out
  inbox.handle(chunk_of("c", 0, Place::first, "3"));  // pushes b out
  EXPECT_EQ(inbox.partials(), 2u);
  auto heard = drain(inbox);
  ASSERT_EQ(heard.refused.size(), 1u);
  EXPECT_EQ(heard.refused[0].channel, "b");
  inbox.handle(chunk_of("b", 0, Place::last, "2"));  // its tail is no message
  inbox.handle(chunk_of("a", 0, Place::last, "1"));
  inbox.handle(chunk_of("c", 0, Place::last, "3"));
  heard = drain(inbox);
  ASSERT_EQ(heard.messages.size(), 2u);
  EXPECT_EQ(payload_of(heard.messages[0]), "111");
  EXPECT_EQ(payload_of(heard.messages[1]), "33");
  EXPECT_EQ(inbox.held(), 0u);
}

TEST(Inbox, LimitsTheBytesOfAllPartials) {
  Inbox inbox(Inbox::Limits{8, 8, 10, 10});
  inbox.handle(chunk_of("a", 0, Place::first, "12345"));
  inbox.handle(chunk_of("b", 0, Place::first, "12345"));
  EXPECT_EQ(inbox.held(), 10u);
  inbox.handle(chunk_of("b", 0, Place::middle, "6"));
  EXPECT_EQ(inbox.held(), 6u);
  const auto heard = drain(inbox);
  ASSERT_EQ(heard.refused.size(), 1u);
  EXPECT_EQ(heard.refused[0].channel, "a");
  inbox.set_limits({100, 100, 10, 10});
  inbox.handle(chunk_of("b", 0, Place::middle, "7890123"));  // alone, and still too much
  EXPECT_EQ(inbox.held(), 0u);
  EXPECT_EQ(drain(inbox).refused.size(), 1u);
}

TEST(Inbox, RemembersOnlySoManyRefused) {
  Inbox inbox(Inbox::Limits{1, 1, 4, 100});
  for (int i = 0; i < 5000; ++i) {
    inbox.handle(chunk_of("a", static_cast<std::uint16_t>(i), Place::first, "12"));
  }
  EXPECT_EQ(inbox.partials(), 0u);
  EXPECT_EQ(inbox.held(), 0u);
  // The latest ones are still known for what they are.
  drain(inbox);
  inbox.handle(chunk_of("a", 4999, Place::last, "1"));
  EXPECT_TRUE(drain(inbox).messages.empty());
  inbox.handle(chunk_of("a", 0, Place::last, "1"));
  EXPECT_EQ(drain(inbox).messages.size(), 1u);
}

TEST(Inbox, ANumberUsedAnewBeginsAnew) {
  // A page that gave up after 10 s of a full buffer, 65,536 messages earlier.
  Inbox inbox;
  inbox.handle(chunk_of("a", 0, Place::first, "old", PayloadKind::bytes, 200));
  inbox.handle(chunk_of("a", 0, Place::first, "new", PayloadKind::text, 128));
  inbox.handle(chunk_of("a", 0, Place::last, "er", PayloadKind::text));
  inbox.handle(chunk_of("a", 1, Place::first, "old", PayloadKind::bytes, 5));
  inbox.handle(meta_of("a", 1, "1"));
  inbox.handle(chunk_of("a", 1, Place::last, "newest"));
  const auto heard = drain(inbox);
  ASSERT_EQ(heard.messages.size(), 2u);
  EXPECT_EQ(payload_of(heard.messages[0]), "newer");
  EXPECT_EQ(payload_of(heard.messages[1]), "newest");
  EXPECT_EQ(inbox.held(), 0u);
}

TEST(Inbox, ControlActionsTellNoProgress) {
  Inbox inbox;
  inbox.handle(chunk_of("@_signal", 0, Place::first, "{", PayloadKind::json));
  inbox.handle(chunk_of("@_signal", 0, Place::last, "}", PayloadKind::json));
  const auto heard = drain(inbox);
  EXPECT_EQ(heard.messages.size(), 1u);
  EXPECT_TRUE(heard.progress.empty());
}

}  // namespace
}  // namespace genos::core
