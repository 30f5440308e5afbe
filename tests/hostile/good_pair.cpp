// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hostile/good_pair.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace genos::test {
namespace {

long entries(const char* folder) {
  long count = 0;
  std::error_code error;
  for (auto i = std::filesystem::directory_iterator(folder, error);
       !error && i != std::filesystem::directory_iterator(); i.increment(error))
    count++;
  return count;
}

}  // namespace

Footprint Footprint::now() {
  Footprint now{entries("/proc/self/task"), entries("/proc/self/fd"), 0};
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    long size = 0, resident = 0;
    if (std::fscanf(file, "%ld %ld", &size, &resident) == 2) now.kibibytes = resident * 4;
    std::fclose(file);
  }
  return now;
}

bool until(const std::function<bool()>& condition, core::Duration limit) {
  const gint64 end = g_get_monotonic_time() + limit.count();
  while (!condition() && g_get_monotonic_time() < end)
    if (!g_main_context_iteration(nullptr, FALSE)) g_usleep(500);
  return condition();
}

void run(core::Duration time) {
  until([] { return false; }, time);
}

GoodPair::GoodPair(const std::string& room, const std::string& signaling) {
  enter(first, second, room, signaling);
  enter(second, first, room, signaling);
}

GoodPair::~GoodPair() {
  int left = 0;
  for (Peer* peer : {&first, &second}) {
    peer->connections.clear();
    gst_genos_room_leave_async(
        peer->room.get(), nullptr, nullptr,
        [](GObject*, GAsyncResult*, gpointer count) { ++*static_cast<int*>(count); }, &left);
  }
  until([&] { return left == 2; });
}

void GoodPair::enter(Peer& peer, const Peer& other, const std::string& room,
                     const std::string& signaling) {
  peer.room = adopt(gst_genos_room_new(hostile_app, room.c_str()));
  g_object_set(peer.room.get(), "signaling", signaling.c_str(), "ice-servers", "none", "self-id",
               peer.id.c_str(), nullptr);
  auto* target = &peer;
  const std::string friend_id = other.id;
  peer.connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*)>(
      peer.room.get(), "peer-join", [target, friend_id](auto*, GstGenosPeer* who) {
        (gst_genos_peer_get_id(who) == friend_id ? target->met : target->strangers)++;
      }));
  peer.connections.push_back(on<void(GstGenosRoom*, GstGenosPeer*, gint, const gchar*)>(
      peer.room.get(), "peer-leave",
      [target, friend_id](auto*, GstGenosPeer* who, gint, const gchar*) {
        if (gst_genos_peer_get_id(who) == friend_id) target->parted++;
      }));
  peer.chat = adopt(gst_genos_room_channel(peer.room.get(), "chat", nullptr));
  peer.connections.push_back(on<void(GstGenosChannel*, GstGenosPeer*, gint, GBytes*, const gchar*)>(
      peer.chat.get(), "message",
      [target, friend_id](auto*, GstGenosPeer* who, gint, GBytes* bytes, const gchar*) {
        if (gst_genos_peer_get_id(who) != friend_id) return;
        const auto text = bytes_of(bytes);
        target->heard.emplace_back(text.begin(), text.end());
      }));
  gst_genos_room_join_async(peer.room.get(), nullptr, nullptr, nullptr);
}

bool GoodPair::meet() {
  return until([&] { return first.met > 0 && second.met > 0; });
}

bool GoodPair::pings(Peer& from, const Peer& to) {
  auto peer = adopt(gst_genos_room_get_peer(from.room.get(), to.id.c_str()));
  if (!peer) return false;
  gint64 answer = -2;
  gst_genos_peer_ping_async(
      peer.get(), nullptr,
      [](GObject* source, GAsyncResult* result, gpointer data) {
        *static_cast<gint64*>(data) =
            gst_genos_peer_ping_finish(GST_GENOS_PEER(source), result, nullptr);
      },
      &answer);
  until([&] { return answer != -2; }, std::chrono::seconds(12));
  return answer >= 0;
}

::testing::AssertionResult GoodPair::unharmed() {
  const auto word = "round " + std::to_string(++rounds_);
  for (Peer* from : {&first, &second}) {
    const Peer& to = from == &first ? second : first;
    if (from->parted > 0)
      return ::testing::AssertionFailure() << from->id << " lost the other good one";
    const gchar* targets[] = {to.id.c_str(), nullptr};
    GError* error = nullptr;
    if (!gst_genos_channel_send_text(from->chat.get(), word.c_str(), targets, &error)) {
      const std::string why = error ? error->message : "?";
      g_clear_error(&error);
      return ::testing::AssertionFailure() << from->id << " cannot send: " << why;
    }
    if (!until([&] { return std::count(to.heard.begin(), to.heard.end(), word) > 0; }))
      return ::testing::AssertionFailure() << to.id << " did not hear " << word;
    if (!pings(*from, to)) return ::testing::AssertionFailure() << to.id << " answers no ping";
  }
  return ::testing::AssertionSuccess();
}

}  // namespace genos::test
