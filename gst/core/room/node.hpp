// SPDX-License-Identifier: LGPL-2.1-or-later
// One peer of ours in any number of rooms: keeps one link to each peer that the topology wants, and
// tells who is in which room and what they say. Knows no relay, no socket and no webrtcbin.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/topology/topology.hpp"
#include "core/wire/message.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

enum class Closing : std::uint8_t {
  at_once,
  after_flush
};  // after_flush: what was written is sent first
enum class LeaveReason : std::uint8_t {
  said_goodbye,  // it left the room
  lost,          // nothing heard of it for too long, or its link broke and could not be replaced
  refused,       // policy: not trusted, not strict, wrong password
  unwanted,      // the topology no longer wants the link
  local          // we left
};
enum class Overflow : std::uint8_t { wait, drop_oldest, drop_peer };  // when a peer's queue is full

class NodeImpl;

class Node {
 public:
  struct Options {
    PeerId self;
    Random* random = nullptr;                          // outlives the node
    std::unique_ptr<Topology> topology;                // FullMesh when empty
    Duration ping_interval = std::chrono::seconds(1);  // of silence, before we ask
    Duration silence_limit = std::chrono::seconds(9);  // of silence, before a peer is lost
    Duration link_limit =
        std::chrono::milliseconds(23333);  // to open, once the answer came or was sent
    Duration offer_limit = std::chrono::milliseconds(57333);  // to be answered
    Duration handshake_limit = std::chrono::seconds(10);
    std::size_t send_high = 256UL * 1024;  // bytes handed to a link before we wait for it to drain
    std::size_t queue_limit = 64UL * 1024 * 1024;  // bytes waiting for one peer
    Overflow overflow = Overflow::wait;
  };

  struct RoomOptions {
    RoomToken token;
    Advertisement ours;  // what we do in this room
    std::string name;    // to show for us; told to ours only
    bool strict = false;
    std::set<std::string> trusted;  // keys (base64url) or peer ids; empty: everybody
    bool application_handshake = false;
    bool passive = false;  // other passive peers are none of our business
    // Proof of the password for a challenge; empty when the room has none (crypto is not ours).
    std::function<std::string(std::string_view challenge)> prove;
  };

  // --- what happens -------------------------------------------------------------------------
  // The application:
  struct Join {
    RoomOptions room;
  };
  struct Leave {
    RoomToken room;
    std::string reason;
  };
  struct Send {
    TransferId id;
    RoomToken room;
    std::vector<PeerId> to;  // empty: everybody in the room
    Message message;
  };
  struct Cancel {
    TransferId id;
  };
  struct Ping {
    RoomToken room;
    PeerId peer;
    TransferId id;
  };
  // Transfer ids are the application's; 0 is none.
  struct Request {
    TransferId id;
    RoomToken room;
    PeerId to;
    Message message;
    Duration limit;
  };
  struct Respond {
    RoomToken room;
    PeerId to;
    std::string request;
    Message message;
    std::optional<std::string> error;
  };
  // Somebody works on that request; without it or a Respond within 500 ms the asker hears that
  // nobody answers here.
  struct Accept {
    RoomToken room;
    PeerId to;
    std::string request;
  };
  struct HandshakeSend {
    RoomToken room;
    PeerId peer;
    Message message;
  };
  struct HandshakeResult {
    RoomToken room;
    PeerId peer;
    std::optional<std::string> failure;
  };
  struct Forget {
    RoomToken room;
    PeerId peer;
    std::string reason;
  };  // drop this peer
  // The session (signalling) of a room:
  struct Heard {
    RoomToken room;
    PeerId peer;
    std::optional<Advertisement> genos;
    bool passive = false;
  };
  struct Signalled {
    RoomToken room;
    PeerId peer;
    OfferId offer;  // empty when the sender named none
    Signal signal;
    std::optional<Advertisement> genos;
    std::optional<std::string> identity;  // key whose signature over this description was verified
  };
  struct Undecryptable {
    RoomToken room;
    PeerId peer;
  };
  struct Gone {
    RoomToken room;
    PeerId peer;
  };  // the session knows that it left
  // The links:
  struct FromLink {
    LinkId link;
    Signal signal;
  };  // to be carried to the other side
  struct LinkOpened {
    LinkId link;
  };  // channel open and fingerprint verified
  struct LinkClosed {
    LinkId link;
    std::string reason;
  };  // it has ended by itself; never used again
  struct LinkReceived {
    LinkId link;
    Bytes bytes;
  };  // one message of the data channel
  struct LinkHeard {
    LinkId link;
  };  // any packet; at most ten times a second
  struct LinkDrained {
    LinkId link;
    std::size_t buffered;
  };  // bytes the link still holds of what it was given
  struct LinkNegotiated {
    LinkId link;
  };  // an offer/answer round after the first is done

