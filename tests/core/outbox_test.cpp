// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/outbox.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "captured_frames.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

const RoomToken room{"9f2abd38314120e0d813aef35ea77752fb1cb46af65de342bb8f8fdd05adea7e"};

Message message_of(std::string channel, PayloadKind kind, std::string_view payload,
                   std::optional<std::string> meta = std::nullopt) {
  const auto bytes = bytes_of(payload);
  return {std::move(channel), kind, std::make_shared<const Bytes>(bytes.begin(), bytes.end()),
          std::move(meta)};
}

Message big(std::string channel, std::size_t size) {
  return message_of(std::move(channel), PayloadKind::bytes, std::string(size, 'b'));
}

// A chunk and the bytes it looks into.
struct Piece {
  Bytes bytes;
  RoomToken token;
  Chunk chunk;
};

std::optional<Piece> next(Outbox& outbox) {
  auto cut = outbox.next();
  if (!cut) return std::nullopt;
  Piece piece{std::move(cut->bytes), {}, {}};
  const auto frame = parse_frame(piece.bytes);
  EXPECT_TRUE(frame && std::holds_alternative<RoomFrame>(*frame));
  piece.token = std::get<RoomFrame>(*frame).room;
  piece.chunk = *parse_chunk(std::get<RoomFrame>(*frame).inner);
  return piece;
}

std::vector<std::string> order(Outbox& outbox) {
  std::vector<std::string> names;
  while (const auto piece = next(outbox)) names.push_back(piece->chunk.action);
  return names;
}

std::vector<std::uint64_t> sent(Outbox& outbox) {
  std::vector<std::uint64_t> ids;
  while (const auto output = outbox.poll()) {
    if (const auto* done = std::get_if<Outbox::Sent>(&*output)) ids.push_back(done->id.value);
  }
  return ids;
}

TEST(Outbox, WritesWhatAPageWrites) {
  // Those of one chunk; what belongs to metadata is not told apart in the table.
  for (const auto& captured : captured::room_messages) {
    const bool second = captured.action == "@_response" || captured.action == "is-even";
    if ((captured.tag & 3) != 1 || second) continue;
    const auto kind = captured.tag & 4   ? PayloadKind::bytes
                      : captured.tag & 8 ? PayloadKind::json
                                         : PayloadKind::text;
    auto payload = std::string(captured.payload);
    if (kind == PayloadKind::bytes) {
      Bytes bytes;
      ASSERT_TRUE(from_hex(captured.payload, bytes));
      payload = text_of(bytes);
    }
    Outbox outbox;
    outbox.send({1}, room, message_of(std::string(captured.action), kind, payload), captured.nonce);
    EXPECT_EQ(to_hex(outbox.next()->bytes), captured.hex);
    EXPECT_FALSE(outbox.next());
    EXPECT_TRUE(outbox.empty());
  }
}

TEST(Outbox, MetadataIsAChunkOfItsOwn) {
  Outbox outbox;
  outbox.send({1}, room, message_of("chat", PayloadKind::text, "hello", R"({"k":"v"})"), 0x1234);
  const auto first = next(outbox);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->token, room);
  EXPECT_TRUE(first->chunk.meta);
  EXPECT_FALSE(first->chunk.last);
  EXPECT_EQ(first->chunk.progress, 128);
  EXPECT_EQ(first->chunk.nonce, 0x1234);
  EXPECT_EQ(text_of(first->chunk.payload), R"({"k":"v"})");
  const auto second = next(outbox);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->chunk.meta);
  EXPECT_TRUE(second->chunk.last);
  EXPECT_EQ(second->chunk.progress, 255);
  EXPECT_EQ(text_of(second->chunk.payload), "hello");

  outbox.send({2}, room, message_of("chat", PayloadKind::bytes, "", "1"), 0);
  const auto both = next(outbox);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->chunk.meta && both->chunk.last);
  EXPECT_FALSE(next(outbox));
}

