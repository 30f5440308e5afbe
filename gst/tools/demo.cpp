// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos-demo`: processes find each other with no server running, greet, measure, send a file, and
// show, watch and record pictures and sound.
#include <gst/genos/genos.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"
#include "tools/demo_file.hpp"
#include "tools/demo_media.hpp"

namespace genos {

namespace {

constexpr int pings = 20;
constexpr std::size_t block_size = 1u << 20;
constexpr int blocks = 64;

// One of the two. The first leads through the programme and prints; the second answers.
class Demo {
 public:
  Demo(const std::string& room, bool first, const std::string& folder)
      : first_(first),
        folder_(folder),
        begun_(g_get_monotonic_time()),
        loop_(g_main_loop_new(nullptr, FALSE)),
        room_(adopt(gst_genos_room_new("genos-demo", room.c_str()))),
        chat_(adopt(gst_genos_room_channel(room_.get(), "chat", nullptr))),
        data_(adopt(gst_genos_room_channel(room_.get(), "data", nullptr))) {
    g_object_set(room_.get(), "ice-servers", "none", nullptr);
    connect();
  }

  int run(guint seconds) {
    g_timeout_add_seconds(
        seconds,
        [](gpointer data) -> gboolean {
          static_cast<Demo*>(data)->fail("time is up");
          return G_SOURCE_REMOVE;
        },
        this);
    gst_genos_room_join_async(room_.get(), nullptr, nullptr, nullptr);
    g_main_loop_run(loop_.get());
    gst_genos_room_leave(room_.get());
    return ok_ ? 0 : 1;
  }

  // What the first one does at the end; finish() or fail() follow.
  std::function<void(Demo&)> send_file;
  FileSending& keep(std::unique_ptr<FileSending> file) { return *(file_ = std::move(file)); }
  [[nodiscard]] GstGenosRoom* room() const { return room_.get(); }

  void say(const std::string& text) const {
    if (first_) std::printf("%6.2f s  %s\n", seconds(), text.c_str());
    std::fflush(stdout);
  }
  void fail(const std::string& why) {
    say("FAILED: " + why);
    g_main_loop_quit(loop_.get());
  }
  void finish() {
    say("all of it worked");
    ok_ = true;
    g_main_loop_quit(loop_.get());
  }

 private:
  void connect() {
    join_ = on<void(GstGenosRoom*, GstGenosPeer*)>(room_.get(), "peer-join",
                                                   [this](auto*, auto* peer) { joined(peer); });
    leave_ = on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
        room_.get(), "peer-leave", [this](auto*, auto*, int, const char* detail) {
          if (first_ && file_) return;  // it was killed, which is part of the programme
          if (first_) return fail(std::string("the other one left: ") + detail);
          ok_ = true;  // it had what it wanted
          g_main_loop_quit(loop_.get());
        });
    text_ = on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        chat_.get(), "message",
        [this](auto*, auto*, int, GBytes* payload, const char*) { heard(payload); });
    bytes_ = on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        data_.get(), "message",
        [this](auto*, auto*, int, GBytes* payload, const char*) { took(payload); });
    if (!first_)
      receiving_ = std::make_unique<FileReceiving>(room_.get(), folder_, [this](const char* why) {
        if (!why) ok_ = true;
        g_main_loop_quit(loop_.get());
      });
  }

  [[nodiscard]] double seconds() const { return double(g_get_monotonic_time() - begun_) / 1e6; }

  void joined(GstGenosPeer* peer) {
    if (peer_) return;
    peer_ = retain(peer);
    say(std::string("found ") + gst_genos_peer_get_id(peer) + ", linked and verified");
    if (first_) gst_genos_channel_send_text(chat_.get(), "Hello. Who are you?", nullptr, nullptr);
  }

  void heard(GBytes* payload) {
    const auto bytes = bytes_of(payload);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!first_) {
      gst_genos_channel_send_text(chat_.get(), "Hello. The second process, no server between us.",
                                  nullptr, nullptr);
      return;
    }
    say("it says: " + text);
    ping();
  }

  void ping() {
    gst_genos_peer_ping_async(
        peer_.get(), nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          static_cast<Demo*>(data)->pinged(
              gst_genos_peer_ping_finish(GST_GENOS_PEER(object), result, nullptr));
        },
        this);
  }

  void pinged(gint64 microseconds) {
    if (microseconds < 0) return fail("a ping was not answered");
    best_ = best_ == 0 ? microseconds : std::min(best_, microseconds);
    total_ += microseconds;
    if (++answered_ < pings) return ping();
    char text[96];
    std::snprintf(text, sizeof text, "round trip: %.2f ms on average, %.2f ms at best, of %d",
                  double(total_) / 1e3 / pings, double(best_) / 1e3, pings);
    say(text);
    sending_since_ = g_get_monotonic_time();
    block_ = adopt(g_bytes_new_take(g_malloc0(block_size), block_size));
    send_block();
  }

  void send_block() {
    gst_genos_channel_send_async(
        data_.get(), GST_GENOS_PAYLOAD_BYTES, block_.get(), nullptr, nullptr, nullptr, nullptr,
        nullptr, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          auto* self = static_cast<Demo*>(data);
          Owned<GError> error;
          if (!gst_genos_channel_send_finish(GST_GENOS_CHANNEL(object), result, out(error)))
            return self->fail(error->message);
          if (++self->sent_ < blocks) self->send_block();
        },
        this);
  }

  // The second counts what it takes; the first gets the count back.
  void took(GBytes* payload) {
    const auto bytes = bytes_of(payload);
    if (!first_) {
      received_ += bytes.size();
      if (received_ < block_size * blocks) return;
      const std::string sum = std::to_string(received_);
      const auto answer = adopt(g_bytes_new(sum.data(), sum.size()));
      gst_genos_channel_send_bytes(data_.get(), answer.get(), nullptr, nullptr, nullptr);
      return;
    }
    const std::string sum(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (sum != std::to_string(block_size * blocks)) return fail("bytes were lost: " + sum);
    const double took = double(g_get_monotonic_time() - sending_since_) / 1e6;
    char text[96];
    std::snprintf(text, sizeof text, "throughput: %d MiB in %.2f s, %.1f MiB/s", blocks, took,
                  blocks / took);
    say(text);
    if (send_file) return send_file(*this);
    finish();
  }

  bool first_;
  const std::string folder_;
  std::unique_ptr<FileSending> file_;
  std::unique_ptr<FileReceiving> receiving_;
  bool ok_ = false;
  gint64 begun_;
  Owned<GMainLoop> loop_;
  Ref<GstGenosRoom> room_;
  Ref<GstGenosChannel> chat_, data_;
  Ref<GstGenosPeer> peer_;
  Ref<GBytes> block_;
  gint64 best_ = 0, total_ = 0, sending_since_ = 0;
  int answered_ = 0, sent_ = 0;
  std::size_t received_ = 0;
  Connection join_, leave_, text_, bytes_;
};

