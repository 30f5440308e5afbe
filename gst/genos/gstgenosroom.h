/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenoschannel.h>
#include <gst/genos/gstgenosenums.h>
#include <gst/genos/gstgenosfile.h>
#include <gst/genos/gstgenospeer.h>
#include <gst/genos/gstgenossignaling.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_ROOM (gst_genos_room_get_type())
GST_GENOS_API G_DECLARE_FINAL_TYPE(GstGenosRoom, gst_genos_room, GST, GENOS_ROOM, GObject)

GST_GENOS_API GstGenosRoom* gst_genos_room_new(const gchar* app_id, const gchar* id);

GST_GENOS_API void gst_genos_room_join_async(GstGenosRoom* self, GCancellable* cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
GST_GENOS_API gboolean gst_genos_room_join_finish(GstGenosRoom* self, GAsyncResult* result,
                                                  GError** error);
GST_GENOS_API gboolean gst_genos_room_join(GstGenosRoom* self, GCancellable* cancellable,
                                           GError** error);

GST_GENOS_API void gst_genos_room_leave_async(GstGenosRoom* self, const gchar* reason,
                                              GCancellable* cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
GST_GENOS_API gboolean gst_genos_room_leave_finish(GstGenosRoom* self, GAsyncResult* result,
                                                   GError** error);
GST_GENOS_API void gst_genos_room_leave(GstGenosRoom* self);

GST_GENOS_API const gchar* gst_genos_room_get_self_id(GstGenosRoom* self);
GST_GENOS_API GList* gst_genos_room_get_peers(GstGenosRoom* self);
GST_GENOS_API GstGenosPeer* gst_genos_room_get_peer(GstGenosRoom* self, const gchar* id);
GST_GENOS_API GstGenosChannel* gst_genos_room_channel(GstGenosRoom* self, const gchar* name,
                                                      GError** error);
GST_GENOS_API void gst_genos_room_send_file_async(
    GstGenosRoom* self, const gchar* path, const gchar* name, const gchar* content_type,
    const gchar* const* targets, GCancellable* cancellable, GFileProgressCallback progress,
    gpointer progress_data, GAsyncReadyCallback callback, gpointer user_data);
GST_GENOS_API GstGenosFile* gst_genos_room_send_file_finish(GstGenosRoom* self,
                                                            GAsyncResult* result, GError** error);
GST_GENOS_API GList* gst_genos_room_get_files(GstGenosRoom* self);
GST_GENOS_API void gst_genos_room_set_signaling_object(GstGenosRoom* self,
                                                       GstGenosSignaling* signaling);

GST_GENOS_API GstElement* gst_genos_room_add_stream(GstGenosRoom* self, GObject** sources,
                                                    guint n_sources, const gchar* meta,
                                                    GError** error);
GST_GENOS_API void gst_genos_room_remove_stream(GstGenosRoom* self, GstElement* stream);
GST_GENOS_API GstElement* gst_genos_room_receive(GstGenosRoom* self, GstBin* bin, GError** error);

G_END_DECLS
