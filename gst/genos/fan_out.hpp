// SPDX-License-Identifier: LGPL-2.1-or-later
// One track of ours on its way to everybody who watches it: packets are made once, and one thread
// pushes them to all. What costs is wake-ups and bursts, so there is no queue for each viewer.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/ids.hpp"
#include "core/rtp/keyframe_wish.hpp"
#include "genos/visibility.hpp"

namespace genos {

// Thread-safe, but push() belongs to one thread at a time.
class GENOS_PRIVATE FanOut : public std::enable_shared_from_this<FanOut> {
 public:
  enum class Kind { sound, picture };
  // `other`: the caps in which another FanOut can serve the same line, or null.
  FanOut(Kind kind, GstCaps* caps, GstCaps* other = nullptr);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;
  ~FanOut();

  [[nodiscard]] GstCaps* caps() const { return caps_.get(); }
  [[nodiscard]] GstCaps* other() const { return other_.get(); }

  // A frame's packets, whose times are those of the system clock and have come. `begins`: whoever
  // has nothing can begin with it. True: the encoder is to be asked for a keyframe.
  [[nodiscard]] bool push(GstBufferList* frame, bool begins);

  // The pad of a link that has accepted this track; its pipeline's base time. A picture begins with
  // a keyframe.
  [[nodiscard]] bool add(core::LinkId link, GstPad* to, GstClockTime base_time);
  bool remove(core::LinkId link);  // false: it was not here

 private:
  struct Viewer;
  static gboolean on_event(GstPad* pad, GstObject* parent, GstEvent* event) noexcept;
  void lost();

  const Kind kind_;
  const Ref<GstCaps> caps_, other_;
  std::mutex lock_;  // guards what follows
  std::vector<std::shared_ptr<Viewer>> viewers_;
  core::KeyframeWish wish_;
};

}  // namespace genos
