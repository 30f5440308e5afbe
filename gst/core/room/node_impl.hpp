// SPDX-License-Identifier: LGPL-2.1-or-later
// The inside of Node: rooms with members, peers with connection attempts, links with bindings.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/channel/inbox.hpp"
#include "core/channel/outbox.hpp"
#include "core/channel/requests.hpp"
#include "core/room/bulk_gate.hpp"
#include "core/room/early_candidates.hpp"
#include "core/room/handshake.hpp"
#include "core/room/liveness.hpp"
#include "core/room/node.hpp"
#include "core/room/retry.hpp"
#include "core/room/roster.hpp"
#include "core/wire/frame.hpp"

namespace genos::core {

// So long after a page left it counts as one that comes back.
inline constexpr Duration return_grace = std::chrono::seconds(3);
// We ask after a second of it: whoever offers or connects anew while its link has been silent for
// this long has lost the link.
inline constexpr Duration healthy_silence = std::chrono::milliseconds(2500);

// A peer that the application knows, in one room. Outlives the link that carries it.
struct Member {
  Member(LinkId carrier, Random& random) : link(carrier), requests(random) {}

  struct Question {
    std::optional<TransferId> id;  // none: we asked for ourselves
    Time asked;
    std::optional<std::uint64_t> mark{};  // for the gate of the link
  };

  std::optional<LinkId> link;  // none: broken, and a replacement is being made
  std::string session;         // which incarnation of it this is; empty for a page
  std::optional<std::string> identity;
  Outbox outbox;
  std::set<TransferId> transfers;  // the application's that wait in the outbox
  Requests requests;
  std::deque<Question> pings;  // answered in the order asked
  bool full = false;           // the application was told so
};

// A page whose link broke: until it lets go of its side, as much as half a minute later, it hears
// neither an offer nor that we are here, and it announces itself once a minute only.
struct Missed {
  Time until{};
  Time next{};  // told again that we are here
};

struct Room {
  explicit Room(Node::RoomOptions room_options) : options(std::move(room_options)) {}

  Node::RoomOptions options;
  // Of ours: tells a rejoin from a moved link. Another one for each peer, so that none can show to
  // a third what only two know, and pass for the other.
  std::map<PeerId, std::string> sessions;
  RoomRoster roster;
  std::set<PeerId> wanted;
  std::map<PeerId, Member> members;
  NonceBook nonces;
  std::map<PeerId, Missed> missed;
  Time settled_at = never;  // since then we are one of those who were here before
  Time leave_at = never;    // leaving: what is queued is cut off then
  std::string leave_reason;
  [[nodiscard]] bool leaving() const { return leave_at != never; }
};

// One room on one link.
struct Binding {
  Handshake handshake;
  Inbox inbox;
  std::string session;  // of theirs
  std::string name;     // of theirs
  bool active = false;
  bool greeted = false;  // our hello is sent; nothing else goes before it
  Time greet_until = never;
  Time contested_until = never;  // it says to be somebody who may still be here on another link
};

struct Link {
  LinkId id;
  PeerId peer;
  RoomToken room;  // whose session carries its signalling
  OfferId offer;
  LinkRole role = LinkRole::offerer;
  Partner partner = Partner::page;
  std::optional<Advertisement> genos;
  std::optional<std::string> identity;

  // While it is being made:
  Time begun{};
  Time limit = never;
  bool in_shadow = false;  // of the page's goodbye: see goodbye_shadow
  bool described = false;  // the other side's description was applied
  Time described_at{};
  std::optional<Description> description;  // ours
  std::vector<Candidate> ours;
  std::vector<Candidate> theirs;
  Time delivered = Time::min();
  Retry resend{std::chrono::milliseconds(1600), std::chrono::seconds(15)};

