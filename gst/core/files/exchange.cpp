// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/exchange.hpp"

#include <algorithm>
#include <utility>

#include "core/files/rates.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// The others hear of new blocks in groups.
constexpr std::size_t say_at_once = 8;
constexpr Duration say_after = std::chrono::milliseconds(100);

}  // namespace

Exchange::Exchange(Options options, Time now)
    : options_(std::move(options)),
      upload_(rates::bucket(options_.rates.upload, now)),
      download_(rates::bucket(options_.rates.download, now)) {}

void Exchange::handle(Input input, Time now) {
  std::visit([&](auto& in) { on(in, now); }, input);
  pump(now);
}

void Exchange::advance(Time now) {
  for (auto& [id, incoming] : incoming_) {
    incoming.download.advance(now);
    if (now >= incoming.say_at) say_unsaid(id, incoming);
  }
  pump(now);
}

std::optional<Exchange::Output> Exchange::poll() {
  if (outputs_.empty()) return std::nullopt;
  auto output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

Time Exchange::deadline() const {
  Time first = never;
  for (const auto& [id, incoming] : incoming_)
    first = std::min({first, incoming.say_at, ask_time(incoming)});
  for (const auto& [id, peer] : peers_) first = std::min(first, send_time(peer));
  return first;
}

Time Exchange::ask_time(const Incoming& incoming) const {
  if (incoming.paused || incoming.download.whole()) return never;
  // Nothing is asked for before that.
  const bool waits = download_ && download_->in_debt();
  return waits ? download_->ready_at() : incoming.download.deadline();
}

Time Exchange::send_time(const Peer& peer) const {
  Time first = never;
  if (peer.waiting == 0) return first;
  if (upload_ && upload_->in_debt()) first = upload_->ready_at();
  if (peer.rate && peer.rate->in_debt()) first = std::min(first, peer.rate->ready_at());
  return first;
}

// --- the application

void Exchange::on(Offer& in, Time) {
  const auto id = in.file.id;
  auto& shared = shared_[id];
  shared.file = std::move(in.file);
  shared.roots = std::move(in.roots);
  shared.file.root = tree_root(shared.roots, options_.hash);
  shared.file.closed = !in.to.empty();
  shared.to = std::move(in.to);
  shared.offered = true;
  const auto text = to_text(FileMessage{FileWord::offer, shared.file, 0, 0, {}});
  for (const auto& [peer, one] : peers_)
    if (may_ask(peer, id)) outputs_.push_back(Tell{peer, text});
}

void Exchange::on(Withdraw& in, Time) {
  if (!shared_.contains(in.id)) return;
  tell_all(FileWord::withdraw, in.id, in.why);
  shared_.erase(in.id);
  forget_asked(in.id);
}

void Exchange::on(Take& in, Time now) {
  if (incoming_.contains(in.id) || shared_.contains(in.id)) return;
  std::optional<FileInfo> file;
  for (const auto& [peer, one] : peers_) {
    const auto found = one.offers.find(in.id);
    if (found == one.offers.end()) continue;
    const bool closed = found->second.closed || (file && file->closed);
    file = found->second;
    file->closed = closed;
  }
  if (!file) {
    outputs_.push_back(Failed{in.id, "it is no longer offered"});
    return;
  }
  Download::Options options;
  options.hash = options_.hash;
  auto& incoming =
      incoming_
          .emplace(in.id, Incoming{Download(*file, options, std::make_unique<SharingPicker>()),
                                   false,
                                   false,
                                   {},
                                   never})
          .first->second;
  for (const auto& [peer, one] : peers_)
    if (one.offers.contains(in.id)) incoming.download.add_source(peer, now);
  for (const auto block : in.claimed) incoming.download.claim(block);
  tell_all(FileWord::take, in.id);
}

void Exchange::on(Refuse& in, Time) {
  for (auto& [peer, one] : peers_)
    if (one.offers.erase(in.id) > 0) tell(peer, FileWord::refuse, in.id, in.why);
}

void Exchange::on(Stop& in, Time) {
  if (!incoming_.contains(in.id)) return;
  tell_all(FileWord::stop, in.id, in.why);
  incoming_.erase(in.id);
  forget_asked(in.id);
}

void Exchange::on(Pause& in, Time) {
  if (const auto found = incoming_.find(in.id); found != incoming_.end())
    found->second.paused = in.paused;
  if (const auto found = shared_.find(in.id); found != shared_.end())
    found->second.paused = in.paused;
}

// --- the disk

void Exchange::on(Loaded& in, Time now) {
  const auto found = tickets_.find(in.ticket);
  if (found == tickets_.end()) return;
  auto& ticket = found->second;
  if (ticket.peer.empty()) {
    if (const auto incoming = incoming_.find(ticket.id); incoming != incoming_.end()) {
      incoming->second.download.checked(ticket.asked.index, in.bytes);
      is_here(ticket.asked.index, ticket.id, incoming->second, now);
    }
    tickets_.erase(found);
    return;
  }
  if (!in.error.empty()) {
    const auto id = ticket.id;
    if (const auto peer = peers_.find(ticket.peer); peer != peers_.end())
      peer->second.under_way.erase(in.ticket);
    tickets_.erase(found);
    return fail(id, in.error);
  }
  ticket.size = in.bytes.size();
  outputs_.push_back(
      Deliver{ticket.peer, in.ticket,
              to_bytes({ticket.asked.kind, ticket.id, ticket.asked.index, in.bytes})});
}

void Exchange::on(Stored& in, Time now) {
  const auto found = incoming_.find(in.id);
  if (found == incoming_.end()) return;
  found->second.download.stored(in.block);
  is_here(in.block, in.id, found->second, now);
}

void Exchange::is_here(std::uint64_t block, const Digest& id, Incoming& incoming, Time now) {
  if (!incoming.download.is_here(block)) return;
  outputs_.push_back(Progress{id, incoming.download.done()});
  incoming.unsaid.insert(block);
  if (incoming.say_at == never) incoming.say_at = now + say_after;
  if (incoming.unsaid.size() >= say_at_once) say_unsaid(id, incoming);
}

void Exchange::on(Placed& in, Time) {
  const auto found = incoming_.find(in.id);
  if (found == incoming_.end()) return;
  say_unsaid(in.id, found->second);
  tell_all(FileWord::done, in.id);
  auto& shared = shared_[in.id];
  shared.file = found->second.download.info();
  shared.roots = found->second.download.roots();
  for (const auto& peer : found->second.download.receivers()) shared.takers.emplace(peer, 0);
  if (shared.file.closed)
    for (const auto& [peer, one] : peers_)
      if (one.offers.contains(in.id)) shared.to.insert(peer);
  incoming_.erase(found);
  outputs_.push_back(Complete{in.id});
}

void Exchange::on(DiskFailed& in, Time) { fail(in.id, in.why); }

// Whoever counts on us hears it, without `why`, which may name our folders; what is on disk stays.
void Exchange::fail(const Digest& id, const std::string& why) {
  const bool shared = shared_.contains(id);
  if (!shared && !incoming_.contains(id)) return;
  if (shared)
    tell_all(FileWord::withdraw, id, "it cannot be read any more");
  else
    tell_all(FileWord::stop, id, "it cannot be received");
  if (shared)
    shared_.erase(id);
  else
    incoming_.erase(id);
  forget_asked(id);
  outputs_.push_back(Failed{id, why});
}

void Exchange::forget_asked(const Digest& id) {
  for (auto& [peer, one] : peers_)
    if (const auto found = one.asked.find(id); found != one.asked.end()) {
      one.waiting -= found->second.size();
      one.asked.erase(found);
    }
}

// --- what we say

void Exchange::tell(const PeerId& peer, FileWord word, const Digest& id, const std::string& why) {
  FileMessage message;
  message.word = word;
  message.file.id = id;
  message.why = why;
  outputs_.push_back(Tell{peer, to_text(message)});
}

void Exchange::tell_all(FileWord word, const Digest& id, const std::string& why) {
  for (const auto& [peer, one] : peers_)
    if (may_ask(peer, id)) tell(peer, word, id, why);
}

void Exchange::news(const PeerId& peer, const Digest& id, TakerNews::What what,
                    const std::string& why) {
  const auto& shared = shared_.find(id)->second;
  if (!shared.offered) return;
  const auto taker = shared.takers.find(peer);
  outputs_.push_back(
      TakerNews{peer, id, what, taker == shared.takers.end() ? 0 : taker->second, why});
}

Bytes Exchange::have_bits(const Digest& id) const {
  const auto incoming = incoming_.find(id);
  const auto blocks = shape_of(id).blocks();
  Bytes bits((blocks + 7) / 8);
  for (std::uint64_t block = 0; block < blocks; ++block)
    if (incoming == incoming_.end() || incoming->second.download.is_here(block))
      bits[block / 8] |= static_cast<std::uint8_t>(1 << block % 8);
  return bits;
}

void Exchange::say_unsaid(const Digest& id, Incoming& incoming) {
  incoming.say_at = never;
  if (incoming.unsaid.empty()) return;
  const auto first = *incoming.unsaid.begin();
  Bytes bits((*incoming.unsaid.rbegin() - first) / 8 + 1);
  for (const auto block : incoming.unsaid)
    bits[(block - first) / 8] |= static_cast<std::uint8_t>(1 << (block - first) % 8);
  incoming.unsaid.clear();
  const auto parcel = to_bytes({Parcel::Kind::have, id, first, bits});
  for (const auto& peer : incoming.download.receivers())
    outputs_.push_back(Deliver{peer, 0, parcel});
}

// --- what goes on

void Exchange::pump(Time now) {
  // Whether or not anybody wants something now: deadline() counts on it.
  rates::refill(upload_, now);
  rates::refill(download_, now);
  for (auto& [id, peer] : peers_) rates::refill(peer.rate, now);
  for (auto& [id, incoming] : incoming_) {
    check(id, incoming);
    if (incoming.download.whole() && !std::exchange(incoming.whole, true))
      outputs_.push_back(Whole{id});
  }
  ask(now);
  serve(now);
}

void Exchange::check(const Digest& id, Incoming& incoming) {
  const auto shape = incoming.download.info().shape();
  while (const auto block = incoming.download.to_check()) {
    const auto number = ticket({{}, id, {Parcel::Kind::block, *block}, 0});
    outputs_.push_back(Load{number, id, *block * block_size, shape.block_length(*block)});
  }
}

}  // namespace genos::core
