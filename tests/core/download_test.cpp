// SPDX-License-Identifier: LGPL-2.1-or-later
// One file that comes: what is asked of whom, and what of it counts.
#include "core/files/download.hpp"

#include <gtest/gtest.h>

#include "swarm_fixture.hpp"

namespace genos::core {
namespace {

using Verdict = Download::Verdict;
const PeerId self{"self"}, anna{"anna"}, ben{"ben"};

// Of a leaf the size and the first bytes only: files of 1 GiB are hashed in no time.
Digest quick_hash(HashOf what, ByteView bytes) {
  if (what != HashOf::leaf) return test_hash(what, bytes);
  Digest digest{};
  std::copy_n(bytes.begin(), std::min<std::size_t>(8, bytes.size()), digest.begin());
  digest[8] = static_cast<std::uint8_t>(bytes.size());
  digest[9] = static_cast<std::uint8_t>(bytes.size() >> 8);
  digest[10] = 1;  // not what nothing is
  return digest;
}

// A file of zeros, and a download of it.
class DownloadTest : public ::testing::Test {
 protected:
  void begin(std::uint64_t size, std::uint64_t manifest = 0, std::size_t asked_of_one = 32) {
    FileInfo info;
    info.name = "zeros";
    info.size = size;
    info.manifest = manifest;
    shape_ = info.shape();
    for (std::uint64_t page = 0; page < shape_.pages(); ++page)
      roots_.push_back(tree_root(leaves(page), quick_hash));
    info.root = tree_root(roots_, quick_hash);
    info.id = file_id(info, quick_hash);
    Download::Options options;
    options.hash = quick_hash;
    options.asked_at_first = options.asked_of_one = asked_of_one;
    download_.emplace(info, options, std::make_unique<SharingPicker>());
  }
  [[nodiscard]] std::vector<Digest> leaves(std::uint64_t page) const {
    std::vector<Digest> all;
    auto left = std::min(page_size, shape_.size - page * page_size);
    for (; left > 0; left -= std::min(leaf_size, left))
      all.push_back(quick_hash(HashOf::leaf, ByteView(zeros_).first(std::min(leaf_size, left))));
    return all;
  }
  [[nodiscard]] ByteView content(std::uint64_t block) const {
    return ByteView(zeros_).first(shape_.block_length(block));
  }
  void give_roots(const PeerId& peer) {
    ASSERT_TRUE(std::holds_alternative<Download::AskRoots>(*next(peer)));
    ASSERT_EQ(download_->take_roots(peer, flatten(roots_), now_), Verdict::taken);
  }
  Verdict give_page(const PeerId& peer, std::uint64_t page) {
    return download_->take_page(peer, page, flatten(leaves(page)), now_);
  }
  Verdict give(const PeerId& peer, std::uint64_t block) {
    return download_->take_block(peer, block, content(block), now_);
  }
  std::optional<Download::Ask> next(const PeerId& peer) {
    return download_->next(self, peer, now_);
  }
  // All that is asked of it now; pages are answered at once.
  std::vector<std::uint64_t> blocks_asked(const PeerId& peer) {
    std::vector<std::uint64_t> asked;
    while (const auto ask = next(peer)) {
      if (const auto* block = std::get_if<Download::AskBlock>(&*ask)) asked.push_back(block->block);
      if (const auto* page = std::get_if<Download::AskPage>(&*ask)) {
        EXPECT_EQ(give_page(peer, page->page), Verdict::taken);
        pages_asked_.push_back(page->page);
      }
    }
    return asked;
  }
  void wait(Duration time) {
    now_ += time;
    download_->advance(now_);
  }

