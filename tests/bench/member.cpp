// SPDX-License-Identifier: LGPL-2.1-or-later
// Some peers in one process, for the benchmarks: obeys lines on stdin, tells what happened in JSON
// lines with times of the monotonic clock, which all processes of a machine share.
//   join COUNT ROOM       that many further peers join
//   leave                 all leave
//   send SIZE TOTAL       the first peer sends TOTAL bytes in messages of SIZE, 8 at a time
#include <gio/gunixinputstream.h>
#include <gst/genos/genos.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
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
  Member(int number, const std::string& room, const char* activity) : number_(number) {
    room_ = adopt(gst_genos_room_new("genos-bench", room.c_str()));
    gst_util_set_object_arg(G_OBJECT(room_.get()), "activity", activity);
    g_object_set(room_.get(), "ice-servers", "none", nullptr);
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

 private:
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
  Ref<GstGenosChannel> channel_;
  Ref<GBytes> block_;
  gsize left_ = 0, got_ = 0, told_ = 0;
  Connection join_, leave_, message_;
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
        members_.push_back(std::make_unique<Member>(int(members_.size()), room, activity_));
    else if (what == "leave") {
      for (auto& member : members_) member->leave();
      members_.clear();
      tell("left", 0);
    } else if (what == "send" && words >> one >> two && !members_.empty()) {
      members_.front()->send(one, two);
    }
    read();
  }

  const char* activity_;
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
