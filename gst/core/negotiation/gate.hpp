// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate in front of webrtcbin: a remote description passes only if it is of a shape that is
// known to do no harm. What else exists aborts, crashes or stalls webrtcbin 1.22 and 1.26.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/negotiation/remote_media.hpp"
#include "core/negotiation/sdp.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

// A description that passed. Only the gate makes them; the shim takes nothing else.
struct RemoteDescription {
  DescriptionType type = DescriptionType::offer;
  Sdp sdp;
  bool first = true;
  std::string fingerprint;       // "AA:BB:…", upper case, of the certificate's DER
  std::string fingerprint_hash;  // "sha-256", "sha-384" or "sha-512"
  std::string ufrag, password;
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

  // What create-offer made, before anything else: should it come to nothing, webrtcbin still has a
  // transceiver of each of its mids, and takes a line of theirs of the same name for its own. A
  // page's mids are numbers.
  void created(std::string_view our_offer);

  [[nodiscard]] std::optional<Setup> our_role() const { return our_role_; }

 private:
  struct Line {  // an m-line
    std::string mid;
    MediaKind kind;
    bool dead = false;  // rejected once: stays so, or is another with a mid of its own
  };
  enum class State : std::uint8_t { stable, we_offered, they_offered };
  using Problem = std::optional<Error>;

  [[nodiscard]] Problem check_lines(const RemoteDescription& remote) const;
  [[nodiscard]] Problem check_line(std::size_t line, const RemoteMedia& media,
                                   DescriptionType type) const;
  [[nodiscard]] Problem check_added(const RemoteMedia& media) const;
  [[nodiscard]] Problem check_recycled(const RemoteMedia& media) const;
  [[nodiscard]] Problem check_transport(const RemoteDescription& remote) const;
  [[nodiscard]] Problem read_role(RemoteDescription& remote) const;
  [[nodiscard]] bool is_recycled(std::size_t line, const RemoteMedia& media) const;
  void remember(const RemoteDescription& remote);
  [[nodiscard]] bool remember_lines(const Sdp& ours);
  [[nodiscard]] bool remember_role(const Sdp& our_answer);

  State state_ = State::stable;
  std::vector<Line> lines_;
  std::set<std::string, std::less<>> named_;                       // mids that are taken
  bool met_ = false;                                               // a description has passed
  std::string ufrag_, password_, fingerprint_, fingerprint_hash_;  // of the remote
  std::optional<Setup> our_role_;
  Sdp our_offer_;  // while it is open
};

}  // namespace genos::core
