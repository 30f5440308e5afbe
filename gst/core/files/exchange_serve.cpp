// SPDX-License-Identifier: LGPL-2.1-or-later
// What an exchange asks of others, and what it gives them.
#include "core/files/exchange.hpp"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/files/rates.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Blocks that are read and on their way to one peer: 1 MiB keeps a link busy.
constexpr std::size_t most_under_way = 4;

}  // namespace

void Exchange::on(Delivered& in, Time) {
  const auto found = tickets_.find(in.ticket);
  if (found == tickets_.end()) return;
  const auto ticket = found->second;
  tickets_.erase(found);
  if (const auto peer = peers_.find(ticket.peer); peer != peers_.end())
    peer->second.under_way.erase(in.ticket);
  const auto shared = shared_.find(ticket.id);
  if (ticket.asked.kind != Parcel::Kind::block || shared == shared_.end()) return;
  const auto taker = shared->second.takers.find(ticket.peer);
  if (taker == shared->second.takers.end()) return;
  taker->second += ticket.size;
  news(ticket.peer, ticket.id, TakerNews::What::sent);
}

// The files in turn: with a limit on downloads there is not enough for all at once.
void Exchange::ask(Time now) {
  auto at = asks_ ? incoming_.upper_bound(*asks_) : incoming_.begin();
  for (std::size_t i = 0; i < incoming_.size(); ++i, ++at) {
    if (at == incoming_.end()) at = incoming_.begin();
    if (at->second.paused) continue;
    for (const auto& [peer, one] : peers_) ask(peer, at->second, now);
  }
}

void Exchange::ask(const PeerId& peer, Incoming& incoming, Time now) {
  const auto id = incoming.download.info().id;
  const auto shape = incoming.download.info().shape();
  const auto say = [&](FileWord word, std::uint64_t index, std::uint64_t count) {
    FileMessage message;
    message.word = word;
    message.file.id = id;
    message.index = index;
    message.count = count;
    outputs_.push_back(Tell{peer, to_text(message)});
  };
  std::uint64_t first = 0, count = 0;  // consecutive blocks are asked for together
  const auto flush = [&] {
    if (count > 0) say(FileWord::ask_blocks, first, std::exchange(count, 0));
  };
  const auto block = [&](std::uint64_t one) {
    rates::charge(download_, shape.block_length(one), now);
    asks_ = id;
    if (count > 0 && one != first + count) flush();
    if (count == 0) first = one;
    ++count;
  };
  while (rates::is_open(download_, now)) {
    const auto next = incoming.download.next(options_.self, peer, now);
    if (!next) break;
    std::visit(Overloaded{[&](Download::AskRoots) { say(FileWord::ask_roots, 0, 1); },
                          [&](Download::AskPage page) { say(FileWord::ask_page, page.page, 1); },
                          [&](Download::AskBlock one) { block(one.block); }},
               *next);
  }
  flush();
}

bool Exchange::is_paused(const Digest& id) const {
  const auto found = shared_.find(id);
  return found != shared_.end() && found->second.paused;
}

// One block to each peer in turn, as long as anything can go.
void Exchange::serve(Time now) {
  bool served = true;
  while (served) {
    served = false;
    auto at = peers_.upper_bound(turn_);
    for (std::size_t i = 0; i < peers_.size(); ++i, ++at) {
      if (at == peers_.end()) at = peers_.begin();
      if (!serve_one(at->first, at->second, now)) continue;
      served = true;
      turn_ = at->first;
    }
  }
}

bool Exchange::serve_one(const PeerId& id, Peer& peer, Time now) {
  if (peer.waiting == 0 || peer.under_way.size() >= most_under_way) return false;
  if (!rates::is_open(upload_, now) || !rates::is_open(peer.rate, now)) return false;
  // The next file in turn that is not held back.
  auto at = peer.turn ? peer.asked.upper_bound(*peer.turn) : peer.asked.begin();
  for (std::size_t i = 0; i < peer.asked.size(); ++i, ++at) {
    if (at == peer.asked.end()) at = peer.asked.begin();
    if (is_paused(at->first)) continue;
    const auto file = at->first;
    const auto asked = at->second.front();
    peer.turn = file;
    at->second.pop_front();
    --peer.waiting;
    if (at->second.empty()) peer.asked.erase(at);
    start(id, file, asked, now);
    return true;
  }
  return false;
}

void Exchange::start(const PeerId& peer, const Digest& id, const Asked& asked, Time now) {
  const bool all = shared_.contains(id);
  if (!all && !incoming_.contains(id)) return;
  const bool from_disk =
      asked.kind == Parcel::Kind::block || (all && asked.kind == Parcel::Kind::page);
  const auto bytes = from_disk ? std::nullopt : known(id, asked);
  if (!from_disk && !bytes) return tell(peer, FileWord::lack, id, "not here any more");
  const auto number = ticket({peer, id, asked, 0});
  const auto length = from_disk ? length_of(id, asked) : bytes->size();
  peers_[peer].under_way.insert(number);
  rates::charge(upload_, length, now);
  rates::charge(peers_[peer].rate, length, now);
  if (!from_disk)
    outputs_.push_back(Deliver{peer, number, to_bytes({asked.kind, id, asked.index, *bytes})});
  else if (asked.kind == Parcel::Kind::page)
    outputs_.push_back(LoadPage{number, id, asked.index});
  else
    outputs_.push_back(Load{number, id, asked.index * block_size, length});
}

FileShape Exchange::shape_of(const Digest& id) const {
  const auto shared = shared_.find(id);
  if (shared != shared_.end()) return shared->second.file.shape();
  return incoming_.find(id)->second.download.info().shape();
}

std::uint64_t Exchange::length_of(const Digest& id, const Asked& asked) const {
  const auto shape = shape_of(id);
  return asked.kind == Parcel::Kind::block ? shape.block_length(asked.index)
                                           : shape.page_leaves(asked.index) * sizeof(Digest);
}

// What needs no disk; none when it has been forgotten since.
std::optional<Bytes> Exchange::known(const Digest& id, const Asked& asked) const {
  const auto shared = shared_.find(id);
  if (asked.kind == Parcel::Kind::have) return have_bits(id);
  if (asked.kind == Parcel::Kind::roots)
    return flatten(shared != shared_.end() ? shared->second.roots
                                           : incoming_.find(id)->second.download.roots());
  const auto* page = incoming_.find(id)->second.download.page(asked.index);
  if (!page) return std::nullopt;
  return flatten(*page);
}

std::uint64_t Exchange::ticket(Ticket what) {
  tickets_.emplace(++last_ticket_, std::move(what));
  return last_ticket_;
}

}  // namespace genos::core
