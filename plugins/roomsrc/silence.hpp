// SPDX-License-Identifier: LGPL-2.1-or-later
// A track of silence, for pads that somebody reads and nobody sends: a muxer waits for all its
// pads, and would write nothing of what does come.
#pragma once

#include <memory>

#include "genos/track_in.hpp"

namespace genos::element {

class Silence {
 public:
  // As it would have come from others: with the delay of a jitter buffer.
  explicit Silence(GstClockTime delay);

  [[nodiscard]] const std::shared_ptr<TrackIn>& track() const { return track_; }
  // Gives out what is due since it was called last; after a pause that is only the newest.
  void flow();

 private:
  const std::shared_ptr<TrackIn> track_;
  const GstClockTime delay_;
  GstClockTime next_ = 0;
  std::uint32_t packets_ = 0;
};

}  // namespace genos::element
