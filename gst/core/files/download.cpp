// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/download.hpp"

#include <algorithm>
#include <utility>

namespace genos::core {
namespace {

// Pages whose hashes are kept for others who ask, behind the window.
constexpr std::size_t kept_pages = 64;
// So many pages' hashes are asked for before they are needed.
constexpr std::uint64_t pages_ahead = 2;
// Who has nothing new while so many blocks came here (4 MiB) has paused, is far slower or pretends:
// nothing is left to it to get from the source.
constexpr std::uint64_t most_behind = 16;

}  // namespace

Download::Download(FileInfo info, Options options, std::unique_ptr<Picker> picker)
    : info_(std::move(info)),
      shape_(info_.shape()),
      options_(options),
      picker_(std::move(picker)),
      states_(shape_.blocks(), State::missing) {}

// --- who has what

void Download::add_source(const PeerId& peer, Time now) {
  const auto [at, is_new] = peers_.try_emplace(peer);
  if (is_new) at->second.heard = now;
  at->second.source = at->second.hashes = true;
}

void Download::add_receiver(const PeerId& peer, Time now) {
  const auto [at, is_new] = peers_.try_emplace(peer);
  if (is_new) at->second.heard = now;
  if (!std::exchange(at->second.takes, true)) at->second.news_at = here_;
}

void Download::has(const PeerId& peer, std::uint64_t first, ByteView bits) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || first >= states_.size()) return;
  auto& one = found->second;
  if (one.has.empty()) one.has.assign(states_.size(), false);
  const auto count = std::min<std::uint64_t>(bits.size() * 8, states_.size() - first);
  for (std::uint64_t i = 0; i < count; ++i) {
    if ((bits[i / 8] >> (i % 8) & 1) == 0 || one.has[first + i]) continue;
    one.has[first + i] = true;
    one.news_at = here_;
    ++one.held;
  }
}

void Download::lacks(const PeerId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  auto& one = found->second;
  const bool blocks = one.source || !one.asked.empty();
  forget_asked(one);
  one.source = false;
  one.hashes = false;
  if (!blocks) return;
  one.has.clear();
  one.held = 0;
}

// What it is known for stays: who was bad is no better when it offers the file anew.
void Download::stops(const PeerId& peer) {
  lacks(peer);
  if (auto* one = find(peer)) one->takes = false;
}

void Download::remove(const PeerId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  forget_asked(found->second);
  peers_.erase(found);
}

bool Download::has_source() const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [](const auto& each) { return each.second.source && !each.second.bad; });
}

std::vector<PeerId> Download::receivers() const {
  std::vector<PeerId> all;
  for (const auto& [id, peer] : peers_)
    if (peer.takes) all.push_back(id);
  return all;
}

bool Download::can_have(const Peer& peer, std::uint64_t block) const {
  return !peer.bad && (peer.source || (block < peer.has.size() && peer.has[block]));
}

bool Download::may_know_hashes(const Peer& peer) const {
  // Who has only some of it may not know all; once nobody has all, it is the best there is.
  return peer.hashes && (peer.source || !has_source());
}

bool Download::keeps_up(const Peer& peer) const {
  if (!peer.takes || peer.source || peer.bad || peer.silences > 0) return false;
  return peer.held == states_.size() || here_ - peer.news_at <= most_behind;
}

// Who left questions unanswered is asked only for what nobody more reliable can have. Else a peer
// that promises everything and sends nothing would hold up everybody for ever.
template <class Can> bool Download::others_rather(const Peer& peer, Can can) const {
  return peer.silences > 0 && std::any_of(peers_.begin(), peers_.end(), [&](const auto& each) {
           return !each.second.bad && each.second.silences < peer.silences && can(each.second);
         });
}

void Download::forget_asked(Peer& peer) {
  for (const auto block : peer.asked)
    if (states_[block] == State::asked) states_[block] = State::missing;
  peer.asked.clear();
  peer.pages.clear();
  peer.roots = false;
}

Download::Peer* Download::find(const PeerId& peer) {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? nullptr : &found->second;
}

// --- what came

