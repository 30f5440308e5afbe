// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos pipe`: standard input to a room, what another sends to standard output.
#include <glib-unix.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cmath>
#include <csignal>

#include "tools/app.hpp"

namespace genos::tool {
namespace {

constexpr int poll_ms = 100;

// A line of elements, as `gst-launch-1.0` would run it.
class Pipe {
 public:
  explicit Pipe(const Options& options)
      : options_(options),
        loop_(g_main_loop_new(nullptr, FALSE)),
        pipeline_(sink(gst_pipeline_new(nullptr))) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    stopped_ = true;
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

  // Prints what is wrong.
  bool build(const char* channel) {
    auto* source = add("fdsrc", "gstreamer1.0-plugins-base");
    auto* element = add("genosdatachannel", "the plugin of Genos; is it in GST_PLUGIN_PATH?");
    // Not fdsink (1.22): it begins by seeking to the beginning of a file that was appended to.
    auto* end = add("fakesink", "gstreamer1.0");
    if (!source || !element || !end) return false;
    std::string trusted;
    for (const auto& word : options_.trusted) trusted += (trusted.empty() ? "" : ",") + word;
    g_object_set(source, "fd", STDIN_FILENO, nullptr);
    g_object_set(end, "signal-handoffs", TRUE, "sync", FALSE, nullptr);
    g_signal_connect(end, "handoff", G_CALLBACK(write_out), this);
    g_object_set(element, "room", options_.room.c_str(), "channel", channel, "trusted",
                 trusted.c_str(), nullptr);
    gst_util_set_object_arg(G_OBJECT(element), "framing", "bytes");
    return configure(G_OBJECT(element), options_) &&
           gst_element_link_many(source, element, end, nullptr);
  }

  int run() {
    const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
    gst_bus_add_watch(bus.get(), on_message, this);
    const auto interrupt = [](gpointer self) -> gboolean {
      static_cast<Pipe*>(self)->quit(exit_interrupted);
      return G_SOURCE_CONTINUE;
    };
    std::vector<guint> sources = {g_unix_signal_add(SIGINT, interrupt, this),
                                  g_unix_signal_add(SIGTERM, interrupt, this)};
    const auto late = [](gpointer data) -> gboolean {
      auto* self = static_cast<Pipe*>(data);
      complain("time is up");
      self->quit(self->somebody_ ? exit_failed : exit_nobody);
      return G_SOURCE_CONTINUE;
    };
    if (options_.timeout > 0)
      sources.push_back(g_timeout_add(guint(std::ceil(options_.timeout * 1000)), late, this));
    // A failure is told on the bus.
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    g_main_loop_run(loop_.get());
    for (const guint source : sources) g_source_remove(source);
    gst_bus_remove_watch(bus.get());
    return code_;
  }

 private:
  GstElement* add(const char* name, const char* where) {
    GstElement* element = gst_element_factory_make(name, nullptr);
    if (!element)
      complain(std::string("there is no element '") + name + "': it comes with " + where);
    else
      gst_bin_add(GST_BIN(pipeline_.get()), element);
    return element;
  }

  // Whatever waits for standard output to be read, stopping does not.
  bool write_some(std::span<const std::uint8_t>& bytes) const {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    while (!stopped_ && poll(&out, 1, poll_ms) <= 0) continue;
    if (stopped_) return true;
    const auto size =
        write(STDOUT_FILENO, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (size < 0 && errno != EINTR && errno != EAGAIN) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return true;
  }

  static void write_out(GstElement* end, GstBuffer* buffer, GstPad*, gpointer data) noexcept {
    const auto& self = *static_cast<Pipe*>(data);
    const MappedBuffer mapped(buffer);
    for (auto bytes = mapped.bytes(); !bytes.empty() && !self.stopped_;) {
      if (self.write_some(bytes)) continue;
      GST_ELEMENT_ERROR(end, RESOURCE, WRITE, ("standard output: %s", g_strerror(errno)),
                        (nullptr));
      return;
    }
  }

  void quit(int code) {
    if (!std::exchange(over_, true)) code_ = code;  // the first reason counts
    g_main_loop_quit(loop_.get());
  }

  void on_error(GstMessage* message) {
    Owned<GError> error;
    {
      Out<GError> slot(error);
      gst_message_parse_error(message, slot, nullptr);
    }
    complain(error->message);
    const bool settings =
        g_error_matches(error.get(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS);
    quit(settings ? exit_usage : exit_failed);
  }

  void on_hint(GstMessage* message) const {
    Owned<GError> hint;
    {
      Out<GError> slot(hint);
      gst_message_parse_info(message, slot, nullptr);
    }
    if (!options_.quiet) complain(hint->message);
  }

  static gboolean on_message(GstBus*, GstMessage* message, gpointer data) noexcept {
    auto& self = *static_cast<Pipe*>(data);
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS: self.quit(exit_ok); break;
      case GST_MESSAGE_ERROR: self.on_error(message); break;
      case GST_MESSAGE_INFO: self.on_hint(message); break;
      case GST_MESSAGE_ELEMENT:
        self.somebody_ = self.somebody_ || gst_message_has_name(message, "genos-peer-join");
        break;
      default: break;
    }
    return G_SOURCE_CONTINUE;
  }

  const Options options_;
  Owned<GMainLoop> loop_;
  Ref<GstElement> pipeline_;
  int code_ = exit_ok;
  std::atomic<bool> stopped_ = false;
  bool over_ = false;
  bool somebody_ = false;
};

}  // namespace

int pipe(std::vector<std::string> args) {
  char* channel = nullptr;
  Options options;
  const bool ok = parse(
      args, "pipe --room NAME",
      "Sends stdin to everybody who is there when it begins, and writes what the first who sends\n"
      "sends to stdout. Ends when both have ended; with < /dev/null it only receives.",
      options,
      {{"channel", 'c', 0, G_OPTION_ARG_FILENAME, &channel, "Channel (default: pipe)", "NAME"}});
  const Owned<char> owned(channel);
  if (!ok) return exit_usage;
  std::signal(SIGPIPE, SIG_IGN);  // who reads no more is an error with a text
  Pipe line(options);
  return line.build(channel ? channel : "pipe") ? line.run() : int(exit_usage);
}

}  // namespace genos::tool
