// SPDX-License-Identifier: LGPL-2.1-or-later
// What an exchange hears from others.
#include "core/files/exchange.hpp"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/files/rates.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {

void Exchange::on(PeerCame& in, Time now) {
  auto& peer = peers_[in.peer];
  peer.rate = rates::bucket(options_.rates.upload_to_one, now);
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
    case FileWord::lack: return drop_source(in.peer, id);
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
  drop_source(peer, id);
}

// It has nothing of that file, or nothing any more.
void Exchange::drop_source(const PeerId& peer, const Digest& id) {
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

}  // namespace genos::core
