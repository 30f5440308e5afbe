// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends repairs under the SSRCs that the other side was told first.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "bridge/signal.hpp"
#include "core/negotiation/repairs.hpp"

namespace genos::link {

// webrtcbin (1.22) draws another SSRC for the retransmissions of a stream with each description
// that it makes, and rtprtxsend takes the one that it has when the stream's first packet passes.
// Chromium 150 goes by the one that it heard first: where a page added a track before our first
// packet, 237 NACKs brought it nothing.
class RepairNumbers : public std::enable_shared_from_this<RepairNumbers> {
 public:
  // Before there is media in `pipeline`.
  [[nodiscard]] Connection watch(GstElement* pipeline);
  // What webrtcbin made, as it is to be applied and told.
  [[nodiscard]] std::string keep(const std::string& created);

 private:
  using Shared = std::shared_ptr<RepairNumbers>;
  static GstPadProbeReturn on_media(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept;
  void number(GstElement* sender, std::uint32_t ssrc);

  std::mutex lock_;
  core::Repairs repairs_;         // guarded by lock_
  std::set<std::uint32_t> sent_;  // of these something was sent; guarded by lock_
};

}  // namespace genos::link
