// SPDX-License-Identifier: LGPL-2.1-or-later
// Links come and go; the process stays as it was.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "support/link_pair.hpp"

namespace genos {
namespace {

using test::LinkPair;
using namespace std::chrono_literals;

struct Footprint {
  long threads = 0, files = 0, kibibytes = 0;
};

long entries(const char* folder) {
  long count = 0;
  std::error_code error;
  for (auto i = std::filesystem::directory_iterator(folder, error);
       !error && i != std::filesystem::directory_iterator(); i.increment(error))
    count++;
  return count;
}

Footprint footprint() {
  Footprint now{entries("/proc/self/task"), entries("/proc/self/fd"), 0};
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    long size = 0, resident = 0;
    if (std::fscanf(file, "%ld %ld", &size, &resident) == 2) now.kibibytes = resident * 4;
    std::fclose(file);
  }
  return now;
}

void cycle() {
  LinkPair pair;
  ASSERT_TRUE(pair.open()) << pair.a.reason << pair.b.reason;
  pair.a.link->close(core::Closing::at_once);
  ASSERT_TRUE(pair.until([&] { return pair.a.closed > 0; }));
  pair.b.link.reset();
  ASSERT_TRUE(link::drain_teardowns(20s));  // GLib keeps idle threads for 15 s: one pair at a time
}

TEST(LinkMany, FiftyLinksLeaveNothingBehind) {
  for (int i = 0; i < 6; i++) cycle();
  const Footprint before = footprint();
  for (int i = 0; i < 25; i++) cycle();
  const Footprint after = footprint();
  RecordProperty("kib_per_pair", static_cast<int>((after.kibibytes - before.kibibytes) / 25));
  EXPECT_LE(after.threads,
            before.threads + 4);  // SCTP and GLib keep a few idle ones, up to a limit
  EXPECT_LE(after.files, before.files + 2);
  // A bare pair of webrtcbins leaks up to 0.7 MB at first.
  EXPECT_LE(after.kibibytes - before.kibibytes, 25 * 1024);
}

}  // namespace
}  // namespace genos
