// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process uses of the machine, as Linux counts it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace genos::test {

// ASan and TSan keep what was freed: then memory says nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool under_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool under_sanitizer =
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool under_sanitizer = false;
#endif

inline long entries(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator all(folder, error);
  return std::distance(begin(all), end(all));
}

// What is open, a line each, for the message of a test that counts it.
inline std::string open_files() {
  std::string all;
  std::error_code error;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd", error))
    all += each.path().filename().string() + ' ' +
           std::filesystem::read_symlink(each.path(), error).string() + '\n';
  return all;
}

inline long resident_kib() {
  long total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

struct Footprint {
  long threads = entries("/proc/self/task");
  long files = entries("/proc/self/fd");
  long kib = resident_kib();
};

}  // namespace genos::test
