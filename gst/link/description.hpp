// SPDX-License-Identifier: LGPL-2.1-or-later
// Session descriptions and promise replies between webrtcbin and the core.
#pragma once

#include <string>

#include "core/base/result.hpp"
#include "core/wire/signal.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {

// For set-local- and set-remote-description.
core::Result<Owned<GstWebRTCSessionDescription>> to_webrtc(const core::Description& description);

// The error in a promise's reply, empty when there is none. webrtcbin prints it as `(GError)NULL`,
// so what counts is that the field is there; success is a reply without it, or no reply at all.
[[nodiscard]] std::string promise_error(const GstStructure* reply);

// The SDP that create-offer or create-answer made.
core::Result<std::string> created_sdp(const GstStructure* reply, const char* field);

}  // namespace genos::link
