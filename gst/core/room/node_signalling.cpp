// SPDX-License-Identifier: LGPL-2.1-or-later
// Making links: offers, answers and candidates over the session, lost, late, doubled or colliding.
#include <algorithm>

#include "core/base/overloaded.hpp"
#include "core/room/node_impl.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::size_t remembered_offers = 8;
// A newer offer takes over an attempt only after this: late ones would otherwise undo the real one,
// and who means it says it again.
constexpr Duration attempt_grace = std::chrono::seconds(2);
// A page that comes back (trystero 0.25.4) takes no offer while its old connection closes, which
// takes a round trip: it is said again soon.
constexpr Duration return_repeat = std::chrono::milliseconds(250);
// An offer so soon after a page's goodbye may have met the room that it was leaving, however busy
// its machine is; then nothing comes of the answer.
constexpr Duration goodbye_shadow = std::chrono::milliseconds(600);
constexpr Duration shadow_limit = std::chrono::seconds(2);
// Of ours both sides try again, so a try that hangs is given up sooner than a page would.
constexpr Duration our_limit = std::chrono::seconds(12);
// libnice asks at 0.5, 1.5, 3.5 and 7.5 s and then waits ever longer: where a path was and is none,
// a new attempt finds it sooner when it comes back.
constexpr Duration mending_limit = std::chrono::seconds(8);
constexpr Duration answer_repeat = std::chrono::seconds(1);
constexpr Duration first_pause = std::chrono::seconds(1);
// A virtual clock that runs ahead by one price for each attempt, at most a burst's worth.
constexpr Duration attempt_price = std::chrono::milliseconds(200);
constexpr Duration last_pause = std::chrono::seconds(8);

}  // namespace

void NodeImpl::on(Node::Signalled& in, Time now) {
  Room* room = active_room(in.room);
  if (!room || in.offer.value.size() > limits::max_offer_id) return;
  if (!hear(*room, in.peer, in.genos, now)) return;
  if (room->roster.refuses(in.peer)) return;
  if (const auto* description = std::get_if<Description>(&in.signal)) {
    if (description->sdp.size() > limits::max_sdp) return;
    if (description->type == DescriptionType::offer)
      on_offer(*room, in, now);
    else
      on_answer(*room, in, now);
  } else if (const auto* candidate = std::get_if<Candidate>(&in.signal)) {
    if (candidate->candidate.size() <= limits::max_candidate) on_candidate(in);
  }
}

void NodeImpl::on_offer(Room& room, Node::Signalled& in, Time now) {
  if (attempt_goes_on(in, now)) return;
  Peer& known_peer = peers_[in.peer];
  if (!known_peer.links.empty() && !replaces_open(known_peer, in, now)) return;
  // Losing the old link may have made us forget the peer.
  if (!hear(room, in.peer, in.genos, now)) return;
  const Partner partner = room.roster.find(in.peer)->genos ? Partner::genos : Partner::page;
  if (auto why = objection(room, in.peer, partner, in.identity)) {
    // Whoever has a link is not refused for what others send in its name.
    if (peers_[in.peer].links.empty()) refuse(room, in.peer, std::move(*why), now);
    return;
  }
  if (const auto attempt = peers_[in.peer].attempt) abandon(*attempt, now);
  answer(room, in, now);
}

// Whether we have one, in spite of that offer. An offer that comes again is answered again.
bool NodeImpl::attempt_goes_on(const Node::Signalled& in, Time now) {
  const auto id = peers_[in.peer].attempt;
  if (!id) return false;
  Link& attempt = *find(*id);
  if (attempt.role != LinkRole::answerer || attempt.offer != in.offer)
    return !yields_to(attempt, in.offer, now);
  if (now >= attempt.delivered + answer_repeat) deliver_all(attempt, now);
  return true;
}

// Whether an attempt of ours gives way to an offer of the other side.
bool NodeImpl::yields_to(Link& attempt, const OfferId& offer, Time now) {
  if (attempt.role == LinkRole::answerer) {
    const auto& seen = peers_[attempt.peer].answered;
    if (std::find(seen.begin(), seen.end(), offer) != seen.end()) return false;
    // A page makes one offer at a time, whatever the number of relays: it has joined anew.
    return attempt.partner == Partner::page || now - attempt.begun >= attempt_grace;
  }
  if (attempt.described) return now - attempt.described_at >= attempt_grace;
  return !leads(attempt.peer);
}