TEST(Outbox, CutsExactlyAsTrystero) {
  // 51,956 bytes after metadata, as in a captured transfer: progress 51 of 255 for each of five.
  Outbox outbox;
  std::string data;
  for (std::size_t i = 0; i < 3 * limits::chunk_payload + 1912; ++i) {
    data += static_cast<char>(i * 31 + i / 251);
  }
  outbox.send({1}, room, message_of("file", PayloadKind::bytes, data, R"({"name":"gst.bin"})"), 0);
  EXPECT_EQ(outbox.queued(), data.size() + 18);
  std::string back;
  std::vector<int> progress;
  std::vector<std::size_t> sizes;
  while (const auto piece = next(outbox)) {
    progress.push_back(piece->chunk.progress);
    sizes.push_back(piece->bytes.size());
    if (!piece->chunk.meta) back += text_of(piece->chunk.payload);
  }
  EXPECT_EQ(back, data);
  EXPECT_EQ(progress, (std::vector<int>{51, 102, 153, 204, 255}));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{121, 16451, 16451, 16451, 2015}));
  EXPECT_EQ(outbox.queued(), 0u);

  outbox.send({2}, room, big("file", limits::chunk_payload), 1);
  EXPECT_EQ(order(outbox).size(), 1u);
  outbox.send({3}, room, big("file", limits::chunk_payload + 1), 2);
  EXPECT_EQ(order(outbox).size(), 2u);
}

TEST(Outbox, ASmallMessageDoesNotWaitForABigOne) {
  Outbox outbox;
  outbox.send({1}, room, big("file", 10 * limits::chunk_payload), 0);
  ASSERT_TRUE(next(outbox));
  outbox.send({2}, room, message_of("chat", PayloadKind::text, "hi"), 0);
  const auto names = order(outbox);
  ASSERT_EQ(names.size(), 10u);
  EXPECT_TRUE(names[0] == "chat" || names[1] == "chat");
  EXPECT_EQ(sent(outbox), (std::vector<std::uint64_t>{2, 1}));
}

TEST(Outbox, ChannelsShareTheLinkChunkByChunk) {
  Outbox outbox;
  outbox.send({1}, room, big("a", 3 * limits::chunk_payload), 0);
  outbox.send({2}, room, big("b", 3 * limits::chunk_payload), 0);
  outbox.send({3}, RoomToken{"other"}, big("a", 2 * limits::chunk_payload), 0);
  std::vector<std::string> seen;
  while (const auto piece = next(outbox)) {
    seen.push_back(piece->chunk.action + (piece->token == room ? "" : "'"));
  }
  EXPECT_EQ(std::vector<std::string>(seen.begin() + 3, seen.begin() + 6),
            std::vector<std::string>(seen.begin(), seen.begin() + 3));
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_NE(seen[6], seen[7]);
}

TEST(Outbox, MessagesOfOneChannelCompleteInOrder) {
  Outbox outbox;
  outbox.send({1}, room, big("a", 3 * limits::chunk_payload), 0);
  outbox.send({2}, room, message_of("a", PayloadKind::text, "x"), 1);
  outbox.send({3}, room, message_of("a", PayloadKind::text, "y"), 2);
  order(outbox);
  EXPECT_EQ(sent(outbox), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(Outbox, ControlGoesFirstAndInOrder) {
  Outbox outbox;
  outbox.send({1}, room, big("file", 3 * limits::chunk_payload), 0);
  ASSERT_TRUE(next(outbox));
  outbox.send({}, room, message_of("@_stream", PayloadKind::json, "{}"), 0);
  outbox.send({}, RoomToken{"other"}, message_of("@_signal", PayloadKind::json, "{}"), 0);
  outbox.send({}, room, message_of("genos:turn", PayloadKind::json, "{}"), 0);
  outbox.send({2}, room, message_of("@_response", PayloadKind::json, "1", R"({"r":"x"})"), 0);
  const auto names = order(outbox);
  ASSERT_EQ(names.size(), 7u);
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.begin() + 3),
            (std::vector<std::string>{"@_stream", "@_signal", "genos:turn"}));
  EXPECT_EQ(sent(outbox).size(), 2u);  // none for id 0
}

TEST(Outbox, TellsProgressOfEachTransfer) {
  Outbox outbox;
  outbox.send({7}, room, big("a", 4 * limits::chunk_payload), 0);
  order(outbox);
  std::vector<double> fractions;
  while (const auto output = outbox.poll()) {
    if (const auto* step = std::get_if<Outbox::Progress>(&*output)) {
      EXPECT_EQ(step->id, TransferId{7});
      fractions.push_back(step->fraction);
    }
  }
  EXPECT_EQ(fractions, (std::vector<double>{0.25, 0.5, 0.75, 1}));
}

