// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace genos::element {

// Pictures that come into that pad encoded, and from another source than those before, begin with a
// keyframe: it is asked for, and what cannot be decoded without it is left out.
void begin_sources_with_keyframes(GstPad* pad);

}  // namespace genos::element
