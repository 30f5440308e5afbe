// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos broadcast`: pictures and sound for everybody in a room.
#include <algorithm>

#include "bridge/gio_refs.hpp"
#include "jobs/job_store.hpp"
#include "tools/pipeline_run.hpp"

namespace genos::tool {
namespace {

using Words = std::vector<std::string>;

constexpr guint seconds_to_connect = 5;  // when it failed before

// What is shown.
struct Programme {
  std::string file, device;
  bool camera = false, screen = false, microphone = false, silent = false, once = false;
  Words line;  // after --
};

struct Look {
  std::string ladder, sound, title;
  int max_viewers = 0;
};

const char* const picture_end[] = {"!", "queue", "!", "room.video_0"};
const char* const sound_end[] = {"!", "queue", "!", "room.audio_0"};

void append(Words& line, std::initializer_list<std::string> words) {
  line.insert(line.end(), words);
}
void append_end(Words& line, bool is_sound) {
  const auto& words = is_sound ? sound_end : picture_end;
  line.insert(line.end(), std::begin(words), std::end(words));
}

void append_sound(Words& line, const Programme& programme, bool tone) {
  if (programme.silent || (!programme.microphone && !tone)) return;
  if (programme.microphone)
    append(line, {"autoaudiosrc", "name=genos-microphone", "!", "audioconvert"});
  else
    append(line, {"audiotestsrc", "is-live=true", "wave=ticks", "volume=0.3"});
  append_end(line, true);
}

// As gst-launch-1.0 reads it. What decodes has its pads later, and no pad for what is not in the
// file.
Words line_of(const Programme& programme) {
  Words line;
  if (!programme.line.empty()) {
    line = programme.line;
    const bool says_where =
        std::ranges::any_of(line, [](const auto& word) { return word.starts_with("room."); });
    if (!says_where) append(line, {"!", "room."});
    return line;
  }
  if (!programme.file.empty()) {
    append(line, {"uridecodebin", "name=film", "uri=" + programme.file, "film.", "!", "queue", "!",
                  "videoconvert"});
    append_end(line, false);
    if (programme.silent) return line;
    append(line, {"film.", "!", "queue", "!", "audioconvert", "!", "audioresample"});
    append_end(line, true);
    return line;
  }
  if (programme.camera && !programme.device.empty())
    append(line, {"v4l2src", "device=" + programme.device, "!", "decodebin", "!", "videoconvert"});
  else if (programme.camera)
    append(line, {"autovideosrc", "name=genos-camera", "!", "videoconvert"});
  else if (programme.screen)
    append(line, {"ximagesrc", "use-damage=false", "!", "video/x-raw,framerate=30/1", "!",
                  "videoconvert"});
  else
    append(line, {"videotestsrc", "is-live=true", "horizontal-speed=3", "!",
                  "video/x-raw,width=1280,height=720,framerate=30/1"});
  append_end(line, false);
  append_sound(line, programme, !programme.camera && !programme.screen);
  return line;
}

// Null, after saying what is wrong.
Ref<GstElement> pipeline_of(const Programme& programme) {
  Words line = line_of(programme);
  append(line, {"genosroomsink", "name=room"});
  std::vector<const char*> words;
  for (const auto& word : line) words.push_back(word.c_str());
  words.push_back(nullptr);
  Owned<GError> error;
  auto pipeline = sink(gst_parse_launchv(words.data(), out(error)));
  if (!error && GST_IS_PIPELINE(pipeline.get())) return pipeline;
  complain(error ? error->message : "that is one element, not a line");
  return nullptr;
}

// Plays the film again and again: a seek that flushes nothing, at the end of each round. A demuxer
// waits in it for its readers, so not on the main loop's thread.
class Loop {
 public:
  explicit Loop(GstElement* film) : film_(film) {}
  // A message of its pipeline.
  void take(const GstMessage* message) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_SEGMENT_DONE) seek<GST_SEEK_FLAG_SEGMENT>();
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ASYNC_DONE && !std::exchange(begun_, true))
      seek<GST_SEEK_FLAG_SEGMENT | GST_SEEK_FLAG_FLUSH>();
  }

 private:
  template <int flags> void seek() const {
    const auto call = [](GstElement* film, gpointer) noexcept {
      gst_element_foreach_src_pad(film, seek_once<flags>, nullptr);
    };
    gst_element_call_async(film_, call, nullptr, nullptr);
  }
  template <int flags> static gboolean seek_once(GstElement*, GstPad* pad, gpointer) noexcept {
    auto* event = gst_event_new_seek(1, GST_FORMAT_TIME, GstSeekFlags(flags), GST_SEEK_TYPE_SET, 0,
                                     GST_SEEK_TYPE_NONE, 0);
    gst_pad_send_event(pad, event);
    return FALSE;  // one pad is enough: it goes to the demuxer
  }
  GstElement* film_;
  bool begun_ = false;
};

