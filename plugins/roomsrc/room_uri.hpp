// SPDX-License-Identifier: LGPL-2.1-or-later
// genos://ROOM/live: a room as a URI, for playbin and uridecodebin.
#pragma once

#include <gst/gst.h>

namespace genos::element {

// For G_IMPLEMENT_INTERFACE(GST_TYPE_URI_HANDLER).
void implement_uri_handler(gpointer interface, gpointer);
// Then whoever made the element waits for no-more-pads.
[[nodiscard]] bool came_by_uri(gpointer element);

}  // namespace genos::element
