// SPDX-License-Identifier: LGPL-2.1-or-later
// Files between peers in virtual time: who gets what, from whom, and what goes wrong.
#include "core/files/exchange.hpp"

#include "core/wire/limits.hpp"
#include "swarm_fixture.hpp"

namespace genos::core {
namespace {

using What = Exchange::TakerNews::What;

std::vector<What> news_of(const Swarm::Peer& peer) {
  std::vector<What> found;
  for (const auto& one : peer.all<Exchange::TakerNews>())
    if (one.what != What::sent) found.push_back(one.what);
  return found;
}

TEST(Exchange, EverySizeArrives) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, leaf_size - 1, leaf_size, leaf_size + 1, block_size - 1,
        block_size, block_size + 1, page_size - 1, page_size, page_size + 1,
        3 * page_size + 5 * block_size + 7}) {
    const TestFile file(test_content(size));
    Swarm swarm;
    swarm.add("anna");
    swarm.add("ben");
    swarm.offer("anna", file);
    swarm.run();
    ASSERT_EQ(swarm["ben"].all<Exchange::Offered>().size(), 1u);
    EXPECT_EQ(swarm["ben"].all<Exchange::Offered>()[0].file, file.info);
    swarm.take("ben", file);
    swarm.run();
    EXPECT_TRUE(swarm.took("ben", file)) << size;
    EXPECT_EQ(news_of(swarm["anna"]), (std::vector{What::takes, What::done}));
    EXPECT_EQ(swarm["anna"].sent > size + size / 100 + 4096, false) << "sent twice";
  }
}

TEST(Exchange, FiveReceiversCostTheSenderLittleMoreThanOne) {
  const TestFile file(test_content(6 * page_size + 12345));
  Swarm swarm(20ms);
  swarm.add("sender", {2'000'000, 0, 0});
  swarm.offer("sender", file);
  const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
  for (const auto& name : names) swarm.add(name);
  swarm.run(1s);
  for (const auto& name : names) swarm.take(name, file);
  swarm.run();
  for (const auto& name : names) EXPECT_TRUE(swarm.took(name, file)) << name;
  const auto ratio =
      static_cast<double>(swarm["sender"].sent) / static_cast<double>(file.content.size());
  EXPECT_LE(ratio, 1.1);
}

