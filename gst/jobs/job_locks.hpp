// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose job is whose: the kernel forgets a lock with the process that held it, whatever killed it.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "core/base/result.hpp"

namespace genos::jobs {

// A lock on a byte of a file for each job.
class JobLocks {
 public:
  static core::Result<JobLocks> open(const std::string& path);
  JobLocks(JobLocks&& other) noexcept;
  JobLocks& operator=(JobLocks&&) = delete;
  ~JobLocks();

  bool take(std::int64_t job);  // false: another process has it
  void drop(std::int64_t job);
  [[nodiscard]] bool is_taken(std::int64_t job) const;  // by anybody, us included

 private:
  explicit JobLocks(int file) : file_(file) {}
  int file_;
  std::set<std::int64_t> ours_;
};

}  // namespace genos::jobs
