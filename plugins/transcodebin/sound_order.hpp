// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound whose times only grow. At the seams of a file that was put together of several, the next
// begins before the last one has ended, by what an encoder had filled up its last packet with.
#pragma once

#include <gst/gst.h>

#include <optional>

#include "bridge/ref.hpp"
#include "core/base/time.hpp"

namespace genos::element {

class SoundOrder {
 public:
  // Of 16 bits and 48 kHz. What is left of it behind that which was given before; none: nothing.
  Ref<GstBuffer> cut(Ref<GstBuffer> sound, core::Duration running_time, int channels);
  void reset() { end_.reset(); }

 private:
  std::optional<core::Duration> end_;  // of what was given
};

}  // namespace genos::element
