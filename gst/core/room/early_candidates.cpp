// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/early_candidates.hpp"

#include <algorithm>

#include "core/wire/limits.hpp"

namespace genos::core {

void EarlyCandidates::keep(const PeerId& peer, const OfferId& offer, const Candidate& candidate) {
  const Key key{peer, offer};
  auto [it, fresh] = kept_.try_emplace(key);
  if (fresh) arrival_.push_back(key);
  auto& list = it->second;
  if (list.size() >= limits::max_parked_candidates ||
      std::find(list.begin(), list.end(), candidate) != list.end())
    return;
  list.push_back(candidate);
  ++size_;
  while (size_ > limits::max_early_candidates && arrival_.front() != key) drop(arrival_.front());
}

std::vector<Candidate> EarlyCandidates::take(const PeerId& peer, const OfferId& offer) {
  const Key key{peer, offer};
  const auto it = kept_.find(key);
  if (it == kept_.end()) return {};
  std::vector<Candidate> list = std::move(it->second);
  size_ -= list.size();
  kept_.erase(it);
  std::erase(arrival_, key);
  return list;
}

void EarlyCandidates::forget(const PeerId& peer) {
  const std::deque<Key> keys = arrival_;
  for (const Key& key : keys)
    if (key.first == peer) drop(key);
}

void EarlyCandidates::drop(const Key& key) { (void)take(Key(key).first, Key(key).second); }

}  // namespace genos::core
