/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/rtp/gstrtphdrext.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_RTP_DEPENDENCY (gst_genos_rtp_dependency_get_type())
G_DECLARE_FINAL_TYPE(GstGenosRtpDependency, gst_genos_rtp_dependency, GST, GENOS_RTP_DEPENDENCY,
                     GstRTPHeaderExtension)
GST_ELEMENT_REGISTER_DECLARE(genosrtpdependency)

G_END_DECLS
