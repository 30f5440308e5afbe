/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends a file or folder to whoever is there, or receives one.
 * Usage: files send PATH [ROOM], or files receive FOLDER [ROOM] */
#include <gst/genos/genos.h>
#include <stdio.h>
#include <string.h>

static GMainLoop* loop;
static const char* path;
static int code = 1;

static void end(const GError* error) {
  if (error) fprintf(stderr, "%s\n", error->message);
  code = error ? 1 : 0;
  g_main_loop_quit(loop);
}

static void on_peer_event(GstGenosFile* file, const char* peer_id, GstGenosFileEvent event,
                          guint64 sent, const char* reason, gpointer unused) {
  (void)sent, (void)reason, (void)unused;
  if (event != GST_GENOS_FILE_EVENT_DONE) return;
  printf("%s has %s\n", peer_id, gst_genos_file_get_name(file));
  end(NULL);
}

static void on_offered(GObject* room, GAsyncResult* result, gpointer unused) {
  GError* error = NULL;
  GstGenosFile* file = gst_genos_room_send_file_finish(GST_GENOS_ROOM(room), result, &error);
  (void)unused;
  if (error) end(error);
  if (file) g_signal_connect(file, "peer-event", G_CALLBACK(on_peer_event), NULL);
  g_clear_error(&error);
  g_clear_object(&file); /* the room keeps it */
}

static void on_done(GstGenosFile* file, GParamSpec* property, gpointer unused) {
  (void)property, (void)unused;
  printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes\n", gst_genos_file_get_done(file),
         gst_genos_file_get_size(file));
}

static void on_finished(GstGenosFile* file, const GError* error, gpointer unused) {
  char* where = gst_genos_file_dup_path(file);
  (void)unused;
  if (where) printf("received %s\n", where);
  g_free(where);
  end(error);
}

static void on_offer(GstGenosRoom* room, GstGenosFile* file, gpointer unused) {
  GError* error = NULL;
  (void)room, (void)unused;
  g_signal_connect(file, "notify::done", G_CALLBACK(on_done), NULL);
  g_signal_connect(file, "finished", G_CALLBACK(on_finished), NULL);
  if (!gst_genos_file_accept(file, path, GST_GENOS_FILE_FLAGS_NONE, &error)) end(error);
  g_clear_error(&error);
}

static gboolean late(gpointer unused) {
  (void)unused;
  g_main_loop_quit(loop);
  return G_SOURCE_REMOVE;
}

int main(int argc, char** argv) {
  GError* error = NULL;
  gst_init(&argc, &argv);
  if (argc < 3) return 64;
  path = argv[2];
  loop = g_main_loop_new(NULL, FALSE);
  GstGenosRoom* room = gst_genos_room_new(NULL, argc > 3 ? argv[3] : "demo");
  const gboolean sends = strcmp(argv[1], "send") == 0;
  if (!sends) g_signal_connect(room, "file-offer", G_CALLBACK(on_offer), NULL);
  if (!gst_genos_room_join(room, NULL, &error)) {
    fprintf(stderr, "%s\n", error->message);
    return 1;
  }
  if (sends)
    gst_genos_room_send_file_async(room, path, NULL, NULL, NULL, NULL, NULL, NULL, on_offered,
                                   NULL);
  g_timeout_add_seconds(20, late, NULL);
  g_main_loop_run(loop);
  gst_genos_room_leave(room);
  g_object_unref(room);
  g_main_loop_unref(loop);
  gst_genos_deinit();
  return code;
}
