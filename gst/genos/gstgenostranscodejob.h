/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenosenums.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_TRANSCODE_JOB (gst_genos_transcode_job_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosTranscodeJob, gst_genos_transcode_job, GST,
                                   GENOS_TRANSCODE_JOB, GObject)

GST_GENOS_API GstGenosTranscodeJob* gst_genos_transcode_job_new(const gchar* source,
                                                                const gchar* folder);
GST_GENOS_API void gst_genos_transcode_job_run_async(GstGenosTranscodeJob* self,
                                                     GCancellable* cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
GST_GENOS_API gboolean gst_genos_transcode_job_run_finish(GstGenosTranscodeJob* self,
                                                          GAsyncResult* result, GError** error);
GST_GENOS_API gchar** gst_genos_transcode_job_dup_outputs(GstGenosTranscodeJob* self);
GST_GENOS_API const gchar* gst_genos_transcode_job_get_id(GstGenosTranscodeJob* self);
GST_GENOS_API GstGenosJobState gst_genos_transcode_job_get_state(GstGenosTranscodeJob* self);
GST_GENOS_API gdouble gst_genos_transcode_job_get_progress(GstGenosTranscodeJob* self);
GST_GENOS_API gdouble gst_genos_transcode_job_get_speed(GstGenosTranscodeJob* self);
GST_GENOS_API gdouble gst_genos_transcode_job_get_time_left(GstGenosTranscodeJob* self);
GST_GENOS_API const gchar* gst_genos_transcode_job_get_reason(GstGenosTranscodeJob* self);

G_END_DECLS
