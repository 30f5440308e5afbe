// SPDX-License-Identifier: LGPL-2.1-or-later
// What vp9enc is told of colours, so that its stream has their matrix.
#pragma once

#include <gst/gst.h>

namespace genos::element {

// Before the element's first caps. What leaves it says what came in, and containers tell all of it.
void name_colours(GstElement* encoder);

}  // namespace genos::element
