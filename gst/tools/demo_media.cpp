// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/demo_media.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace genos {
template <> struct Free<JsonNode> {
  void operator()(JsonNode* node) const { json_node_unref(node); }
};

namespace {

constexpr double recorded = 6;    // seconds
constexpr double tolerance = 2;   // a busy machine starts late, and ends late
constexpr guint64 patience = 15;  // seconds, until what was recorded is decoded

// The one that was built with us, else whichever there is.
std::string tool() {
  const Owned<char> self(g_file_read_link("/proc/self/exe", nullptr));
  if (self) {
    const auto beside = std::filesystem::path(self.get()).parent_path() / "genos";
    std::error_code none;
    if (std::filesystem::exists(beside, none)) return beside.string();
  }
  return "genos";
}

bool is_installed(const char* name) {
  auto* factory = gst_element_factory_find(name);
  if (factory) gst_object_unref(factory);
  return factory;
}

// Where the relay that everybody here uses serves the page; empty when it is not on this machine.
std::string page_of(const std::string& room) {
  const char* set = g_getenv("GENOS_SIGNALING");
  const std::string relay = set && *set ? set : "ws://localhost:7712";
  if (!relay.starts_with("ws://") || relay.find_first_of(",#") != relay.npos) return {};
  return "http://" + relay.substr(std::strlen("ws://")) + "/#room=" + room + "&app=genos-demo";
}

std::string text_in(JsonObject* line, const char* name) {
  return json_object_get_string_member_with_default(line, name, "");
}

// What came out at the end of a decoder.
struct Decoded {
  guint64 count = 0;
  double last = 0;  // seconds
  Connection connection;

  void watch(GstElement* pipeline, const char* name) {
    const auto sink = adopt(gst_bin_get_by_name(GST_BIN(pipeline), name));
    connection = on<void(GstElement*, GstBuffer*, GstPad*)>(
        sink.get(), "handoff", [this](auto*, GstBuffer* buffer, auto*) {
          ++count;
          if (GST_BUFFER_PTS_IS_VALID(buffer)) last = double(GST_BUFFER_PTS(buffer)) / GST_SECOND;
        });
  }
  [[nodiscard]] bool is_plausible() const {
    return count > 0 && last > recorded - tolerance && last < recorded + tolerance;
  }
};

}  // namespace

MediaShow::MediaShow(const std::string& room, const std::string& file, guint seconds, Stage stage)
    : room_(room), file_(file), seconds_(std::to_string(seconds)), stage_(std::move(stage)) {}

MediaShow::~MediaShow() {
  for (const auto& helper : helpers_) {
    g_cancellable_cancel(helper->over.get());
    g_subprocess_force_exit(helper->process.get());
    g_subprocess_wait(helper->process.get(), nullptr, nullptr);
  }
}

void MediaShow::begin() {
  // A small picture, that also slow machines encode in time.
  const char* ladder = is_installed("genosav1enc") ? "360p30:600k" : "360p30:600k:vp8";
  if (!start({"broadcast", "--title", "demo", "--ladder", ladder}, &MediaShow::on_shown) ||
      !start({"watch", "--stats"}, &MediaShow::on_watched) ||
      !start({"record", "--out", file_, "--for", std::to_string(recorded)},
             &MediaShow::on_recorded))
    return stage_.failed("no other process can be started");
  stage_.say("pictures and sound: shown, watched and recorded by three processes");
  if (const auto page = page_of(room_); !page.empty()) stage_.say("in a browser: " + page);
}

