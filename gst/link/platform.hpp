// SPDX-License-Identifier: LGPL-2.1-or-later
// What the GStreamer in this process can do: asked of it, not assumed of a version.
#pragma once

#include "core/negotiation/candidate.hpp"
#include "core/negotiation/shim.hpp"

namespace genos::link {

struct Platform {
  core::Platform core;
  // webrtcbin >= 1.26: an m-line that was inactive delivers again on the same pad.
  bool reuse_source_pads = false;
  // webrtcbin >= 1.26: a place for an element between rtpsession and the wire.
  bool request_post_rtp_aux_sender = false;
  // GstWebRTCICE: only the addresses that were added are gathered from.
  bool add_local_ip_address = false;
};

// Asked once, after gst_init().
const Platform& platform();

}  // namespace genos::link
