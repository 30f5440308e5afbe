// SPDX-License-Identifier: LGPL-2.1-or-later
// The unfinished files of jobs, which nobody would ever end when a process dies.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "jobs/job_store.hpp"

namespace genos::jobs {
namespace {

// What is written has a lock (TranscodeRun::Output).
bool remove_idle(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return false;
  struct stat about {};
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const bool removed = fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
                       fcntl(file, F_OFD_SETLK, &whole) == 0 && unlink(path.c_str()) == 0;
  close(file);
  return removed;
}

bool is_part_in(const std::string& folder, const std::filesystem::path& path) {
  return path.parent_path() == folder && path.stem().extension() == ".part";
}

}  // namespace

std::vector<std::string> JobStore::remove_parts(const Job& job,
                                                const std::vector<std::string>& kept) {
  std::vector<std::string> parts, removed;
  auto rows = database_.prepare(
      "SELECT path FROM part WHERE job = ? AND path NOT IN (SELECT path FROM output) ORDER BY "
      "path");
  rows.bind(job.id);
  while (rows.row()) parts.push_back(rows.text(0));
  for (const auto& path : parts)
    if (std::ranges::find(kept, path) == kept.end() && is_part_in(job.folder, path) &&
        remove_idle(path))
      removed.push_back(path);
  return removed;
}

bool JobStore::forget_parts(std::int64_t id) {
  return database_.prepare("DELETE FROM part WHERE job = ?").bind(id).run();
}

bool JobStore::note_parts(std::int64_t id, const std::vector<std::string>& parts) {
  Transaction transaction(database_);
  const auto job = transaction.is_open() ? get(id) : problem();
  if (!job) return false;
  (void)remove_parts(*job, parts);
  bool fine = forget_parts(id);
  for (const auto& path : parts)
    fine = fine && database_.prepare("INSERT OR REPLACE INTO part (path, job) VALUES (?, ?)")
                       .bind(path)
                       .bind(id)
                       .run();
  return fine && transaction.keep();
}

}  // namespace genos::jobs