  // Once it is open:
  std::optional<Liveness> liveness;
  std::optional<Liveness> words;  // of a page, of what it says itself: see word_interval
  Time judge_at = never;          // it says nothing: is it lost?
  std::size_t unheard = 0;        // bytes that it was sent since its last word
  Time answered = Time::min();    // a ping of ours
  std::map<RoomToken, Binding> bindings;
  // Frames for rooms that we are not in, or that the other side may not be in.
  std::map<RoomToken, std::vector<Bytes>> early;
  std::size_t early_bytes = 0;
  std::set<RoomToken> present;     // rooms that it says to be in
  std::map<RoomToken, bool> said;  // what we said of ours: whether we would meet it there
  std::int64_t made_there = 0;     // which one of its links it is, as it says
  std::size_t outstanding = 0;     // bytes that it holds of what it was given
  BulkGate bulk;                   // for large messages
  Time pump_at = never;            // it lets one of them go
  RoomToken turn;                  // the room that wrote last
  Time close_at = never;           // nobody uses it, or the topology does not want it
  bool was_cut = false;            // its path was gone since its last word
  bool met = false;                // it has said which one of its links it is
  bool unwanted = false;
  bool retired = false;  // another one took its place; what is on its way is still read
  [[nodiscard]] bool open() const { return liveness.has_value(); }
  // Of two links between the same peers both ends must keep the same one, whatever order they see
  // them in. Each counts its own links; the larger of the two counts is the same for both ends.
  [[nodiscard]] bool outranks(const Link& other) const {
    const auto count = [](const Link& link) {
      return std::max(static_cast<std::int64_t>(link.id.value), link.made_there);
    };
    return std::pair(count(*this), offer) > std::pair(count(other), other.offer);
  }
};

// A room that we left: its goodbyes are on their way.
struct Departure {
  std::set<LinkId> links;
  Time until;
};

// What is done to reach a peer, whatever the room.
struct Peer {
  std::optional<LinkId> attempt;  // being made
  std::vector<LinkId> links;      // open, the newest last
  std::deque<OfferId> answered;   // the last few of its offers
  Time signalled = Time::min();   // when signalling last said something of it
  Retry wake{std::chrono::milliseconds(1600), std::chrono::seconds(30)};
  Time woken = Time::min();
  bool newcomer = false;              // first heard when we had been here for a while
  bool silent = false;                // since an offer that nobody answered: it may be gone
  Time try_at = never;                // an attempt failed, or a slot was not free
  Duration pause{};                   // before the next attempt
  unsigned short_lives = 0;           // of its last links, one after the other
  Time declined_until = Time::min();  // it said that it does not want the link
  Time replace_until = never;         // no working link; members are kept so long
  Time offer_at = never;              // the leader did not replace the link: we do
};

struct Transfer {
  std::set<PeerId> pending;
  std::vector<PeerId> failed;
};

class NodeImpl {
 public:
  explicit NodeImpl(Node::Options options);

  void handle(Node::Input input, Time now);
  void advance(Time now);
  std::optional<Node::Output> poll();
  [[nodiscard]] Time deadline() const;

 private:
  // node.cpp: the application's side of rooms
  void on(Node::Join& in, Time now);
  void on(Node::Leave& in, Time now);
  void on(Node::Forget& in, Time now);
  void on(Node::HandshakeSend& in, Time now);
  void on(Node::HandshakeResult& in, Time now);
  void settle(Time now);
  [[nodiscard]] Time room_deadline(const Room& room) const;
  [[nodiscard]] Time link_deadline(const Link& link) const;
  void finish_leaving(Time now);
  void say_goodbye(const RoomToken& token, Time now);
  void departed(const RoomToken& token);
  void forget_closed(LinkId id);
  Room* active_room(const RoomToken& token);
  Member* member_of(const RoomToken& token, const PeerId& peer);

  // node_roster.cpp: who is there and which links that means
  void on(Node::Heard& in, Time now);
  void on(Node::Undecryptable& in, Time now);
  void on(Node::Gone& in, Time now);
  bool hear(Room& room, const PeerId& peer, const std::optional<Advertisement>& genos, Time now);
  void expire(Room& room, Time now);
  void miss(Room& room, const PeerId& page, Time now);
  void seek_missed(Room& room, Time now);
  void evaluate(Time now);
  void review(Link& link, Time now);
  void reconcile(Link& link, Time now);
  void forget_unused_peers();
  void wake(Room& room, const PeerId& id, Peer& peer, Time now);
  void seek(const PeerId& id, Peer& peer, Time now);
  void advance_peer(const PeerId& id, Time now);
  void wake(const PeerId& id, Peer& peer, bool is_linked);
  void drop_unused_peer(const PeerId& id);
  [[nodiscard]] bool known(const PeerId& id) const;
  [[nodiscard]] bool leads(const PeerId& id) const { return options_.self < id; }
  Room* room_that_wants(const PeerId& id);
  void join_failed(Room& room, const PeerId& peer, std::string why, Time now);
  void refuse(Room& room, const PeerId& peer, std::string why, Time now);
  [[nodiscard]] std::optional<std::string> objection(
      const Room& room, const PeerId& peer, Partner partner,
      const std::optional<std::string>& identity) const;