int usage(FILE* to, int code) {
  std::fputs(
      "Usage: genos-demo [--seconds N]\n\n"
      "Two processes find each other with no server running, greet, measure round trip and\n"
      "throughput, and send a file of 100 MiB; the receiver is killed in the middle and another\n"
      "one goes on. Then a picture and sound are shown, watched and recorded, and the recording\n"
      "is looked at. At most N seconds (default: 60).\n"
      "Exit code 0 only if all of it worked.\n",
      to);
  return code;
}

// Starts the programme once more, as somebody else.
Ref<GSubprocess> start(const char* program, const char* room, const DemoFolder& folder,
                       guint seconds) {
  const Owned<char> limit(g_strdup_printf("%u", seconds));
  Owned<GError> error;
  auto other =
      adopt(g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, out(error), program, "--second", room,
                             "--into", folder.into().c_str(), "--seconds", limit.get(), nullptr));
  if (!other) std::fprintf(stderr, "genos-demo: %s\n", error->message);
  return other;
}

int lead(const char* program, guint seconds) {
  const Owned<char> room(g_uuid_string_random());
  const char* relays = g_getenv("GENOS_SIGNALING");
  std::printf("Two processes, %s, room '%s'.\n",
              relays && *relays ? "over $GENOS_SIGNALING" : "no server", room.get());
  const DemoFolder folder;
  if (folder.path().empty()) {
    std::fputs("genos-demo: 200 MiB of temporary files cannot be written\n", stderr);
    return 1;
  }
  auto other = start(program, room.get(), folder, seconds);
  if (!other) return 1;
  Demo demo(room.get(), true, "");
  std::unique_ptr<MediaShow> show;
  const auto begin_show = [&](Demo& at) {
    show = std::make_unique<MediaShow>(
        std::string(room.get()) + "-show", folder.recording(), seconds,
        MediaShow::Stage{.say = [&at](const std::string& text) { at.say(text); },
                         .failed = [&at](const std::string& why) { at.fail(why); },
                         .done = [&at] { at.finish(); }});
    show->begin();
  };
  demo.send_file = [&](Demo& at) {
    at.keep(std::make_unique<FileSending>(
                at.room(), folder,
                FileSending::Stage{.say = [&at](const std::string& text) { at.say(text); },
                                   .failed = [&at](const std::string& why) { at.fail(why); },
                                   .kill_receiver =
                                       [&other] {
                                         g_subprocess_force_exit(other.get());
                                         g_subprocess_wait(other.get(), nullptr, nullptr);
                                       },
                                   .start_another =
                                       [&, program] {
                                         other = start(program, room.get(), folder, seconds);
                                         if (!other) at.fail("no other process can be started");
                                       },
                                   .done = [&] { begin_show(at); }}))
        .begin();
  };
  int code = demo.run(seconds);
  if (!other) return 1;
  if (code != 0) g_subprocess_force_exit(other.get());
  g_subprocess_wait(other.get(), nullptr, nullptr);
  if (code == 0 && !g_subprocess_get_successful(other.get())) {
    std::fputs("genos-demo: the other process failed\n", stderr);
    code = 1;
  }
  return code;
}

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  guint64 seconds = 60;
  const char *second = nullptr, *into = "";
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--help")) return genos::usage(stdout, 0);
    const bool more = i + 1 < argc;
    if (!std::strcmp(argv[i], "--second") && more)
      second = argv[++i];
    else if (!std::strcmp(argv[i], "--into") && more)
      into = argv[++i];
    else if (std::strcmp(argv[i], "--seconds") != 0 || !more ||
             !g_ascii_string_to_unsigned(argv[++i], 10, 1, 3600, &seconds, nullptr))
      return genos::usage(stderr, 64);
  }
  gst_init(nullptr, nullptr);
  const int code = second ? genos::Demo(second, false, into).run(guint(seconds))
                          : genos::lead(argv[0], guint(seconds));
  gst_genos_deinit();
  return code;
}
