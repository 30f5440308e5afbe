// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos pipe`: standard input to a room, what another sends to standard output.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>

#include "bridge/element_message.hpp"
#include "tools/pipeline_run.hpp"

namespace genos::tool {
namespace {

constexpr int poll_ms = 100;

// A line of elements, as `gst-launch-1.0` would run it.
class Pipe {
 public:
  explicit Pipe(const Options& options) : run_(options) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { stopped_ = true; }  // before the elements are stopped

  // Prints what is wrong.
  bool build(const char* channel) {
    auto* source = run_.add("fdsrc", "gstreamer1.0-plugins-base");
    auto* element = run_.add("genosdatachannel", element_place);
    // Not fdsink (1.22): it begins by seeking to the beginning of a file that was appended to.
    auto* end = run_.add("fakesink", "gstreamer1.0");
    if (!source || !element || !end) return false;
    g_object_set(source, "fd", STDIN_FILENO, nullptr);
    g_object_set(end, "signal-handoffs", TRUE, "sync", FALSE, nullptr);
    g_signal_connect(end, "handoff", G_CALLBACK(write_out), this);
    g_object_set(element, "channel", channel, nullptr);
    gst_util_set_object_arg(G_OBJECT(element), "framing", "bytes");
    return run_.enter_room(element) && gst_element_link_many(source, element, end, nullptr);
  }

  int run() {
    run_.on_news = [this](const GstStructure* news) {
      somebody_ = somebody_ || gst_structure_has_name(news, "genos-peer-join");
    };
    run_.at_timeout = [this] {
      complain("time is up");
      run_.quit(somebody_ ? exit_failed : exit_nobody);
    };
    return run_.run();
  }

 private:
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
      const char* why = g_strerror(errno);
      post_error({end, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_WRITE,
                 std::string("standard output: ") + why);
      return;
    }
  }

  std::atomic<bool> stopped_ = false;
  bool somebody_ = false;
  PipelineRun run_;
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