bool MediaShow::start(std::vector<std::string> words, void (MediaShow::*heard)(JsonObject* line)) {
  words.insert(words.begin(), tool());
  for (const char* word : {"--room", room_.c_str(), "--app-id", "genos-demo", "--ice-servers",
                           "none", "--timeout", seconds_.c_str(), "--json", "--quiet"})
    words.emplace_back(word);
  std::vector<const char*> raw;
  raw.reserve(words.size() + 1);
  for (const auto& word : words) raw.push_back(word.c_str());
  raw.push_back(nullptr);
  // Libraries complain at length of a machine without loudspeakers.
  const auto flags = words[1] == "watch" ? G_SUBPROCESS_FLAGS_STDERR_SILENCE : 0;
  const auto launcher =
      adopt(g_subprocess_launcher_new(GSubprocessFlags(G_SUBPROCESS_FLAGS_STDOUT_PIPE | flags)));
  // Figures are enough: no windows.
  for (const char* display : {"DISPLAY", "WAYLAND_DISPLAY"})
    g_subprocess_launcher_unsetenv(launcher.get(), display);
  auto process = adopt(g_subprocess_launcher_spawnv(launcher.get(), raw.data(), nullptr));
  if (!process) return false;
  auto helper = std::make_unique<Helper>();
  helper->show = this;
  helper->heard = heard;
  helper->lines = adopt(g_data_input_stream_new(g_subprocess_get_stdout_pipe(process.get())));
  helper->process = std::move(process);
  helper->over = adopt(g_cancellable_new());
  helpers_.push_back(std::move(helper));
  read_line(*helpers_.back());
  return true;
}

void MediaShow::read_line(Helper& helper) {
  const auto done = [](GObject* stream, GAsyncResult* result, gpointer data) noexcept {
    Owned<GError> error;
    const Owned<char> text(g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(stream), result,
                                                                nullptr, out(error)));
    // Who was ended is no longer there.
    if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
    auto& reader = *static_cast<Helper*>(data);
    if (!text) return reader.show->stage_.failed("a process ended too early");
    const Owned<JsonNode> node(json_from_string(text.get(), nullptr));
    if (node && JSON_NODE_HOLDS_OBJECT(node.get()))
      (reader.show->*reader.heard)(json_node_get_object(node.get()));
    if (!g_cancellable_is_cancelled(reader.over.get())) read_line(reader);
  };
  g_data_input_stream_read_line_async(helper.lines.get(), G_PRIORITY_DEFAULT, helper.over.get(),
                                      done, &helper);
}

void MediaShow::on_shown(JsonObject* line) {
  if (text_in(line, "event") == "viewer-added") stage_.say("shown to " + text_in(line, "id"));
}

void MediaShow::on_watched(JsonObject* line) {
  if (text_in(line, "event") != "stats") return;
  const auto figure = [line](const char* name) {
    return json_object_get_int_member_with_default(line, name, 0);
  };
  char text[96];
  g_snprintf(text, sizeof text, "%3d pieces/s  %5d kbit/s  %d lost",
             int(figure("frames-per-second")), int(figure("kbit-per-second")), int(figure("lost")));
  const auto size = text_in(line, "size");
  stage_.say("watched: " + text_in(line, "encoding") + "  " + size + text);
  if (!size.empty() && figure("frames-per-second") > 0) saw_pictures_ = true;
}

void MediaShow::on_recorded(JsonObject* line) {
  if (text_in(line, "event") == "written") look_at_recording();
}

void MediaShow::look_at_recording() {
  for (const auto& helper : helpers_) g_cancellable_cancel(helper->over.get());
  if (!saw_pictures_) return stage_.failed("who watched saw no picture");
  Owned<GError> error;
  const auto pipeline = sink(gst_parse_launch(
      "filesrc name=file ! matroskademux name=m  m.video_0 ! queue ! decodebin ! "
      "fakesink name=pictures sync=false signal-handoffs=true  m.audio_0 ! queue ! decodebin ! "
      "fakesink name=sound sync=false signal-handoffs=true",
      out(error)));
  if (!pipeline || error) return stage_.failed(error ? error->message : "nothing here reads WebM");
  const auto file = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "file"));
  g_object_set(file.get(), "location", file_.c_str(), nullptr);
  Decoded pictures, sound;
  pictures.watch(pipeline.get(), "pictures");
  sound.watch(pipeline.get(), "sound");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto bus = adopt(gst_element_get_bus(pipeline.get()));
  const auto message = adopt(gst_bus_timed_pop_filtered(
      bus.get(), patience * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  const bool is_whole = message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS;
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (!is_whole) return stage_.failed("the recording cannot be decoded to its end");
  char text[128];
  g_snprintf(text, sizeof text,
             "recording: %.1f s with %" G_GUINT64_FORMAT
             " pictures, %.1f s of sound; all of it decodes",
             pictures.last, pictures.count, sound.last);
  if (!pictures.is_plausible() || !sound.is_plausible())
    return stage_.failed(std::string("that is not what was recorded: ") + text);
  stage_.say(text);
  stage_.done();
}

}  // namespace genos