bool NodeImpl::replaces_open(Peer& peer, const Node::Signalled& in, Time now) {
  const auto& seen = peer.answered;
  if (std::find(seen.begin(), seen.end(), in.offer) != seen.end()) return false;
  Link& link = *newest(peer);
  if (link.partner == Partner::genos) return true;
  if (now - link.liveness->last_heard() < healthy_silence) return false;
  const LinkId id = link.id;
  lose(link, "it connects again", now);
  outputs_.push_back(Node::CloseLink{id, Closing::at_once});
  return true;
}

void NodeImpl::answer(Room& room, Node::Signalled& in, Time now) {
  if (!take_slot(now)) return;
  Peer& peer = peers_[in.peer];
  Link link;
  link.peer = in.peer;
  link.room = in.room;
  link.offer = in.offer;
  link.role = LinkRole::answerer;
  link.genos = room.roster.find(in.peer)->genos;
  link.partner = link.genos ? Partner::genos : Partner::page;
  link.identity = std::move(in.identity);
  link.limit = now + path_limit(link, now);
  peer.answered.push_back(in.offer);
  if (peer.answered.size() > remembered_offers) peer.answered.pop_front();
  Link& added = add_link(std::move(link), now);
  outputs_.push_back(Node::ToLink{added.id, std::move(in.signal)});
  added.described = true;
  added.described_at = now;
  give_candidates(added);
}

Duration NodeImpl::path_limit(const Link& link, Time now) const {
  const bool known = link.partner == Partner::genos && mending(link.peer, now);
  const Duration most = link.partner == Partner::genos ? our_limit : options_.link_limit;
  return std::min(known ? mending_limit : most, options_.link_limit);
}

void NodeImpl::open_offerer(const PeerId& id, Peer&, Room& room, Time now) {
  Link link;
  link.peer = id;
  link.room = room.options.token;
  link.offer = OfferId{options_.random->alphanumerics(12)};
  link.genos = room.roster.find(id)->genos;
  link.partner = link.genos ? Partner::genos : Partner::page;
  link.limit = now + options_.offer_limit;
  if (const Time parted = parted_at(id, now); parted != never) {
    link.resend = Retry(return_repeat, std::chrono::seconds(15));
    link.in_shadow = now < parted + goodbye_shadow;
  }
  add_link(std::move(link), now);
}

Link& NodeImpl::add_link(Link link, Time now) {
  const LinkId id{++next_link_};
  link.id = id;
  link.begun = now;
  Peer& peer = peers_[link.peer];
  peer.attempt = id;
  peer.try_at = never;
  peer.offer_at = never;
  peer.wake.stop();
  outputs_.push_back(Node::OpenLink{id, link.peer, link.role, link.partner});
  return links_.emplace(id, std::move(link)).first->second;
}

// Strangers must not make us open thousands of connections at once, nor keep others waiting.
bool NodeImpl::take_slot(Time now) {
  std::erase_if(ending_, [now](const auto& one) { return now >= one.second; });
  std::size_t half_open = ending_.size();
  const Link* oldest = nullptr;
  for (const auto& [id, link] : links_) {
    if (link.open()) continue;
    ++half_open;
    if (!oldest || link.begun < oldest->begun) oldest = &link;
  }
  const Time paid = std::max(attempts_paid_until_, now);
  if (paid - now > attempt_price * limits::attempt_burst) return false;
  if (half_open < limits::max_half_open && links_.size() < limits::max_links) {
    attempts_paid_until_ = paid + attempt_price;
    return true;
  }
  if (!oldest || now - oldest->begun < limits::half_open_grace) return false;
  if (ending_.size() >= limits::max_ending) return false;
  const PeerId peer = oldest->peer;
  abandon(oldest->id, now);
  attempt_failed(peer, now);
  attempts_paid_until_ = paid + attempt_price;
  return true;
}

