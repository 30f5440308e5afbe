/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/genos/gstgenoschannel.h>
#include <gst/genos/gstgenosenums.h>
#include <gst/genos/gstgenosfile.h>
#include <gst/genos/gstgenospeer.h>
#include <gst/genos/gstgenosroom.h>
#include <gst/genos/gstgenossignaling.h>
#include <gst/genos/gstgenostranscodejob.h>
#include <gst/genos/gstgenostranscodequeue.h>

G_BEGIN_DECLS

GST_GENOS_API void gst_genos_warm_up(void);
GST_GENOS_API void gst_genos_deinit(void);
GST_GENOS_API gchar* gst_genos_version_string(void);

GST_GENOS_API gboolean gst_genos_identity_create(const gchar* path, gboolean overwrite,
                                                 gchar** public_key, GError** error);
GST_GENOS_API gchar* gst_genos_identity_read(const gchar* path, GError** error);
GST_GENOS_API gchar* gst_genos_identity_fingerprint(const gchar* public_key);

G_END_DECLS
