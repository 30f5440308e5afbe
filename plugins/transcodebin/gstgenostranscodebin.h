/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_TRANSCODE_BIN (gst_genos_transcode_bin_get_type())
G_DECLARE_FINAL_TYPE(GstGenosTranscodeBin, gst_genos_transcode_bin, GST, GENOS_TRANSCODE_BIN,
                     GstBin)
GST_ELEMENT_REGISTER_DECLARE(genostranscodebin)

G_END_DECLS
