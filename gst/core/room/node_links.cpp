// SPDX-License-Identifier: LGPL-2.1-or-later
// Open links: life, silence, replacement, end.
#include <algorithm>

#include "core/room/node_impl.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Of silence, before a second way to one of ours is made: half of what its loss takes.
constexpr int doubt_share = 2;
// The leader replaces a broken link at once; the other side does when the leader has not noticed.
constexpr Duration follower_wait = std::chrono::milliseconds(1500);
// In so many pings something is heard of a link that works, and of who lives, something is
// signalled in the time that is left until its link is lost.
constexpr int pings_of_life = 2;
// For a replacement whose signalling shows that the peer lives.
constexpr Duration replace_limit = std::chrono::seconds(15);
// Whose link broke is sought with short attempts for so long.
constexpr Duration loss_memory = std::chrono::minutes(2);
// trystero (0.25.4) forgets a peer whose path was gone for six seconds or more, without closing the
// connection: when the path comes back the browser goes on with it, its checks and reports are
// heard, and nobody answers there. A page is asked after so long without a word.
constexpr Duration word_interval = std::chrono::milliseconds(1500);
// A script that stands still answers nothing at all: a dialogue, a debugger.
constexpr Duration longest_mute = std::chrono::seconds(30);
// Trystero forgets nobody whose path was gone for less.
constexpr Duration cut = std::chrono::seconds(4);
// So much of what was sent may be on its way for as long as a page is given to answer: SCTP keeps a
// megabyte that nobody sees, and questions wait behind it.
constexpr std::size_t patient_bytes = std::size_t{128} * 1024;
// A link that ended so soon may do so each time, as what cannot be negotiated does: the next ones
// wait, ever longer, but for less than a member is kept without one.
constexpr Duration short_life = std::chrono::seconds(5);
constexpr Duration first_rest = std::chrono::milliseconds(250);
constexpr Duration last_rest = std::chrono::seconds(4);

}  // namespace

Link* NodeImpl::find(LinkId id) {
  const auto it = links_.find(id);
  return it == links_.end() ? nullptr : &it->second;
}

// Of those in use, if any is.
Link* NodeImpl::newest(const Peer& peer) {
  for (auto it = peer.links.rbegin(); it != peer.links.rend(); ++it)
    if (Link* link = find(*it); !link->retired) return link;
  return peer.links.empty() ? nullptr : find(peer.links.back());
}

// Whether in every room it is carried by a link that works.
bool NodeImpl::housed(const PeerId& id) {
  return std::all_of(rooms_.begin(), rooms_.end(), [&](const auto& entry) {
    const auto member = entry.second.members.find(id);
    if (member == entry.second.members.end()) return true;
    const Link* link = member->second.link ? find(*member->second.link) : nullptr;
    return link && !link->liveness->doubtful();
  });
}

bool NodeImpl::bound(const PeerId& id, const RoomToken& token) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return false;
  const auto& links = peer->second.links;
  return std::any_of(links.begin(), links.end(),
                     [&](LinkId link) { return find(link)->bindings.contains(token); });
}

void NodeImpl::on(Node::LinkOpened& in, Time now) {
  Link* link = find(in.link);
  if (!link || link->open()) return;
  const Duration lost = options_.silence_limit;
  link->liveness.emplace(Liveness::Limits{options_.ping_interval, lost / doubt_share, lost}, now);
  if (link->partner == Partner::page) {
    const Duration mute =
        lost + word_interval - options_.ping_interval;  // as long after a question
    link->words.emplace(Liveness::Limits{word_interval, mute, mute}, now);
  }
  link->resend.stop();
  link->theirs.clear();
  link->ours.clear();
  Peer& peer = peers_[link->peer];
  peer.attempt.reset();
  peer.links.push_back(link->id);
  peer.pause = Duration{};
  peer.try_at = never;
  peer.offer_at = never;
  peer.wake.stop();
  if (active_room(link->room)) link->present.insert(link->room);
  changed_ = true;
}

void NodeImpl::on(Node::LinkClosed& in, Time now) {
  forget_closed(in.link);
  Link* link = find(in.link);
  if (!link) return;
  const PeerId peer = link->peer;
  changed_ = true;
  if (link->open()) {
    lose(*link, in.reason, now);
    return;
  }
  detach(in.link);
  attempt_failed(peer, now);
}

