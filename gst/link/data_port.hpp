// SPDX-License-Identifier: LGPL-2.1-or-later
// A data channel of a link, with the traps of GStreamer's channels closed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {

// What a channel reports, from whichever thread: handlers do nothing but post.
struct DataEvents {
  std::function<void()> open;
  std::function<void(std::string why)> closed;
  std::function<void(core::Bytes)> message;  // empty ones too
  std::function<void()> drained;             // little or nothing of what was sent is left
};

class DataPort {
 public:
  // Called where the channel is made known, before a message can have come.
  DataPort(Ref<GstWebRTCDataChannel> channel, DataEvents events);

  // 1 to 65,536 bytes: webrtcbin 1.22 to 1.26 loses larger messages or delivers them in pieces, and
  // an empty one breaks the other side's SCTP. Never blocks.
  core::Result<std::size_t> send(core::Bytes bytes);
  [[nodiscard]] bool is_open() const;
  // Bytes that the channel still holds; what usrsctp has taken is not counted.
  [[nodiscard]] std::size_t buffered() const;
  [[nodiscard]] const Ref<GstWebRTCDataChannel>& channel() const { return channel_; }

 private:
  Ref<GstWebRTCDataChannel> channel_;
  std::vector<Connection> connections_;
};

}  // namespace genos::link
