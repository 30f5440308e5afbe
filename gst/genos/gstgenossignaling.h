/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/genos/gstgenosenums.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_SIGNALING (gst_genos_signaling_get_type())
GST_GENOS_API G_DECLARE_INTERFACE(GstGenosSignaling, gst_genos_signaling, GST, GENOS_SIGNALING,
                                  GObject)

/**
 * GstGenosSignalingInterface:
 * @parent: the parent interface
 * @join: enter @room_id as @self_id; peers and payloads are told from now on
 * @leave: nothing more is told
 * @send: carry @payload of the given @kind to one peer
 * @wake: tell one peer that we are here
 *
 * How peers find each other, when an application brings its own way. All four are called from the
 * library's thread and must not block.
 */
struct _GstGenosSignalingInterface {
  GTypeInterface parent;

  void (*join)(GstGenosSignaling* self, const gchar* app_id, const gchar* room_id,
               const gchar* self_id);
  void (*leave)(GstGenosSignaling* self);
  void (*send)(GstGenosSignaling* self, const gchar* peer_id, const gchar* kind,
               const gchar* payload);
  void (*wake)(GstGenosSignaling* self, const gchar* peer_id);

  /*< private >*/
  gpointer padding[4];
};

GST_GENOS_API void gst_genos_signaling_joined(GstGenosSignaling* self);
GST_GENOS_API void gst_genos_signaling_peer_seen(GstGenosSignaling* self, const gchar* peer_id);
GST_GENOS_API void gst_genos_signaling_peer_gone(GstGenosSignaling* self, const gchar* peer_id);
GST_GENOS_API void gst_genos_signaling_receive(GstGenosSignaling* self, const gchar* peer_id,
                                               const gchar* kind, const gchar* payload);
GST_GENOS_API void gst_genos_signaling_ended(GstGenosSignaling* self, const GError* reason);

G_END_DECLS