Download::Verdict Download::take_roots(const PeerId& peer, ByteView bytes, Time now) {
  auto* from = find(peer);
  if (!from || !std::exchange(from->roots, false)) return Verdict::unwanted;
  if (!roots_.empty()) return Verdict::unwanted;
  auto roots = digests_in(bytes, shape_.pages());
  from->bad = !roots || file_id(info_, *roots, options_.hash) != info_.id;
  if (from->bad) return Verdict::bad;
  roots_ = std::move(*roots);
  from->heard = now;
  from->silences = 0;
  return Verdict::taken;
}

Download::Verdict Download::take_page(const PeerId& peer, std::uint64_t page, ByteView bytes,
                                      Time now) {
  auto* from = find(peer);
  if (!from || from->pages.erase(page) == 0 || roots_.empty()) return Verdict::unwanted;
  if (pages_.contains(page)) return Verdict::unwanted;
  auto leaves = digests_in(bytes, shape_.page_leaves(page));
  from->bad = !leaves || tree_root(*leaves, options_.hash) != roots_[page];
  if (from->bad) {
    forget_asked(*from);
    return Verdict::bad;
  }
  pages_[page] = std::move(*leaves);
  from->heard = now;
  from->silences = 0;
  const auto end = page * page_blocks + shape_.blocks_in(page);
  for (auto block = page * page_blocks; block < end; ++block)
    if (states_[block] == State::claimed) to_check_.insert(block);
  move_window();
  return Verdict::taken;
}

bool Download::fits(std::uint64_t block, ByteView bytes) const {
  const auto* leaves = page(block / page_blocks);
  if (!leaves || bytes.size() != shape_.block_length(block)) return false;
  const auto digests = leaf_digests(bytes, options_.hash);
  const auto at = block % page_blocks * (block_size / leaf_size);
  return std::equal(digests.begin(), digests.end(),
                    leaves->begin() + static_cast<std::ptrdiff_t>(at));
}

Download::Verdict Download::take_block(const PeerId& peer, std::uint64_t block, ByteView bytes,
                                       Time now) {
  auto* from = find(peer);
  if (!from) return Verdict::unwanted;
  const auto at = std::find(from->asked.begin(), from->asked.end(), block);
  if (at == from->asked.end()) return Verdict::unwanted;
  // What is asked for first comes first: who sends all but that is as good as silent.
  const bool in_turn = at == from->asked.begin();
  from->asked.erase(at);
  states_[block] = State::missing;
  if (!page(block / page_blocks)) return Verdict::unwanted;
  from->bad = !fits(block, bytes);
  if (from->bad) {
    forget_asked(*from);
    return Verdict::bad;
  }
  states_[block] = State::storing;
  ++from->grown;
  if (in_turn) {
    from->heard = now;
    from->silences = 0;
  }
  return Verdict::taken;
}

void Download::stored(std::uint64_t block) {
  if (block < states_.size() && states_[block] == State::storing) arrived(block);
}

void Download::arrived(std::uint64_t block) {
  states_[block] = State::here;
  ++here_;
  done_ += shape_.block_length(block);
  move_window();
}

void Download::move_window() {
  while (first_ < states_.size() && states_[first_] == State::here) ++first_;
  while (pages_.size() > kept_pages && pages_.begin()->first < first_ / page_blocks)
    pages_.erase(pages_.begin());
}

// --- what was here before

void Download::claim(std::uint64_t block) {
  if (block < states_.size() && states_[block] == State::missing) states_[block] = State::claimed;
}

std::optional<std::uint64_t> Download::to_check() {
  if (to_check_.empty()) return std::nullopt;
  const auto block = *to_check_.begin();
  to_check_.erase(to_check_.begin());
  states_[block] = State::checking;
  return block;
}

void Download::checked(std::uint64_t block, ByteView bytes) {
  if (block >= states_.size() || states_[block] != State::checking) return;
  states_[block] = State::missing;
  if (fits(block, bytes)) arrived(block);
}

// --- what to ask

std::size_t Download::may_be_asked(const Peer& peer) const {
  return std::min(options_.asked_at_first + peer.grown, options_.asked_of_one);
}

bool Download::page_asked(std::uint64_t page) const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [page](const auto& each) { return each.second.pages.contains(page); });
}

