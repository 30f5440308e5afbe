/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/rtp/gstrtpbasepayload.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_RTP_AV1_PAY (gst_genos_rtp_av1_pay_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRtpAv1Pay, gst_genos_rtp_av1_pay, GST, GENOS_RTP_AV1_PAY,
                     GstRTPBasePayload)
GST_ELEMENT_REGISTER_DECLARE(genosrtpav1pay)

G_END_DECLS
