// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/files/exchange.hpp"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Blocks that are read and on their way to one peer: 1 MiB keeps a link busy.
constexpr std::size_t most_under_way = 4;
// The others hear of new blocks in groups.
constexpr std::size_t say_at_once = 8;
constexpr Duration say_after = std::chrono::milliseconds(100);

std::optional<Bucket> bucket(double rate, Time now) {
  if (rate <= 0) return std::nullopt;
  // A tenth of a second at once, and at least a block in a while.
  return Bucket(rate, rate / 10, now);
}

void refill(std::optional<Bucket>& bucket, Time now) {
  if (bucket) bucket->charge(0, now);
}

bool is_open(std::optional<Bucket>& bucket, Time now) { return !bucket || bucket->take(0, now); }

void charge(std::optional<Bucket>& bucket, std::uint64_t size, Time now) {
  if (bucket) bucket->charge(static_cast<double>(size), now);
}

}  // namespace

Exchange::Exchange(Options options, Time now)
    : options_(std::move(options)),
      upload_(bucket(options_.rates.upload, now)),
      download_(bucket(options_.rates.download, now)) {}

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
  for (const auto& [id, incoming] : incoming_) {
    first = std::min(first, incoming.say_at);
    if (incoming.paused || incoming.download.whole()) continue;
    // Nothing is asked for before that.
    const bool waits = download_ && download_->in_debt();
    first = std::min(first, waits ? download_->ready_at() : incoming.download.deadline());
  }
  for (const auto& [id, peer] : peers_) {
    if (peer.waiting == 0) continue;
    if (upload_ && upload_->in_debt()) first = std::min(first, upload_->ready_at());
    if (peer.rate && peer.rate->in_debt()) first = std::min(first, peer.rate->ready_at());
  }
  return first;
}

// --- the application
// ------------------------------------------------------------------------------

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

// --- the room
// -------------------------------------------------------------------------------------

void Exchange::on(PeerCame& in, Time now) {
  auto& peer = peers_[in.peer];
  peer.rate = bucket(options_.rates.upload_to_one, now);
  for (const auto& [id, shared] : shared_)
    if (shared.offered && may_ask(in.peer, id))
      outputs_.push_back(
          Tell{in.peer, to_text(FileMessage{FileWord::offer, shared.file, 0, 0, {}})});
  for (const auto& [id, incoming] : incoming_)
    if (may_ask(in.peer, id)) tell(in.peer, FileWord::take, id);
}

void Exchange::on(PeerGone& in, Time) {
  const auto found = peers_.find(in.peer);
  if (found == peers_.end()) return;
  const auto offers = std::move(found->second.offers);
  peers_.erase(found);
  std::erase_if(tickets_, [&](const auto& each) { return each.second.peer == in.peer; });
  for (auto& [id, shared] : shared_)
    if (shared.takers.erase(in.peer) > 0) news(in.peer, id, TakerNews::What::gone);
  for (auto& [id, incoming] : incoming_) incoming.download.remove(in.peer);
  for (const auto& [id, file] : offers)
    outputs_.push_back(Withdrawn{in.peer, id, "it has left the room"});
}

void Exchange::on(Heard& in, Time now) {
  if (!peers_.contains(in.peer)) return;
  const auto message = file_message_in(in.text);
  if (!message) return;
  const auto& id = message->file.id;
  switch (message->word) {
    case FileWord::offer: return heard_offer(in.peer, message->file, now);
    case FileWord::withdraw: return heard_withdraw(in.peer, id, message->why);
    case FileWord::take: return heard_take(in.peer, id, now);
    case FileWord::refuse:
    case FileWord::stop:
    case FileWord::done: return heard_end(in.peer, *message);
    case FileWord::ask_roots:
    case FileWord::ask_page:
    case FileWord::ask_blocks: return heard_ask(in.peer, *message);
    case FileWord::lack: return drop_source(in.peer, id, message->why);
  }
}