TEST(Exchange, OneSlowReceiverDoesNotHoldTheOthersForLong) {
  const TestFile file(test_content(2 * page_size));
  Swarm swarm;
  swarm.add("sender", {4'000'000, 0, 0});
  swarm.offer("sender", file);
  swarm.add("fast");
  swarm.add("slow", {0, 0, 50'000});
  swarm.run(100ms);
  swarm.take("fast", file);
  swarm.take("slow", file);
  swarm.run(60s);
  EXPECT_TRUE(swarm.took("fast", file));
}

TEST(Exchange, WhoComesLateIsServedByThoseWhoHaveIt) {
  const TestFile file(test_content(2 * page_size));
  Swarm swarm;
  swarm.add("sender");
  swarm.add("ben");
  swarm.offer("sender", file);
  swarm.run();
  swarm.take("ben", file);
  swarm.run();
  swarm.remove("sender");
  swarm.run();
  swarm.add("cleo");
  swarm.run();
  EXPECT_TRUE(swarm["cleo"].all<Exchange::Offered>().empty());  // ben does not offer it
  swarm.add("sender");
  swarm.offer("sender", file);
  swarm["sender"].sent = 0;
  swarm.run();
  swarm.take("cleo", file);
  swarm.run();
  EXPECT_TRUE(swarm.took("cleo", file));
  EXPECT_LT(swarm["sender"].sent, file.content.size() * 7 / 10);
}

TEST(Exchange, GoesOnWhenTheSenderReturns) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("sender", {1'000'000, 0, 0});
  swarm.add("ben");
  swarm.offer("sender", file);
  swarm.run(100ms);
  swarm.take("ben", file);
  swarm.run(5s);
  swarm.remove("sender");
  swarm.run(60s);
  EXPECT_FALSE(swarm.took("ben", file));
  EXPECT_TRUE(swarm["ben"].all<Exchange::Failed>().empty());
  swarm.add("sender");
  swarm.offer("sender", file);
  swarm["sender"].sent = 0;
  swarm.run(60s);
  EXPECT_TRUE(swarm.took("ben", file));
  EXPECT_LT(swarm["sender"].sent, file.content.size());
}

TEST(Exchange, WhatWasHereIsCheckedAndNotSentAgain) {
  const TestFile file(test_content(page_size + 3 * block_size));
  Swarm swarm;
  swarm.add("sender");
  auto& ben = swarm.add("ben");
  swarm.offer("sender", file);
  swarm.run(1s);
  ben.disk[file.info.id] = file.content;
  ben.disk[file.info.id][2 * block_size] ^= 1;  // not what it was any more
  std::vector<std::uint64_t> claimed;
  for (std::uint64_t block = 0; block < page_blocks + 2; ++block) claimed.push_back(block);
  swarm.take("ben", file, claimed);
  swarm.run();
  EXPECT_TRUE(swarm.took("ben", file));
  EXPECT_LT(swarm["sender"].sent, 2 * block_size + 4096);  // the bad one and the last
}

TEST(Exchange, WhoLiesIsFoundOutAtOnce) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("liar").lies = true;
  swarm.add("ben");
  swarm.offer("liar", file);
  swarm.run(1s);
  swarm.take("ben", file);
  swarm.run();
  ASSERT_EQ(swarm["ben"].all<Exchange::BadPiece>().size(), 1u);
  ASSERT_EQ(swarm["ben"].all<Exchange::Failed>().size(), 1u);
  EXPECT_EQ(swarm["ben"].disk[file.info.id], Bytes(file.content.size()));  // nothing was written

  swarm.add("honest");
  swarm.offer("honest", file);
  swarm.run(1s);
  swarm.take("ben", file);
  swarm.run();
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(Exchange, OtherContentsUnderTheSameNameAreAnotherFile) {
  const TestFile one(test_content(10, 1)), other(test_content(10, 2));
  EXPECT_NE(one.info.id, other.info.id);
  EXPECT_NE(one.info.id, TestFile(one.content, "another name").info.id);
  Bytes shorter = one.content;
  shorter.pop_back();
  EXPECT_NE(one.info.id, TestFile(shorter).info.id);
}

TEST(Exchange, RefusedStoppedAndWithdrawn) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna", {100'000, 0, 0});
  swarm.add("ben");
  swarm.add("cleo");
  swarm.offer("anna", file);
  swarm.run(100ms);
  swarm.feed({"ben"}, Exchange::Refuse{file.info.id, "no space"});
  swarm.take("cleo", file);
  swarm.run(1s);
  swarm.feed({"cleo"}, Exchange::Stop{file.info.id, "enough"});
  swarm.run();
  EXPECT_EQ(news_of(swarm["anna"]), (std::vector{What::refused, What::takes, What::stopped}));
  const auto news = swarm["anna"].all<Exchange::TakerNews>();
  EXPECT_EQ(news.front().why, "no space");
  EXPECT_EQ(news.back().why, "enough");
  EXPECT_LT(swarm["anna"].sent, 3 * block_size);  // nothing goes to who has stopped

  swarm.feed({"anna"}, Exchange::Withdraw{file.info.id, "changed"});
  swarm.run();
  const auto withdrawn = swarm["cleo"].all<Exchange::Withdrawn>();
  ASSERT_EQ(withdrawn.size(), 1u);
  EXPECT_EQ(withdrawn[0].why, "changed");
}

TEST(Exchange, OnlyThoseWhoAreMeantGetIt) {
  const TestFile file(test_content(1000));
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben");
  swarm.add("cleo");
  swarm.offer("anna", file, {{"ben"}});
  swarm.run();
  EXPECT_EQ(swarm["ben"].all<Exchange::Offered>().size(), 1u);
  EXPECT_TRUE(swarm["cleo"].all<Exchange::Offered>().empty());
  // Who knows the id all the same gets nothing.
  FileMessage ask{FileWord::ask_blocks, file.info, 0, 1, {}};
  swarm.feed({"anna"}, Exchange::Heard{{"cleo"}, to_text(ask)});
  swarm.run();
  EXPECT_EQ(swarm["anna"].sent, 0u);
}

