// SPDX-License-Identifier: LGPL-2.1-or-later
// Which links a roster wants. Both ends must come to the same answer from the same roster.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "core/base/ids.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

struct RosterEntry {
  std::optional<Advertisement> genos;  // none: a page, which wants a link to everybody
};
using Roster = std::map<PeerId, RosterEntry>;

class Topology {
 public:
  virtual ~Topology() = default;
  // `roster` holds everybody but ourselves.
  [[nodiscard]] virtual std::set<PeerId> wanted(const PeerId& self, const Advertisement& ours,
                                                const Roster& roster) const = 0;
};

// Everybody with everybody, but for two of ours of which neither sends anything.
class FullMesh final : public Topology {
 public:
  [[nodiscard]] std::set<PeerId> wanted(const PeerId& self, const Advertisement& ours,
                                        const Roster& roster) const override;
};

}  // namespace genos::core