std::optional<Download::Ask> Download::next_hashes(Peer& peer) {
  const auto may_know = [this](const Peer& one) { return may_know_hashes(one); };
  if (!may_know(peer) || others_rather(peer, may_know)) return std::nullopt;
  if (roots_.empty()) {
    const bool asked = std::any_of(peers_.begin(), peers_.end(),
                                   [](const auto& each) { return each.second.roots; });
    if (asked) return std::nullopt;
    peer.roots = true;
    return AskRoots{};
  }
  const auto from = first_ / page_blocks;
  const auto end = std::min(shape_.pages(), (first_ + options_.window) / page_blocks + 1);
  std::uint64_t under_way = 0;
  for (auto page = from; page < end && under_way < pages_ahead; ++page) {
    if (pages_.contains(page)) continue;
    if (page_asked(page)) {
      ++under_way;
      continue;
    }
    peer.pages.insert(page);
    return AskPage{page};
  }
  return std::nullopt;
}

Picker::View Download::view_of(const PeerId& self, const PeerId& id, const Peer& peer,
                               Time now) const {
  Picker::View view;
  view.first = first_;
  // Where the files of a folder begin must be known before anything else of them is written.
  const auto head = (info_.manifest + block_size - 1) / block_size;
  view.last =
      first_ < head ? head : std::min<std::uint64_t>(states_.size(), first_ + options_.window);
  view.wanted = [this, &peer](std::uint64_t block) {
    return states_[block] == State::missing && can_have(peer, block) &&
           pages_.contains(block / page_blocks) &&
           !others_rather(peer, [&](const Peer& other) { return can_have(other, block); });
  };
  view.found_elsewhere = [this, id](std::uint64_t block) {
    return std::any_of(peers_.begin(), peers_.end(), [&](const auto& each) {
      return each.first != id && !each.second.source && each.second.silences == 0 &&
             can_have(each.second, block);
    });
  };
  view.is_source = peer.source;
  for (const auto& [other, one] : peers_) {
    if (!keeps_up(one)) continue;
    ++view.receivers;
    if (other < self) ++view.rank;
  }
  view.idle = peer.waits() ? Duration{} : now - peer.heard;
  return view;
}

std::optional<Download::Ask> Download::next(const PeerId& self, const PeerId& id, Time now) {
  auto* peer = find(id);
  if (!peer || peer->bad || whole()) return std::nullopt;
  const bool waited = peer->waits();
  auto ask = next_hashes(*peer);
  if (!ask) ask = next_block(self, id, *peer, now);
  if (ask && !waited) peer->heard = now;
  return ask;
}

std::optional<Download::Ask> Download::next_block(const PeerId& self, const PeerId& id, Peer& peer,
                                                  Time now) {
  if (roots_.empty() || peer.asked.size() >= may_be_asked(peer)) return std::nullopt;
  const auto view = view_of(self, id, peer, now);
  const auto block = picker_->pick(view);
  if (view.idle >= SharingPicker::patience) peer.heard = now;
  if (!block) return std::nullopt;
  peer.asked.push_back(*block);
  states_[*block] = State::asked;
  return AskBlock{*block};
}

void Download::advance(Time now) {
  for (auto& [id, peer] : peers_) {
    if (!peer.waits() || now < peer.heard + options_.patience) continue;
    forget_asked(peer);
    ++peer.silences;
    peer.grown = 0;
    peer.heard = now;
  }
}

Time Download::deadline() const {
  Time first = never;
  const bool shares = peers_.size() > 1 && !roots_.empty() && !whole();
  for (const auto& [id, peer] : peers_) {
    if (peer.waits()) first = std::min(first, peer.heard + options_.patience);
    // Who waits for others helps itself after a while.
    else if (shares && peer.source && !peer.bad)
      first = std::min(first, peer.heard + SharingPicker::patience);
  }
  return first;
}

bool Download::is_here(std::uint64_t block) const {
  return block < states_.size() && states_[block] == State::here;
}

const std::vector<Digest>* Download::page(std::uint64_t page) const {
  const auto found = pages_.find(page);
  return found == pages_.end() ? nullptr : &found->second;
}

}  // namespace genos::core