TEST(Exchange, AFullDiskEndsItAndTheSenderHears) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben").full = true;
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  swarm.run();
  ASSERT_EQ(swarm["ben"].all<Exchange::Failed>().size(), 1u);
  EXPECT_EQ(swarm["ben"].all<Exchange::Failed>()[0].why, "disk full");
  EXPECT_EQ(news_of(swarm["anna"]), (std::vector{What::takes, What::stopped}));
}

TEST(Exchange, KeepsToItsRates) {
  const TestFile file(test_content(page_size));
  for (const auto& [up, down] : {std::pair(Exchange::Rates{1'000'000, 0, 0}, Exchange::Rates{}),
                                 {Exchange::Rates{0, 1'000'000, 0}, Exchange::Rates{}},
                                 {Exchange::Rates{}, Exchange::Rates{0, 0, 1'000'000}}}) {
    Swarm swarm;
    swarm.add("anna", up);
    swarm.add("ben", down);
    swarm.offer("anna", file);
    swarm.run(100ms);
    swarm.take("ben", file);
    swarm.run(15s);
    EXPECT_FALSE(swarm.took("ben", file));
    swarm.run(4s);
    EXPECT_TRUE(swarm.took("ben", file));
  }
}

TEST(Exchange, TwoFilesShareALink) {
  const TestFile one(test_content(page_size, 1), "one"), other(test_content(page_size, 2), "other");
  Swarm swarm;
  swarm.add("anna", {1'000'000, 0, 0});
  swarm.add("ben");
  swarm.offer("anna", one);
  swarm.offer("anna", other);
  swarm.run(100ms);
  swarm.take("ben", one);
  swarm.take("ben", other);
  swarm.run(10s);
  std::map<Digest, std::uint64_t> done;
  for (const auto& progress : swarm["ben"].all<Exchange::Progress>())
    done[progress.id] = progress.done;
  const auto difference =
      static_cast<std::int64_t>(done[one.info.id]) - static_cast<std::int64_t>(done[other.info.id]);
  EXPECT_LE(std::abs(difference), 2 * static_cast<std::int64_t>(block_size));
}

TEST(Exchange, APausedFileWaits) {
  const TestFile file(test_content(page_size));
  for (const std::string who : {"anna", "ben"}) {
    Swarm swarm;
    swarm.add("anna", {1'000'000, 0, 0});
    swarm.add("ben");
    swarm.offer("anna", file);
    swarm.run(100ms);
    swarm.take("ben", file);
    swarm.run(1s);
    swarm.feed({who}, Exchange::Pause{file.info.id, true});
    swarm.run(30s);  // what was asked for before comes
    const auto sent = swarm["anna"].sent;
    swarm.run(30s);
    EXPECT_EQ(swarm["anna"].sent, sent);
    EXPECT_FALSE(swarm.took("ben", file));
    swarm.feed({who}, Exchange::Pause{file.info.id, false});
    swarm.run();
    EXPECT_TRUE(swarm.took("ben", file));
  }
}

TEST(Exchange, AFloodOfQuestionsIsBounded) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna", {1'000, 0, 0});
  swarm.add("mallory");
  swarm.offer("anna", file);
  FileMessage ask{FileWord::ask_blocks, file.info, 0, 1u << 30, {}};
  for (int i = 0; i < 1000; ++i) swarm.feed({"anna"}, Exchange::Heard{{"mallory"}, to_text(ask)});
  ask.index = std::uint64_t{1} << 52;
  swarm.feed({"anna"}, Exchange::Heard{{"mallory"}, to_text(ask)});
  swarm.run(1s);
  EXPECT_LT(swarm["anna"].sent, 2 * block_size);
  for (int i = 0; i < 3000; ++i) {
    FileInfo invented = file.info;
    invented.name = std::to_string(i);
    invented.id = file_id(invented, test_hash);
    swarm.feed({"anna"},
               Exchange::Heard{{"mallory"}, to_text({FileWord::offer, invented, 0, 0, {}})});
  }
  EXPECT_EQ(swarm["anna"].all<Exchange::Offered>().size(), limits::max_offers);
}

}  // namespace
}  // namespace genos::core
