/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/gstvideoencoder.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_AV1_ENC (gst_genos_av1_enc_get_type())
G_DECLARE_FINAL_TYPE(GstGenosAv1Enc, gst_genos_av1_enc, GST, GENOS_AV1_ENC, GstVideoEncoder)
GST_ELEMENT_REGISTER_DECLARE(genosav1enc)

G_END_DECLS