TEST(Outbox, CancelsAndForgets) {
  Outbox outbox;
  outbox.send({1}, room, big("a", 4 * limits::chunk_payload), 0);
  outbox.send({2}, room, message_of("a", PayloadKind::text, "x"), 1);
  outbox.send({3}, RoomToken{"other"}, message_of("@_leave", PayloadKind::text, ""), 0);
  ASSERT_TRUE(next(outbox));  // control
  ASSERT_TRUE(next(outbox));
  EXPECT_TRUE(outbox.cancel({1}));
  EXPECT_FALSE(outbox.cancel({1}));
  EXPECT_FALSE(outbox.cancel({9}));
  EXPECT_FALSE(outbox.cancel({0}));
  EXPECT_EQ(outbox.queued(), 1u);
  outbox.send({4}, RoomToken{"other"}, message_of("a", PayloadKind::text, "y"), 1);
  outbox.send({}, RoomToken{"other"}, message_of("@_leave", PayloadKind::text, ""), 1);
  outbox.forget(RoomToken{"other"});
  EXPECT_EQ(order(outbox), (std::vector<std::string>{"a"}));
  EXPECT_EQ(sent(outbox), (std::vector<std::uint64_t>{3, 2}));
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.queued(), 0u);
}

TEST(Outbox, DropsTheOldestThatHasNotBegun) {
  Outbox outbox;
  EXPECT_FALSE(outbox.drop_oldest());
  outbox.send({1}, room, big("a", 2 * limits::chunk_payload), 0);
  ASSERT_TRUE(next(outbox));
  outbox.send({2}, room, message_of("@_leave", PayloadKind::text, ""), 0);
  outbox.send({3}, room, message_of("b", PayloadKind::text, "x"), 0);
  outbox.send({4}, room, message_of("a", PayloadKind::text, "y"), 1);
  EXPECT_EQ(outbox.drop_oldest(), TransferId{3});
  EXPECT_EQ(outbox.drop_oldest(), TransferId{4});
  EXPECT_FALSE(outbox.drop_oldest());
  EXPECT_EQ(order(outbox), (std::vector<std::string>{"@_leave", "a"}));
}

TEST(Outbox, ChecksMessages) {
  const auto fits = [](const Message& message) { return !Outbox::check(message); };
  EXPECT_TRUE(fits(message_of(std::string(32, 'n'), PayloadKind::text, "")));
  EXPECT_FALSE(fits(message_of(std::string(33, 'n'), PayloadKind::text, "")));
  EXPECT_FALSE(fits(message_of("", PayloadKind::text, "")));
  EXPECT_FALSE(fits(message_of("\xff", PayloadKind::text, "")));
  EXPECT_FALSE(fits(message_of(std::string("a\0", 2), PayloadKind::text, "")));
  EXPECT_FALSE(fits(message_of("a", PayloadKind::text, "\xff")));
  EXPECT_TRUE(fits(message_of("a", PayloadKind::bytes, "\xff")));
  EXPECT_FALSE(fits(message_of("a", PayloadKind::json, "{")));
  EXPECT_FALSE(fits(message_of("a", PayloadKind::json, "")));
  EXPECT_TRUE(fits(message_of("a", PayloadKind::json, "[1,2]")));
  EXPECT_FALSE(fits(message_of("a", PayloadKind::text, "", "nothing")));
  const auto meta = [](std::size_t size) { return '"' + std::string(size - 2, 'm') + '"'; };
  EXPECT_TRUE(fits(message_of("a", PayloadKind::text, "", meta(limits::max_meta))));
  EXPECT_FALSE(fits(message_of("a", PayloadKind::text, "", meta(limits::max_meta + 1))));
  EXPECT_TRUE(fits(big("a", limits::max_message)));
  EXPECT_FALSE(fits(big("a", limits::max_message + 1)));
  Message none;
  none.channel = "a";
  none.payload = nullptr;
  EXPECT_FALSE(fits(none));
}

TEST(NonceBook, CountsEachActionAndWraps) {
  NonceBook book;
  EXPECT_EQ(book.next("a"), 0);
  EXPECT_EQ(book.next("a"), 1);
  EXPECT_EQ(book.next("b"), 0);
  for (int i = 2; i < 65536; ++i) book.next("a");
  EXPECT_EQ(book.next("a"), 0);
}

}  // namespace
}  // namespace genos::core