void NodeImpl::on(Node::LinkHeard& in, Time now) {
  if (Link* link = find(in.link); link && link->open()) heard_on(*link, now);
}

void NodeImpl::on(Node::LinkNegotiated& in, Time now) {
  if (Link* link = find(in.link); link && link->open()) heard_on(*link, now);
}

void NodeImpl::heard_on(Link& link, Time now) {
  const bool doubted = link.liveness->doubtful();
  link.was_cut |= now >= link.liveness->last_heard() + cut;
  link.liveness->heard(now);
  Peer& peer = peers_[link.peer];
  if (!doubted || !housed(link.peer)) return;
  peer.replace_until = never;
  if (newest(peer) != &link) return;
  // The path is back. What was begun for its sake ends, unless the other side is busy with it too.
  peer.offer_at = never;
  peer.try_at = never;
  if (!peer.attempt) return;
  const Link& attempt = *find(*peer.attempt);
  if (attempt.role == LinkRole::offerer && !attempt.described) abandon(attempt.id, now);
}

void NodeImpl::advance_link(LinkId id, Time now) {
  Link* link = find(id);
  if (!link) return;
  if (!link->open()) {
    advance_attempt(*link, now);
    return;
  }
  if (now >= link->close_at) {
    if (link->unwanted && !link->retired)
      close_unwanted(*link, now);
    else
      close(id, Closing::after_flush, now);
    changed_ = true;
    return;
  }
  if (now >= link->pump_at) dirty_.insert(id);
  advance_bindings(*link, now);
  if (find(id)) advance_liveness(*link, now);
  if (find(id) && link->words) advance_words(*link, now);
}

void NodeImpl::advance_bindings(Link& link, Time now) {
  const LinkId id = link.id;
  std::vector<RoomToken> tokens;
  for (auto& [token, binding] : link.bindings) {
    binding.handshake.advance(now);
    tokens.push_back(token);
  }
  for (const RoomToken& token : tokens) {
    if (!find(id)) return;
    if (Room* room = active_room(token)) drain_handshake(link, *room, now);
    if (find(id)) settle_contest(link, token, now);
  }
}

void NodeImpl::advance_liveness(Link& link, Time now) {
  link.liveness->advance(now);
  while (const auto output = link.liveness->poll()) {
    if (*output == Liveness::Output::ask) {
      ask_in_any_room(link, now);
    } else if (*output == Liveness::Output::doubt) {
      if (link.partner == Partner::genos && !link.retired)
        replace(link.peer, peers_[link.peer], now);
    } else {
      silent(link, now);
      return;
    }
  }
}

void NodeImpl::hear_words(Link& link, Time now) {
  link.words->heard(now);
  link.judge_at = never;
  link.unheard = 0;
  link.was_cut = false;
}

void NodeImpl::advance_words(Link& link, Time now) {
  link.words->advance(now);
  while (const auto output = link.words->poll()) {
    if (*output == Liveness::Output::ask) (void)ask_everywhere(link, now);
    if (*output == Liveness::Output::lost) link.judge_at = now;
  }
  if (now >= link.judge_at) judge_mute(link, now);
}

bool NodeImpl::ask_everywhere(Link& link, Time now) {
  bool is_asked = false;
  for (const auto& [token, binding] : link.bindings) {
    Member* member = member_of(token, link.peer);
    if (!member || member->link != link.id) continue;
    is_asked = true;
    ask(link, rooms_.find(token)->second, *member, {}, now);
  }
  return is_asked;
}

// Its script may stand still, and what it was sent may take its time: lost so soon is only whose
// path was gone meanwhile.
void NodeImpl::judge_mute(Link& link, Time now) {
  const bool may_wait = link.outstanding > 0 || link.unheard > patient_bytes;
  if (!ask_everywhere(link, now) || may_wait) {
    const std::size_t left = link.unheard - std::min(link.unheard, patient_bytes);
    const bool was_cut = link.was_cut;
    hear_words(link, now);
    link.unheard = left;
    link.was_cut = was_cut;
    return;
  }
  if (!link.was_cut && now < link.words->last_heard() + longest_mute) {
    link.judge_at = now + options_.ping_interval;
    return;
  }
  outputs_.push_back(Node::CloseLink{link.id, Closing::at_once});
  lose(link, "it does not answer any more", now);
}

