// SPDX-License-Identifier: LGPL-2.1-or-later
#include "files/part.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "core/wire/json.hpp"

namespace genos::files {
namespace {

namespace fs = std::filesystem;
using core::Errc;
using core::Error;

// Copies of one name in a folder; more is no accident.
constexpr unsigned most_copies = 10'000;
constexpr int create = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

void sync_folder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) fsync(folder.get());
}

}  // namespace

Part::Part(std::string folder, core::FileInfo info)
    : folder_(std::move(folder)), info_(std::move(info)) {
  base_ = hidden("part");
  head_left_ = info_.manifest;
}

std::string Part::hidden(const char* ending) const {
  return folder_ + "/.genos-" + core::to_hex(info_.id).substr(0, 16) + "." + ending;
}

core::Result<std::unique_ptr<Part>> Part::open(const std::string& folder, core::FileInfo info) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return system_error("'" + folder + "'");
  if (!S_ISDIR(status.st_mode)) return Error{Errc::malformed, "'" + folder + "' is no folder"};
  std::unique_ptr<Part> part(new Part(folder, std::move(info)));
  if (auto error = part->open_journal()) return *error;
  if (auto error = part->enough_space()) {
    if (part->claimed_.empty()) part->remove_journal();
    return *error;
  }
  if (auto error = part->open_contents()) return *error;
  return part;
}

// --- the journal: what file this is, and a bit for each block that was written

std::string Part::header() const {
  auto json = core::Json::object();
  json.set("genos", "part of a file; remove it with the other .genos files of this name");
  json.set("id", core::to_hex(info_.id)).set("name", info_.name);
  json.set("size", static_cast<std::int64_t>(info_.size));
  json.set("manifest", static_cast<std::int64_t>(info_.manifest));
  return core::to_text(json) + "\n";
}

