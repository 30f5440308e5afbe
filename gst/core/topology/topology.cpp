// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/topology.hpp"

namespace genos::core {

std::set<PeerId> FullMesh::wanted(const PeerId&, const Advertisement& ours,
                                  const Roster& roster) const {
  std::set<PeerId> peers;
  for (const auto& [peer, entry] : roster)
    if (!entry.genos || ours.can("send") || entry.genos->can("send")) peers.insert(peer);
  return peers;
}

}  // namespace genos::core
