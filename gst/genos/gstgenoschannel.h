/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenosenums.h>
#include <gst/genos/gstgenospeer.h>

G_BEGIN_DECLS

typedef struct _GstGenosChannel GstGenosChannel;

/**
 * GstGenosProgressFunc:
 * @channel: the channel
 * @peer_id: who receives
 * @fraction: how much of the message has left for this peer, 0 to 1
 * @user_data: (closure): what was given to the send call
 *
 * Tells how far a message has come on its way to one peer.
 */
typedef void (*GstGenosProgressFunc)(GstGenosChannel* channel, const gchar* peer_id,
                                     gdouble fraction, gpointer user_data);

#define GST_TYPE_GENOS_CHANNEL (gst_genos_channel_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosChannel, gst_genos_channel, GST, GENOS_CHANNEL, GObject)

#define GST_TYPE_GENOS_REQUEST (gst_genos_request_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosRequest, gst_genos_request, GST, GENOS_REQUEST, GObject)

GST_GENOS_API const gchar* gst_genos_channel_get_name(GstGenosChannel* self);

GST_GENOS_API void gst_genos_channel_send_async(
    GstGenosChannel* self, GstGenosPayload kind, GBytes* payload, const gchar* meta,
    const gchar* const* targets, GstGenosProgressFunc progress, gpointer progress_data,
    GDestroyNotify progress_destroy, GCancellable* cancellable, GAsyncReadyCallback callback,
    gpointer user_data);
GST_GENOS_API gboolean gst_genos_channel_send_finish(GstGenosChannel* self, GAsyncResult* result,
                                                     GError** error);
GST_GENOS_API gboolean gst_genos_channel_send_text(GstGenosChannel* self, const gchar* text,
                                                   const gchar* const* targets, GError** error);
GST_GENOS_API gboolean gst_genos_channel_send_json(GstGenosChannel* self, const gchar* json,
                                                   const gchar* const* targets, GError** error);
GST_GENOS_API gboolean gst_genos_channel_send_bytes(GstGenosChannel* self, GBytes* bytes,
                                                    const gchar* meta, const gchar* const* targets,
                                                    GError** error);
GST_GENOS_API gboolean gst_genos_channel_send_fresh(GstGenosChannel* self, GstGenosPayload kind,
                                                    GBytes* payload, const gchar* const* targets,
                                                    GError** error);

GST_GENOS_API void gst_genos_channel_request_async(GstGenosChannel* self, const gchar* peer_id,
                                                   GstGenosPayload kind, GBytes* payload,
                                                   const gchar* meta, guint timeout_ms,
                                                   GCancellable* cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
GST_GENOS_API GBytes* gst_genos_channel_request_finish(GstGenosChannel* self, GAsyncResult* result,
                                                       GstGenosPayload* kind, gchar** meta,
                                                       GError** error);

GST_GENOS_API GstGenosPeer* gst_genos_request_get_peer(GstGenosRequest* self);
GST_GENOS_API GstGenosPayload gst_genos_request_get_kind(GstGenosRequest* self);
GST_GENOS_API GBytes* gst_genos_request_get_payload(GstGenosRequest* self);
GST_GENOS_API const gchar* gst_genos_request_get_meta(GstGenosRequest* self);
GST_GENOS_API gboolean gst_genos_request_respond(GstGenosRequest* self, GstGenosPayload kind,
                                                 GBytes* payload, GError** error);
GST_GENOS_API void gst_genos_request_fail(GstGenosRequest* self, const gchar* message);

G_END_DECLS
