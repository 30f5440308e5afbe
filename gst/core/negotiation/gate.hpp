// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate in front of webrtcbin: a remote description passes only if it is of a shape that is
// known to do no harm. What else exists aborts, crashes or stalls webrtcbin 1.22 and 1.26.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/negotiation/candidate.hpp"
#include "core/negotiation/sdp.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

struct RemoteCodec {
  std::uint8_t payload = 0;
  std::string name;  // as written: webrtcbin's caps want upper case, pages differ
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string parameters;               // fmtp, empty when there is none
  std::optional<std::uint8_t> repairs;  // RTX: the payload type that it retransmits (apt)
  bool operator==(const RemoteCodec&) const = default;
  [[nodiscard]] bool is(std::string_view codec) const { return same_word(name, codec); }
};

struct RemoteMedia {
  std::string mid;
  MediaKind kind = MediaKind::application;
  bool rejected = false;
  Direction direction = Direction::sendrecv;  // as the remote says it
  // What the remote may send with; empty unless it sends. The SSRC guard lets nothing else in.
  std::vector<std::uint32_t> ssrcs;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> retransmissions;  // FID: main, rtx
  std::vector<std::string> streams;  // ids of the MediaStreams, braces of Firefox included
  std::string track;
  std::vector<RemoteCodec> codecs;  // in the order of preference
  std::uint8_t twcc_extension = 0;  // 0: not offered. Copy it into the codec-preferences
  std::uint8_t mid_extension = 0;   // 0: none
  bool operator==(const RemoteMedia&) const = default;
};

// A description that passed. Only the gate makes them; the shim takes nothing else.
struct RemoteDescription {
  DescriptionType type = DescriptionType::offer;
  Sdp sdp;
  bool first = true;
  std::string fingerprint;       // of SHA-256: "AA:BB:…", upper case
  std::string fingerprint_hash;  // "sha-256", "sha-384", "sha-512"
  std::string ufrag;
  std::optional<Setup> role;  // of the remote, once it is established: active or passive
  std::vector<RemoteMedia> media;
  std::vector<std::string> candidates;     // embedded ones, not yet sorted
  std::uint64_t max_message_size = 65536;  // RFC 8841; 0: any
  std::string identity;                    // value of a=genos-identity, empty when there is none
};

// One per connection. Both sides' descriptions pass through it in the form that they have on the
// wire, in the order of the negotiation: it remembers what has been agreed.
class Gate {
 public:
  // wrong_state: an answer nobody asked for, or an offer while ours is open: ignore it.
  // Any other error: the remote is broken or hostile; end the link.
  [[nodiscard]] Result<RemoteDescription> check(const Description& theirs);
  // Ours, as it is sent (after the shim). False when it cannot be understood: end the link.
  [[nodiscard]] bool sent(const Description& ours);

  [[nodiscard]] std::optional<Setup> our_role() const { return our_role_; }

 private:
  struct Line {  // an m-line for ever
    std::string mid;
    MediaKind kind;
    bool operator==(const Line&) const = default;
  };
  enum class State : std::uint8_t { stable, we_offered, they_offered };

  [[nodiscard]] std::optional<Error> check_lines(const Sdp& sdp, DescriptionType type) const;
  [[nodiscard]] std::optional<Error> check_transport(RemoteDescription& remote) const;
  [[nodiscard]] std::optional<Error> check_role(RemoteDescription& remote) const;
  [[nodiscard]] std::optional<Error> check_answer(const RemoteDescription& remote) const;
  void remember(const RemoteDescription& remote);

  State state_ = State::stable;
  std::vector<Line> lines_;
  std::string ufrag_, password_, fingerprint_, fingerprint_hash_;  // of the remote
  std::optional<Setup> our_role_;
  Sdp our_offer_;  // while it is open
};

}  // namespace genos::core
