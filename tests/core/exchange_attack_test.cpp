// SPDX-License-Identifier: LGPL-2.1-or-later
// What one peer of the room can do to files of the others, and what merely goes wrong there: nobody
// is held up for ever, nothing spins, nothing grows.
#include "core/files/exchange.hpp"
#include "core/wire/limits.hpp"
#include "swarm_fixture.hpp"

namespace genos::core {
namespace {

const PeerId anna{"anna"}, ben{"ben"}, mallory{"a mallory"};  // is asked before all others

// What a peer without an Exchange of its own says.
void says(Swarm& swarm, const PeerId& to, FileWord word, const FileInfo& file) {
  swarm.feed(to, Exchange::Heard{mallory, to_text(FileMessage{word, file, 0, 0, {}})});
}
void sends(Swarm& swarm, const PeerId& to, const Parcel& parcel) {
  swarm.feed(to, Exchange::Came{mallory, std::make_shared<const Bytes>(to_bytes(parcel))});
}

// ben takes what anna and mallory both offer; mallory does not answer.
struct WithASilentSource {
  TestFile file{test_content(3 * page_size)};
  Swarm swarm;
  WithASilentSource() {
    swarm.add("anna");
    swarm.add("ben");
    swarm.feed(ben, Exchange::PeerCame{mallory});
    swarm.offer("anna", file);
    says(swarm, ben, FileWord::offer, file.info);
    swarm.run(1s);
  }
};

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

// --- what happens without malice
// --------------------------------------------------------------------

// As a shell would, but nothing is ever delivered to the peers. How often it wakes up in a minute.
int wakes(Exchange& exchange, const TestFile& file, Time now) {
  const Time end = now + 60s;
  int count = 0;
  while (count < 100'000) {
    while (auto output = exchange.poll())
      if (const auto* load = std::get_if<Exchange::Load>(&*output)) {
        const auto bytes = file.at(load->at, load->length);
        exchange.handle(Exchange::Loaded{load->ticket, {bytes.begin(), bytes.end()}, {}}, now);
      }
    if (exchange.deadline() > end) break;
    now = std::max(now, exchange.deadline());
    exchange.advance(now);
    ++count;
  }
  return count;
}

TEST(ExchangeTrouble, APeerThatDoesNotReadCostsNothing) {
  const TestFile file(test_content(page_size));
  for (const auto& rates : {Exchange::Rates{1'000'000, 0, 0}, Exchange::Rates{0, 1'000'000, 0},
                            Exchange::Rates{100'000, 1'000'000, 0}}) {
    const Time now{};
    Exchange exchange({anna, test_hash, rates}, now);
    exchange.handle(Exchange::PeerCame{ben}, now);
    exchange.handle(Exchange::Offer{file.info, file.roots, {}}, now);
    const FileMessage ask{FileWord::ask_blocks, file.info, 0, 32, {}};
    exchange.handle(Exchange::Heard{ben, to_text(ask)}, now);
    EXPECT_LT(wakes(exchange, file, now), 100);
  }
}

TEST(ExchangeTrouble, ToBeAloneCostsNothing) {
  const TestFile file(test_content(page_size));
  Time now{};
  Exchange exchange({ben, test_hash, {0, 0, 1'000}}, now);
  const auto heard = [&](const FileMessage& message) {
    exchange.handle(Exchange::Heard{anna, to_text(message)}, now);
  };
  const auto came = [&](const Parcel& parcel) {
    exchange.handle(Exchange::Came{anna, std::make_shared<const Bytes>(to_bytes(parcel))}, now);
  };
  exchange.handle(Exchange::PeerCame{anna}, now);
  heard({FileWord::offer, file.info, 0, 0, {}});
  exchange.handle(Exchange::Take{file.info.id, {}}, now);
  came({Parcel::Kind::roots, file.info.id, 0, flatten(file.roots)});
  came({Parcel::Kind::page, file.info.id, 0, flatten(file.leaves(0))});
  EXPECT_NE(exchange.deadline(), never);
  exchange.handle(Exchange::PeerGone{anna}, now);
  EXPECT_LT(wakes(exchange, file, now + 400s), 100);
}

TEST(ExchangeTrouble, ABadOfferBesideAGoodOneCostsNothing) {
  WithASilentSource test;
  test.swarm.feed(anna, Exchange::Pause{test.file.info.id, true});
  test.swarm.take("ben", test.file);
  sends(test.swarm, ben, {Parcel::Kind::roots, test.file.info.id, 0, {}});
  test.swarm.run(300s);  // it fails there when it goes in circles
  EXPECT_EQ(test.swarm["ben"].all<Exchange::BadPiece>().size(), 1u);
}

TEST(ExchangeTrouble, ManyFilesAtOnceDoNotStopEachOther) {
  std::vector<TestFile> files;
  for (std::uint64_t i = 0; i < 8; ++i)
    files.emplace_back(test_content(page_size, i), "file " + std::to_string(i));
  Swarm swarm;
  swarm.add("anna", {16'000'000, 0, 0});
  swarm.add("ben");
  for (const auto& file : files) swarm.offer("anna", file);
  swarm.run(1s);
  for (const auto& file : files) swarm.take("ben", file);
  swarm.run(9500ms);  // 8.4 at that rate
  for (const auto& file : files) EXPECT_TRUE(swarm.took("ben", file)) << file.info.name;
}

TEST(ExchangeTrouble, ASlowLinkCarriesItOnce) {
  const TestFile file(test_content(40 * block_size));
  Swarm swarm;
  swarm.add("anna", {20'000, 0, 0});  // a block in 13 s
  swarm.add("ben");
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  swarm.run(3600s);
  EXPECT_TRUE(swarm.took("ben", file));
  EXPECT_LT(swarm["anna"].sent, file.content.size() * 11 / 10);
}

TEST(ExchangeTrouble, TwoFilesShareALimitOnDownloads) {
  const TestFile one(test_content(page_size, 1), "one"), other(test_content(page_size, 2), "other");
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben", {0, 0, 1'000'000});
  swarm.offer("anna", one);
  swarm.offer("anna", other);
  swarm.run(100ms);
  swarm.take("ben", one);
  swarm.take("ben", other);
  swarm.run(10s);
  std::map<Digest, std::int64_t> done;
  for (const auto& progress : swarm["ben"].all<Exchange::Progress>())
    done[progress.id] = static_cast<std::int64_t>(progress.done);
  EXPECT_GT(done[one.info.id], 0);
  EXPECT_LE(std::abs(done[one.info.id] - done[other.info.id]),
            2 * static_cast<std::int64_t>(block_size));
}

TEST(ExchangeTrouble, WhatWasHereAlreadyServesTheOthers) {
  const TestFile file(test_content(page_size));
  Swarm swarm;
  swarm.add("anna", {1'000'000, 0, 0});
  auto& peer = swarm.add("ben");
  swarm.add("cleo");
  swarm.offer("anna", file);
  swarm.run(1s);
  peer.disk[file.info.id] = file.content;
  std::vector<std::uint64_t> claimed(page_blocks - 1);
  for (std::uint64_t block = 0; block < claimed.size(); ++block) claimed[block] = block;
  swarm.take("cleo", file);
  swarm.take("ben", file, claimed);
  swarm.run();
  EXPECT_TRUE(swarm.took("cleo", file));
  EXPECT_LT(swarm["anna"].sent, file.content.size() * 5 / 8);  // she was asked for half before
  EXPECT_EQ(swarm["ben"].all<Exchange::Progress>().size(), page_blocks);
}

TEST(ExchangeTrouble, AnOffererThatWithdrewIsNotWaitedFor) {
  const TestFile file(test_content(4 * page_size));
  Swarm swarm;
  swarm.add("anna", {8'000'000, 0, 0});
  swarm.add("ben");
  swarm.feed(ben, Exchange::PeerCame{mallory});
  says(swarm, ben, FileWord::offer, file.info);
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  says(swarm, ben, FileWord::withdraw, file.info);
  swarm.run(10s);  // 8.4 at that rate
  EXPECT_TRUE(swarm.took("ben", file));
}

TEST(ExchangeTrouble, HashesAreChargedToTheUpload) {
  const TestFile file(test_content(1));
  const Time now{};
  Exchange exchange({anna, test_hash, {32, 0, 0}}, now);
  exchange.handle(Exchange::PeerCame{ben}, now);
  exchange.handle(Exchange::Offer{file.info, file.roots, {}}, now);
  const FileMessage ask{FileWord::ask_roots, file.info, 0, 1, {}};
  exchange.handle(Exchange::Heard{ben, to_text(ask)}, now);
  exchange.handle(Exchange::Delivered{1}, now);
  exchange.handle(Exchange::Heard{ben, to_text(ask)}, now);
  int answers = 0;
  while (const auto output = exchange.poll())
    answers += std::holds_alternative<Exchange::Deliver>(*output);
  EXPECT_EQ(answers, 1);
  EXPECT_GT(exchange.deadline(), now + 500ms);
}

TEST(ExchangeTrouble, ALongReasonStillReachesTheOthers) {
  const TestFile file(test_content(1000));
  Swarm swarm;
  swarm.add("anna");
  swarm.add("ben");
  swarm.offer("anna", file);
  swarm.run(1s);
  std::string why;
  for (int i = 0; i < 200; ++i) why += "ä";
  swarm.feed(anna, Exchange::Withdraw{file.info.id, why});
  swarm.run(1s);
  ASSERT_EQ(swarm["ben"].all<Exchange::Withdrawn>().size(), 1u);
  EXPECT_EQ(swarm["ben"].all<Exchange::Withdrawn>()[0].why, why.substr(0, 256));
}

TEST(ExchangeTrouble, WhatTheDiskSaysOfNoBlockOfOursIsIgnored) {
  const TestFile file(test_content(1000));
  Swarm swarm;
  swarm.add("anna", {1, 0, 0});
  swarm.add("ben");
  swarm.offer("anna", file);
  swarm.run(1s);
  swarm.take("ben", file);
  for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}})
    swarm.feed(ben, Exchange::Stored{file.info.id, block});
  EXPECT_TRUE(swarm["ben"].all<Exchange::Progress>().empty());
}

}  // namespace
}  // namespace genos::core
