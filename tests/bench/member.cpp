// SPDX-License-Identifier: LGPL-2.1-or-later
// Some peers in one process, for the benchmarks: obeys lines on stdin, tells what happened in JSON
// lines with times of the monotonic clock, which all processes of a machine share.
//   join COUNT ROOM       that many further peers join
//   leave                 all leave
//   send SIZE TOTAL       the first peer sends TOTAL bytes in messages of SIZE, 8 at a time
//   limit BYTES           peers that join from now on send so much of files a second
//   offer PATH            the first peer offers a file
//   store FOLDER          all peers take what is offered
//   chat COUNT            the first peer says something, and again when another has answered
#include <gio/gunixinputstream.h>
#include <gst/genos/genos.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"

namespace genos {

namespace {

constexpr int at_once = 8;

void tell(const char* event, int peer, const char* more = "") {
  std::printf("{\"event\":\"%s\",\"peer\":%d,\"t\":%" G_GINT64_FORMAT "%s}\n", event, peer,
              g_get_monotonic_time(), more);
  std::fflush(stdout);
}

class Member {
 public:
  Member(int number, const std::string& room, const char* activity, gsize limit) : number_(number) {
    room_ = adopt(gst_genos_room_new("genos-bench", room.c_str()));
    gst_util_set_object_arg(G_OBJECT(room_.get()), "activity", activity);
    g_object_set(room_.get(), "ice-servers", "none", "upload-limit", guint64(limit), nullptr);
    chat_ = adopt(gst_genos_room_channel(room_.get(), "chat", nullptr));
    said_ = on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        chat_.get(), "message",
        [this](auto*, auto* peer, int, GBytes* payload, const char*) { heard(peer, payload); });
    channel_ = adopt(gst_genos_room_channel(room_.get(), "bench", nullptr));
    join_ = on<void(GstGenosRoom*, GstGenosPeer*)>(
        room_.get(), "peer-join", [number](auto*, auto*) { tell("peer-join", number); });
    leave_ = on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
        room_.get(), "peer-leave",
        [number](auto*, auto*, int, const char*) { tell("peer-leave", number); });
    message_ = on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        channel_.get(), "message",
        [this](auto*, auto*, int, GBytes* payload, const char*) { received(payload); });
    tell("join", number);
    gst_genos_room_join_async(room_.get(), nullptr, nullptr, nullptr);
  }
  void leave() { gst_genos_room_leave(room_.get()); }

  void send(gsize size, gsize total) {
    block_ = adopt(g_bytes_new_take(g_malloc0(size), size));
    left_ = total;
    tell("send", number_);
    for (int i = 0; i < at_once; ++i) send_one();
  }

  void offer(const std::string& path) {
    gst_genos_room_send_file_async(
        room_.get(), path.c_str(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          auto* self = static_cast<Member*>(data);
          auto file =
              adopt(gst_genos_room_send_file_finish(GST_GENOS_ROOM(object), result, nullptr));
          if (file) self->watch(std::move(file));
        },
        this);
  }
  void store(const std::string& folder) {
    offer_ = on<void(GstGenosRoom*, GstGenosFile*)>(
        room_.get(), "file-offer", [this, folder](auto*, GstGenosFile* file) {
          file_ = retain(file);
          stored_ = on<void(GstGenosFile*, GError*)>(file, "finished", [this](auto*, GError* why) {
            tell(why ? "not-stored" : "stored", number_);
          });
          tell("accept", number_);
          gst_genos_file_accept(file, folder.c_str(), GST_GENOS_FILE_FLAGS_NONE, nullptr);
        });
  }
  void chat(gsize count) {
    chats_ = count;
    say();
  }

 private:
  void watch(Ref<GstGenosFile> file) {
    file_ = std::move(file);
    tell("offered", number_);
    stored_ = on<void(GstGenosFile*, const char*, GstGenosFileEvent, guint64, const char*)>(
        file_.get(), "peer-event",
        [this](auto*, const char* peer, GstGenosFileEvent event, guint64 sent, const char*) {
          sent_[peer] = std::max(sent_[peer], sent);
          if (event != GST_GENOS_FILE_EVENT_DONE) return;
          guint64 all = 0;
          for (const auto& [who, bytes] : sent_) all += bytes;
          char more[64];
          std::snprintf(more, sizeof more, ",\"sent\":%" G_GUINT64_FORMAT, all);
          tell("delivered", number_, more);
        });
  }

  void say() {
    said_at_ = g_get_monotonic_time();
    gst_genos_channel_send_text(chat_.get(), "?", nullptr, nullptr);
  }
  void heard(GstGenosPeer* peer, GBytes* payload) {
    const auto text = bytes_of(payload);
    if (!text.empty() && text[0] == '?') {
      const char* back[] = {gst_genos_peer_get_id(peer), nullptr};
      gst_genos_channel_send_text(chat_.get(), "!", back, nullptr);
      return;
    }
    if (chats_ == 0) return;
    char more[64];
    std::snprintf(more, sizeof more, ",\"us\":%" G_GINT64_FORMAT,
                  g_get_monotonic_time() - said_at_);
    tell("chat", number_, more);
    if (--chats_ > 0) say();
  }

  void send_one() {
    if (left_ == 0) return;
    left_ -= std::min<gsize>(left_, g_bytes_get_size(block_.get()));
    gst_genos_channel_send_async(
        channel_.get(), GST_GENOS_PAYLOAD_BYTES, block_.get(), nullptr, nullptr, nullptr, nullptr,
        nullptr, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          gst_genos_channel_send_finish(GST_GENOS_CHANNEL(object), result, nullptr);
          static_cast<Member*>(data)->send_one();
        },
        this);
  }

  void received(GBytes* payload) {
    got_ += g_bytes_get_size(payload);
    char more[64];
    std::snprintf(more, sizeof more, ",\"bytes\":%" G_GSIZE_FORMAT, got_);
    // One line a MiB, so that printing is not what is measured.
    if (got_ / step != told_) tell("bytes", number_, more);
    told_ = got_ / step;
  }

  static constexpr gsize step = 1u << 20;
  int number_;
  Ref<GstGenosRoom> room_;
  Ref<GstGenosChannel> channel_, chat_;
  Ref<GstGenosFile> file_;
  std::map<std::string, guint64> sent_;
  gsize chats_ = 0;
  gint64 said_at_ = 0;
  Ref<GBytes> block_;
  gsize left_ = 0, got_ = 0, told_ = 0;
  Connection join_, leave_, message_, said_, offer_, stored_;
};

