// SPDX-License-Identifier: LGPL-2.1-or-later
// What RTCP of a stranger may bring about: rtpsession makes a record of every SSRC that reports,
// and rtpbin a jitterbuffer with two threads for every one that reports as a sender.
#pragma once

#include <cstdint>
#include <functional>
#include <set>

#include "core/base/bytes.hpp"

namespace genos::core {

// Of one connection.
class RtcpGate {
 public:
  enum class Verdict { pass, changed, drop };
  using IsSender = std::function<bool(std::uint32_t ssrc)>;

  // Of a compound packet (RFC 3550 section 6.1; RFC 5506 allows any first one). Who sends nothing
  // reports as a receiver afterwards.
  Verdict check(Bytes& compound, const IsSender& sends);

 private:
  [[nodiscard]] bool admits(std::uint32_t ssrc, bool is_sender);

  std::set<std::uint32_t> others_;  // that report and send nothing
};

}  // namespace genos::core
