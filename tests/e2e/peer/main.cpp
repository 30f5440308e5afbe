// SPDX-License-Identifier: LGPL-2.1-or-later
// genos-test-peer: a native peer that a test drives by JSON lines (../README.md).
#include <gio/gunixinputstream.h>
#include <gst/genos/genos.h>
#include <unistd.h>

#include "e2e/peer/room.hpp"
#ifdef GENOS_HAVE_AV1
#include "av1dec/gstgenosav1dec.h"
#include "av1enc/gstgenosav1enc.h"
#include "rtpav1depay/gstgenosrtpav1depay.h"
#include "rtpav1pay/gstgenosrtpav1pay.h"
#endif

namespace genos::test {
namespace {

using core::Errc;
using core::Error;
using core::Json;
using Do = void (Room::*)(const Json& command, Room::Answer answer);

constexpr std::pair<std::string_view, Do> verbs[] = {
    {"channel", &Room::channel},
    {"send", &Room::send},
    {"request", &Room::request},
    {"ping", &Room::ping},
    {"peers", &Room::peers},
    {"add-media", &Room::add_media},
    {"remove-media", &Room::remove_media},
    {"media-stats", &Room::media_stats},
};

std::string make_id(const std::string& prefix) {
  static constexpr char letters[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string id = prefix;
  while (id.size() < 20) id += letters[g_random_int_range(0, sizeof(letters) - 1)];
  return id;
}

class Driver {
 public:
  explicit Driver(std::string self) : self_(std::move(self)) {}

  void obey(std::string_view text) {
    const Json command = value_of(text);
    const auto verb = command.string_at("do").value_or("");
    if (verb == "quit") return quit();
    const auto id = command.integer_at("id").value_or(0);
    run(verb, command, [id](const core::Result<Json>& result) {
      Json answer = result ? *result : Json::object().set("error", result.error().detail);
      answer.set("event", result ? "done" : "failed").set("id", id);
      if (!answer.find("t")) answer.set("t", wall_ms());
      write_line(answer);
    });
  }

  // Leaves everything; the loop ends when that is done.
  void quit() {
    if (std::exchange(quitting_, true)) return;
    const auto rooms = std::exchange(rooms_, {});
    left_ = rooms.size() + 1;
    for (const auto& [id, room] : rooms) room->leave([this](const auto&) { one_left(); });
    one_left();
  }

  void loop() { g_main_loop_run(loop_); }

 private:
  void one_left() {
    if (--left_ == 0) g_main_loop_quit(loop_);
  }

  void run(const std::string& verb, const Json& command, Room::Answer answer) {
    const auto name = command.string_at("room").value_or("");
    const auto key = name;
    if (verb == "join") {
      auto& room = rooms_[key];
      if (room) return answer(Error{Errc::wrong_state, "joined already"});
      room = std::make_shared<Room>(self_, command);
      return room->join([this, key, answer](const core::Result<Json>& result) {
        if (!result) rooms_.erase(key);
        answer(result ? Json(*result).set("self", self_) : result);
      });
    }
    const auto found = rooms_.find(key);
    if (found == rooms_.end()) return answer(Error{Errc::not_found, "not in room '" + name + "'"});
    const auto room = found->second;
    if (verb == "leave") {
      rooms_.erase(found);
      return room->leave(std::move(answer));
    }
    for (const auto& [word, method] : verbs)
      if (word == verb) return ((*room).*method)(command, std::move(answer));
    answer(Error{Errc::malformed, "unknown command '" + verb + "'"});
  }

  std::string self_;
  std::map<std::string, std::shared_ptr<Room>> rooms_;
  std::size_t left_ = 0;
  bool quitting_ = false;
  GMainLoop* loop_ = g_main_loop_new(nullptr, FALSE);
};

void read_next(GDataInputStream* input, Driver* driver);

void got_line(GObject* source, GAsyncResult* result, gpointer data) noexcept {
  auto* input = G_DATA_INPUT_STREAM(source);
  auto* driver = static_cast<Driver*>(data);
  gsize size = 0;
  const Owned<char> line(g_data_input_stream_read_line_finish(input, result, &size, nullptr));
  if (!line) return driver->quit();
  driver->obey({line.get(), size});
  read_next(input, driver);
}

void read_next(GDataInputStream* input, Driver* driver) {
  g_data_input_stream_read_line_async(input, G_PRIORITY_DEFAULT, nullptr, got_line, driver);
}

int run(const std::string& prefix) {
  const std::string self = make_id(prefix);
  gst_genos_warm_up();
  Driver driver(self);
  const auto raw = adopt(G_OBJECT(g_unix_input_stream_new(STDIN_FILENO, FALSE)));
  const auto input = adopt(G_OBJECT(g_data_input_stream_new(G_INPUT_STREAM(raw.get()))));
  read_next(G_DATA_INPUT_STREAM(input.get()), &driver);
  write_line(event("ready").set("self", self));
  driver.loop();
  gst_genos_deinit();
  return 0;
}

}  // namespace
}  // namespace genos::test

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
#ifdef GENOS_HAVE_AV1
  GST_ELEMENT_REGISTER(genosav1dec, nullptr);
  GST_ELEMENT_REGISTER(genosav1enc, nullptr);
  GST_ELEMENT_REGISTER(genosrtpav1depay, nullptr);
  GST_ELEMENT_REGISTER(genosrtpav1pay, nullptr);
#endif
  std::string prefix;
  for (int i = 1; i < argc; i++)
    if (g_str_has_prefix(argv[i], "--id-prefix=")) prefix = argv[i] + sizeof("--id-prefix=") - 1;
  return genos::test::run(prefix);
}
