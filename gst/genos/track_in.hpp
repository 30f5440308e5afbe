// SPDX-License-Identifier: LGPL-2.1-or-later
// A track of another peer, as long as that peer says that it sends it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bridge/ref.hpp"
#include "core/base/ids.hpp"
#include "core/base/time.hpp"
#include "genos/visibility.hpp"

namespace genos {

// Thread-safe.
class GENOS_PRIVATE TrackIn : public std::enable_shared_from_this<TrackIn> {
 public:
  struct About {
    std::string peer, identity, name;  // who sends it, and what it calls itself
    std::string stream, track;         // ids; tracks of a stream belong together
    std::string meta;                  // of the stream: JSON, or empty
    bool is_sound = false;
    Ref<GstCaps> caps;  // application/x-rtp
    GstClockTime base_time = 0;
  };
  // On a streaming thread of the link, which must not wait: a packet whose time is that of the
  // system clock.
  using Take = std::function<void(GstBuffer*)>;

  explicit TrackIn(About about) : about_(std::move(about)) {}

  [[nodiscard]] const About& about() const { return about_; }
  // The packets, from now on until forget(); one may still be on its way then.
  unsigned listen(Take take);
  void forget(unsigned listener);
  // The sender is asked for one, if it is time.
  void want_keyframe();

  // Of what was listened to.
  struct Figures {
    guint64 packets = 0, bytes = 0, lost = 0;
  };
  [[nodiscard]] Figures figures() const;

  // Where the packets come from, once they come.
  void flow_from(GstPad* pad);
  void deliver(GstBuffer* packet);

 private:
  static GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept;
  void count(GstBuffer* packet);  // with the lock

  const About about_;
  mutable std::mutex lock_;  // guards what follows
  Figures figures_;
  std::optional<std::uint16_t> sequence_;  // of the last packet
  std::map<unsigned, std::shared_ptr<const Take>> listeners_;
  unsigned last_ = 0;
  Ref<GstPad> pad_;
  bool wanted_ = false;
  core::Time asked_{-std::chrono::hours(1)};
};

}  // namespace genos
