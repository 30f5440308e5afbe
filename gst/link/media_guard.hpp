// SPDX-License-Identifier: LGPL-2.1-or-later
// Probes inside one webrtcbin: nothing reaches it that no accepted description announced, and
// nothing leaves that the other side did not accept.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "bridge/signal.hpp"
#include "core/negotiation/gate.hpp"
#include "core/rtp/rtcp_gate.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {

// Held by probes on any thread and by the link; thread-safe.
class MediaGuard : public std::enable_shared_from_this<MediaGuard> {
 public:
  explicit MediaGuard(std::function<void()> heard) : heard_(std::move(heard)) {}

  // Installs the probes. RTP whose SSRC nobody announced makes webrtcbin dereference NULL when
  // m-line 0 is the data channel (1.22, 1.26 and upstream's head as of 1.28). RTP that comes before
  // any line receives ends the whole bundle with not-linked (1.22): a page sends from the moment at
  // which it made its answer.
  [[nodiscard]] std::vector<Connection> watch(GstElement* pipeline, GstElement* webrtcbin);

  // webrtcbin has applied them. From now on: these SSRCs of the other side; the ones of before
  // stay.
  void announce(const std::vector<core::RemoteMedia>& media);
  // Whose connection this is has been verified: media may come in.
  void verified() { verified_ = true; }
  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  struct Probes;
  static void keep_list(GstElement* rtpbin, GstElement* webrtcbin);
  void add_sources(const core::RemoteMedia& line);  // with the lock held
  void ask_again_for(std::uint32_t ssrc, GstElement* jitterbuffer);
  [[nodiscard]] bool passes(GstBuffer* buffer);      // of anything that the network brings
  [[nodiscard]] bool admits(GstBuffer* buffer);      // of RTP
  [[nodiscard]] bool hears(Ref<GstBuffer>& buffer);  // of RTCP, which it may change
  void hear();

  const std::function<void()> heard_;
  std::atomic<bool> verified_{false};
  std::atomic<gint64> heard_at_{0};
  std::atomic<std::size_t> refused_{0};
  std::mutex lock_;                // guards what follows
  std::set<std::uint32_t> ssrcs_;  // those of repairs_ too
  std::set<std::uint32_t> repairs_, pictures_;
  core::RtcpGate reports_;
};

}  // namespace genos::link