  using Input =
      std::variant<Join, Leave, Send, Cancel, Ping, Request, Respond, Accept, HandshakeSend,
                   HandshakeResult, Forget, Heard, Signalled, Undecryptable, Gone, FromLink,
                   LinkOpened, LinkClosed, LinkReceived, LinkHeard, LinkDrained, LinkNegotiated>;

  // --- what to do about it --------------------------------------------------------------------
  // For the session:
  struct Wake {
    RoomToken room;
    PeerId peer;
  };  // it leads: let it know that we are here
  struct Deliver {
    RoomToken room;
    PeerId peer;
    OfferId offer;
    Signal signal;
  };
  struct Linked {
    RoomToken room;
    PeerId peer;
  };  // no need to look for it any more
  struct Unlinked {
    RoomToken room;
    PeerId peer;
    bool lost = false;
  };  // lost: look for it again
  // For the links:
  struct OpenLink {
    LinkId link;
    PeerId peer;
    LinkRole role;
    Partner partner;
  };
  struct ToLink {
    LinkId link;
    Signal signal;
  };
  struct Write {
    LinkId link;
    Bytes bytes;
    bool fresh = false;  // may be lost or late, and must not wait
  };
  struct CloseLink {
    LinkId link;
    Closing closing;
  };
  // For the application:
  struct PeerSeen {
    RoomToken room;
    PeerId peer;
  };  // announced, not yet linked
  struct PeerJoined {
    RoomToken room;
    PeerId peer;
    LinkId link;
    Partner partner;
    std::optional<Advertisement> genos;
    std::optional<std::string> identity;
    std::string name;  // what it calls itself; proves nothing
  };
  struct PeerLeft {
    RoomToken room;
    PeerId peer;
    LeaveReason reason;
    std::string detail;
  };
  struct PeerMoved {
    RoomToken room;
    PeerId peer;
    LinkId link;
  };  // same peer, link replaced
  struct JoinFailed {
    RoomToken room;
    PeerId peer;
    std::string why;
  };  // a peer that could not be let in
  struct Received {
    RoomToken room;
    PeerId peer;
    Message message;
    std::string request;
  };  // request: non-empty id when an answer is expected
  struct Progress {
    RoomToken room;
    PeerId peer;
    std::string channel;
    std::optional<std::string> meta;
    double fraction;
    std::size_t bytes;
  };
  struct SendProgress {
    TransferId id;
    PeerId peer;
    double fraction;
  };
  struct Sent {
    TransferId id;
    std::vector<PeerId> failed;
  };  // all of it has left our queue
  struct QueueFull {
    RoomToken room;
    PeerId peer;
  };
  struct QueueReady {
    RoomToken room;
    PeerId peer;
  };
  struct Pong {
    TransferId id;
    PeerId peer;
    std::optional<Duration> round_trip;
  };  // none: timed out
  struct Answered {
    TransferId id;
    PeerId peer;
    std::optional<Message> message;
    std::string error;
    Errc code = Errc::refused;  // unknown_peer, timed_out, or refused by whoever was asked
  };
  struct HandshakeBegun {
    RoomToken room;
    PeerId peer;
    bool initiator;
  };
  struct HandshakeReceived {
    RoomToken room;
    PeerId peer;
    Message message;
  };
  struct RoomLeft {
    RoomToken room;
  };  // goodbyes are sent, links are closed

  using Output = std::variant<Wake, Deliver, Linked, Unlinked, OpenLink, ToLink, Write, CloseLink,
                              PeerSeen, PeerJoined, PeerLeft, PeerMoved, JoinFailed, Received,
                              Progress, SendProgress, Sent, QueueFull, QueueReady, Pong, Answered,
                              HandshakeBegun, HandshakeReceived, RoomLeft>;

  explicit Node(Options options);
  Node(Node&&) noexcept;
  ~Node();

  void handle(Input input, Time now);          // something happened
  void advance(Time now);                      // time has passed
  [[nodiscard]] std::optional<Output> poll();  // what to do about it; call until empty
  [[nodiscard]] Time deadline() const;         // call advance() no later than this

 private:
  std::unique_ptr<NodeImpl> impl_;
};

}  // namespace genos::core