// Who watches, told as they come and go.
void tell_viewers(PipelineRun& run, GstElement* element, std::vector<Connection>& connections) {
  const auto tell = [&run, element](const char* event, const char* mark, std::string peer) {
    run.post([&run, element, event, mark, peer = std::move(peer)] {
      guint count = 0;
      g_object_get(element, "viewers", &count, nullptr);
      Line(event)
          .add("id", peer)
          .add("viewers", guint64(count))
          .print(run.options().json, mark + peer + "  (" + std::to_string(count) + " watching)");
    });
  };
  connections.push_back(on<void(GstElement*, const char*)>(
      element, "viewer-added",
      [tell](auto*, const char* peer) { tell("viewer-added", "+ ", peer); }));
  connections.push_back(on<void(GstElement*, const char*)>(
      element, "viewer-removed",
      [tell](auto*, const char* peer) { tell("viewer-removed", "- ", peer); }));
}

// autovideosrc and autoaudiosrc warn that there is nothing they can use, and show colour bars; of
// what they found an element within them may fail, which is called like them.
std::string missing_device(const std::string& source, const GError& why) {
  for (const char* device : {"camera", "microphone"})
    if (source.starts_with(std::string("genos-") + device))
      return std::string("no ") + device + " can be used: " + why.message;
  return {};
}

// souphttpsrc 1.22 does not say why it got no connection: whoever tries for another one is told.
std::string why_unreachable(const std::string& uri) {
  const char* scheme = g_uri_peek_scheme(uri.c_str());
  const bool is_https = g_strcmp0(scheme, "https") == 0;
  if (!is_https && g_strcmp0(scheme, "http") != 0) return {};
  const auto client = adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), seconds_to_connect);
  Owned<GError> why;
  const auto connection = adopt(g_socket_client_connect_to_uri(
      client.get(), uri.c_str(), is_https ? 443 : 80, nullptr, out(why)));
  return why ? why->message : "";
}

// True: it was dealt with.
bool take_problem(PipelineRun& run, GstMessage* message, const Programme& programme) {
  const bool is_error = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
  Owned<GError> problem;
  {
    Out<GError> slot(problem);
    (is_error ? gst_message_parse_error : gst_message_parse_warning)(message, slot, nullptr);
  }
  if (const auto missing = missing_device(GST_MESSAGE_SRC_NAME(message), *problem);
      !missing.empty()) {
    complain(missing);
    run.quit(exit_failed);
    return true;
  }
  const bool is_of_source = GST_IS_URI_HANDLER(GST_MESSAGE_SRC(message));
  const auto unreachable = is_error && is_of_source ? why_unreachable(programme.file) : "";
  if (!unreachable.empty()) {
    complain("'" + programme.file + "' cannot be read: " + unreachable);
    run.quit(exit_failed);
    return true;
  }
  // A film without sound, or without pictures: our line has a way for both.
  return !is_error && programme.line.empty() &&
         g_error_matches(problem.get(), GST_PARSE_ERROR, GST_PARSE_ERROR_DELAYED_LINK);
}

const char* kind_of(const Programme& programme) {
  if (programme.camera) return "camera";
  if (programme.screen) return "screen";
  return programme.file.empty() ? "" : "film";
}

void dress(GstElement* element, const Programme& programme, const Look& look) {
  if (!look.ladder.empty()) g_object_set(element, "ladder", look.ladder.c_str(), nullptr);
  if (!look.sound.empty()) g_object_set(element, "sounds", look.sound.c_str(), nullptr);
  g_object_set(element, "title", look.title.c_str(), "kind", kind_of(programme), "max-viewers",
               guint(look.max_viewers), nullptr);
}

int show(const Programme& programme, const Look& look, const Options& options) {
  auto pipeline = pipeline_of(programme);
  if (!pipeline) return exit_usage;
  PipelineRun run(options, pipeline);
  const auto element = adopt(gst_bin_get_by_name(GST_BIN(run.pipeline()), "room"));
  if (!run.enter_room(element.get())) return exit_usage;
  dress(element.get(), programme, look);
  std::vector<Connection> connections;
  tell_viewers(run, element.get(), connections);
  const auto film = adopt(gst_bin_get_by_name(GST_BIN(run.pipeline()), "film"));
  const bool loops = film && !programme.once;
  run.on_message = [&, loop = Loop(film.get())](GstMessage* message) mutable {
    if (GST_MESSAGE_TYPE(message) & (GST_MESSAGE_WARNING | GST_MESSAGE_ERROR))
      return take_problem(run, message, programme);
    if (loops) loop.take(message);
    return false;
  };
  // The end of a file that is read in rounds would be the end of a round. Ten seconds of sound may
  // wait for their moment by then; nobody does for them: to leave the room ends it for all.
  const auto finish = [&](int code) { loops ? run.quit(code) : run.finish(code); };
  run.on_interrupt = [&] { finish(exit_interrupted); };
  run.at_timeout = [&] { finish(exit_ok); };
  const int code = run.run();
  connections.clear();
  return code;
}

