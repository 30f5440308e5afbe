/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenosenums.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_PEER (gst_genos_peer_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosPeer, gst_genos_peer, GST, GENOS_PEER, GObject)

GST_GENOS_API const gchar* gst_genos_peer_get_id(GstGenosPeer* self);
GST_GENOS_API const gchar* gst_genos_peer_get_identity(GstGenosPeer* self);
GST_GENOS_API const gchar* gst_genos_peer_get_name(GstGenosPeer* self);
GST_GENOS_API gboolean gst_genos_peer_is_genos(GstGenosPeer* self);
GST_GENOS_API gboolean gst_genos_peer_is_present(GstGenosPeer* self);
GST_GENOS_API gchar** gst_genos_peer_get_capabilities(GstGenosPeer* self);

GST_GENOS_API void gst_genos_peer_ping_async(GstGenosPeer* self, GCancellable* cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GST_GENOS_API gint64 gst_genos_peer_ping_finish(GstGenosPeer* self, GAsyncResult* result,
                                                GError** error);
GST_GENOS_API void gst_genos_peer_drop(GstGenosPeer* self, const gchar* reason);

GST_GENOS_API gboolean gst_genos_peer_send_handshake(GstGenosPeer* self, GstGenosPayload kind,
                                                     GBytes* payload, GError** error);
GST_GENOS_API void gst_genos_peer_accept(GstGenosPeer* self);
GST_GENOS_API void gst_genos_peer_refuse(GstGenosPeer* self, const gchar* reason);

G_END_DECLS
