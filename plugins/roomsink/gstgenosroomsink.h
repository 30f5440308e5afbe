/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_ROOM_SINK (gst_genos_room_sink_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRoomSink, gst_genos_room_sink, GST, GENOS_ROOM_SINK, GstBin)
GST_ELEMENT_REGISTER_DECLARE(genosroomsink)

G_END_DECLS