void NodeImpl::ask_in_any_room(Link& link, Time now) {
  for (const auto& [token, binding] : link.bindings) {
    Member* member = member_of(token, link.peer);
    if (!member || member->link != link.id) continue;
    ask(link, rooms_.find(token)->second, *member, {}, now);
    return;
  }
}

// Nothing was heard for too long.
void NodeImpl::silent(Link& link, Time now) {
  Peer& peer = peers_[link.peer];
  const Link* attempt = peer.attempt ? find(*peer.attempt) : nullptr;
  const bool current = newest(peer) == &link;
  // What was said of it just after the link was heard last was said before it fell silent, maybe.
  const Time silent_since = link.liveness->last_heard() + pings_of_life * options_.ping_interval;
  const bool lives = peer.signalled > silent_since || (attempt && attempt->described);
  if (link.partner == Partner::genos && current && lives && room_that_wants(link.peer)) {
    // Signalling says that it lives: the link is kept, should the path come back first.
    if (peer.replace_until == never) peer.replace_until = now + replace_limit;
    replace(link.peer, peer, now);
    return;
  }
  const LinkId id = link.id;
  const PeerId peer_id = link.peer;
  outputs_.push_back(Node::CloseLink{id, Closing::at_once});
  if (link.partner == Partner::page || !current) {
    lose(link, "nothing was heard of it", now);
    return;
  }
  detach(id);
  give_up(peer_id, now);
}

// Looks for another way to a peer whose link is broken or in doubt.
void NodeImpl::replace(const PeerId& id, Peer& peer, Time now) {
  Room* room = room_that_wants(id);
  if (peer.attempt || !room) return;
  if (!leads(id)) {
    outputs_.push_back(Node::Wake{room->options.token, id});
    if (peer.offer_at == never) peer.offer_at = now + follower_wait;
  } else if (take_slot(now)) {
    open_offerer(id, peer, *room, now);
  } else {
    peer.try_at = now + follower_wait;
  }
}

// No replacement came: who is left without a link is gone.
void NodeImpl::give_up(const PeerId& id, Time now) {
  remember_loss(id, now);
  Peer& peer = peers_[id];
  peer.replace_until = never;
  peer.offer_at = never;
  std::vector<LinkId> dead;
  for (const LinkId link : peer.links)
    if (find(link)->liveness->doubtful()) dead.push_back(link);
  for (const LinkId link : dead) {
    outputs_.push_back(Node::CloseLink{link, Closing::at_once});
    detach(link);
  }
  for (auto& [token, room] : rooms_) {
    const auto member = room.members.find(id);
    if (member == room.members.end()) continue;
    if (member->second.link && find(*member->second.link)) continue;
    remove_member(room, id, LeaveReason::lost, "its connection broke and could not be replaced");
    if (!bound(id, token)) room.roster.erase(id);
  }
  if (peer.links.empty() && !peer.attempt) peer.try_at = now + Duration(std::chrono::seconds(1));
  changed_ = true;
  drop_unused_peer(id);
}

void NodeImpl::remember_loss(const PeerId& peer, Time now) {
  std::erase_if(lost_, [now](const auto& each) { return now >= each.second + loss_memory; });
  lost_[peer] = now;
}

bool NodeImpl::mending(const PeerId& id, Time now) const {
  const auto lost = lost_.find(id);
  if (lost != lost_.end() && now < lost->second + loss_memory) return true;
  const auto peer = peers_.find(id);
  return peer != peers_.end() && peer->second.replace_until != never;
}