void NodeImpl::on_answer(Room& room, Node::Signalled& in, Time now) {
  Peer& peer = peers_[in.peer];
  if (!peer.attempt) return;
  Link& link = *find(*peer.attempt);
  if (link.role != LinkRole::offerer || link.described || !link.description) return;
  if (!in.offer.empty() && in.offer != link.offer) return;
  if (auto why = objection(room, in.peer, link.partner, in.identity)) {
    if (!peer.links.empty()) return;  // the right answer may follow
    abandon(link.id, now);
    refuse(room, in.peer, std::move(*why), now);
    return;
  }
  link.identity = std::move(in.identity);
  link.described = true;
  link.described_at = now;
  link.limit = now + (link.in_shadow ? shadow_limit : path_limit(link, now));
  outputs_.push_back(Node::ToLink{link.id, std::move(in.signal)});
  give_candidates(link);
}

void NodeImpl::on_candidate(Node::Signalled& in) {
  Peer& peer = peers_[in.peer];
  const auto& candidate = *std::get_if<Candidate>(&in.signal);
  Link* link = peer.attempt ? find(*peer.attempt) : nullptr;
  const bool matches = link && (in.offer.empty() || link->offer == in.offer);
  // After a link is open its own candidates are of no use, and other ones may be an offer's to
  // come.
  if (!matches || !link->described) {
    early_.keep(in.peer, in.offer, candidate);
    return;
  }
  auto& theirs = link->theirs;
  if (theirs.size() >= limits::link_candidates ||
      std::find(theirs.begin(), theirs.end(), candidate) != theirs.end())
    return;
  theirs.push_back(candidate);
  outputs_.push_back(Node::ToLink{link->id, candidate});
}

void NodeImpl::give_candidates(Link& link) {
  auto candidates = early_.take(link.peer, link.offer);
  if (!link.offer.empty()) {
    const auto unnamed = early_.take(link.peer, OfferId{});
    candidates.insert(candidates.end(), unnamed.begin(), unnamed.end());
  }
  for (const Candidate& candidate : candidates) {
    link.theirs.push_back(candidate);
    outputs_.push_back(Node::ToLink{link.id, candidate});
  }
}

void NodeImpl::on(Node::FromLink& in, Time now) {
  Link* link = find(in.link);
  if (!link) return;
  if (link->open()) {
    in_band(*link, in.signal);
    return;
  }
  if (auto* description = std::get_if<Description>(&in.signal)) {
    const auto expected =
        link->role == LinkRole::offerer ? DescriptionType::offer : DescriptionType::answer;
    if (link->description || description->type != expected) return;
    link->description = std::move(*description);
    link->resend.start(now);
    deliver_all(*link, now);
  } else if (const auto* candidate = std::get_if<Candidate>(&in.signal)) {
    if (link->ours.size() >= limits::link_candidates) return;
    link->ours.push_back(*candidate);
    if (link->description)
      outputs_.push_back(Node::Deliver{link->room, link->peer, link->offer, *candidate});
  }
}

// The description, unless it was answered, and every candidate so far: any of them may be lost.
void NodeImpl::deliver_all(Link& link, Time now) {
  if (!link.description) return;
  link.delivered = now;
  if (link.role == LinkRole::answerer || !link.described)
    outputs_.push_back(Node::Deliver{link.room, link.peer, link.offer, *link.description});
  for (const Candidate& candidate : link.ours)
    outputs_.push_back(Node::Deliver{link.room, link.peer, link.offer, candidate});
}

void NodeImpl::advance_attempt(Link& link, Time now) {
  if (link.resend.due(now)) deliver_all(link, now);
  if (now < link.limit) return;
  const PeerId peer = link.peer;
  Room* room = active_room(link.room);
  if (room && link.described)
    join_failed(*room, peer,
                "descriptions were exchanged but no path was found; a TURN server in ice-servers "
                "helps when both sides are behind NAT",
                now);
  if (!link.described && peers_[peer].signalled <= link.begun) peers_[peer].silent = true;
  abandon(link.id, now);
  attempt_failed(peer, now);
}

void NodeImpl::abandon(LinkId id, Time now) {
  ending_[id] = now + limits::ending_memory;
  outputs_.push_back(Node::CloseLink{id, Closing::at_once});
  detach(id);
}

void NodeImpl::attempt_failed(const PeerId& id, Time now) {
  const auto it = peers_.find(id);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  peer.pause = mending(id, now) ? first_pause : std::clamp(peer.pause * 2, first_pause, last_pause);
  peer.try_at = now + peer.pause;
}

}  // namespace genos::core
