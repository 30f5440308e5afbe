// SPDX-License-Identifier: LGPL-2.1-or-later
// The pad through which an application feeds one media line of a link.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "bridge/ref.hpp"

namespace genos::link {

// A ghost pad without a target yet. Its caps are `caps`, whatever stands behind it: webrtcbin's pad
// takes others for a while when an offer is withdrawn, and a payloader that asked it then, or whose
// own caps reached it, stopped with not-negotiated. What is pushed is dropped until `accepted`.
Ref<GstPad> make_media_inlet(const std::string& name, GstCaps* caps,
                             const std::shared_ptr<std::atomic<bool>>& accepted);

}  // namespace genos::link