std::string taken(char* text) {
  const Owned<char> owned(text);
  return text ? text : "";
}

// False, after saying what is wrong.
bool settle(Programme& programme, Words line) {
  programme.line = std::move(line);
  const int sources = int(!programme.file.empty()) + int(programme.camera) + int(programme.screen) +
                      int(!programme.line.empty());
  if (sources > 1) {
    complain("one of --file, --camera, --screen and a line after -- is shown, not several");
    return false;
  }
  const bool own_sound = !programme.file.empty() || !programme.line.empty();
  if (programme.microphone && (own_sound || programme.silent)) {
    complain(
        "--microphone is for --camera, --screen and the test picture: what else is shown has "
        "its own sound");
    return false;
  }
  if (programme.once && programme.file.empty()) {
    complain("--once is for --file");
    return false;
  }
  if (programme.file.empty() || jobs::is_uri(programme.file)) return true;
  Owned<GError> error;
  const Owned<char> uri(gst_filename_to_uri(programme.file.c_str(), out(error)));
  if (!g_file_test(programme.file.c_str(), G_FILE_TEST_EXISTS)) {
    complain("there is no file '" + programme.file + "'");
    return false;
  }
  programme.file = uri.get();
  return true;
}

}  // namespace

int broadcast(std::vector<std::string> args) {
  char *file = nullptr, *device = nullptr, *ladder = nullptr, *sound = nullptr, *title = nullptr;
  gboolean camera = FALSE, screen = FALSE, microphone = FALSE, silent = FALSE, once = FALSE;
  Programme programme;
  Look look;
  Options options;
  Words rest;
  const bool fine = parse(
      args, "broadcast --room NAME [-- LINE]",
      "Shows a test picture with ticks, or what you name, to everybody in the room until Ctrl-C.\n"
      "LINE is what gst-launch-1.0 takes; where it has several ends, they go to `room.`:\n"
      "  genos broadcast --room demo -- videotestsrc is-live=true ! room. audiotestsrc ! room.",
      options,
      {{"file", 'f', 0, G_OPTION_ARG_FILENAME, &file, "A file or URI, again and again", "FILE"},
       {"once", 0, 0, G_OPTION_ARG_NONE, &once, "The file once; then it ends", nullptr},
       {"camera", 'c', 0, G_OPTION_ARG_NONE, &camera, "The camera", nullptr},
       {"device", 0, 0, G_OPTION_ARG_FILENAME, &device, "Which camera, as /dev/video1", "FILE"},
       {"screen", 0, 0, G_OPTION_ARG_NONE, &screen, "The screen (X11)", nullptr},
       {"microphone", 'm', 0, G_OPTION_ARG_NONE, &microphone, "With the microphone's sound",
        nullptr},
       {"silent", 0, 0, G_OPTION_ARG_NONE, &silent, "No sound", nullptr},
       {"ladder", 'l', 0, G_OPTION_ARG_STRING, &ladder,
        "How pictures are encoded, like 720p30:1500k or 360p:vp8", "WORDS"},
       {"sound", 0, 0, G_OPTION_ARG_STRING, &sound, "How sound is encoded, like opus:64k", "WORDS"},
       {"title", 0, 0, G_OPTION_ARG_FILENAME, &title, "What viewers see as its name", "TEXT"},
       {"max-viewers", 0, 0, G_OPTION_ARG_INT, &look.max_viewers, "So many at most", "N"}},
      &rest);
  programme.file = taken(file);
  programme.device = taken(device);
  look.ladder = taken(ladder);
  look.sound = taken(sound);
  look.title = taken(title);
  if (!fine) return exit_usage;
  programme.camera = camera || !programme.device.empty();
  programme.screen = screen;
  programme.microphone = microphone;
  programme.silent = silent;
  programme.once = once;
  if (look.max_viewers < 0) {
    complain("--max-viewers is 0 (any number) or more");
    return exit_usage;
  }
  if (!settle(programme, rest)) return exit_usage;
  return show(programme, look, options);
}

}  // namespace genos::tool
