/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenosenums.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_FILE (gst_genos_file_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosFile, gst_genos_file, GST, GENOS_FILE, GObject)

GST_GENOS_API const gchar* gst_genos_file_get_id(GstGenosFile* self);
GST_GENOS_API const gchar* gst_genos_file_get_name(GstGenosFile* self);
GST_GENOS_API const gchar* gst_genos_file_get_content_type(GstGenosFile* self);
GST_GENOS_API guint64 gst_genos_file_get_size(GstGenosFile* self);
GST_GENOS_API gboolean gst_genos_file_is_folder(GstGenosFile* self);
GST_GENOS_API gboolean gst_genos_file_is_outgoing(GstGenosFile* self);
GST_GENOS_API gchar* gst_genos_file_dup_peer_id(GstGenosFile* self);
GST_GENOS_API gchar* gst_genos_file_dup_path(GstGenosFile* self);
GST_GENOS_API guint64 gst_genos_file_get_done(GstGenosFile* self);
GST_GENOS_API GstGenosFileState gst_genos_file_get_state(GstGenosFile* self);

GST_GENOS_API gboolean gst_genos_file_accept(GstGenosFile* self, const gchar* folder,
                                             GstGenosFileFlags flags, GError** error);
GST_GENOS_API void gst_genos_file_refuse(GstGenosFile* self, const gchar* reason);
GST_GENOS_API void gst_genos_file_pause(GstGenosFile* self);
GST_GENOS_API void gst_genos_file_resume(GstGenosFile* self);
GST_GENOS_API void gst_genos_file_cancel(GstGenosFile* self, GstGenosFileFlags flags);

G_END_DECLS
