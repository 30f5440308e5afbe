// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the wire and webrtcbin: rewrites descriptions where webrtcbin and the browsers disagree.
// Each workaround is named here once, with the version that cures it.
//
// * a=setup: 1.22 and 1.26 answer re-offers with a role of their own and copy it into their own
//   re-offers; Chromium then drops the connection. Not cured upstream.
// * direction: 1.22 refuses a changed direction; a page's addTrack re-uses our send-only m-line as
//   sendrecv. webrtcbin is shown the old direction and a synthetic m-line with the page's stream,
//   which is none on the wire. Cured in 1.24 (Platform::direction_changes).
// * codecs: of those two lines the one on the wire has both lists, what is received first; of the
//   answer each sees its own.
// * recycling: a browser puts a new m-line into the place of a rejected one; webrtcbin is shown it
//   behind the others, and the rejected one as inactive for ever.
// * session level: session-wide fingerprint, setup, ICE and direction (Firefox) are copied down.
// * extmap: `/recvonly` suffixes and the mid and rid extensions, half supported, are taken away.
// * attributes: only those that webrtcbin understands reach it: it turns the others into caps
//   fields.
// * msid: 1.22 and 1.26 write only a=ssrc:N msid; browsers want a=msid.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/negotiation/candidate.hpp"
#include "core/negotiation/gate.hpp"
#include "core/negotiation/sdp.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

// What the GStreamer in this process can do, found out at run time by the caller.
struct Platform {
  unsigned major = 1;
  unsigned minor = 22;
  bool direction_changes = false;  // webrtcbin >= 1.24 lets a remote change an m-line's direction
  // 1.22 forgets an offer that was never made local. 1.26 (and HEAD) measures the answer to an
  // offer of theirs against it, and aborts the process when a line has another mid in it.
  bool forgets_offers = true;
  CandidatePolicy candidates;  // embedded candidates are sorted by it, too
};

// One per connection, a value: copy it to be able to go back. Call in() and out() once per
// description, in the order of the negotiation.
class Shim {
 public:
  explicit Shim(Platform platform) : platform_(platform) {}

  // A remote description that passed the gate, as webrtcbin is to see it.
  [[nodiscard]] Result<Description> in(const RemoteDescription& remote);
  // What create-offer or create-answer made, as set-local-description is to see it: webrtcbin and
  // the wire must agree about a=setup, or a later round cannot intersect the roles.
  [[nodiscard]] Result<Description> local(const Description& created) const;
  // The same, as the other side is to see it. `identity`: value of a=genos-identity; empty: no such
  // line. malformed: not what webrtcbin writes; end the link.
  [[nodiscard]] Result<Description> out(const Description& created, std::string_view identity = {});

  // The other side has a track on this wire line, on which only we send: of the receive-only lines
  // that webrtcbin's next offer adds, one of this kind is synthetic, and the wire line is offered
  // with both directions.
  void offer_beside(std::size_t wire) { besides_.push_back(wire); }
  void offer_none_beside() { besides_.clear(); }

  // We send nothing on this wire line any more. The wire hears so with the next description; to
  // webrtcbin it stays as it is: 1.22 knows no way back from inactive.
  void retire(std::size_t wire) { wires_[wire].retired = true; }
  [[nodiscard]] bool is_retired(std::size_t wire) const {
    return wire < wires_.size() && wires_[wire].retired;
  }

  // After in(offer), whose answer rejects a line that is new in it.
  void refuse(std::size_t wire) { wires_[wire].rejected = true; }

  // Whether the m-line in this place is one that was there before.
  [[nodiscard]] bool knows(std::size_t wire, std::string_view mid) const;

  // m-line indices: webrtcbin has more lines than the wire once there are synthetic ones.
  [[nodiscard]] std::optional<std::size_t> to_wire(std::size_t inner) const;
  [[nodiscard]] std::optional<std::size_t> to_inner(std::size_t wire) const;
  // The line on which webrtcbin gets the media that the remote sends on this wire line: the
  // synthetic one where there is one. For SSRCs and pads.
  [[nodiscard]] std::optional<std::size_t> receiving_line(std::size_t wire) const;
  // A local candidate of webrtcbin, as the other side is to see it; none when it stays at home
  // (empty text of 1.26, other lines of the bundle, malformed).
  [[nodiscard]] std::optional<Candidate> out(std::size_t inner, std::string_view candidate) const;

 private:
  struct Slot {            // an m-line of webrtcbin's, for ever
    std::size_t wire = 0;  // index on the wire
    bool synthetic = false;
    std::string mid;
    SdpMedia last;                          // as webrtcbin last saw or wrote it
    Direction shown = Direction::inactive;  // of the remote
    Direction local = Direction::inactive;  // of webrtcbin itself
    std::optional<Direction> agreed;        // as seen from here; webrtcbin 1.22 cannot change it
    bool gone = false;                      // another m-line took its place on the wire
    std::vector<std::string> offered{};     // formats, in webrtcbin's last offer
  };
  struct Wire {                              // an m-line on the wire, for ever
    Direction remote = Direction::inactive;  // what the other side said last
    bool rejected = false;
    bool retired = false;  // we send nothing there any more
  };

  [[nodiscard]] std::optional<Error> plan(const RemoteDescription& remote);
  // For a line that is new, or in the place of another.
  [[nodiscard]] std::optional<Error> make_place(std::size_t wire, const RemoteDescription& remote);
  [[nodiscard]] std::optional<Error> recycle(std::size_t wire, const RemoteDescription& remote);
  [[nodiscard]] std::optional<Error> show(std::size_t wire, const RemoteDescription& remote);
  [[nodiscard]] std::optional<Error> add_synthetic(std::size_t wire,
                                                   const RemoteDescription& remote);
  [[nodiscard]] Direction still_shown(const Slot& slot, Direction wanted) const;
  [[nodiscard]] bool names_synthetic(const RemoteDescription& remote) const;
  [[nodiscard]] bool has_all_lines(const Sdp& created, DescriptionType type) const;
  [[nodiscard]] std::optional<Error> read(const Sdp& created, DescriptionType type);
  void add_own(const SdpMedia& section, Direction direction);  // a line that webrtcbin has added
  void read_role(const Sdp& answer);
  [[nodiscard]] Direction wire_direction(std::size_t wire, DescriptionType type) const;
  void write(SdpMedia& section, const Slot& slot, DescriptionType type) const;
  [[nodiscard]] SdpMedia part_of(const SdpMedia& section, const Slot& slot) const;
  void add_received(const Sdp& created, std::vector<SdpMedia>& lines) const;
  [[nodiscard]] Setup setup_in(DescriptionType type) const;
  [[nodiscard]] std::optional<std::size_t> take_beside(const SdpMedia& section,
                                                       Direction direction);
  [[nodiscard]] Slot* synthetic_of(std::size_t wire);
  [[nodiscard]] bool over(const Slot& slot) const;
  void settle();  // a round is complete

  Platform platform_;
  std::vector<Slot> slots_;           // by webrtcbin's index
  std::vector<Wire> wires_;           // by index on the wire
  std::vector<std::size_t> besides_;  // wire lines that the next offer puts another line beside
  std::optional<Setup> our_role_;
};

}  // namespace genos::core
