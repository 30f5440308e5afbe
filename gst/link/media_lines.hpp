// SPDX-License-Identifier: LGPL-2.1-or-later
// The media of one link: pads that we send on, and what becomes of those of the other side.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/base/result.hpp"
#include "core/negotiation/candidate.hpp"
#include "core/negotiation/gate.hpp"
#include "core/negotiation/shim.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {

// Held by webrtcbin's handlers and by the link. add() and settle() belong to the context's thread.
class MediaLines : public std::enable_shared_from_this<MediaLines> {
 public:
  // `pad_added` runs on a streaming thread. A pad that it leaves unlinked is drained: an unlinked
  // one stops the whole bundle, the data channel included.
  explicit MediaLines(std::function<void(GstPad*)> pad_added) : pad_added_(std::move(pad_added)) {}

  [[nodiscard]] std::vector<Connection> watch(GstElement* pipeline, GstElement* webrtcbin);

  // A send-only line of its own: webrtcbin cannot turn one that exists round, and inactive is for
  // ever.
  core::Result<Ref<GstPad>> add(GstElement* webrtcbin, GstCaps* caps, const std::string& stream_id);
  // An offer of the other side is about to be applied.
  void expect(const core::RemoteDescription& offer, const core::Shim& shim);
  // A description of the other side was applied: which of our lines does it take?
  void settle(const core::RemoteDescription& remote, const core::Shim& shim);

 private:
  struct Sending {
    Ref<GstWebRTCRTPTransceiver> transceiver;
    std::shared_ptr<std::atomic<bool>> accepted;
  };
  void on_transceiver(GstWebRTCRTPTransceiver* transceiver);
  void on_pad(GstElement* pipeline, GstPad* pad);

  const std::function<void(GstPad*)> pad_added_;
  std::vector<Sending> sending_;
  std::mutex lock_;                         // guards offered_
  std::vector<core::RemoteMedia> offered_;  // by webrtcbin's m-line
};

}  // namespace genos::link
