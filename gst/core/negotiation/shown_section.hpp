// SPDX-License-Identifier: LGPL-2.1-or-later
// A remote m-line as webrtcbin is to see it: complete in itself, and nothing but what webrtcbin
// understands. It turns every attribute and every fmtp parameter into a field of caps.
#pragma once

#include "core/negotiation/candidate.hpp"
#include "core/negotiation/gate.hpp"
#include "core/negotiation/sdp.hpp"

namespace genos::core {

struct ShownAs {
  std::string_view mid;
  Direction direction = Direction::sendrecv;
  Setup setup = Setup::actpass;
};

[[nodiscard]] SdpMedia shown_section(const RemoteDescription& remote, const SdpMedia& section,
                                     const ShownAs& as);
// The candidates of use that the description holds; only the first m-line has a transport.
void add_candidates(SdpMedia& first, const RemoteDescription& remote,
                    const CandidatePolicy& policy);

}  // namespace genos::core
