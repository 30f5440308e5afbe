// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of GStreamer's WebRTC types.
#pragma once

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "bridge/ref.hpp"

namespace genos {

template <> struct RefOps<GstWebRTCDataChannel> : ObjectOps {};
template <> struct RefOps<GstWebRTCRTPTransceiver> : ObjectOps {};
template <> struct RefOps<GstPadTemplate> : ObjectOps {};

template <> struct Free<GstSDPMessage> {
  void operator()(GstSDPMessage* p) const { gst_sdp_message_free(p); }
};
template <> struct Free<GstWebRTCSessionDescription> {
  void operator()(GstWebRTCSessionDescription* p) const { gst_webrtc_session_description_free(p); }
};

}  // namespace genos
