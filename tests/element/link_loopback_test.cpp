// SPDX-License-Identifier: LGPL-2.1-or-later
// Without any interface but loopback, which libnice leaves out unless it is told.
#include <gtest/gtest.h>

#include "support/link_pair.hpp"

bool is_alone();

namespace genos {
namespace {

TEST(LinkLoopback, OpensOnAMachineWithoutNetwork) {
  ASSERT_TRUE(is_alone());
  test::LinkPair pair;
  ASSERT_TRUE(pair.open()) << pair.a.reason << pair.b.reason;
  bool loopback = false;
  for (const auto& signal : pair.a.sent)
    if (const auto* candidate = std::get_if<core::Candidate>(&signal))
      loopback = loopback || candidate->candidate.find("127.0.0.1") != std::string::npos;
  EXPECT_TRUE(loopback);
}

}  // namespace
}  // namespace genos
