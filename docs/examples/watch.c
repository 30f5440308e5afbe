/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Watches a room, with nothing but GStreamer. Usage: watch ROOM [SECONDS] */
#include <gst/gst.h>
#include <stdlib.h>

static const gchar* chosen(const gchar* variable, const gchar* otherwise) {
  const gchar* value = g_getenv(variable);
  return value ? value : otherwise;
}

/* On a thread of the element's. A pad that is not linked here costs nothing: it is not sent. */
static void show(GstElement* source, GstPad* pad, gpointer pipeline) {
  const gchar* how = g_str_has_prefix(GST_PAD_NAME(pad), "video")
                         ? chosen("SCREEN", "videoconvert ! autovideosink")
                         : chosen("SPEAKER", "audioconvert ! audioresample ! autoaudiosink");
  GstElement* line = gst_parse_bin_from_description(how, TRUE, NULL);
  (void)source;
  gst_bin_add(GST_BIN(pipeline), line);
  gst_element_sync_state_with_parent(line);
  GstPad* to = gst_element_get_static_pad(line, "sink");
  if (gst_pad_link(pad, to) == GST_PAD_LINK_OK) g_print("%s is linked\n", GST_PAD_NAME(pad));
  gst_object_unref(to);
}

static gboolean on_message(GstBus* bus, GstMessage* message, gpointer loop) {
  const GstStructure* news = gst_message_get_structure(message);
  (void)bus;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = NULL;
    gst_message_parse_error(message, &error, NULL);
    g_printerr("%s\n", error->message);
    g_error_free(error);
    g_main_loop_quit(loop);
  } else if (gst_message_has_name(message, "genos-stream-add")) {
    g_print("%s shows %s\n", gst_structure_get_string(news, "peer"),
            gst_structure_get_string(news, "title"));
  } else if (gst_message_has_name(message, "genos-stream-remove")) {
    g_main_loop_quit(loop);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean on_time(gpointer loop) {
  g_main_loop_quit(loop);
  return G_SOURCE_REMOVE;
}

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  GMainLoop* loop = g_main_loop_new(NULL, FALSE);
  GstElement* pipeline = gst_pipeline_new(NULL);
  GstElement* source = gst_element_factory_make("genosroomsrc", NULL);
  if (!source) g_error("the plugin of Genos is not installed: name its folder in GST_PLUGIN_PATH");
  g_object_set(source, "room", argc > 1 ? argv[1] : "demo", NULL);
  g_signal_connect(source, "pad-added", G_CALLBACK(show), pipeline);
  gst_bin_add(GST_BIN(pipeline), source);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_bus_add_watch(bus, on_message, loop);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  if (argc > 2) g_timeout_add_seconds(atoi(argv[2]), on_time, loop);
  g_main_loop_run(loop);

  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_bus_remove_watch(bus);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  g_main_loop_unref(loop);
  return 0;
}
