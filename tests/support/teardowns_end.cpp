// SPDX-License-Identifier: LGPL-2.1-or-later
// For programs of bare links: they end on threads of their own, and gst_deinit() while one still
// does is a crash or a hang in GstTask (1.22, 1.26). The library waits in gst_genos_deinit().
#include <gtest/gtest.h>

#include "link/peer_link.hpp"

namespace {

class TeardownsEnd final : public testing::Environment {
  void TearDown() override {
    EXPECT_TRUE(genos::link::drain_teardowns(std::chrono::seconds(20)))
        << "the teardown of a link hangs";
  }
};

[[maybe_unused]] const auto* const registered =
    testing::AddGlobalTestEnvironment(new TeardownsEnd);  // gtest's from here

}  // namespace
