// SPDX-License-Identifier: LGPL-2.1-or-later
// How files are cut, hashed and named.
#include "core/files/file_tree.hpp"

#include <gtest/gtest.h>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Shows what was hashed: the kind and the first bytes of each half.
Digest shown(HashOf what, ByteView bytes) {
  Digest digest{};
  digest[0] = static_cast<std::uint8_t>('0' + static_cast<int>(what));
  digest[1] = bytes.empty() ? std::uint8_t{0} : bytes[0];
  digest[2] = bytes.size() > 32 ? bytes[32] : std::uint8_t{0};
  digest[3] = static_cast<std::uint8_t>(bytes.size());
  return digest;
}

Digest digest_of(std::uint8_t first) {
  Digest digest{};
  digest[0] = first;
  return digest;
}

// As a text: "(12)" is the node over 1 and 2.
std::string drawn;
Digest draw(HashOf what, ByteView bytes) {
  EXPECT_EQ(what, HashOf::node);
  EXPECT_EQ(bytes.size(), 2 * sizeof(Digest));
  const auto name = [](std::uint8_t c) { return std::string(1, static_cast<char>(c)); };
  drawn += "(" + name(bytes[0]) + name(bytes[32]) + ")";
  return digest_of(static_cast<std::uint8_t>('A' + drawn.size() / 4 - 1));
}

std::string tree_of(std::size_t leaves) {
  std::vector<Digest> level;
  for (std::size_t i = 1; i <= leaves; ++i)
    level.push_back(digest_of(static_cast<std::uint8_t>('0' + i)));
  drawn.clear();
  const auto root = tree_root(level, draw);
  return drawn + "=" + static_cast<char>(root[0]);
}

TEST(FileShape, AtTheEdges) {
  struct {
    std::uint64_t size, leaves, blocks, pages;
  } const shapes[] = {
      {0, 0, 0, 0},
      {1, 1, 1, 1},
      {leaf_size, 1, 1, 1},
      {leaf_size + 1, 2, 1, 1},
      {block_size, 4, 1, 1},
      {block_size + 1, 5, 2, 1},
      {page_size, 256, 64, 1},
      {page_size + 1, 257, 65, 2},
      {limits::max_file_size, std::uint64_t{1} << 28, std::uint64_t{1} << 26,
       std::uint64_t{1} << 20},
  };
  for (const auto& [size, leaves, blocks, pages] : shapes) {
    const FileShape shape{size};
    EXPECT_EQ(shape.leaves(), leaves) << size;
    EXPECT_EQ(shape.blocks(), blocks) << size;
    EXPECT_EQ(shape.pages(), pages) << size;
  }
}

TEST(FileShape, ThePartsMakeTheWhole) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, leaf_size - 1, block_size, 3 * block_size + 5, page_size - 1, page_size,
        page_size + 1, 2 * page_size + leaf_size + 1}) {
    const FileShape shape{size};
    std::uint64_t bytes = 0, leaves = 0, blocks = 0;
    for (std::uint64_t block = 0; block < shape.blocks(); ++block)
      bytes += shape.block_length(block);
    for (std::uint64_t page = 0; page < shape.pages(); ++page) {
      leaves += shape.page_leaves(page);
      blocks += shape.blocks_in(page);
    }
    EXPECT_EQ(bytes, size);
    EXPECT_EQ(leaves, shape.leaves());
    EXPECT_EQ(blocks, shape.blocks());
  }
}

TEST(FileTree, OfAnyNumberOfLeaves) {
  EXPECT_EQ(tree_of(1), "=1");
  EXPECT_EQ(tree_of(2), "(12)=A");
  EXPECT_EQ(tree_of(3), "(12)(A3)=B");
  EXPECT_EQ(tree_of(4), "(12)(34)(AB)=C");
  EXPECT_EQ(tree_of(5), "(12)(34)(AB)(C5)=D");
  EXPECT_EQ(tree_of(7), "(12)(34)(56)(AB)(C7)(DE)=F");
}

TEST(FileTree, NoLeavesHaveARootToo) { EXPECT_EQ(tree_root({}, draw), Digest{}); }

TEST(FileTree, LeavesAreCutAt64KiB) {
  const auto leaves = [](std::uint64_t size) {
    return leaf_digests(Bytes(size, 9), [](HashOf what, ByteView bytes) {
      EXPECT_EQ(what, HashOf::leaf);
      Digest digest{};
      for (std::size_t i = 0; i < 8; ++i)
        digest[i] = static_cast<std::uint8_t>(bytes.size() >> (8 * i));
      return digest;
    });
  };
  EXPECT_TRUE(leaves(0).empty());
  ASSERT_EQ(leaves(leaf_size).size(), 1u);
  const auto two = leaves(leaf_size + 3);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0][2], 1);  // 0x10000 bytes
  EXPECT_EQ(two[1][0], 3);
}

TEST(FileTree, TheIdIsOfAllThatMatters) {
  static Bytes hashed;
  const auto keep = [](HashOf what, ByteView bytes) {
    if (what == HashOf::file) hashed.assign(bytes.begin(), bytes.end());
    return shown(what, bytes);
  };
  FileInfo info;
  info.name = "name";
  info.size = 1000;
  const std::vector<Digest> pages = {digest_of(1), digest_of(2)};
  const auto seen = [&](FileInfo file, const std::vector<Digest>& roots) {
    EXPECT_EQ(file_id(file, roots, keep)[0], '2');  // HashOf::file
    const auto by_pages = hashed;
    file.root = tree_root(roots, keep);
    EXPECT_EQ(file_id(file, keep)[0], '2');
    EXPECT_EQ(hashed, by_pages);
    return hashed;
  };
  const auto first = seen(info, pages);
  auto other = info;
  other.name = "Name";
  EXPECT_NE(seen(other, pages), first);
  other = info;
  other.size = 1001;
  EXPECT_NE(seen(other, pages), first);
  other = info;
  other.manifest = 1;
  EXPECT_NE(seen(other, pages), first);
  EXPECT_NE(seen(info, {digest_of(1), digest_of(3)}), first);
  EXPECT_NE(seen(info, {digest_of(1)}), first);
  other = info;
  other.type = "text/plain";
  EXPECT_EQ(seen(other, pages), first);
}

TEST(FileTree, DigestsAsBytes) {
  const std::vector<Digest> digests = {digest_of(1), digest_of(2), digest_of(3)};
  const auto bytes = flatten(digests);
  ASSERT_EQ(bytes.size(), 96u);
  EXPECT_EQ(digests_in(bytes, 3), digests);
  EXPECT_FALSE(digests_in(bytes, 2));
  EXPECT_FALSE(digests_in(bytes, 4));
  EXPECT_FALSE(digests_in(ByteView(bytes).first(95), 3));
  EXPECT_EQ(digests_in({}, 0), std::vector<Digest>());
  EXPECT_FALSE(digests_in({}, 1));
}

TEST(FileTree, DigestsAsText) {
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(i * 7 + 200);
  const auto text = to_hex(digest);
  EXPECT_EQ(digest_from_hex(text), digest);
  EXPECT_FALSE(digest_from_hex(text + "00"));
  EXPECT_FALSE(digest_from_hex(text.substr(2)));
  EXPECT_FALSE(digest_from_hex("g" + text.substr(1)));
  EXPECT_FALSE(digest_from_hex(""));
}

}  // namespace
}  // namespace genos::core
