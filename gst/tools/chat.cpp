// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos chat`: lines from stdin to a room, lines from the room to stdout.
#include <gio/gunixinputstream.h>
#include <unistd.h>

#include <deque>

#include "bridge/gio_refs.hpp"
#include "tools/app.hpp"

namespace genos::tool {
namespace {

// Lines that wait for somebody, or for a slow peer; the rest stays in the pipe.
constexpr std::size_t most_waiting = 256;

// Lines wait until somebody is there, and the program ends when stdin has ended and all is sent.
class Chat {
 public:
  Chat(App& app, std::string channel) : app_(app), name_(std::move(channel)) {}

  void start() {
    Owned<GError> error;
    channel_ = adopt(gst_genos_room_channel(app_.room(), name_.c_str(), out(error)));
    if (!channel_) {
      complain(error->message);
      return app_.quit(exit_usage);
    }
    message_ = on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
        channel_.get(), "message",
        [this](auto*, auto* peer, int, GBytes* payload, const char*) { show(peer, payload); });
    auto raw = adopt(g_unix_input_stream_new(STDIN_FILENO, FALSE));
    input_ = adopt(g_data_input_stream_new(raw.get()));
  }
  // Not earlier: an empty stdin must not end it before we know that the room can be joined.
  void inside() {
    inside_ = true;
    read();
  }
  void joined() {
    somebody_ = true;
    for (auto& line : std::exchange(waiting_, {})) send(line);
    read();
    finish();
  }

 private:
  void show(GstGenosPeer* peer, GBytes* payload) {
    const auto bytes = bytes_of(payload);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Owned<char> valid(g_utf8_make_valid(text.c_str(), gssize(text.size())));
    Line("message")
        .add("from", gst_genos_peer_get_id(peer))
        .add("text", valid.get())
        .print(app_.options().json,
               std::string(gst_genos_peer_get_id(peer)) + ": " + printable(text));
  }

  void read() {
    if (!inside_ || ended_ || reading_ || waiting_.size() + sending_ >= most_waiting) return;
    reading_ = true;
    g_data_input_stream_read_line_async(
        input_.get(), G_PRIORITY_DEFAULT, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          auto* self = static_cast<Chat*>(data);
          gsize length = 0;
          const Owned<char> line(g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object),
                                                                      result, &length, nullptr));
          self->reading_ = false;
          // What is not UTF-8 is shown as such and does not end the conversation.
          const Owned<char> valid(line ? g_utf8_make_valid(line.get(), gssize(length)) : nullptr);
          self->take(valid.get());
        },
        this);
  }

  void take(const char* line) {
    if (!line) {
      ended_ = true;
      return finish();
    }
    if (somebody_)
      send(line);
    else
      waiting_.emplace_back(line);
    read();
  }

  void send(const std::string& line) {
    ++sending_;
    auto payload = adopt(g_bytes_new(line.data(), line.size()));
    gst_genos_channel_send_async(
        channel_.get(), GST_GENOS_PAYLOAD_TEXT, payload.get(), nullptr, nullptr, nullptr, nullptr,
        nullptr, nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          auto* self = static_cast<Chat*>(data);
          gst_genos_channel_send_finish(GST_GENOS_CHANNEL(object), result, nullptr);
          --self->sending_;
          self->read();
          self->finish();
        },
        this);
  }

  void finish() {
    if (ended_ && waiting_.empty() && sending_ == 0) app_.quit(exit_ok);
  }

  App& app_;
  std::string name_;
  Ref<GstGenosChannel> channel_;
  Ref<GDataInputStream> input_;
  std::deque<std::string> waiting_;
  std::size_t sending_ = 0;
  bool somebody_ = false;
  bool ended_ = false;
  bool reading_ = false;
  bool inside_ = false;
  Connection message_;
};

}  // namespace

int chat(std::vector<std::string> args) {
  char* channel = nullptr;
  Options options;
  const bool ok = parse(
      args, "chat --room NAME",
      "Sends each line of stdin to everybody and prints what they say.\n"
      "Lines wait until somebody is there; it ends with stdin, or after --timeout.",
      options,
      {{"channel", 'c', 0, G_OPTION_ARG_FILENAME, &channel, "Channel (default: chat)", "NAME"}});
  const Owned<char> owned(channel);
  if (!ok) return exit_usage;
  App app(options);
  Chat chat(app, channel ? channel : "chat");
  app.on_join = [&](GstGenosPeer* peer) {
    if (!options.quiet && isatty(STDERR_FILENO)) complain("+ " + describe(peer));
    chat.joined();
  };
  app.on_leave = [&](GstGenosPeer* peer, const char* reason, const char* detail) {
    if (!options.quiet && isatty(STDERR_FILENO)) complain(describe_leave(peer, reason, detail));
  };
  app.on_start = [&] { chat.start(); };
  app.on_inside = [&] { chat.inside(); };
  return app.run(exit_nobody);
}

}  // namespace genos::tool
