// SPDX-License-Identifier: LGPL-2.1-or-later
#include "files/source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/files/safe_name.hpp"
#include "core/wire/limits.hpp"
#include "files/file_hash.hpp"

namespace genos::files {
namespace {

using core::Errc;
using core::Error;

struct Names {
  std::vector<std::string> all;
  bool read = false;
};

Names names_in(const std::string& folder) {
  Names names;
  DIR* open = opendir(folder.c_str());
  if (!open) return names;
  while (const auto* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.all.push_back(name);
  }
  closedir(open);
  std::sort(names.all.begin(), names.all.end());
  names.read = true;
  return names;
}

}  // namespace

core::Result<std::unique_ptr<Source>> Source::open(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return system_error("'" + path + "' cannot be sent");
  auto source = std::make_unique<Source>();
  if (S_ISDIR(status.st_mode)) {
    if (auto error = source->add_folder(path, "")) return *error;
    if (auto error = source->make_manifest(path)) return *error;
  } else if (S_ISREG(status.st_mode)) {
    source->add_file(path, status);
  } else {
    return Error{Errc::malformed, "'" + path + "' is neither a file nor a folder"};
  }
  if (source->size() > core::limits::max_file_size)
    return Error{Errc::too_large, "'" + path + "' is larger than 16 TiB"};
  // Whether it can be read is said now, not when somebody wants it.
  for (std::size_t i = 0; i < std::min<std::size_t>(source->files(), 1); ++i)
    if (auto error = source->open_span(i)) return *error;
  return source;
}

Source::Stamp Source::stamp_of(const struct stat& status) {
  return {status.st_ino, status.st_size, status.st_mtim};
}

void Source::add_file(std::string path, const struct stat& status) {
  spans_.add(std::move(path), static_cast<std::uint64_t>(status.st_size));
  stamps_.push_back(stamp_of(status));
}

std::optional<Error> Source::add_folder(const std::string& root, const std::string& inside) {
  const auto folder = inside.empty() ? root : root + "/" + inside;
  const auto names = names_in(folder);
  if (!names.read) return system_error("'" + folder + "' cannot be read");
  const auto before = folder + "/", before_inside = inside.empty() ? "" : inside + "/";
  for (const auto& name : names.all) {
    const auto path = before + name;
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return system_error("'" + path + "' cannot be read");
    if (S_ISREG(status.st_mode)) {
      add_file(path, status);
    } else if (S_ISDIR(status.st_mode)) {
      if (auto error = add_folder(root, before_inside + name)) return error;
    }
    if (files() > core::limits::max_manifest_entries)
      return Error{Errc::too_large, "'" + root + "' holds more than 200,000 files: pack it first"};
  }
  return std::nullopt;
}

// Its own size moves everything that follows.
std::optional<Error> Source::make_manifest(const std::string& root) {
  std::vector<core::ManifestEntry> entries;
  for (const auto& span : spans_.all()) {
    const auto name = span.path.substr(root.size() + 1);
    if (!core::is_utf8(name))
      return Error{Errc::malformed, "'" + root + "' holds a file whose name is not UTF-8"};
    entries.push_back({name, span.size});
  }
  manifest_ = core::manifest_of(entries);
  if (manifest_.size() > core::limits::max_manifest)
    return Error{Errc::too_large, "the names in '" + root + "' are too many: pack it first"};
  const auto files = spans_.all();
  spans_.clear();
  spans_.begin_at(manifest_.size());
  for (const auto& span : files) spans_.add(span.path, span.size);
  return std::nullopt;
}

std::optional<Error> Source::open_span(std::size_t index) {
  if (file_ && open_ == index) return std::nullopt;
  const auto& path = spans_.all()[index].path;
  file_ = File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file_) return system_error("'" + path + "' cannot be read");
  open_ = index;
  return std::nullopt;
}

std::optional<Error> Source::changed(std::size_t index) const {
  struct stat status {};
  if (fstat(file_.get(), &status) == 0 && stamp_of(status) == stamps_[index]) return std::nullopt;
  return Error{Errc::failed, "'" + spans_.all()[index].path + "' has changed since it was offered"};
}

core::Result<core::Bytes> Source::read(std::uint64_t at, std::uint64_t length) {
  if (at > size() || length > size() - at) return Error{Errc::malformed, "beyond its end"};
  core::Bytes bytes(length);
  auto into = std::span(bytes);
  if (at < manifest_.size()) {
    const auto part = std::min<std::uint64_t>(length, manifest_.size() - at);
    std::copy_n(manifest_.begin() + static_cast<std::ptrdiff_t>(at), part, into.begin());
    into = into.subspan(part);
    at += part;
  }
  const auto error = spans_.each(
      at, into.size(), [&](std::size_t index, std::uint64_t offset, std::uint64_t part) {
        auto failed = open_span(index);
        if (!failed) failed = changed(index);
        if (!failed) failed = read_at(file_, offset, into.first(part), spans_.all()[index].path);
        if (!failed) failed = changed(index);
        into = into.subspan(part);
        return failed;
      });
  if (error) return *error;
  return bytes;
}

core::Result<std::vector<core::Digest>> Source::roots(
    const std::function<bool(std::uint64_t)>& goes_on) {
  std::vector<core::Digest> roots;
  std::vector<core::Digest> leaves;
  for (std::uint64_t at = 0; at < size(); at += core::page_size) {
    leaves.clear();
    const auto end = std::min(size(), at + core::page_size);
    for (auto place = at; place < end; place += core::block_size) {
      const auto bytes = read(place, std::min(core::block_size, end - place));
      if (!bytes) return bytes.error();
      for (const auto& leaf : core::leaf_digests(*bytes, file_hash)) leaves.push_back(leaf);
    }
    roots.push_back(core::tree_root(leaves, file_hash));
    if (!goes_on(end)) return Error{Errc::refused, "cancelled"};
  }
  return roots;
}

}  // namespace genos::files
