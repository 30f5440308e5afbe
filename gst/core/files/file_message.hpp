// SPDX-License-Identifier: LGPL-2.1-or-later
// What our own peers say to each other of files: words as JSON, contents as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/files/file_tree.hpp"
#include "core/wire/frame.hpp"

namespace genos::core {

// Neither goes before what applications say: both wait in line as any channel.
inline constexpr std::string_view file_action = "genos:file";
inline constexpr std::string_view parcel_action = bulk_action;

enum class FileWord : std::uint8_t {
  offer,       // whoever wants it may take it
  withdraw,    // it is no longer to be had here
  take,        // to the offerer and to others who take it: I am on it
  refuse,      // to the offerer: not wanted
  stop,        // to the offerer: given up
  done,        // to the offerer: it is whole, and where it belongs
  ask_roots,   // the roots of all pages
  ask_page,    // the leaves' hashes of page `index`
  ask_blocks,  // blocks `index` to `index + count`
  lack         // an answer: cannot be had here; `why` when it is for good
};

struct FileMessage {
  FileWord word{};
  FileInfo file;  // of all but `offer`, the id only
  std::uint64_t index = 0;
  std::uint64_t count = 0;
  std::string why;
  bool operator==(const FileMessage&) const = default;
};
[[nodiscard]] std::string to_text(const FileMessage& message);
// What a stranger says: names and numbers are within limits.
[[nodiscard]] std::optional<FileMessage> file_message_in(std::string_view text);

struct Parcel {
  enum class Kind : std::uint8_t {
    roots,  // of all pages
    page,   // the leaves' hashes of page `index`
    block,  // block `index`
    have  // a bit for each block from `index` on, the lowest bit first: those that can be had here
  };
  Kind kind{};
  Digest id{};
  std::uint64_t index = 0;
  ByteView bytes;  // a view into what was parsed
};
[[nodiscard]] Bytes to_bytes(const Parcel& parcel);
[[nodiscard]] std::optional<Parcel> parcel_in(ByteView bytes);

}  // namespace genos::core
