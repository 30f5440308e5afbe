// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/file_tree.hpp"

namespace genos::core {
namespace {

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append(Bytes& to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    to.push_back(static_cast<std::uint8_t>(number >> shift));
}

}  // namespace

std::vector<Digest> leaf_digests(ByteView bytes, FileHash hash) {
  std::vector<Digest> digests;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(leaf_size, bytes.size())))
    digests.push_back(
        hash(HashOf::leaf, bytes.first(std::min<std::size_t>(leaf_size, bytes.size()))));
  return digests;
}

// A node without a sibling is taken one level up as it is.
Digest tree_root(std::vector<Digest> level, FileHash hash) {
  Bytes pair;
  while (level.size() > 1) {
    std::size_t to = 0;
    for (std::size_t from = 0; from < level.size(); from += 2, ++to) {
      if (from + 1 == level.size()) {
        level[to] = level[from];
        continue;
      }
      pair.clear();
      append(pair, ByteView(level[from]));
      append(pair, ByteView(level[from + 1]));
      level[to] = hash(HashOf::node, pair);
    }
    level.resize(to);
  }
  return level.empty() ? Digest{} : level.front();
}

Digest file_id(const FileInfo& info, FileHash hash) {
  Bytes all;
  append(all, info.size);
  append(all, info.manifest);
  append(all, ByteView(info.root));
  append(all, bytes_of(info.name));
  return hash(HashOf::file, all);
}

Digest file_id(const FileInfo& info, const std::vector<Digest>& pages, FileHash hash) {
  FileInfo whole = info;
  whole.root = tree_root(pages, hash);
  return file_id(whole, hash);
}

Bytes flatten(const std::vector<Digest>& digests) {
  Bytes bytes;
  bytes.reserve(digests.size() * sizeof(Digest));
  for (const auto& digest : digests) append(bytes, ByteView(digest));
  return bytes;
}

std::optional<std::vector<Digest>> digests_in(ByteView bytes, std::uint64_t count) {
  if (bytes.size() != count * sizeof(Digest)) return std::nullopt;
  std::vector<Digest> digests(count);
  for (std::size_t i = 0; i < count; ++i)
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Digest)), sizeof(Digest),
                digests[i].begin());
  return digests;
}

std::string to_hex(const Digest& digest) { return to_hex(ByteView(digest)); }

std::optional<Digest> digest_from_hex(std::string_view text) {
  Bytes bytes;
  Digest digest;
  if (text.size() != 2 * digest.size() || !from_hex(text, bytes)) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace genos::core
