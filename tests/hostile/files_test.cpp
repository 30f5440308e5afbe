// SPDX-License-Identifier: LGPL-2.1-or-later
// A stranger with a real, open link that lies about files, to somebody who takes all he is offered
// and to somebody who sends one.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/channel/outbox.hpp"
#include "core/files/file_message.hpp"
#include "files/file_hash.hpp"
#include "hostile/attacks.hpp"
#include "hostile/good_pair.hpp"
#include "hostile/stranger.hpp"
#include "support/test_room.hpp"

namespace genos::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using As = Stranger::As;
using core::Bytes;
using core::FileMessage;
using core::FileWord;
using core::LinkRole;
using core::Parcel;

constexpr std::uint64_t seed = 20261121;

core::Digest digest_of(core::Random& random) {
  const auto bytes = random.alphanumerics(8);
  return files::file_hash(core::HashOf::leaf, core::bytes_of(bytes));
}

// An offer that anybody must believe: the id is right, and the contents do not exist.
core::FileInfo promise(core::Random& random, std::uint64_t size) {
  core::FileInfo info;
  info.name = random.below(std::uint64_t{4}) ? random.alphanumerics(12)
                                             : "../../" + random_text(random, 40);
  info.size = size;
  info.manifest = random.below(std::uint64_t{4}) ? 0 : random.below(size + 2);
  info.root = digest_of(random);
  info.id = core::file_id(info, files::file_hash);
  return info;
}

class HostileFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/hostile-files-XXXXXX";
    ASSERT_TRUE(mkdtemp(name));
    folder = name;
    for (auto* peer : {&good.first, &good.second}) accept_all(*peer);
    ASSERT_TRUE(good.meet());
    before = Footprint::now();
  }
  void TearDown() override {
    EXPECT_TRUE(good.unharmed());
    carries_a_file();
    EXPECT_LT(Footprint::now().kibibytes - before.kibibytes, memory_share * 500 * 1024);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().filename().string().starts_with("mine"))
        continue;
      EXPECT_NE(entry.path().string().find(".genos"), std::string::npos)
          << entry.path() << " is not what anybody sent";
    }
    fs::remove_all(folder);
  }
  void accept_all(GoodPair::Peer& peer) {
    const auto into = folder / peer.id;
    fs::create_directories(into);
    peer.connections.push_back(on<void(GstGenosRoom*, GstGenosFile*)>(
        peer.room.get(), "file-offer", [this, into](auto*, GstGenosFile* file) {
          offers++;
          gst_genos_file_accept(file, into.c_str(), GST_GENOS_FILE_FLAGS_NONE, nullptr);
        }));
  }
  // Afterwards, and beside it all: a file of the one is with the other.
  void carries_a_file() {
    const auto mine = folder / ("mine" + std::to_string(++files));
    std::ofstream(mine, std::ios::binary) << std::string(3'000'000, 'm');
    Outcome outcome;
    gst_genos_room_send_file_async(good.first.room.get(), mine.c_str(), nullptr, nullptr, nullptr,
                                   nullptr, nullptr, nullptr, Outcome::take, outcome.data());
    ASSERT_TRUE(until([&] { return bool(outcome); }));
    const auto sent =
        adopt(gst_genos_room_send_file_finish(good.first.room.get(), outcome.get(), nullptr));
    ASSERT_TRUE(sent);
    const auto there = folder / good.second.id / mine.filename();
    ASSERT_TRUE(until([&] { return fs::exists(there); }, 30s));
    EXPECT_EQ(fs::file_size(there), 3'000'000u);
  }
  static void word(HostileLink& link, const FileMessage& message) {
    link.act("genos:file", core::to_text(message));
  }
  void parcel(HostileLink& link, const Parcel& parcel) {
    core::Message message;
    message.channel = core::parcel_action;
    message.payload = std::make_shared<const Bytes>(core::to_bytes(parcel));
    core::Outbox outbox;
    outbox.send({}, stranger.token, message, ++nonce);
    while (const auto frame = outbox.next()) link.send(frame->bytes);
  }

  HostileRelay relay;
  Stranger stranger{relay, "files"};
  core::SeededRandom random{seed};
  GoodPair good{"files", relay.uri()};
  fs::path folder;
  Footprint before;
  int offers = 0, files = 0;
  std::uint16_t nonce = 30000;
};

TEST_F(HostileFiles, WordsOutOfShape) {
  for (int visit = 0; visit < 20; visit++) {
    HostileLink link(stranger, {"zzwords" + std::to_string(visit), good.first.id, As::genos,
                                LinkRole::answerer});
    ASSERT_TRUE(link.open()) << visit;
    for (int round = 0; round < 100 && link.is_open(); round++) {
      FileMessage message;
      message.word = static_cast<FileWord>(random.below(std::uint64_t{10}));
      message.file = promise(random, random.next() >> random.below(std::uint64_t{64}));
      message.index = random.next() >> random.below(std::uint64_t{64});
      message.count = random.next() >> random.below(std::uint64_t{64});
      message.why = random_text(random, 300);
      const auto text = core::to_text(message);
      link.act("genos:file", round % 3 ? text : spoiled(text, random));
      link.act("genos:parcel", random_text(random, 16000), core::PayloadKind::bytes);
      if (round % 20 == 0) run(20ms);
    }
    EXPECT_TRUE(good.unharmed()) << visit;
  }
}

TEST_F(HostileFiles, FilesThatDoNotExist) {
  HostileLink link(stranger, {"zzliar", good.first.id, As::genos, LinkRole::answerer});
  ASSERT_TRUE(link.open());
  std::vector<core::FileInfo> promises;
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{65'537}, std::uint64_t{40'000'000}, std::uint64_t{1} << 30,
        std::uint64_t{1} << 44})
    for (int i = 0; i < 3; i++) {
      promises.push_back(promise(random, size));
      FileMessage offer;
      offer.word = FileWord::offer;
      offer.file = promises.back();
      word(link, offer);
    }
  EXPECT_TRUE(until([&] { return offers > 5; })) << "nobody believed any of it";
  const Bytes block = random_bytes(random, core::block_size);
  for (int round = 0; round < 400 && link.is_open(); round++) {
    const auto& file = promises[random.below(std::uint64_t{promises.size()})];
    const auto length = random.below(std::uint64_t{block.size()});
    parcel(link, {static_cast<Parcel::Kind>(random.below(std::uint64_t{4})), file.id,
                  random.below(std::uint64_t{100}), core::ByteView(block).first(length)});
    run(5ms);
  }
}

TEST_F(HostileFiles, OffersAndQuestionsWithoutEnd) {
  carries_a_file();  // what there is to ask for
  HostileLink link(stranger, {"zzgreedy", good.first.id, As::genos, LinkRole::answerer});
  ASSERT_TRUE(link.open());
  FileMessage ask;
  ask.file.id = digest_of(random);
  for (int round = 0; round < 4000 && link.is_open(); round++) {
    FileMessage offer;
    offer.word = FileWord::offer;
    offer.file = promise(random, 1'000'000);
    word(link, offer);
    ask.word = round % 2 ? FileWord::take : FileWord::ask_blocks;
    ask.count = random.below(std::uint64_t{1} << 20);
    word(link, ask);
    if (round % 50 == 0) run(10ms);
  }
  run(500ms);
  EXPECT_LE(offers, 2 * 1024 + 2);
}

}  // namespace
}  // namespace genos::test
