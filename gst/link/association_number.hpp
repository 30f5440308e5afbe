// SPDX-License-Identifier: LGPL-2.1-or-later
// A number of its own, in this process, for the SCTP association of each link.
#pragma once

#include <gst/gst.h>

namespace genos::link {

// webrtcbin (1.22, and 1.26.2 of Debian 13; its commit 4e4f8b7a79 of March 2025 is about it) draws
// the number of an association by lot from 65,535, and sctpenc looks associations up by it, for the
// whole process. Two that draw the same: the second link never opens, and the task that its sctpenc
// began nevertheless can't be joined. With 100 links at once that befalls one newcomer in 650. To
// be called before `webrtc` has a data channel.
void number_association(GstElement* webrtc);

}  // namespace genos::link