  // node_signalling.cpp: making links
  void on(Node::Signalled& in, Time now);
  void on(Node::FromLink& in, Time now);
  void on_offer(Room& room, Node::Signalled& in, Time now);
  void on_answer(Room& room, Node::Signalled& in, Time now);
  void on_candidate(Node::Signalled& in);
  [[nodiscard]] bool attempt_goes_on(const Node::Signalled& in, Time now);
  [[nodiscard]] bool yields_to(Link& attempt, const OfferId& offer, Time now);
  [[nodiscard]] bool replaces_open(Peer& peer, const Node::Signalled& in, Time now);
  void answer(Room& room, Node::Signalled& in, Time now);
  [[nodiscard]] Duration path_limit(const Link& link, Time now) const;
  void open_offerer(const PeerId& id, Peer& peer, Room& room, Time now);
  Link& add_link(Link link, Time now);
  bool take_slot(Time now);
  void give_candidates(Link& link);
  void deliver_all(Link& link, Time now);
  void advance_attempt(Link& link, Time now);
  void abandon(LinkId id, Time now);
  void attempt_failed(const PeerId& id, Time now);

  // node_links.cpp: open links
  void on(Node::LinkOpened& in, Time now);
  void on(Node::LinkClosed& in, Time now);
  void on(Node::LinkHeard& in, Time now);
  void on(Node::LinkNegotiated& in, Time now);
  void heard_on(Link& link, Time now);
  void hear_words(Link& link, Time now);
  void advance_words(Link& link, Time now);
  bool ask_everywhere(Link& link, Time now);  // false: it is in no room
  void judge_mute(Link& link, Time now);
  void advance_link(LinkId id, Time now);
  void advance_bindings(Link& link, Time now);
  void advance_liveness(Link& link, Time now);
  void ask_in_any_room(Link& link, Time now);
  void silent(Link& link, Time now);
  void replace(const PeerId& id, Peer& peer, Time now);
  void give_up(const PeerId& id, Time now);
  void lose(Link& link, const std::string& why, Time now);
  void count_life(const Link& link, Time now);
  void go_on_without_link(Peer& peer, const PeerId& peer_id, bool homeless, Time now);
  void replace_soon(Peer& peer, const PeerId& peer_id, Time now);
  [[nodiscard]] bool housed(const PeerId& id);
  [[nodiscard]] bool bound(const PeerId& id, const RoomToken& token);
  void detach(LinkId id);
  void close(LinkId id, Closing closing, Time now);
  void close_unwanted(Link& link, Time now);
  void remove_member(Room& room, const PeerId& peer, LeaveReason reason, std::string detail);
  Link* find(LinkId id);
  Link* newest(const Peer& peer);

  // node_bindings.cpp: rooms on links
  void bind(Link& link, Room& room, Time now);
  void unbind(Link& link, const RoomToken& token, Time now);
  void left_by_peer(Link& link, Room& room, std::string why, Time now);
  void remember_parting(const PeerId& page, Time now);
  [[nodiscard]] Time parted_at(const PeerId& page, Time now) const;  // never: not lately
  void remember_loss(const PeerId& peer, Time now);
  // One of ours with which a link worked a moment ago: its path comes back or another one is found.
  [[nodiscard]] bool mending(const PeerId& peer, Time now) const;
  void declined_by_peer(Link& link, Room& room, Time now);
  void tell_presence(Link& link, const RoomToken& token, bool present);
  Link* handshaking(const RoomToken& token, const PeerId& peer);
  void drain_handshake(Link& link, Room& room, Time now);
  void greet(Link& link, Room& room, Time now);
  void activate(Link& link, Room& room, Time now);
  [[nodiscard]] static bool continues(const Member& member, const Link& link,
                                      const Binding& binding);
  bool contested(Link& link, Room& room, Binding& binding, Time now);
  void settle_contest(Link& link, const RoomToken& token, Time now);
  void admit(Link& link, Room& room, Binding& binding);
  void handshake_failed(Link& link, Room& room, const std::string& why, Time now);
  void retire_unused(const Link& kept, Time now);

