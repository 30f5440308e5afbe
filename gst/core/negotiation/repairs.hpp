// SPDX-License-Identifier: LGPL-2.1-or-later
// Which SSRC of ours repairs which: what the other side was told first holds for the whole link.
#pragma once

#include <cstdint>
#include <map>

#include "core/negotiation/sdp.hpp"

namespace genos::core {

class Repairs {
 public:
  // A description that webrtcbin made. What was told before is put back into it, what is new in it
  // is noted.
  void keep(Sdp& created);
  // By the SSRC that is repaired.
  [[nodiscard]] const std::map<std::uint32_t, std::uint32_t>& told() const { return told_; }

 private:
  void keep(SdpMedia& section);

  std::map<std::uint32_t, std::uint32_t> told_;
};

}  // namespace genos::core
