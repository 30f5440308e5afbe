// SPDX-License-Identifier: LGPL-2.1-or-later
// What one peer of the room can do to files of the others: hold up nobody, spoil nothing, learn
// nothing.
#include "hostile_fixture.hpp"

namespace genos::core {
namespace {

TEST(ExchangeAttack, WhoOffersAndSendsNothingHoldsUpNobody) {
  WithASilentSource test;
  test.swarm.take("ben", test.file);
  test.swarm.run(60s);
  EXPECT_TRUE(test.swarm.took("ben", test.file));
}

TEST(ExchangeAttack, WhoClaimsToHaveAllAndSendsNothingHoldsUpNobody) {
  const TestFile file(test_content(3 * page_size));
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben");
  swarm.feed(ben, Exchange::PeerCame{mallory});
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  says(swarm, ben, FileWord::take, file.info);
  const Bytes all(file.info.shape().blocks() / 8, 0xff);
  sends(swarm, ben, {Parcel::Kind::have, file.info.id, 0, all});
  swarm.run(60s);
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(ExchangeAttack, ToKeepSayingSomethingIsNoAnswer) {
  WithASilentSource test;
  test.swarm.take("ben", test.file);
  for (int i = 0; i < 120; ++i) {
    test.swarm.run(500ms);
    says(test.swarm, ben, FileWord::take, test.file.info);
    says(test.swarm, ben, FileWord::offer, test.file.info);
    const Bytes one(1, 0xff);
    sends(test.swarm, ben, {Parcel::Kind::have, test.file.info.id, 0, one});
    sends(test.swarm, ben, {Parcel::Kind::block, test.file.info.id, 150, one});
  }
  EXPECT_TRUE(test.swarm.took("ben", test.file));
}

TEST(ExchangeAttack, WhoTakesItAndGetsNothingSlowsNobodyDown) {
  const TestFile file(test_content(6 * page_size));
  Swarm swarm;
  swarm.add("anna", {8'000'000, 0, 0});
  swarm.add("ben");
  swarm.feed(ben, Exchange::PeerCame{mallory});
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  says(swarm, ben, FileWord::take, file.info);
  swarm.run(20s);  // 13 without mallory
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(ExchangeAttack, WhoWasBadStaysBad) {
  WithASilentSource test;
  test.swarm.take("ben", test.file);
  for (int i = 0; i < 10; ++i) {
    sends(test.swarm, ben, {Parcel::Kind::roots, test.file.info.id, 0, {}});
    says(test.swarm, ben, FileWord::stop, test.file.info);
    says(test.swarm, ben, FileWord::withdraw, test.file.info);
    says(test.swarm, ben, FileWord::offer, test.file.info);
  }
  test.swarm.run(60s);
  EXPECT_TRUE(test.swarm.took("ben", test.file));
  EXPECT_EQ(test.swarm["ben"].all<Exchange::BadPiece>().size(), 1u);
}

TEST(ExchangeAttack, NobodyOffersAnothersFileUnderAnotherName) {
  const TestFile file(test_content(1000));
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben");
  const PeerId last{"z mallory"};
  swarm.feed(ben, Exchange::PeerCame{last});
  swarm.offer("anna", file);
  for (auto spoil :
       {+[](FileInfo& info) { info.name = "other"; }, +[](FileInfo& info) { info.size = 1001; },
        +[](FileInfo& info) { info.manifest = 10; }, +[](FileInfo& info) { info.root[7] ^= 1; }}) {
    auto spoiled = file.info;
    spoil(spoiled);
    swarm.feed(ben,
               Exchange::Heard{last, to_text(FileMessage{FileWord::offer, spoiled, 0, 0, {}})});
  }
  swarm.run(1s);
  EXPECT_EQ(swarm["ben"].all<Exchange::Offered>().size(), 1u);
  swarm.take("ben", file);
  swarm.run();
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(ExchangeAttack, NobodyButTheOffererCanEndIt) {
  const TestFile file(test_content(2 * page_size));
  Swarm swarm;
  swarm.add("anna", {1'000'000, 0, 0});
  swarm.add("ben");
  swarm.feed(ben, Exchange::PeerCame{mallory});
  swarm.offer("anna", file);
  swarm.run(100ms);
  swarm.take("ben", file);
  swarm.run(5s);
  swarm.remove("anna");
  const Bytes all(file.info.shape().blocks() / 8, 0xff), junk(block_size, 7);
  sends(swarm, ben, {Parcel::Kind::have, file.info.id, 0, all});
  for (std::uint64_t block = 0; block < file.info.shape().blocks(); ++block)
    sends(swarm, ben, {Parcel::Kind::block, file.info.id, block, junk});
  EXPECT_EQ(swarm["ben"].all<Exchange::BadPiece>().size(), 1u);
  EXPECT_TRUE(swarm["ben"].all<Exchange::Failed>().empty());
  swarm.add("anna");
  swarm.offer("anna", file);
  swarm.run(60s);
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(ExchangeAttack, AFloodOfTakesIsAnsweredOnce) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna", {1, 0, 0});
  swarm.add("ben");
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  swarm.feed(ben, Exchange::PeerCame{mallory});
  Exchange judge({ben, test_hash, {}}, swarm.now());
  judge.handle(Exchange::PeerCame{anna}, swarm.now());
  judge.handle(Exchange::PeerCame{mallory}, swarm.now());
  const auto text = [&](FileWord word) { return to_text(FileMessage{word, file.info, 0, 0, {}}); };
  judge.handle(Exchange::Heard{anna, text(FileWord::offer)}, swarm.now());
  judge.handle(Exchange::Take{file.info.id, {}}, swarm.now());
  for (int i = 0; i < 1000; ++i)
    judge.handle(Exchange::Heard{mallory, text(FileWord::take)}, swarm.now());
  int answers = 0;
  while (const auto output = judge.poll())
    answers += std::holds_alternative<Exchange::Deliver>(*output);
  EXPECT_EQ(answers, 1);
}

TEST(ExchangeAttack, NobodyElseHearsOfWhatIsNotForAll) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna", {8'000'000, 0, 0});
  swarm.add("ben");
  swarm.add("dora");
  swarm.feed(ben, Exchange::PeerCame{mallory});
  swarm.feed(anna, Exchange::PeerCame{mallory});
  swarm.offer("anna", file, {ben, {"dora"}});
  swarm.run(100ms);
  swarm.take("ben", file);
  swarm.take("dora", file);
  // mallory knows the id by accident
  const auto tries = [&](const PeerId& whom) {
    says(swarm, whom, FileWord::take, file.info);
    says(swarm, whom, FileWord::ask_roots, file.info);
    says(swarm, whom, FileWord::ask_page, file.info);
    says(swarm, whom, FileWord::ask_blocks, file.info);
    sends(swarm, whom, {Parcel::Kind::have, file.info.id, 0, Bytes(8, 0xff)});
  };
  for (int i = 0; i < 30; ++i) {
    tries(anna);
    tries(ben);
    swarm.run(100ms);
  }
  swarm.run();
  EXPECT_TRUE(swarm.took("ben", file));
  EXPECT_TRUE(swarm.took("dora", file));
  tries(ben);
  swarm.feed(anna, Exchange::Withdraw{file.info.id, "enough"});
  swarm.run();
  for (const auto& word : swarm.told(mallory)) EXPECT_EQ(word, FileWord::lack);
  EXPECT_EQ(swarm.delivered(mallory), 0u);
}

TEST(ExchangeAttack, OnlyWhoTookItHasItOrStops) {
  const TestFile file(test_content(1000));
  Swarm swarm;
  swarm.add("anna");
  swarm.feed(anna, Exchange::PeerCame{mallory});
  swarm.offer("anna", file);
  says(swarm, anna, FileWord::done, file.info);
  says(swarm, anna, FileWord::stop, file.info);
  EXPECT_TRUE(swarm["anna"].all<Exchange::TakerNews>().empty());
  says(swarm, anna, FileWord::take, file.info);
  says(swarm, anna, FileWord::done, file.info);
  says(swarm, anna, FileWord::done, file.info);
  EXPECT_EQ(swarm["anna"].all<Exchange::TakerNews>().size(), 2u);
}

}  // namespace
}  // namespace genos::core
