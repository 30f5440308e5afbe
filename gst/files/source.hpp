// SPDX-License-Identifier: LGPL-2.1-or-later
// What is offered: a file, or a folder with all files in it, read as one run of bytes.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/files/file_tree.hpp"
#include "files/disk.hpp"

namespace genos::files {

// Used by one thread at a time.
class Source {
 public:
  // A folder's links are followed nowhere: only plain files and folders are offered.
  static core::Result<std::unique_ptr<Source>> open(const std::string& path);

  [[nodiscard]] std::uint64_t size() const { return spans_.end(); }
  [[nodiscard]] std::uint64_t manifest() const { return manifest_.size(); }
  [[nodiscard]] std::size_t files() const { return spans_.all().size(); }

  // The roots of its pages. `goes_on(bytes)` is called now and then; false ends it (Errc::refused).
  core::Result<std::vector<core::Digest>> roots(const std::function<bool(std::uint64_t)>& goes_on);
  core::Result<core::Bytes> read(std::uint64_t at, std::uint64_t length);

 private:
  // What a file was when it was offered.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    timespec changed{};
    bool operator==(const Stamp& other) const {
      return inode == other.inode && size == other.size && changed.tv_sec == other.changed.tv_sec &&
             changed.tv_nsec == other.changed.tv_nsec;
    }
  };
  static Stamp stamp_of(const struct stat& status);
  std::optional<core::Error> add_folder(const std::string& root, const std::string& inside);
  void add_file(std::string path, const struct stat& status);
  std::optional<core::Error> make_manifest(const std::string& root);
  std::optional<core::Error> open_span(std::size_t index);
  [[nodiscard]] std::optional<core::Error> changed(std::size_t index) const;

  core::Bytes manifest_;
  Spans spans_;
  std::vector<Stamp> stamps_;
  File file_;
  std::size_t open_ = 0;  // whose file_ is
};

}  // namespace genos::files
