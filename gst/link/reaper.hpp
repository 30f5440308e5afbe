// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends pipelines on threads of its own: going to NULL joins webrtcbin's threads and takes a while.
#pragma once

#include <functional>

#include "core/base/time.hpp"

namespace genos::link::reaper {

// Runs `job` on a thread of the process-wide pool, not before `delay` has passed.
void after(core::Duration delay, std::function<void()> job);

// Waits until nothing waits or runs; false when that took longer than `limit`.
bool drain(core::Duration limit);

}  // namespace genos::link::reaper
