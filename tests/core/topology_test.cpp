// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/topology.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

const Advertisement viewer{1, {"receive"}};
const Advertisement sender{1, {"receive", "send"}};

TEST(FullMesh, LinksEverybodyButTwoThatOnlyReceive) {
  const Roster roster{
      {PeerId{"page"}, {std::nullopt}}, {PeerId{"sender"}, {sender}}, {PeerId{"viewer"}, {viewer}}};
  const FullMesh mesh;
  EXPECT_EQ(mesh.wanted(PeerId{"me"}, sender, roster).size(), 3u);
  EXPECT_EQ(mesh.wanted(PeerId{"me"}, viewer, roster),
            (std::set<PeerId>{PeerId{"page"}, PeerId{"sender"}}));
}

}  // namespace
}  // namespace genos::core
