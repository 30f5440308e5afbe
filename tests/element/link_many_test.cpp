// SPDX-License-Identifier: LGPL-2.1-or-later
// Links come and go; the process stays as it was.
#include <gtest/gtest.h>

#include "support/footprint.hpp"
#include "support/link_pair.hpp"

namespace genos {
namespace {

using test::Footprint;
using test::LinkPair;
using namespace std::chrono_literals;

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
  const Footprint before;
  for (int i = 0; i < 25; i++) cycle();
  const Footprint after;
  RecordProperty("kib_per_pair", static_cast<int>((after.kib - before.kib) / 25));
  EXPECT_LE(after.threads,
            before.threads + 4);  // SCTP and GLib keep a few idle ones, up to a limit
  EXPECT_LE(after.files, before.files + 2);
  // A bare pair of webrtcbins leaks up to 0.7 MB at first.
  if (!test::under_sanitizer) {
    EXPECT_LE(after.kib - before.kib, 25 * 1024);
  }
}

}  // namespace
}  // namespace genos