std::optional<Error> Part::open_journal() {
  const auto name = hidden("journal");
  journal_ = File(::open(name.c_str(), create, 0666));
  if (!journal_) return system_error("'" + folder_ + "' cannot be written");
  if (flock(journal_.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::wrong_state, "'" + info_.name + "' is being received here already"};
  const auto header = this->header();
  bits_at_ = header.size();
  bits_.assign((info_.shape().blocks() + 7) / 8, 0);
  read_journal(header);
  return claimed_.empty() ? begin_journal(header) : std::nullopt;
}

void Part::read_journal(const std::string& header) {
  struct stat status {};
  const auto size = header.size() + bits_.size();
  if (fstat(journal_.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size)
    return;
  core::Bytes all(size);
  if (read_at(journal_, 0, all, "journal")) return;
  if (core::text_of(core::ByteView(all).first(header.size())) != header) return;
  std::copy(all.begin() + static_cast<std::ptrdiff_t>(header.size()), all.end(), bits_.begin());
  for (std::uint64_t block = 0; block < info_.shape().blocks(); ++block)
    if ((bits_[block / 8] >> block % 8 & 1) != 0) claimed_.push_back(block);
}

std::optional<Error> Part::begin_journal(const std::string& header) {
  std::fill(bits_.begin(), bits_.end(), 0);
  const auto name = hidden("journal");
  if (ftruncate(journal_.get(), 0) != 0) return system_error("'" + name + "' cannot be written");
  if (auto error = write_at(journal_, 0, core::bytes_of(header), name)) return error;
  return write_at(journal_, bits_at_, bits_, name);
}

std::optional<Error> Part::note(std::uint64_t block) {
  auto& byte = bits_[block / 8];
  byte |= static_cast<std::uint8_t>(1 << block % 8);
  return write_at(journal_, bits_at_ + block / 8, core::ByteView(&byte, 1), hidden("journal"));
}

std::optional<Error> Part::enough_space() const {
  struct statvfs status {};
  if (statvfs(folder_.c_str(), &status) != 0) return std::nullopt;
  const auto free = std::uint64_t{status.f_bavail} * status.f_frsize;
  const auto here = std::min(info_.size, claimed_.size() * core::block_size);
  if (info_.size - here <= free) return std::nullopt;
  return Error{Errc::too_large, "'" + folder_ +
                                    "' has no space: " + std::to_string(info_.size - here) +
                                    " bytes are needed, " + std::to_string(free) + " are free"};
}

// --- the contents

std::optional<Error> Part::open_contents() {
  if (!is_folder()) {
    spans_.add(base_, info_.size);
    file_ = File(::open(base_.c_str(), create, 0666));
    unfolded_ = true;
    if (!file_ || ftruncate(file_.get(), static_cast<off_t>(info_.size)) != 0)
      return system_error("'" + base_ + "' cannot be written");
    return std::nullopt;
  }
  manifest_ = File(::open(hidden("manifest").c_str(), create, 0666));
  if (!manifest_ || ftruncate(manifest_.get(), static_cast<off_t>(info_.manifest)) != 0)
    return system_error("'" + hidden("manifest") + "' cannot be written");
  const auto head = (info_.manifest + core::block_size - 1) / core::block_size;
  const bool known = std::count_if(claimed_.begin(), claimed_.end(), [head](auto block) {
                       return block < head;
                     }) == static_cast<std::ptrdiff_t>(head);
  if (known)
    if (auto error = unfold(); !error || error->code != Errc::malformed) return error;
  // Without its list what was here is of no use, and its names may be others.
  claimed_.clear();
  std::error_code failed;
  fs::remove_all(base_, failed);
  if (failed) return Error{Errc::failed, "'" + base_ + "': " + failed.message()};
  return begin_journal(header());
}

std::optional<Error> Part::write(std::uint64_t block, core::ByteView bytes) {
  const auto at = block * core::block_size;
  const auto head =
      at < info_.manifest ? std::min<std::uint64_t>(bytes.size(), info_.manifest - at) : 0;
  if (head > 0) {
    const auto first = bytes.first(head);
    if (auto error = unfolded_ ? compare_head(first, at) : write_head(first, at)) return error;
  }
  const auto rest = bytes.subspan(head);
  if (!unfolded_ && head_left_ > 0) {
    if (!rest.empty()) early_[at + head] = {rest.begin(), rest.end()};
    return rest.empty() ? note(block) : std::nullopt;
  }
  if (!unfolded_)
    if (auto error = unfold()) return error;
  if (auto error = write_early()) return error;
  if (auto error = write_rest(at + head, rest)) return error;
  return note(block);
}

std::optional<Error> Part::write_early() {
  for (const auto& [place, early] : early_) {
    if (auto error = write_rest(place, early)) return error;
    if (auto error = note(place / core::block_size)) return error;
  }
  early_.clear();
  return std::nullopt;
}

// What follows the manifest, or all of a plain file.
std::optional<Error> Part::write_rest(std::uint64_t at, core::ByteView bytes) {
  return spans_.each(at, bytes.size(), [&](auto index, auto offset, auto part) {
    auto error = open_span(index);
    if (!error) error = write_at(file_, offset, bytes.first(part), spans_.all()[index].path);
    bytes = bytes.subspan(part);
    return error;
  });
}

std::optional<Error> Part::write_head(core::ByteView bytes, std::uint64_t at) {
  head_left_ -= std::min<std::uint64_t>(head_left_, bytes.size());
  return write_at(manifest_, at, bytes, hidden("manifest"));
}

// It was here before, and files were made by it, but its block was not what it should be.
std::optional<Error> Part::compare_head(core::ByteView bytes, std::uint64_t at) {
  core::Bytes here(bytes.size());
  const auto name = hidden("manifest");
  if (auto error = read_at(manifest_, at, here, name)) return error;
  if (std::equal(here.begin(), here.end(), bytes.begin())) return std::nullopt;
  if (auto error = begin_journal(header())) return error;
  return Error{Errc::failed, "'" + name + "' was damaged: receive it again, from its beginning"};
}

// The list of files is here: makes them, so that what follows has its place.
std::optional<Error> Part::unfold() {
  core::Bytes text(info_.manifest);
  if (auto error = read_at(manifest_, 0, text, hidden("manifest"))) return error;
  const auto entries = core::manifest_in(text, info_.size - info_.manifest);
  if (!entries) return Error{Errc::malformed, "the list of files in '" + info_.name + "' is wrong"};
  if (auto error = make_files(*entries)) return error;
  unfolded_ = true;
  return std::nullopt;
}

std::optional<Error> Part::make_files(const std::vector<core::ManifestEntry>& entries) {
  spans_.clear();  // those of a list that was no good
  spans_.begin_at(info_.manifest);
  std::error_code failed;
  fs::create_directories(base_, failed);
  std::string folder = base_;
  for (const auto& entry : entries) {
    const auto path = base_ + "/" + entry.path;
    const auto parent = path.substr(0, path.rfind('/'));
    if (!failed && parent != folder) fs::create_directories(folder = parent, failed);
    if (failed) return Error{Errc::failed, "'" + parent + "': " + failed.message()};
    const File file(::open(path.c_str(), create, 0666));
    if (!file || ftruncate(file.get(), static_cast<off_t>(entry.size)) != 0)
      return system_error("'" + path + "' cannot be written");
    spans_.add(path, entry.size);
  }
  return std::nullopt;
}

std::optional<Error> Part::open_span(std::size_t index) {
  if (file_ && open_ == index) return std::nullopt;
  const auto& path = spans_.all()[index].path;
  file_ = File(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file_) return system_error("'" + path + "' cannot be written");
  open_ = index;
  return std::nullopt;
}

core::Result<core::Bytes> Part::read(std::uint64_t at, std::uint64_t length) {
  if (at > info_.size || length > info_.size - at) return Error{Errc::malformed, "beyond its end"};
  core::Bytes bytes(length);
  auto into = std::span(bytes);
  if (at < info_.manifest) {
    const auto part = std::min<std::uint64_t>(length, info_.manifest - at);
    if (auto error = read_at(manifest_, at, into.first(part), "manifest")) return *error;
    into = into.subspan(part);
    at += part;
  }
  const auto error = spans_.each(at, into.size(), [&](auto index, auto offset, auto part) {
    auto failed = open_span(index);
    if (!failed) failed = read_at(file_, offset, into.first(part), spans_.all()[index].path);
    into = into.subspan(part);
    return failed;
  });
  if (error) return *error;
  return bytes;
}

// --- the end

core::Result<std::string> Part::place(Existing existing) {
  // An empty list has no block to write after it.
  if (!unfolded_)
    if (auto error = unfold()) return *error;
  const bool synced = is_folder() ? syncfs(journal_.get()) == 0 : fdatasync(file_.get()) == 0;
  if (!synced) return system_error("'" + base_ + "' cannot be written");
  auto path = rename_to_name(existing);
  if (!path) return path;
  sync_folder(folder_);
  const auto inside = base_.size();
  const auto spans = spans_.all();
  base_ = *path;
  spans_.clear();
  for (const auto& span : spans) spans_.add(base_ + span.path.substr(inside), span.size);
  // Files that are open keep their names' numbers; the manifest is read as long as it is served.
  remove_journal();
  return path;
}

// False leaves the reason in errno.
bool Part::rename_to(const std::string& path, Existing existing) const {
  const bool replace = existing == Existing::replace && !is_folder();
  const unsigned how = replace ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, base_.c_str(), AT_FDCWD, path.c_str(), how) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // A file system that cannot promise it.
  if (faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return rename(base_.c_str(), path.c_str()) == 0;
}

core::Result<std::string> Part::rename_to_name(Existing existing) {
  const auto name = core::safe_name(info_.name);
  for (unsigned number = 1; number < most_copies; ++number) {
    const auto path = folder_ + "/" + (number == 1 ? name : core::numbered_name(name, number));
    if (rename_to(path, existing)) return path;
    if (errno != EEXIST && errno != EISDIR && errno != ENOTEMPTY)
      return system_error("'" + path + "' cannot be written");
  }
  return Error{Errc::failed, "'" + folder_ + "' has too many files called '" + name + "'"};
}

void Part::remove_journal() {
  unlink(hidden("journal").c_str());
  if (is_folder()) unlink(hidden("manifest").c_str());
}

std::optional<Error> Part::discard() {
  std::error_code failed;
  fs::remove_all(base_, failed);
  remove_journal();
  if (failed) return Error{Errc::failed, "'" + base_ + "': " + failed.message()};
  return std::nullopt;
}

}  // namespace genos::files