  Time now_{};
  FileShape shape_;
  Bytes zeros_ = Bytes(block_size);
  std::vector<Digest> roots_;
  std::vector<std::uint64_t> pages_asked_;
  std::optional<Download> download_;
};

std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (; from < to; ++from) all.push_back(from);
  return all;
}

TEST_F(DownloadTest, AnEmptyFileIsWhole) {
  begin(0);
  EXPECT_TRUE(download_->whole());
  download_->add_source(anna, now_);
  EXPECT_FALSE(next(anna));
  EXPECT_EQ(download_->deadline(), never);
}

TEST_F(DownloadTest, RootsThenAPageThenBlocksInOrder) {
  begin(40 * block_size);
  EXPECT_FALSE(next(anna));
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_EQ(blocks_asked(anna), range(0, 32));
  EXPECT_EQ(pages_asked_, range(0, 1));
  EXPECT_EQ(give(anna, 0), Verdict::taken);
  EXPECT_FALSE(download_->is_here(0));  // not on disk yet
  EXPECT_EQ(download_->done(), 0u);
  download_->stored(0);
  EXPECT_TRUE(download_->is_here(0));
  EXPECT_EQ(download_->done(), block_size);
  EXPECT_EQ(blocks_asked(anna), range(32, 33));
}

TEST_F(DownloadTest, WhatWasNotAskedForIsUnwanted) {
  begin(40 * block_size);
  download_->add_source(anna, now_);
  EXPECT_EQ(download_->take_roots(anna, flatten(roots_), now_), Verdict::unwanted);
  give_roots(anna);
  EXPECT_EQ(download_->take_roots(anna, flatten(roots_), now_), Verdict::unwanted);
  EXPECT_EQ(give_page(anna, 0), Verdict::unwanted);
  blocks_asked(anna);
  EXPECT_EQ(give_page(anna, 0), Verdict::unwanted);
  EXPECT_EQ(give(ben, 0), Verdict::unwanted);
  EXPECT_EQ(give(anna, 33), Verdict::unwanted);
  EXPECT_EQ(download_->take_block(anna, 40, {}, now_), Verdict::unwanted);
  EXPECT_EQ(download_->take_block(anna, ~std::uint64_t{0}, {}, now_), Verdict::unwanted);
  EXPECT_EQ(give(anna, 0), Verdict::taken);
  EXPECT_EQ(give(anna, 0), Verdict::unwanted);
  download_->stored(1);  // asked for, but not here
  download_->stored(~std::uint64_t{0});
  EXPECT_EQ(download_->done(), 0u);
}

TEST_F(DownloadTest, WhatIsBadEndsWithThePeerAndIsAskedOfAnother) {
  begin(2 * page_size);
  for (int what = 0; what < 3; ++what) {
    const PeerId liar{"liar " + std::to_string(what)};
    download_->add_source(liar, now_);
    if (what == 0) {
      next(liar);
      EXPECT_EQ(download_->take_roots(liar, flatten({roots_[0], {}}), now_), Verdict::bad);
      download_->add_source(anna, now_);
      give_roots(anna);
    } else if (what == 1) {
      ASSERT_TRUE(std::holds_alternative<Download::AskPage>(*next(liar)));
      EXPECT_EQ(download_->take_page(liar, 0, ByteView(zeros_).first(256 * sizeof(Digest)), now_),
                Verdict::bad);
    } else {
      EXPECT_EQ(blocks_asked(liar), range(0, 32));
      Bytes other(block_size);
      other[leaf_size] = 1;
      EXPECT_EQ(download_->take_block(liar, 5, other, now_), Verdict::bad);
    }
    EXPECT_FALSE(next(liar));
    EXPECT_EQ(give(liar, 0), Verdict::unwanted);
    download_->add_source(liar, now_);
    EXPECT_FALSE(next(liar)) << "it is no better now";
  }
  EXPECT_EQ(blocks_asked(anna), range(0, 32));
  EXPECT_TRUE(download_->has_source());
}

TEST_F(DownloadTest, ABlockOfAnotherLengthIsBad) {
  for (const std::uint64_t size : {std::uint64_t{1}, block_size - 1}) {
    roots_.clear();
    begin(block_size + size);
    download_->add_source(anna, now_);
    give_roots(anna);
    blocks_asked(anna);
    EXPECT_EQ(download_->take_block(anna, 1, ByteView(zeros_).first(size + 1), now_), Verdict::bad);
  }
}

TEST_F(DownloadTest, ClaimsAreCheckedOnceTheirPageIsKnown) {
  begin(page_size + 2 * block_size);
  for (const std::uint64_t block : {0, 1, 2, 65, 66, 99999}) download_->claim(block);
  EXPECT_FALSE(download_->to_check());
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_FALSE(download_->to_check());
  download_->checked(0, content(0));  // nobody asked
  EXPECT_EQ(download_->done(), 0u);
  const auto asked = blocks_asked(anna);
  EXPECT_EQ(asked, range(3, 35));  // what is claimed is not asked for
  for (const std::uint64_t block : {0, 1, 2, 65}) EXPECT_EQ(download_->to_check(), block);
  EXPECT_FALSE(download_->to_check());
  download_->checked(0, content(0));
  download_->checked(1, Bytes(block_size, 1));               // wrong
  download_->checked(2, ByteView(zeros_).first(leaf_size));  // too short
  download_->checked(65, {});                                // could not be read
  EXPECT_TRUE(download_->is_here(0));
  EXPECT_EQ(download_->done(), block_size);
  download_->checked(1, content(1));  // once only
  EXPECT_EQ(download_->done(), block_size);
  for (const auto block : asked) EXPECT_EQ(give(anna, block), Verdict::taken);
  const auto rest = blocks_asked(anna);
  EXPECT_EQ(std::vector(rest.begin(), rest.begin() + 3), (std::vector<std::uint64_t>{1, 2, 35}));
}

TEST_F(DownloadTest, HasOutOfRangeCountsForNothing) {
  begin(10 * block_size);
  const Bytes all(100, 0xff);
  download_->has(anna, 0, all);  // nobody we know
  download_->add_receiver(anna, now_);
  give_roots(anna);
  blocks_asked(anna);
  for (const std::uint64_t first : {std::uint64_t{10}, std::uint64_t{11}, ~std::uint64_t{0}})
    download_->has(anna, first, all);
  EXPECT_TRUE(blocks_asked(anna).empty());
  download_->has(anna, 3, Bytes{0b101});
  EXPECT_EQ(blocks_asked(anna), (std::vector<std::uint64_t>{3, 5}));
  download_->has(anna, 9, all);
  EXPECT_EQ(blocks_asked(anna), (std::vector<std::uint64_t>{9}));
}

TEST_F(DownloadTest, WhoLacksItIsAskedForNothingMore) {
  begin(10 * block_size);
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_EQ(blocks_asked(anna), range(0, 10));
  download_->lacks(anna);
  EXPECT_FALSE(download_->has_source());
  EXPECT_FALSE(next(anna));
  EXPECT_EQ(give(anna, 0), Verdict::unwanted);
  download_->add_source(ben, now_);
  EXPECT_EQ(blocks_asked(ben), range(0, 10));
  download_->lacks({"nobody"});
}

TEST_F(DownloadTest, AReceiverWithoutHashesStillHasItsBlocks) {
  begin(10 * block_size);
  download_->add_receiver(anna, now_);
  download_->has(anna, 0, Bytes{0x0f});
  ASSERT_TRUE(std::holds_alternative<Download::AskRoots>(*next(anna)));
  download_->lacks(anna);
  EXPECT_FALSE(next(anna));  // no hashes, no blocks
  download_->add_source(ben, now_);
  give_roots(ben);
  EXPECT_EQ(give_page(ben, 0), Verdict::unwanted);
  ASSERT_TRUE(std::holds_alternative<Download::AskPage>(*next(ben)));
  ASSERT_EQ(give_page(ben, 0), Verdict::taken);
  EXPECT_EQ(blocks_asked(anna), range(0, 4));
}

TEST_F(DownloadTest, WhatWasMetWithSilenceIsAskedOfAnother) {
  begin(40 * block_size);
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_EQ(blocks_asked(anna), range(0, 32));
  download_->add_source(ben, now_);
  EXPECT_EQ(blocks_asked(ben), range(32, 40));
  now_ += 9s;
  EXPECT_EQ(give(ben, 32), Verdict::taken);
  EXPECT_EQ(download_->deadline(), Time{} + 10s);
  wait(1s);
  EXPECT_TRUE(blocks_asked(anna).empty());
  EXPECT_EQ(give(anna, 0), Verdict::unwanted);  // late
  const auto asked = blocks_asked(ben);
  EXPECT_EQ(asked, range(0, 25));  // 7 are still to come from it
  EXPECT_EQ(give(ben, 0), Verdict::taken);
}

TEST_F(DownloadTest, WhoIsAloneIsAskedAgain) {
  begin(40 * block_size);
  download_->add_source(anna, now_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::holds_alternative<Download::AskRoots>(*next(anna)));
    wait(10s);
  }
  give_roots(anna);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::holds_alternative<Download::AskPage>(*next(anna)));
    wait(10s);
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(blocks_asked(anna), range(0, 32));
    wait(10s);
  }
  EXPECT_EQ(blocks_asked(anna), range(0, 32));
  EXPECT_EQ(give(anna, 0), Verdict::taken);  // late, and asked for again since
}

