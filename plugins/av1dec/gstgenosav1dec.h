/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/gstvideodecoder.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_AV1_DEC (gst_genos_av1_dec_get_type())
G_DECLARE_FINAL_TYPE(GstGenosAv1Dec, gst_genos_av1_dec, GST, GENOS_AV1_DEC, GstVideoDecoder)
GST_ELEMENT_REGISTER_DECLARE(genosav1dec)

G_END_DECLS
