// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos watch`: what others in a room show, in windows and loudspeakers, or as figures.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>

#include "tools/pieces.hpp"
#include "tools/pipeline_run.hpp"

namespace genos::tool {
namespace {

constexpr guint second_ms = 1000;

// What is shown of one pad: a window or loudspeaker and the elements in front of it.
struct View {
  explicit View(GstPad* pad) : whose(pad) {}

  const StreamOf whose;
  Ref<GstElement> bin;
  std::atomic<guint> frames{0};
  guint frames_told = 0;
  guint64 bytes_told = 0;
};

class Watcher {
 public:
  Watcher(const Options& options, std::string from, std::string streams, bool stats)
      : from_(std::move(from)), streams_(std::move(streams)), stats_(stats), run_(options) {}
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() = default;

  int watch();

 private:
  void show(GstPad* pad);
  void drop(const std::string& pad);
  void tell_view(const char* event, const std::string& pad, const StreamOf& whose) const;
  static GstPadProbeReturn count(GstPad*, GstPadProbeInfo*, gpointer view) noexcept;
  void tell();
  void tell_track(const GstStructure* track, std::string& table);

  const std::string from_, streams_;
  const bool stats_;
  GstElement* source_ = nullptr;
  std::vector<Connection> connections_;
  std::mutex lock_;  // guards what follows
  std::map<std::string, std::shared_ptr<View>> views_;
  std::atomic<bool> any_ = false;
  unsigned lines_ = 0;  // of the table that stands on the terminal
  PipelineRun run_;
};

bool has_display() { return g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY"); }

int Watcher::watch() {
  source_ = run_.add("genosroomsrc", element_place);
  if (!source_ || !run_.enter_room(source_)) return exit_usage;
  if (!has_display() && !run_.options().quiet)
    complain("there is no display: pictures are counted, not shown");
  g_object_set(source_, "from", from_.c_str(), "streams", streams_.c_str(), "end-with-last", TRUE,
               nullptr);
  connections_.push_back(on<void(GstElement*, GstPad*)>(source_, "pad-added",
                                                        [this](auto*, auto* pad) { show(pad); }));
  connections_.push_back(
      on<void(GstElement*, GstPad*)>(source_, "pad-removed", [this](auto*, GstPad* pad) {
        run_.post([this, name = std::string(GST_PAD_NAME(pad))] { drop(name); });
      }));
  // One stream's end is not ours.
  run_.on_message = [](GstMessage* message) {
    return GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  };
  run_.at_timeout = [this] { run_.quit(any_ ? exit_ok : exit_nobody); };
  if (stats_) run_.every(second_ms, [this] { tell(); });
  return run_.run();
}

GstPadProbeReturn Watcher::count(GstPad*, GstPadProbeInfo*, gpointer view) noexcept {
  ++static_cast<View*>(view)->frames;
  return GST_PAD_PROBE_OK;
}

// On the source's thread.
void Watcher::show(GstPad* pad) {
  const std::string name = GST_PAD_NAME(pad);
  const bool is_sound = name.starts_with("audio");
  const bool plays = is_sound || has_display();
  std::string line =
      is_sound ? "queue ! audioconvert ! audioresample ! " : "queue ! videoconvert ! videoscale ! ";
  // Without a loudspeaker pictures are still to be seen.
  line += !plays ? "fakesink sync=true" : is_sound ? "autoaudiosink" : "autovideosink";
  Owned<GError> error;
  auto bin = sink(gst_parse_bin_from_description(line.c_str(), TRUE, out(error)));
  if (!bin) {
    run_.post([why = std::string(error->message)] {
      complain(why + ": install gstreamer1.0-plugins-good");
    });
    return;
  }
  auto view = std::make_shared<View>(pad);
  view->bin = bin;
  const auto end = adopt(gst_element_get_static_pad(bin.get(), "sink"));
  gst_pad_add_probe(end.get(), GST_PAD_PROBE_TYPE_BUFFER, count, view.get(), nullptr);
  gst_bin_add(GST_BIN(run_.pipeline()), bin.get());
  {
    const std::scoped_lock guard(lock_);
    views_[name] = view;
  }
  any_ = true;
  run_.post([this, name, whose = view->whose] { tell_view("watching", name, whose); });
  gst_element_sync_state_with_parent(bin.get());
  gst_pad_link(pad, end.get());
}

void Watcher::tell_view(const char* event, const std::string& pad, const StreamOf& whose) const {
  if (!run_.options().json) return;
  Line line(event);
  line.add("pad", pad).add("peer", whose.peer).add("name", whose.name);
  line.add("what", whose.is_sound ? "sound" : "picture").print(true, {});
}

void Watcher::drop(const std::string& pad) {
  std::shared_ptr<View> view;
  {
    const std::scoped_lock guard(lock_);
    const auto found = views_.find(pad);
    if (found == views_.end()) return;
    view = found->second;
    views_.erase(found);
  }
  tell_view("watched", pad, view->whose);
  gst_element_set_locked_state(view->bin.get(), TRUE);
  gst_element_set_state(view->bin.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(run_.pipeline()), view->bin.get());
}

std::string field(const GstStructure* from, const char* name) {
  const char* text = gst_structure_get_string(from, name);
  return text ? text : "";
}

// "1280x720", of what the view shows.
std::string size_of(const View& view) {
  const auto pad = adopt(gst_element_get_static_pad(view.bin.get(), "sink"));
  const auto caps = adopt(gst_pad_get_current_caps(pad.get()));
  int width = 0, height = 0;
  if (!caps) return {};
  const auto* s = gst_caps_get_structure(caps.get(), 0);
  if (!gst_structure_get_int(s, "width", &width) || !gst_structure_get_int(s, "height", &height))
    return {};
  return std::to_string(width) + "x" + std::to_string(height);
}

void Watcher::tell_track(const GstStructure* track, std::string& table) {
  const auto pad = field(track, "pad");
  const auto found = views_.find(pad);
  if (found == views_.end()) return;
  auto& view = *found->second;
  guint64 bytes = 0, lost = 0;
  gst_structure_get_uint64(track, "bytes", &bytes);
  gst_structure_get_uint64(track, "lost", &lost);
  const guint frames = view.frames;
  const guint rate = frames - std::exchange(view.frames_told, frames);
  const auto kbit = (bytes - std::exchange(view.bytes_told, bytes)) * 8 / 1000;
  const auto size = size_of(view);
  Line line("stats");
  for (const char* name : {"pad", "peer", "name", "title", "encoding"})
    line.add(name, field(track, name));
  line.add("size", size).add("frames-per-second", guint64(rate)).add("kbit-per-second", kbit);
  line.add("lost", lost);
  if (run_.options().json) return line.print(true, {});
  const auto name = field(track, "name");
  char text[160];
  g_snprintf(text, sizeof text,
             "  %-5s %-9s %3u/s %6" G_GUINT64_FORMAT " kbit/s %5" G_GUINT64_FORMAT " lost",
             field(track, "encoding").c_str(), size.c_str(), rate, kbit, lost);
  table += printable(name.empty() ? field(track, "peer") : name) + text + "\n";
}

// Over the table that stood there.
void Watcher::tell() {
  GstStructure* raw = nullptr;
  g_object_get(source_, "stats", &raw, nullptr);
  if (!raw) return;
  std::string table;
  {
    const std::scoped_lock guard(lock_);
    const GValue* tracks = gst_structure_get_value(raw, "tracks");
    for (guint i = 0; i < gst_value_list_get_size(tracks); ++i)
      tell_track(gst_value_get_structure(gst_value_list_get_value(tracks, i)), table);
  }
  gst_structure_free(raw);
  if (run_.options().json) return;
  if (table.empty()) table = "nobody shows anything\n";
  if (lines_ > 0 && isatty(1)) std::printf("\x1b[%uA\x1b[J", lines_);
  lines_ = unsigned(std::ranges::count(table, '\n'));
  std::fputs(table.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int watch(std::vector<std::string> args) {
  char *from = nullptr, *streams = nullptr;
  gboolean stats = FALSE;
  Options options;
  const bool fine = parse(
      args, "watch --room NAME",
      "Shows what others in the room show, a window for each, until Ctrl-C.", options,
      {{"from", 0, 0, G_OPTION_ARG_FILENAME, &from, "Only those peers (ids or keys)", "PEERS"},
       {"streams", 0, 0, G_OPTION_ARG_STRING, &streams, "Only streams of those titles or kinds",
        "TITLES"},
       {"stats", 0, 0, G_OPTION_ARG_NONE, &stats,
        "Figures of each stream on the terminal, every second", nullptr}});
  const Owned<char> owned(from), held(streams);
  if (!fine) return exit_usage;
  return Watcher(options, from ? from : "", streams ? streams : "", stats).watch();
}

}  // namespace genos::tool