class Process {
 public:
  explicit Process(const char* activity) : activity_(activity) {
    auto raw = adopt(g_unix_input_stream_new(STDIN_FILENO, FALSE));
    input_ = adopt(g_data_input_stream_new(raw.get()));
  }
  void run() {
    read();
    while (!ended_) g_main_context_iteration(nullptr, TRUE);
    members_.clear();
  }

 private:
  void read() {
    g_data_input_stream_read_line_async(
        input_.get(), G_PRIORITY_DEFAULT, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          const Owned<char> line(g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object),
                                                                      result, nullptr, nullptr));
          static_cast<Process*>(data)->obey(line.get());
        },
        this);
  }

  void obey(const char* line) {
    if (!line) {
      ended_ = true;
      return;
    }
    std::istringstream words(line);
    std::string what, room;
    gsize one = 0, two = 0;
    words >> what;
    if (what == "join" && words >> one >> room)
      for (gsize i = 0; i < one; ++i)
        members_.push_back(std::make_unique<Member>(int(members_.size()), room, activity_, limit_));
    else if (what == "leave") {
      for (auto& member : members_) member->leave();
      members_.clear();
      tell("left", 0);
    } else if (what == "send" && words >> one >> two && !members_.empty()) {
      members_.front()->send(one, two);
    } else if (what == "limit") {
      words >> limit_;
    } else if (what == "offer" && words >> room && !members_.empty()) {
      members_.front()->offer(room);
    } else if (what == "store" && words >> room) {
      for (auto& member : members_) member->store(room);
    } else if (what == "chat" && words >> one && !members_.empty()) {
      members_.front()->chat(one);
    }
    read();
  }

  const char* activity_;
  gsize limit_ = 0;
  Ref<GDataInputStream> input_;
  std::vector<std::unique_ptr<Member>> members_;
  bool ended_ = false;
};

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  gst_genos_warm_up();
  genos::tell("ready", 0);
  genos::Process(argc > 1 ? argv[1] : "send+receive").run();
  gst_genos_deinit();
}
