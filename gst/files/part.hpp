// SPDX-License-Identifier: LGPL-2.1-or-later
// A file, or a folder of files, that is being received: hidden in the target folder until it is
// whole, with a journal that survives this process.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/files/file_tree.hpp"
#include "core/files/safe_name.hpp"
#include "files/disk.hpp"

namespace genos::files {

// Used by one thread at a time. Nothing outside of `folder` is ever touched.
class Part {
 public:
  enum class Existing : std::uint8_t { keep, replace };  // a file of the same name

  // Goes on with what is there of the same file. An error when somebody else does already.
  static core::Result<std::unique_ptr<Part>> open(const std::string& folder, core::FileInfo info);

  // Blocks that are said to be here; to be checked.
  [[nodiscard]] const std::vector<std::uint64_t>& claimed() const { return claimed_; }
  [[nodiscard]] std::uint64_t size() const { return info_.size; }

  [[nodiscard]] std::optional<core::Error> write(std::uint64_t block, core::ByteView bytes);
  core::Result<core::Bytes> read(std::uint64_t at, std::uint64_t length);

  // All of it is here. Gives it its name, or "name (2)" when that is taken; returns the path.
  core::Result<std::string> place(Existing existing);
  [[nodiscard]] std::optional<core::Error> discard();

 private:
  Part(std::string folder, core::FileInfo info);
  [[nodiscard]] std::string hidden(const char* ending) const;
  [[nodiscard]] bool is_folder() const { return info_.manifest > 0; }
  [[nodiscard]] std::string header() const;
  std::optional<core::Error> open_journal();
  void read_journal(const std::string& header);
  std::optional<core::Error> begin_journal(const std::string& header);
  [[nodiscard]] std::optional<core::Error> enough_space() const;
  std::optional<core::Error> open_contents();
  std::optional<core::Error> write_head(core::ByteView bytes, std::uint64_t at);
  std::optional<core::Error> write_early();
  std::optional<core::Error> write_rest(std::uint64_t at, core::ByteView bytes);
  std::optional<core::Error> compare_head(core::ByteView bytes, std::uint64_t at);
  std::optional<core::Error> unfold();
  std::optional<core::Error> make_files(const std::vector<core::ManifestEntry>& entries);
  std::optional<core::Error> open_span(std::size_t index);
  std::optional<core::Error> note(std::uint64_t block);
  [[nodiscard]] bool rename_to(const std::string& path, Existing existing) const;
  core::Result<std::string> rename_to_name(Existing existing);
  void remove_journal();

  std::string folder_;
  core::FileInfo info_;
  std::string base_;  // where the contents are now
  File journal_;
  std::uint64_t bits_at_ = 0;  // of the journal
  core::Bytes bits_;
  std::vector<std::uint64_t> claimed_;
  bool unfolded_ = false;  // where each file of a folder begins is known
  File manifest_;
  std::map<std::uint64_t, core::Bytes> early_;  // what came with the end of the manifest
  std::uint64_t head_left_ = 0;                 // bytes of the manifest that are not here
  Spans spans_;
  File file_;
  std::size_t open_ = 0;
};

}  // namespace genos::files
