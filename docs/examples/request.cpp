// SPDX-License-Identifier: LGPL-2.1-or-later
// One peer asks, another one answers. Usage: request ROOM (twice; the smaller id asks)
#include <gst/genos/genos.h>

#include <cstdio>
#include <string>

namespace {

GMainLoop* loop;

gboolean stop(gpointer) {
  g_main_loop_quit(loop);
  return G_SOURCE_REMOVE;
}

void on_request(GstGenosChannel*, GstGenosRequest* request, gpointer) {
  GBytes* answer = g_bytes_new_static("forty-two", 9);
  gst_genos_request_respond(request, GST_GENOS_PAYLOAD_TEXT, answer, nullptr);
  g_bytes_unref(answer);
  std::puts("answered");
  g_timeout_add(500, stop, nullptr);
}

void on_answer(GObject* channel, GAsyncResult* result, gpointer) {
  GError* error = nullptr;
  GBytes* answer = gst_genos_channel_request_finish(GST_GENOS_CHANNEL(channel), result, nullptr,
                                                    nullptr, &error);
  if (answer) {
    gsize size = 0;
    const auto* text = static_cast<const char*>(g_bytes_get_data(answer, &size));
    std::printf("the answer is %s\n", std::string(text, size).c_str());
    g_bytes_unref(answer);
  } else {
    std::printf("no answer: %s\n", error->message);
    g_error_free(error);
  }
  stop(nullptr);
}

void on_peer(GstGenosRoom* room, GstGenosPeer* peer, GstGenosChannel* channel) {
  if (std::string(gst_genos_room_get_self_id(room)) > gst_genos_peer_get_id(peer)) return;
  GBytes* question = g_bytes_new_static("6 x 7", 5);
  gst_genos_channel_request_async(channel, gst_genos_peer_get_id(peer), GST_GENOS_PAYLOAD_TEXT,
                                  question, nullptr, 5000, nullptr, on_answer, nullptr);
  g_bytes_unref(question);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  loop = g_main_loop_new(nullptr, FALSE);
  GstGenosRoom* room = gst_genos_room_new("genos", argc > 1 ? argv[1] : "demo");
  GstGenosChannel* channel = gst_genos_room_channel(room, "question", nullptr);
  g_signal_connect(channel, "request", G_CALLBACK(on_request), nullptr);
  g_signal_connect(room, "peer-join", G_CALLBACK(on_peer), channel);
  gst_genos_room_join_async(room, nullptr, nullptr, nullptr);
  g_timeout_add_seconds(20, stop, nullptr);
  g_main_loop_run(loop);
  gst_genos_room_leave(room);
  g_object_unref(channel);
  g_object_unref(room);
  g_main_loop_unref(loop);
  gst_genos_deinit();
}
