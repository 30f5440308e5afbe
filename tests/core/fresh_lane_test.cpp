// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/fresh_lane.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/channel/outbox.hpp"

namespace genos::core {
namespace {

Bytes numbered(std::size_t size, std::uint8_t seed = 0) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = std::uint8_t(seed + i * 7);
  return bytes;
}

// As if all had been heard of before.
std::vector<Bytes> cut(FreshSender& sender, const Bytes& message) {
  auto pieces = sender.send(message, Time{});
  EXPECT_FALSE(pieces.empty());
  sender.handle({pieces.back().data(), 4});
  return pieces;
}

TEST(FreshLane, JoinsWhatWasCutInAnyOrder) {
  std::mt19937 random(1);
  FreshSender sender;
  FreshReceiver receiver;
  for (const std::size_t size : {0, 1, 1023, 1024, 1025, 2048, 16'384, 17'408}) {
    auto pieces = cut(sender, numbered(size));
    EXPECT_EQ(pieces.size(), std::max<std::size_t>(1, (size + 1023) / 1024));
    std::shuffle(pieces.begin(), pieces.end(), random);
    std::optional<Bytes> whole;
    for (const auto& piece : pieces) {
      EXPECT_LE(piece.size(), 1030U);  // a packet
      EXPECT_FALSE(whole);
      whole = receiver.handle(piece).message;
    }
    EXPECT_EQ(whole, numbered(size));
    for (const auto& piece : pieces) EXPECT_FALSE(receiver.handle(piece).message) << "twice";
  }
}

TEST(FreshLane, TheLargestFreshMessageFits) {
  Outbox outbox;
  Message message{std::string(limits::max_channel_name, 'c'),
                  PayloadKind::bytes,
                  std::make_shared<const Bytes>(limits::chunk_payload),
                  {}};
  outbox.send(TransferId{}, RoomToken{"room"}, message, 0);
  const auto frame = outbox.next();
  ASSERT_TRUE(frame);
  EXPECT_TRUE(outbox.empty());
  EXPECT_LE(FreshSender().send(frame->bytes, Time{}).size(), limits::max_pieces);
}

TEST(FreshLane, ALostPieceLosesItsMessageOnly) {
  FreshSender sender;
  FreshReceiver receiver;
  int whole = 0;
  for (int number = 0; number < 1000; ++number) {
    auto pieces = cut(sender, numbered(5000, std::uint8_t(number)));
    if (number % 3 == 0) pieces.erase(pieces.begin() + number % 5);
    for (const auto& piece : pieces) {
      const auto message = receiver.handle(piece).message;
      if (!message) continue;
      EXPECT_EQ(*message, numbered(5000, std::uint8_t(number)));
      whole++;
    }
  }
  EXPECT_EQ(whole, 666);
}

TEST(FreshLane, MessagesMayCrossButTheOldGiveWay) {
  FreshSender sender;
  FreshReceiver receiver;
  std::vector<std::vector<Bytes>> messages;
  for (int i = 0; i < 9; ++i) messages.push_back(cut(sender, numbered(2000, std::uint8_t(i))));
  for (const auto& message : messages) EXPECT_FALSE(receiver.handle(message[0]).message);
  EXPECT_FALSE(receiver.handle(messages[0][1]).message);  // the ninth has its place
  for (std::size_t i = 1; i < 9; ++i)
    EXPECT_EQ(receiver.handle(messages[i][1]).message, numbered(2000, std::uint8_t(i)));
}

TEST(FreshLane, NumbersGoOnAfterTheLast) {
  FreshReceiver receiver;
  const auto single = [](std::uint32_t number) {
    return Bytes{std::uint8_t(number >> 24),
                 std::uint8_t(number >> 16),
                 std::uint8_t(number >> 8),
                 std::uint8_t(number),
                 0,
                 1,
                 'x'};
  };
  for (std::uint32_t number = 0xffff'fff0; number != 0x10; ++number)
    EXPECT_EQ(receiver.handle(single(number)).message, Bytes{'x'}) << number;
}

TEST(FreshLane, NonsenseIsDropped) {
  FreshReceiver receiver;
  EXPECT_FALSE(receiver.handle({}).message);
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 0, 0}).message);
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 0, 0, 0}).message);          // of none
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 0, 1, 1}).message);          // beyond the last
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 0, 0, 18, 'x'}).message);    // too many
  EXPECT_FALSE(receiver.handle(Bytes(6 + limits::piece + 1, 0)).message);  // too long
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 1, 0, 2, 'a'}).message);
  EXPECT_FALSE(receiver.handle(Bytes{0, 0, 0, 1, 1, 3, 'b'}).message);  // of three, it was of two
  EXPECT_EQ(receiver.handle(Bytes{0, 0, 0, 1, 1, 2, 'b'}).message, (Bytes{'a', 'b'}));
}

TEST(FreshLane, HoldsBackWhatNobodyHeardOf) {
  FreshSender sender;
  FreshReceiver receiver;
  const Bytes message = numbered(16'000);
  std::vector<std::vector<Bytes>> sent;
  for (int i = 0; i < 100; ++i)
    if (auto pieces = sender.send(message, Time{}); !pieces.empty())
      sent.push_back(std::move(pieces));
  ASSERT_EQ(sent.size(), 4U);  // 64 KiB
  for (const auto& piece : sent[1]) sender.handle(receiver.handle(piece).answer);
  // The second was heard of, so the first is not under way any more, come or not.
  EXPECT_FALSE(sender.send(message, Time{}).empty());
  EXPECT_FALSE(sender.send(message, Time{}).empty());
  EXPECT_TRUE(sender.send(message, Time{}).empty());
}

TEST(FreshLane, AfterSilenceOneAtATimeTriesAgain) {
  FreshSender sender;
  const Bytes message = numbered(16'000);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(sender.send(message, Time{}).empty());
  EXPECT_TRUE(sender.send(message, Time{std::chrono::milliseconds(499)}).empty());
  EXPECT_FALSE(sender.send(message, Time{std::chrono::milliseconds(500)}).empty());
  EXPECT_TRUE(sender.send(message, Time{std::chrono::milliseconds(999)}).empty());
  const auto second = sender.send(message, Time{std::chrono::milliseconds(1000)});
  ASSERT_FALSE(second.empty());
  sender.handle({second.back().data(), 4});  // that one was heard of: the line is as it was
  for (int i = 0; i < 4; ++i)
    EXPECT_FALSE(sender.send(message, Time{std::chrono::milliseconds(1001)}).empty());
  EXPECT_TRUE(sender.send(message, Time{std::chrono::milliseconds(1001)}).empty());
}

TEST(FreshLane, NonsensicalAnswersOpenNothing) {
  FreshSender sender;
  const Bytes message = numbered(16'000);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(sender.send(message, Time{}).empty());
  for (const Bytes& answer : {Bytes{}, Bytes{0, 0, 3}, Bytes{0, 0, 0, 4}, Bytes{0x7f, 0, 0, 0},
                              Bytes{0xff, 0xff, 0xff, 0xff}, Bytes{0, 0, 0, 3, 0}})
    sender.handle(answer);
  EXPECT_TRUE(sender.send(message, Time{}).empty());
  sender.handle(Bytes{0, 0, 0, 3});
  EXPECT_FALSE(sender.send(message, Time{}).empty());
}

}  // namespace
}  // namespace genos::core
