/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_ROOM_SRC (gst_genos_room_src_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRoomSrc, gst_genos_room_src, GST, GENOS_ROOM_SRC, GstBin)
GST_ELEMENT_REGISTER_DECLARE(genosroomsrc)

/**
 * GstGenosMediaChoice:
 * @GST_GENOS_MEDIA_CHOICE_ALL: pictures and sound
 * @GST_GENOS_MEDIA_CHOICE_VIDEO: pictures
 * @GST_GENOS_MEDIA_CHOICE_AUDIO: sound
 *
 * What is taken of the others.
 */
typedef enum {
  GST_GENOS_MEDIA_CHOICE_ALL,
  GST_GENOS_MEDIA_CHOICE_VIDEO,
  GST_GENOS_MEDIA_CHOICE_AUDIO
} GstGenosMediaChoice;

/**
 * GstGenosQuality:
 * @GST_GENOS_QUALITY_AUTO: what fits
 * @GST_GENOS_QUALITY_LOW: the smallest size
 * @GST_GENOS_QUALITY_MEDIUM: one in the middle
 * @GST_GENOS_QUALITY_HIGH: the largest
 *
 * Which of the sizes that a sender makes is taken.
 */
typedef enum {
  GST_GENOS_QUALITY_AUTO,
  GST_GENOS_QUALITY_LOW,
  GST_GENOS_QUALITY_MEDIUM,
  GST_GENOS_QUALITY_HIGH
} GstGenosQuality;

G_END_DECLS