TEST_F(DownloadTest, WhatComesOutOfTurnIsNoAnswer) {
  begin(40 * block_size);
  download_->add_source(anna, now_);
  give_roots(anna);
  blocks_asked(anna);
  now_ += 6s;
  EXPECT_EQ(give(anna, 7), Verdict::taken);
  EXPECT_EQ(download_->deadline(), Time{} + 10s);
  EXPECT_EQ(give(anna, 0), Verdict::taken);
  EXPECT_EQ(download_->deadline(), Time{} + 16s);
}

TEST_F(DownloadTest, ARestIsNoSilence) {
  begin(40 * block_size);
  download_->add_source(anna, now_);
  give_roots(anna);
  now_ += 60s;  // paused, say
  ASSERT_TRUE(std::holds_alternative<Download::AskPage>(*next(anna)));
  EXPECT_EQ(download_->deadline(), now_ + 10s);
  wait(1s);
  EXPECT_EQ(give_page(anna, 0), Verdict::taken);
}

TEST_F(DownloadTest, AsksNoFurtherThanTheWindow) {
  begin(20 * page_size, 0, 100'000);
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_EQ(blocks_asked(anna), range(0, 8 * page_blocks));
  EXPECT_EQ(pages_asked_.front(), 0u);
  EXPECT_LE(pages_asked_.size(), 9u);
  for (const auto block : range(1, 200)) {
    EXPECT_EQ(give(anna, block), Verdict::taken);
    download_->stored(block);
  }
  EXPECT_TRUE(blocks_asked(anna).empty());  // the first is still missing
  EXPECT_EQ(give(anna, 0), Verdict::taken);
  download_->stored(0);
  EXPECT_EQ(blocks_asked(anna), range(8 * page_blocks, 8 * page_blocks + 200));
}

TEST_F(DownloadTest, WhatAFolderHoldsComesFirst) {
  begin(page_size, block_size + 1);
  download_->add_source(anna, now_);
  give_roots(anna);
  EXPECT_EQ(blocks_asked(anna), range(0, 2));
  for (const std::uint64_t block : {1, 0}) {
    EXPECT_EQ(give(anna, block), Verdict::taken);
    EXPECT_TRUE(blocks_asked(anna).empty());
    download_->stored(block);
  }
  EXPECT_EQ(blocks_asked(anna), range(2, 34));
}

TEST_F(DownloadTest, HashesFarBehindAreForgotten) {
  const std::uint64_t pages = 70;
  begin(pages * page_size);
  download_->add_source(anna, now_);
  give_roots(anna);
  while (!download_->whole()) {
    const auto asked = blocks_asked(anna);
    ASSERT_FALSE(asked.empty());
    for (const auto block : asked) {
      ASSERT_EQ(give(anna, block), Verdict::taken);
      download_->stored(block);
    }
  }
  EXPECT_EQ(pages_asked_, range(0, pages));
  std::uint64_t known = 0;
  for (std::uint64_t page = 0; page < pages; ++page) known += download_->page(page) != nullptr;
  EXPECT_EQ(known, 64u);
  EXPECT_FALSE(download_->page(0));
  EXPECT_TRUE(download_->page(pages - 1));
  EXPECT_EQ(download_->done(), pages * page_size);
  EXPECT_EQ(download_->deadline(), never);
}

}  // namespace
}  // namespace genos::core
