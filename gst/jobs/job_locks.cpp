// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jobs/job_locks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace genos::jobs {
namespace {

struct flock byte_of(std::int64_t job, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = job;
  lock.l_len = 1;
  return lock;
}

}  // namespace

core::Result<JobLocks> JobLocks::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto problem = [&] {
    return core::Error{core::Errc::failed, "'" + path + "': " + std::strerror(errno)};
  };
  if (file < 0) return problem();
  JobLocks made(file);
  auto any = byte_of(0, F_WRLCK);  // some file systems have no locks
  if (fcntl(file, F_OFD_GETLK, &any) != 0) return problem();
  return made;
}

JobLocks::JobLocks(JobLocks&& other) noexcept
    : file_(std::exchange(other.file_, -1)), ours_(std::move(other.ours_)) {}

JobLocks::~JobLocks() {
  if (file_ >= 0) close(file_);
}

// Of the open file, not of the process: another open of it in the same process is somebody else.
bool JobLocks::take(std::int64_t job) {
  if (ours_.contains(job)) return true;
  auto lock = byte_of(job, F_WRLCK);
  if (fcntl(file_, F_OFD_SETLK, &lock) != 0) return false;
  ours_.insert(job);
  return true;
}

void JobLocks::drop(std::int64_t job) {
  if (ours_.erase(job) == 0) return;
  auto lock = byte_of(job, F_UNLCK);
  fcntl(file_, F_OFD_SETLK, &lock);
}

bool JobLocks::is_taken(std::int64_t job) const {
  if (ours_.contains(job)) return true;
  auto lock = byte_of(job, F_WRLCK);
  return fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace genos::jobs
