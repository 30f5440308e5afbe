/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins a room, greets whoever comes, and leaves when it was greeted. Usage: hello [ROOM] */
#include <gst/genos/genos.h>
#include <stdio.h>

static GMainLoop* loop;

static gboolean stop(gpointer unused) {
  (void)unused;
  g_main_loop_quit(loop);
  return G_SOURCE_REMOVE;
}

static void on_peer(GstGenosRoom* room, GstGenosPeer* peer, GstGenosChannel* chat) {
  const gchar* targets[] = {gst_genos_peer_get_id(peer), NULL};
  (void)room;
  gst_genos_channel_send_text(chat, "Hello from C", targets, NULL);
}

static void on_message(GstGenosChannel* chat, GstGenosPeer* peer, GstGenosPayload kind,
                       GBytes* payload, const gchar* meta, gpointer unused) {
  gsize size;
  const char* text = g_bytes_get_data(payload, &size);
  (void)chat, (void)kind, (void)meta, (void)unused;
  printf("%s: %.*s\n", gst_genos_peer_get_id(peer), (int)size, text);
  g_timeout_add(200, stop, NULL);
}

int main(int argc, char** argv) {
  GError* error = NULL;
  gst_init(&argc, &argv);
  loop = g_main_loop_new(NULL, FALSE);
  GstGenosRoom* room = gst_genos_room_new(NULL, argc > 1 ? argv[1] : "demo");
  GstGenosChannel* chat = gst_genos_room_channel(room, "chat", NULL);
  g_signal_connect(room, "peer-join", G_CALLBACK(on_peer), chat);
  g_signal_connect(chat, "message", G_CALLBACK(on_message), NULL);
  if (!gst_genos_room_join(room, NULL, &error)) {
    fprintf(stderr, "%s\n", error->message);
    return 1;
  }
  g_timeout_add_seconds(20, stop, NULL);
  g_main_loop_run(loop);
  gst_genos_room_leave(room);
  g_object_unref(chat);
  g_object_unref(room);
  g_main_loop_unref(loop);
  gst_genos_deinit();
  return 0;
}
