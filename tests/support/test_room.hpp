// SPDX-License-Identifier: LGPL-2.1-or-later
// A GstGenosRoom under test: writes down what its signals tell. Everything through the public API.
#pragma once

#include <gst/genos/genos.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"
#include "signaling/main_context.hpp"

namespace genos {

// A port that nobody uses: the first room that needs it starts a relay there.
inline std::string private_relay() {
  GSocketListener* listener = g_socket_listener_new();
  const guint16 port = g_socket_listener_add_any_inet_port(listener, nullptr, nullptr);
  g_object_unref(listener);
  return "ws://127.0.0.1:" + std::to_string(port);
}

inline std::string text_of(GBytes* bytes) {
  const auto span = bytes_of(bytes);
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

inline Ref<GBytes> bytes_from(std::string_view text) {
  return adopt(g_bytes_new(text.data(), text.size()));
}

// What an asynchronous call came to; may go before the call has ended.
class Outcome {
 public:
  explicit operator bool() const { return bool(*box_); }
  GAsyncResult* get() const { return box_->get(); }
  gpointer data() const { return new Box(box_); }
  static void take(GObject*, GAsyncResult* result, gpointer data) noexcept {
    const std::unique_ptr<Box> box(static_cast<Box*>(data));
    **box = retain(result);
  }

 private:
  using Box = std::shared_ptr<Ref<GAsyncResult>>;
  Box box_ = std::make_shared<Ref<GAsyncResult>>();
};

struct TestRoom {
  struct Heard {
    std::string peer, text, meta;
    GstGenosPayload kind;
  };

  Ref<GstGenosRoom> room;
  std::vector<std::string> joined, left, join_errors, hints, ended, queue_full, queue_ready;
  std::vector<int> reasons;
  std::vector<Heard> heard;
  std::vector<double> progress;
  GThread* thread = nullptr;  // of the last signal
  std::map<std::string, Ref<GstGenosChannel>> channels;
  std::vector<Connection> connections;
  Outcome join_outcome, leave_outcome;

  explicit TestRoom(const std::string& name, const std::string& signaling)
      : room(adopt(gst_genos_room_new("genos-test", name.c_str()))) {
    g_object_set(room.get(), "signaling", signaling.c_str(), "ice-servers", "none", nullptr);
    listen();
  }
  TestRoom(const TestRoom&) = delete;
  TestRoom& operator=(const TestRoom&) = delete;
  ~TestRoom() {
    connections.clear();
    if (room && !leave_outcome) gst_genos_room_leave(room.get());
  }

  template <class... Args> TestRoom& set(const char* name, Args... value) {
    g_object_set(room.get(), name, value..., nullptr);
    return *this;
  }
  TestRoom& join(GCancellable* cancellable = nullptr) {
    gst_genos_room_join_async(room.get(), cancellable, Outcome::take, join_outcome.data());
    return *this;
  }
  // The finished join's error; null when it succeeded.
  Owned<GError> join_error() {
    Owned<GError> error;
    gst_genos_room_join_finish(room.get(), join_outcome.get(), out(error));
    return error;
  }
  void leave() {
    gst_genos_room_leave_async(room.get(), nullptr, nullptr, Outcome::take, leave_outcome.data());
  }
  std::string self() const {
    const char* id = gst_genos_room_get_self_id(room.get());
    return id ? id : "";
  }
  GstGenosRoomState state() const {
    GstGenosRoomState value{};
    g_object_get(room.get(), "state", &value, nullptr);
    return value;
  }
  guint peers() const {
    GList* list = gst_genos_room_get_peers(room.get());
    const guint count = g_list_length(list);
    g_list_free_full(list, g_object_unref);
    return count;
  }
  Ref<GstGenosPeer> peer(const std::string& id) const {
    return adopt(gst_genos_room_get_peer(room.get(), id.c_str()));
  }

  GstGenosChannel* channel(const std::string& name = "test") {
    auto& channel = channels[name];
    if (channel) return channel.get();
    channel = adopt(gst_genos_room_channel(room.get(), name.c_str(), nullptr));
    connections.push_back(on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        channel.get(), "message",
        [this](auto*, auto* peer, int kind, GBytes* payload, const char* meta) {
          heard.push_back({gst_genos_peer_get_id(peer), text_of(payload), meta ? meta : "",
                           static_cast<GstGenosPayload>(kind)});
          thread = g_thread_self();
        }));
    connections.push_back(on<void(GstGenosChannel*, GstGenosPeer*, double, guint64, const char*)>(
        channel.get(), "progress", [this](auto*, auto*, double fraction, guint64, const char*) {
          progress.push_back(fraction);
        }));
    return channel.get();
  }
  bool say(const std::string& text, const std::string& name = "test") {
    return gst_genos_channel_send_text(channel(name), text.c_str(), nullptr, nullptr);
  }

 private:
  void note_text(const char* signal, std::vector<std::string>& list) {
    connections.push_back(on<void(GstGenosRoom*, const char*)>(
        room.get(), signal, [&list](auto*, const char* text) { list.emplace_back(text); }));
  }
  void note_peer(const char* signal, std::vector<std::string>& list) {
    connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*)>(
        room.get(), signal, [this, &list](auto*, auto* peer) {
          list.emplace_back(gst_genos_peer_get_id(peer));
          thread = g_thread_self();
        }));
  }
  void listen() {
    note_peer("peer-join", joined);
    note_peer("queue-full", queue_full);
    note_peer("queue-ready", queue_ready);
    note_text("lonely", hints);
    connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
        room.get(), "peer-leave", [this](auto*, auto* peer, int reason, const char*) {
          left.emplace_back(gst_genos_peer_get_id(peer));
          reasons.push_back(reason);
        }));
    connections.push_back(on<void(GstGenosRoom*, const char*, GError*)>(
        room.get(), "join-error",
        [this](auto*, const char*, GError* error) { join_errors.emplace_back(error->message); }));
    connections.push_back(on<void(GstGenosRoom*, GError*)>(
        room.get(), "ended", [this](auto*, GError* error) { ended.emplace_back(error->message); }));
  }
};

}  // namespace genos