void Exchange::heard_offer(const PeerId& peer, const FileInfo& file, Time now) {
  // Else anybody could offer somebody else's file under another name, and spoil it.
  if (file_id(file, options_.hash) != file.id) return;
  auto& offers = peers_[peer].offers;
  if (offers.size() >= limits::max_offers && !offers.contains(file.id)) return;
  const bool known = !offers.emplace(file.id, file).second;
  if (const auto found = incoming_.find(file.id); found != incoming_.end()) {
    found->second.download.add_source(peer, now);
    return tell(peer, FileWord::take, file.id);
  }
  if (!known && !shared_.contains(file.id)) outputs_.push_back(Offered{peer, file});
}

void Exchange::heard_withdraw(const PeerId& peer, const Digest& id, const std::string& why) {
  if (peers_[peer].offers.erase(id) == 0) return;
  outputs_.push_back(Withdrawn{peer, id, why});
  drop_source(peer, id, why);
}

// It has nothing of that file, or nothing any more.
void Exchange::drop_source(const PeerId& peer, const Digest& id, const std::string&) {
  const auto found = incoming_.find(id);
  if (found != incoming_.end()) found->second.download.lacks(peer);
}

void Exchange::heard_take(const PeerId& peer, const Digest& id, Time now) {
  if (const auto found = incoming_.find(id); found != incoming_.end()) {
    if (!may_ask(peer, id)) return;
    found->second.download.add_receiver(peer, now);
    return wait_in_line(peers_[peer], id, {Parcel::Kind::have, 0});
  }
  const auto found = shared_.find(id);
  if (found == shared_.end() || !may_ask(peer, id)) return;
  if (!found->second.offered) wait_in_line(peers_[peer], id, {Parcel::Kind::have, 0});
  if (!found->second.takers.emplace(peer, 0).second) return;
  news(peer, id, TakerNews::What::takes);
}

void Exchange::heard_end(const PeerId& peer, const FileMessage& message) {
  const auto& id = message.file.id;
  if (const auto found = incoming_.find(id);
      found != incoming_.end() && message.word == FileWord::stop)
    found->second.download.stops(peer);
  if (auto& asked = peers_[peer].asked; message.word != FileWord::done && asked.contains(id)) {
    peers_[peer].waiting -= asked[id].size();
    asked.erase(id);
  }
  const auto found = shared_.find(id);
  if (found == shared_.end() || !may_ask(peer, id)) return;
  const auto what = message.word == FileWord::done     ? TakerNews::What::done
                    : message.word == FileWord::refuse ? TakerNews::What::refused
                                                       : TakerNews::What::stopped;
  // Who never took it can refuse it, but neither stop nor have all of it.
  if (what != TakerNews::What::refused && !found->second.takers.contains(peer)) return;
  news(peer, id, what, message.why);
  found->second.takers.erase(peer);
}

bool Exchange::may_ask(const PeerId& peer, const Digest& id) const {
  const auto shared = shared_.find(id);
  if (shared != shared_.end())
    return !shared->second.file.closed || shared->second.to.contains(peer);
  // Of those who were meant we know only who offers it to us.
  const auto incoming = incoming_.find(id);
  if (incoming == incoming_.end()) return false;
  const auto offerer = peers_.find(peer);
  return !incoming->second.download.info().closed ||
         (offerer != peers_.end() && offerer->second.offers.contains(id));
}

bool Exchange::can_serve(const Digest& id, const Asked& asked) const {
  if (shared_.contains(id)) return true;
  const auto found = incoming_.find(id);
  if (found == incoming_.end()) return false;
  const auto& download = found->second.download;
  if (asked.kind == Parcel::Kind::roots) return !download.roots().empty();
  if (asked.kind == Parcel::Kind::page) return download.page(asked.index) != nullptr;
  return download.is_here(asked.index);
}

void Exchange::heard_ask(const PeerId& peer, const FileMessage& message) {
  auto& one = peers_[peer];
  const auto& id = message.file.id;
  const bool blocks = message.word == FileWord::ask_blocks;
  const auto kind = message.word == FileWord::ask_roots  ? Parcel::Kind::roots
                    : message.word == FileWord::ask_page ? Parcel::Kind::page
                                                         : Parcel::Kind::block;
  // Not ours: perhaps that of another user of the same peer, who answers.
  if (!shared_.contains(id) && !incoming_.contains(id)) return;
  const auto shape = shape_of(id);
  const auto end = kind == Parcel::Kind::block  ? shape.blocks()
                   : kind == Parcel::Kind::page ? shape.pages()
                                                : 1;
  const auto count =
      std::clamp<std::uint64_t>(blocks ? message.count : 1, 1, limits::max_asked_blocks);
  for (auto index = message.index; index < message.index + count; ++index) {
    const Asked asked{kind, index};
    if (index >= end || !may_ask(peer, id) || !can_serve(id, asked))
      return tell(peer, FileWord::lack, id, "not here");
    wait_in_line(one, id, asked);
  }
}

