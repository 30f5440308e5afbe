/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/rtp/gstrtpbasedepayload.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_RTP_AV1_DEPAY (gst_genos_rtp_av1_depay_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRtpAv1Depay, gst_genos_rtp_av1_depay, GST, GENOS_RTP_AV1_DEPAY,
                     GstRTPBaseDepayload)
GST_ELEMENT_REGISTER_DECLARE(genosrtpav1depay)

G_END_DECLS
