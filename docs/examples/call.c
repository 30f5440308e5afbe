/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A call with everybody in a room; ends with the first who hangs up. Usage: call ROOM [SECONDS] */
#include <gst/genos/genos.h>
#include <stdlib.h>

static GMainLoop* loop;

static const gchar* chosen(const gchar* variable, const gchar* otherwise) {
  const gchar* value = g_getenv(variable);
  return value ? value : otherwise;
}

static void show(GstElement* source, GstPad* pad, gpointer pipeline) {
  const gchar* how = g_str_has_prefix(GST_PAD_NAME(pad), "video")
                         ? chosen("SCREEN", "videoconvert ! autovideosink")
                         : chosen("SPEAKER", "audioconvert ! audioresample ! autoaudiosink");
  GstElement* line = gst_parse_bin_from_description(how, TRUE, NULL);
  (void)source;
  gst_bin_add(GST_BIN(pipeline), line);
  gst_element_sync_state_with_parent(line);
  GstPad* to = gst_element_get_static_pad(line, "sink");
  gst_pad_link(pad, to);
  gst_object_unref(to);
}

static void on_stream_add(GstGenosRoom* room, GstGenosPeer* peer, const gchar* id,
                          const gchar* meta, gpointer data) {
  (void)room, (void)id, (void)data;
  g_print("%s shows %s\n", gst_genos_peer_get_id(peer), meta);
}

static void on_stream_remove(GstGenosRoom* room, GstGenosPeer* peer, const gchar* id,
                             const gchar* meta, gpointer data) {
  (void)room, (void)peer, (void)id, (void)meta, (void)data;
  g_main_loop_quit(loop);
}

static gboolean on_time(gpointer data) {
  (void)data;
  g_main_loop_quit(loop);
  return G_SOURCE_REMOVE;
}

/* What is shown, as a pipeline's queues `camera` and `microphone`. */
static GstElement* make_pipeline(void) {
  gchar* text = g_strdup_printf("%s ! queue name=camera  %s ! queue name=microphone",
                                chosen("CAMERA", "videotestsrc is-live=true pattern=ball"),
                                chosen("MICROPHONE", "audiotestsrc is-live=true volume=0.1"));
  GstElement* pipeline = gst_parse_launch(text, NULL);
  g_free(text);
  return pipeline;
}

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  loop = g_main_loop_new(NULL, FALSE);
  GstGenosRoom* room = gst_genos_room_new("genos", argc > 1 ? argv[1] : "demo");
  GstElement* pipeline = make_pipeline();

  GError* error = NULL;
  GstElement* source = gst_genos_room_receive(room, GST_BIN(pipeline), &error);
  if (!source) g_error("%s", error->message);
  g_signal_connect(source, "pad-added", G_CALLBACK(show), pipeline);

  GObject* shown[] = {G_OBJECT(gst_bin_get_by_name(GST_BIN(pipeline), "camera")),
                      G_OBJECT(gst_bin_get_by_name(GST_BIN(pipeline), "microphone"))};
  if (!gst_genos_room_add_stream(room, shown, 2, "{\"title\":\"C\"}", &error))
    g_error("%s", error->message);
  g_object_unref(shown[0]);
  g_object_unref(shown[1]);

  g_signal_connect(room, "stream-add", G_CALLBACK(on_stream_add), NULL);
  g_signal_connect(room, "stream-remove", G_CALLBACK(on_stream_remove), NULL);
  gst_genos_room_join_async(room, NULL, NULL, NULL);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  if (argc > 2) g_timeout_add_seconds(atoi(argv[2]), on_time, NULL);
  g_main_loop_run(loop);

  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  g_object_unref(room);
  g_main_loop_unref(loop);
  gst_genos_deinit();
  return 0;
}
