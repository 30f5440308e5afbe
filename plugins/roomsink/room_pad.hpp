// SPDX-License-Identifier: LGPL-2.1-or-later
// A sink pad of genosroomsink, which may say itself what it is: `video_1::title=Screen`.
#pragma once

#include <gst/gst.h>

#include <string>

G_BEGIN_DECLS
#define GST_TYPE_GENOS_ROOM_PAD (gst_genos_room_pad_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRoomPad, gst_genos_room_pad, GST, GENOS_ROOM_PAD, GstGhostPad)
G_END_DECLS

namespace genos::element {

// What viewers get to know of a stream; empty: nothing of that.
struct StreamWords {
  std::string title, kind, meta;  // meta: a JSON object
};
StreamWords words_of_pad(GstPad* pad);

// For G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY) of a bin: its pads are its children, too.
void implement_pads_as_children(gpointer interface, gpointer);

}  // namespace genos::element
