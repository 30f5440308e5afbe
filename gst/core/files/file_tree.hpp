// SPDX-License-Identifier: LGPL-2.1-or-later
// How a file is cut and named: leaves of 64 KiB are hashed into a binary tree, whose root, with
// name and size, is the file's id. So each piece can be checked when it comes, whoever sent it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace genos::core {

using Digest = std::array<std::uint8_t, 32>;
enum class HashOf : std::uint8_t { leaf, node, file };
// A pure function; the core has no cryptography of its own.
using FileHash = Digest (*)(HashOf what, ByteView bytes);

inline constexpr std::uint64_t leaf_size = 64UL * 1024;
// What is asked for and announced at a time.
inline constexpr std::uint64_t block_size = 4 * leaf_size;
// The hashes of so much are sent at a time: 8 KiB of them.
inline constexpr std::uint64_t page_size = 64 * block_size;
inline constexpr std::uint64_t page_blocks = page_size / block_size;

struct FileShape {
  std::uint64_t size = 0;

  [[nodiscard]] std::uint64_t leaves() const { return (size + leaf_size - 1) / leaf_size; }
  [[nodiscard]] std::uint64_t blocks() const { return (size + block_size - 1) / block_size; }
  [[nodiscard]] std::uint64_t pages() const { return (size + page_size - 1) / page_size; }
  [[nodiscard]] std::uint64_t block_length(std::uint64_t block) const {
    return std::min(block_size, size - block * block_size);
  }
  [[nodiscard]] std::uint64_t page_leaves(std::uint64_t page) const {
    return (std::min(page_size, size - page * page_size) + leaf_size - 1) / leaf_size;
  }
  [[nodiscard]] std::uint64_t blocks_in(std::uint64_t page) const {
    return std::min(page_blocks, blocks() - page * page_blocks);
  }
};

// What a file is, as it is offered.
struct FileInfo {
  Digest id{};
  std::string name;
  std::string type;  // a MIME type, or empty
  std::uint64_t size = 0;
  std::uint64_t manifest = 0;  // so many bytes at its beginning say what files it is made of
  Digest root{};               // of its pages' roots: with it anybody can check the id
  bool closed = false;         // not offered to everybody: nobody else may hear of it
  bool operator==(const FileInfo&) const = default;
  [[nodiscard]] FileShape shape() const { return {size}; }
};

// The leaves of consecutive bytes that begin at a leaf.
[[nodiscard]] std::vector<Digest> leaf_digests(ByteView bytes, FileHash hash);
// The root of the tree over these, of which there is at least one.
[[nodiscard]] Digest tree_root(std::vector<Digest> level, FileHash hash);
// Of size, manifest, root and name; what kind of file it is may be told differently.
[[nodiscard]] Digest file_id(const FileInfo& info, FileHash hash);
// `pages`: the root of each page.
[[nodiscard]] Digest file_id(const FileInfo& info, const std::vector<Digest>& pages, FileHash hash);

[[nodiscard]] Bytes flatten(const std::vector<Digest>& digests);
// None when they are not `count`.
[[nodiscard]] std::optional<std::vector<Digest>> digests_in(ByteView bytes, std::uint64_t count);
[[nodiscard]] std::string to_hex(const Digest& digest);
[[nodiscard]] std::optional<Digest> digest_from_hex(std::string_view text);

}  // namespace genos::core