void Exchange::wait_in_line(Peer& peer, const Digest& id, const Asked& asked) {
  const auto same = [&](const Asked& other) {
    return other.kind == asked.kind && other.index == asked.index;
  };
  // Who loses patience and asks again gets it once all the same.
  for (const auto number : peer.under_way)
    if (const auto& ticket = tickets_[number]; ticket.id == id && same(ticket.asked)) return;
  auto& line = peer.asked[id];
  if (std::any_of(line.begin(), line.end(), same)) return;
  if (line.size() >= limits::max_asked_blocks) return;  // it asks for more than anybody needs
  line.push_back(asked);
  ++peer.waiting;
}

void Exchange::on(Came& in, Time now) {
  if (!peers_.contains(in.peer)) return;
  const auto parcel = parcel_in(*in.bytes);
  const auto found = parcel ? incoming_.find(parcel->id) : incoming_.end();
  if (found == incoming_.end()) return;
  auto& download = found->second.download;
  switch (parcel->kind) {
    case Parcel::Kind::roots:
      return judge(download.take_roots(in.peer, parcel->bytes, now), in.peer, parcel->id);
    case Parcel::Kind::page:
      return judge(download.take_page(in.peer, parcel->index, parcel->bytes, now), in.peer,
                   parcel->id);
    case Parcel::Kind::block: return take_block(in.peer, *parcel, in.bytes, now);
    case Parcel::Kind::have:
      if (!may_ask(in.peer, parcel->id)) return;
      download.add_receiver(in.peer, now);
      download.has(in.peer, parcel->index, parcel->bytes);
  }
}

void Exchange::take_block(const PeerId& peer, const Parcel& parcel,
                          const std::shared_ptr<const Bytes>& whole, Time now) {
  auto& download = incoming_.find(parcel.id)->second.download;
  const auto verdict = download.take_block(peer, parcel.index, parcel.bytes, now);
  if (verdict == Download::Verdict::taken)
    outputs_.push_back(Store{parcel.id, parcel.index, whole, parcel.bytes});
  judge(verdict, peer, parcel.id);
}

void Exchange::judge(Download::Verdict verdict, const PeerId& peer, const Digest& id) {
  if (verdict != Download::Verdict::bad) return;
  outputs_.push_back(BadPiece{peer, id});
  // Without the offerer it waits for its return; what others do meanwhile does not end it.
  if (peers_[peer].offers.contains(id) && !incoming_.find(id)->second.download.has_source())
    fail(id, "what '" + peer.value + "' sent is not the file that was offered");
}

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

// --- the disk
// -------------------------------------------------------------------------------------

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

// Whoever counts on us hears it; what is on disk stays there.
void Exchange::fail(const Digest& id, const std::string& why) {
  const bool shared = shared_.contains(id);
  if (!shared && !incoming_.contains(id)) return;
  tell_all(shared ? FileWord::withdraw : FileWord::stop, id, why);
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
// ----------------------------------------------------------------------------------

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
// ---------------------------------------------------------------------------------

void Exchange::pump(Time now) {
  // Whether or not anybody wants something now: deadline() counts on it.
  refill(upload_, now);
  refill(download_, now);
  for (auto& [id, peer] : peers_) refill(peer.rate, now);
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
    charge(download_, shape.block_length(one), now);
    asks_ = id;
    if (count > 0 && one != first + count) flush();
    if (count == 0) first = one;
    ++count;
  };
  while (is_open(download_, now)) {
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
  if (!is_open(upload_, now) || !is_open(peer.rate, now)) return false;
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
  charge(upload_, length, now);
  charge(peers_[peer].rate, length, now);
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
