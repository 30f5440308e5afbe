// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes wrong among files without malice: nothing spins, nothing is sent twice, nobody waits
// longer than there is reason to.
#include "hostile_fixture.hpp"

namespace genos::core {
namespace {

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

// Of leaves the length only, which is all that differs in a file of zeros.
Digest length_hash(HashOf what, ByteView bytes) {
  if (what != HashOf::leaf) return test_hash(what, bytes);
  Digest digest{};
  for (std::size_t i = 0; i < 8; ++i)
    digest[i] = static_cast<std::uint8_t>((bytes.size() + 1) >> (8 * i));
  return digest;
}

// 1.1 GiB of them, nearly all here already; ben's upload is busy with its first block until then.
TEST(ExchangeTrouble, HashesThatWereForgottenMeanwhileAreLackedNotEmpty) {
  const std::uint64_t pages = 70;
  const Bytes zeros(block_size);
  const std::vector<Digest> leaves(page_size / leaf_size,
                                   length_hash(HashOf::leaf, ByteView(zeros).first(leaf_size)));
  const std::vector<Digest> roots(pages, tree_root(leaves, length_hash));
  FileInfo info;
  info.name = "zeros";
  info.size = pages * page_size;
  info.root = tree_root(roots, length_hash);
  info.id = file_id(info, length_hash);
  Time now{};
  Exchange exchange({ben, length_hash, {1'000'000, 0, 0}}, now);
  int lacks = 0, hashes = 0;
  const auto heard = [&](const PeerId& from, const FileMessage& message) {
    exchange.handle(Exchange::Heard{from, to_text(message)}, now);
  };
  const auto came = [&](const Parcel& parcel) {
    exchange.handle(Exchange::Came{anna, std::make_shared<const Bytes>(to_bytes(parcel))}, now);
  };
  const auto answer = [&](const Exchange::Tell& tell) {
    const auto word = file_message_in(tell.text);
    lacks += tell.peer == mallory && word->word == FileWord::lack;
    if (word->word == FileWord::ask_roots) came({Parcel::Kind::roots, info.id, 0, flatten(roots)});
    if (word->word == FileWord::ask_page)
      came({Parcel::Kind::page, info.id, word->index, flatten(leaves)});
  };
  const auto run = [&] {
    while (const auto output = exchange.poll()) {
      if (const auto* tell = std::get_if<Exchange::Tell>(&*output)) answer(*tell);
      if (const auto* load = std::get_if<Exchange::Load>(&*output))
        exchange.handle(Exchange::Loaded{load->ticket, zeros, {}}, now);
      if (const auto* sent = std::get_if<Exchange::Deliver>(&*output))
        hashes += parcel_in(sent->bytes)->kind == Parcel::Kind::page;
      // As soon as something is here, and before the hashes of its page are gone.
      const auto* progress = std::get_if<Exchange::Progress>(&*output);
      if (!progress || progress->done != block_size) continue;
      heard(mallory, {FileWord::ask_blocks, info, 0, 1, {}});
      heard(mallory, {FileWord::ask_page, info, 0, 1, {}});
    }
  };
  for (const auto& peer : {anna, mallory}) exchange.handle(Exchange::PeerCame{peer}, now);
  heard(anna, {FileWord::offer, info, 0, 0, {}});
  std::vector<std::uint64_t> claimed(info.shape().blocks() - 1);
  for (std::uint64_t block = 0; block < claimed.size(); ++block) claimed[block] = block;
  exchange.handle(Exchange::Take{info.id, claimed}, now);
  run();
  EXPECT_EQ(lacks + hashes, 0);
  now += 10s;
  exchange.advance(now);
  run();
  EXPECT_EQ(lacks, 1);
  EXPECT_EQ(hashes, 0);
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