// The link has ended by itself.
void NodeImpl::lose(Link& link, const std::string& why, Time now) {
  const LinkId id = link.id;
  const PeerId peer_id = link.peer;
  const bool page = link.partner == Partner::page;
  const bool replaceable = !page && room_that_wants(peer_id);
  count_life(link, now);
  detach(id);
  bool homeless = false;
  for (auto& [token, room] : rooms_) {
    const auto it = room.members.find(peer_id);
    if (it == room.members.end() || it->second.link != id) continue;
    if (replaceable && !room.leaving()) {
      it->second.link.reset();
      homeless = true;
      continue;
    }
    remove_member(room, peer_id, LeaveReason::lost, why);
    // If it still lives it hears us announce, and says so.
    if (!bound(peer_id, token)) room.roster.erase(peer_id);
    if (page && !room.leaving()) miss(room, peer_id, now);
  }
  changed_ = true;
  if (const auto it = peers_.find(peer_id); it != peers_.end())
    go_on_without_link(it->second, peer_id, homeless, now);
}

void NodeImpl::count_life(const Link& link, Time now) {
  const auto it = peers_.find(link.peer);
  if (it == peers_.end()) return;
  auto& short_lives = it->second.short_lives;
  short_lives = now - link.begun < short_life ? short_lives + 1 : 0;
}

// `homeless`: a room still counts it as here.
void NodeImpl::go_on_without_link(Peer& peer, const PeerId& peer_id, bool homeless, Time now) {
  if (homeless) {
    const Time limit = now + options_.silence_limit;
    peer.replace_until = peer.replace_until == never ? limit : std::min(peer.replace_until, limit);
    if (peer.links.empty()) replace_soon(peer, peer_id, now);
  } else if (peer.links.empty()) {
    attempt_failed(peer_id, now);
  }
}

// The first time at once.
void NodeImpl::replace_soon(Peer& peer, const PeerId& peer_id, Time now) {
  if (peer.short_lives < 2) return replace(peer_id, peer, now);
  constexpr unsigned longest = 4;  // doublings from the first to the last
  peer.try_at =
      now + std::min(first_rest * (1U << std::min(peer.short_lives - 2, longest)), last_rest);
}

// Takes the link out of all tables. Members that it carried are the caller's business.
void NodeImpl::detach(LinkId id) {
  const auto it = links_.find(id);
  if (it == links_.end()) return;
  const PeerId peer_id = it->second.peer;
  std::vector<RoomToken> tokens;
  for (const auto& [token, binding] : it->second.bindings) tokens.push_back(token);
  Peer& peer = peers_[peer_id];
  if (peer.attempt == id) peer.attempt.reset();
  std::erase(peer.links, id);
  links_.erase(it);
  dirty_.erase(id);
  changed_ = true;  // whoever it led to may have to be sought again
  for (const RoomToken& token : tokens) {
    const auto room = rooms_.find(token);
    if (room == rooms_.end()) continue;
    if (RoomRoster::Entry* entry = room->second.roster.find(peer_id))
      entry->linked = bound(peer_id, token);
  }
  drop_unused_peer(peer_id);
}

void NodeImpl::close(LinkId id, Closing closing, Time) {
  outputs_.push_back(Node::CloseLink{id, closing});
  detach(id);
}

void NodeImpl::close_unwanted(Link& link, Time now) {
  const LinkId id = link.id;
  const PeerId peer = link.peer;
  std::vector<RoomToken> tokens;
  for (const auto& [token, binding] : link.bindings) tokens.push_back(token);
  if (link.partner == Partner::genos && !tokens.empty())
    control(link, rooms_.find(tokens.front())->second, "genos:unlink");
  for (const RoomToken& token : tokens) {
    Room& room = rooms_.find(token)->second;
    if (Member* member = member_of(token, peer); member && member->link == id)
      remove_member(room, peer, LeaveReason::unwanted, "the topology does not want the link");
  }
  close(id, Closing::after_flush, now);
}

void NodeImpl::remove_member(Room& room, const PeerId& peer, LeaveReason reason,
                             std::string detail) {
  const auto it = room.members.find(peer);
  if (it == room.members.end()) return;
  const RoomToken token = room.options.token;
  fail_transfers(token, peer, it->second);
  room.members.erase(it);
  room.sessions.erase(peer);
  outputs_.push_back(Node::PeerLeft{token, peer, reason, std::move(detail)});
  outputs_.push_back(Node::Unlinked{token, peer, reason == LeaveReason::lost});
}

}  // namespace genos::core
