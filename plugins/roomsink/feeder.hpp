// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of a rung's line: gives its packets to those who watch, when it is time for them.
#pragma once

#include <gst/base/gstbasesink.h>

#include <functional>
#include <memory>

#include "genos/fan_out.hpp"

namespace genos::element {

G_DECLARE_FINAL_TYPE(GstGenosFeeder, gst_genos_feeder, GST_GENOS, FEEDER, GstBaseSink)

// In the streaming thread: whether a frame that comes can be begun with; that none comes any more.
struct FeederEvents {
  std::function<bool()> begins;
  std::function<void()> ended;
};
GstElement* feeder_new(std::shared_ptr<FanOut> fan, FanOut::Rung rung, FeederEvents events);

}  // namespace genos::element
