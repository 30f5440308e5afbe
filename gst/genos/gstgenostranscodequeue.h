/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/genos/gstgenostranscodejob.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_TRANSCODE_QUEUE (gst_genos_transcode_queue_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosTranscodeQueue, gst_genos_transcode_queue, GST,
                                   GENOS_TRANSCODE_QUEUE, GObject)

GST_GENOS_API GstGenosTranscodeQueue* gst_genos_transcode_queue_new(const gchar* folder);
GST_GENOS_API gboolean gst_genos_transcode_queue_add(GstGenosTranscodeQueue* self,
                                                     GstGenosTranscodeJob* job, GError** error);
GST_GENOS_API GPtrArray* gst_genos_transcode_queue_dup_jobs(GstGenosTranscodeQueue* self,
                                                            GError** error);
GST_GENOS_API GstGenosTranscodeJob* gst_genos_transcode_queue_dup_job(GstGenosTranscodeQueue* self,
                                                                      const gchar* id,
                                                                      GError** error);
GST_GENOS_API gboolean gst_genos_transcode_queue_cancel(GstGenosTranscodeQueue* self,
                                                        const gchar* id, GError** error);
GST_GENOS_API void gst_genos_transcode_queue_run_async(GstGenosTranscodeQueue* self,
                                                       GCancellable* cancellable,
                                                       GAsyncReadyCallback callback,
                                                       gpointer user_data);
GST_GENOS_API gboolean gst_genos_transcode_queue_run_finish(GstGenosTranscodeQueue* self,
                                                            GAsyncResult* result, GError** error);

G_END_DECLS
