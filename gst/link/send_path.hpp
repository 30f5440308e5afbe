// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies between a sink pad of webrtcbin and its RTP session.
#pragma once

#include <gst/gst.h>

namespace genos::link {

// webrtcbin (1.22 to 1.28) has an encoder for FEC in the way of every track, also of those without
// FEC, and that takes a frame's packets one by one: all that follows, down to the socket, then runs
// once for each packet instead of once for a frame. Takes it out of the way with the first packet:
// by then webrtcbin, which lays the way on a thread of its own, has done so, and the thread that
// pushes can change it. Where the way looks other than expected it stays as it is.
void bypass_fec_for(GstPad* webrtcbin_sink);

}  // namespace genos::link
