// SPDX-License-Identifier: LGPL-2.1-or-later
// Candidates that came before the description they belong to.
#pragma once

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "core/base/ids.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

// Bounded for each offer and in all; the offer that began first makes room.
class EarlyCandidates {
 public:
  void keep(const PeerId& peer, const OfferId& offer, const Candidate& candidate);
  [[nodiscard]] std::vector<Candidate> take(const PeerId& peer, const OfferId& offer);
  void forget(const PeerId& peer);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Key = std::pair<PeerId, OfferId>;
  void drop(const Key& key);

  std::map<Key, std::vector<Candidate>> kept_;
  std::deque<Key> arrival_;
  std::size_t size_ = 0;
};

}  // namespace genos::core