  // node_frames.cpp: what comes in
  void on(Node::LinkReceived& in, Time now);
  void on_presence(Link& link, const PresenceFrame& frame, Time now);
  void on_room_frame(Link& link, const RoomFrame& frame, const Bytes& whole, Time now);
  void keep_early(Link& link, const RoomToken& room, const Bytes& whole);
  std::vector<Bytes> take_early(Link& link, const RoomToken& room);
  void drop_early(Link& link, const RoomToken& room);
  void drain_inbox(Link& link, Room& room, Inbox& inbox, Time now);
  void on_early_frame(Link& link, Room& room, std::string_view action, const Bytes& whole,
                      Time now);
  void on_message(Link& link, Room& room, Message message, Time now);
  static void on_hello(Link& link, Binding& binding, const Message& message);
  bool on_handshake_action(Link& link, Room& room, Message& message, Time now);
  bool on_control_action(Link& link, Room& room, Message& message, Time now);
  void on_pong(Link& link, Room& room, Time now);
  void drain_requests(Room& room, const PeerId& peer);

  // node_send.cpp: what goes out
  void on(Node::Send& in, Time now);
  void on(Node::Cancel& in, Time now);
  void on(Node::Ping& in, Time now);
  void on(Node::Request& in, Time now);
  void on(Node::Respond& in, Time now);
  void on(Node::Accept& in, Time now);
  void on(Node::LinkDrained& in, Time now);
  void send_fresh(Room& room, Node::Send& in);
  bool enqueue(Room& room, const PeerId& peer, TransferId id, const Message& message,
               std::uint16_t nonce, Time now);
  bool make_queue_room(Room& room, const PeerId& peer, Member& member, std::size_t size, Time now);
  void write(Link& link, Bytes bytes);
  void control(Link& link, Room& room, std::string_view action, Message message);
  void control(Link& link, Room& room, std::string_view action, std::string_view text = {});
  void in_band(Link& link, const Signal& signal);
  void pump(Link& link, Time now);
  bool pump(Link& link, Room& room, Member& member, Time now);
  Member* carried(const Link& link, const RoomToken& token, const Binding& binding);
  void pump_all(Time now);
  void mark_bulk(Link& link, Room& room, Member& member, Time now);
  void drain_outbox(Room& room, const PeerId& peer, Member& member);
  void settle_transfer(TransferId id, const PeerId& peer, bool failed);
  void fail_transfers(const RoomToken& room, const PeerId& peer, Member& member);
  void drop_pings(const PeerId& peer, Member& member);
  void ask(Link& link, Room& room, Member& member, std::optional<TransferId> id, Time now);
  void answer_request(Room& room, Member& member, const Message& message);
  void advance_member(Room& room, const PeerId& peer, Time now);

  Node::Options options_;
  std::map<RoomToken, Room> rooms_;
  std::map<PeerId, Peer> peers_;
  std::map<LinkId, Link> links_;
  std::map<TransferId, Transfer> transfers_;
  std::map<RoomToken, Departure> departures_;
  std::set<LinkId> dirty_;  // links that may have something to write
  EarlyCandidates early_;
  std::map<PeerId, Time> parted_;  // pages that left a moment ago
  std::map<PeerId, Time> lost_;    // ours whose links broke lately
  Time attempts_paid_until_{};
  std::map<LinkId, Time> ending_;  // attempts given up that still hold threads; until when
  std::uint64_t next_link_ = 0;
  bool changed_ = false;  // the topology is to be asked again
  std::deque<Node::Output> outputs_;
};

}  // namespace genos::core
