// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos record`: what others in a room show, into files: as it came, or mixed into one.
#include <algorithm>
#include <list>

#include "tools/mixing.hpp"
#include "tools/progress.hpp"
#include "tools/record_names.hpp"
#include "tools/recording.hpp"

namespace genos::tool {
namespace {

constexpr guint look_ms = 500;
// Who stops and begins a stream all the time, or shows many, fills no disk with names.
constexpr gint usual_files = 10000;
constexpr std::size_t most_open = 100;  // each has threads of its own
constexpr guint64 least_side = 64, most_side = 3840;
struct Wish {
  std::string out, from, streams, media;
  double length = 0, split = 0;  // seconds; 0: no end, none
  bool replace = false;
  bool mix = false;
  int width = 1280, height = 720;  // of what is mixed
  unsigned files = usual_files;
};

class Recorder {
 public:
  Recorder(const Wish& wish, const Options& options)
      : wish_(wish), names_(wish.out, wish.replace), progress_(options), run_(options) {}
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() = default;

  int record();

 private:
  struct Stream {
    std::string key, peer, name;
    std::unique_ptr<Recording> recording;
    std::vector<Ref<GstPad>> pictures;  // where keyframes are asked for
  };
  // One pad of the source, and where its pieces go.
  struct Way {
    Stream* stream = nullptr;
    std::size_t track = 0;
  };

  void take_pad(GstPad* pad);
  void begin_mixing(GstElement* source);
  void mixed(GstPad* pad, bool is_sound);
  void tell_mixing();
  void leave_out(GstPad* pad, bool is_sound);
  void take_track(GstPad* pad, bool is_sound, std::function<void(Way&, GstPad* end)> begin);
  void begin_track(Way& way, GstPad* end, const StreamOf& whose);
  Stream& stream_of(const std::string& key, const std::string& name);
  std::string next_path(const Stream& stream, bool is_webm);
  [[nodiscard]] std::size_t count(bool (Recording::*what)() const) const;
  void begun(const Stream& stream, const std::string& path);
  void written(const std::string& path, double seconds, const char* problem);
  void end();
  [[nodiscard]] bool is_enough(GstClockTime at) const;
  void leave_if_closed();
  void tell();

  const Wish wish_;
  RecordNames names_;
  Progress progress_;
  std::list<Stream> streams_;
  std::unique_ptr<Mixing> mixing_;
  std::vector<Connection> pads_;
  unsigned begun_ = 0, written_ = 0;
  bool failed_ = false, ending_ = false, full_ = false, enough_ = false;
  gint64 began_ = 0;
  PipelineRun run_;
};

int Recorder::record() {
  if (const auto problem = names_.problem(); !problem.empty()) {
    complain(problem);
    return exit_usage;
  }
  auto* source = run_.add("genosroomsrc", element_place);
  if (!source || !run_.enter_room(source)) return exit_usage;
  g_object_set(source, "from", wish_.from.c_str(), "streams", wish_.streams.c_str(),
               "end-with-last", TRUE, nullptr);
  if (!wish_.media.empty()) gst_util_set_object_arg(G_OBJECT(source), "media", wish_.media.c_str());
  if (wish_.mix)
    begin_mixing(source);
  else
    pads_.push_back(on<void(GstElement*, GstPad*)>(source, "pad-added",
                                                   [this](auto*, GstPad* pad) { take_pad(pad); }));
  // Tracks end and come; the recording ends when we say so.
  run_.on_message = [this](GstMessage* message) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY)
      gst_bin_recalculate_latency(GST_BIN(run_.pipeline()));
    return GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  };
  run_.on_interrupt = [this] { end(); };
  run_.at_timeout = [this] { end(); };
  run_.every(look_ms, [this] {
    for (auto& stream : streams_) stream.recording->look();
    tell();
    const double so_far = began_ == 0 ? 0 : double(g_get_monotonic_time() - began_) / 1e6;
    if (wish_.length > 0 && so_far >= wish_.length) end();
  });
  return run_.run();
}

// On the source's thread.
void Recorder::take_pad(GstPad* pad) {
  const StreamOf whose(pad);
  take_track(pad, whose.is_sound,
             [this, whose](Way& way, GstPad* end) { begin_track(way, end, whose); });
}

void Recorder::take_track(GstPad* pad, bool is_sound, std::function<void(Way&, GstPad*)> begin) {
  const auto way = std::make_shared<Way>();
  PieceEvents events;
  events.begun = [way, begin = std::move(begin)](GstPad* end) { begin(*way, end); };
  events.came = [this, way](const Piece& piece) {
    if (is_enough(piece.at)) return end();
    way->stream->recording->take(way->track, piece);
  };
  events.ended = [way] { way->stream->recording->end_track(way->track); };
  take_pieces(run_, pad, is_sound ? sound_pieces : video_pieces, std::move(events));
}

void Recorder::begin_track(Way& way, GstPad* end, const StreamOf& whose) {
  auto& stream = stream_of(whose.key, whose.name);
  way.stream = &stream;
  way.track = stream.recording->add_track(whose.is_sound);
  if (!whose.is_sound) stream.pictures.push_back(retain(end));
}

Recorder::Stream& Recorder::stream_of(const std::string& key, const std::string& name) {
  for (auto& each : streams_)
    if (each.key == key && !each.recording->is_over()) return each;
  auto& stream = streams_.emplace_back();
  stream.key = key;
  stream.peer = key.substr(0, key.find('/'));
  stream.name = name;
  Recording::Settings settings;
  settings.split = GstClockTime(wish_.split * GST_SECOND);
  settings.waits_for_all = wish_.mix;
  settings.awaits_pictures = !wish_.mix && wish_.media != "audio";
  settings.next_path = [this, &stream](bool is_webm) { return next_path(stream, is_webm); };
  settings.begun = [this, &stream](const std::string& path) { begun(stream, path); };
  settings.written = [this](const std::string& path, double seconds, const char* problem) {
    written(path, seconds, problem);
  };
  settings.want_keyframe = [&stream] {
    for (const auto& pad : stream.pictures) ask_for_keyframe(pad.get());
  };
  stream.recording = std::make_unique<Recording>(std::move(settings));
  return stream;
}

// Empty when there are enough.
std::string Recorder::next_path(const Stream& stream, bool is_webm) {
  const bool enough = begun_ == wish_.files;
  if (!enough && count(&Recording::writes) < most_open) {
    ++begun_;
    return names_.next(stream.name.empty() ? stream.peer : stream.name, is_webm);
  }
  if (std::exchange(enough ? enough_ : full_, true)) return {};
  progress_.clear();
  if (run_.options().json)
    Line("full").add("files", guint64(enough ? begun_ : most_open)).print(true, {});
  complain(enough ? "no further file is begun after " + std::to_string(begun_) +
                        ": --files says how many there may be"
                  : "no further file is begun while " + std::to_string(most_open) +
                        " are being written");
  return {};
}

std::size_t Recorder::count(bool (Recording::*what)() const) const {
  return std::size_t(std::ranges::count_if(
      streams_, [&](const Stream& each) { return ((*each.recording).*what)(); }));
}

// --- mixed --------------------------------------------------------------------------------------

// One stream of two tracks, which are there to the end, whoever is.
void Recorder::begin_mixing(GstElement* source) {
  auto& stream = stream_of("", run_.options().room);
  for (const bool is_sound : {false, true}) stream.recording->add_track(is_sound);
  Mixing::Settings settings{.width = wish_.width, .height = wish_.height};
  settings.made = [this](GstPad* pad, bool is_sound) { mixed(pad, is_sound); };
  settings.changed = [this] { tell_mixing(); };
  settings.left_out = [this](GstPad* pad, bool is_sound) { leave_out(pad, is_sound); };
  mixing_ = std::make_unique<Mixing>(run_, std::move(settings));
  pads_.push_back(on<void(GstElement*, GstPad*)>(source, "pad-added", [this](auto*, GstPad* pad) {
    run_.post([this, held = retain(pad)] {
      if (!mixing_->take(held.get())) run_.quit(exit_failed);
    });
  }));
  pads_.push_back(on<void(GstElement*, GstPad*)>(source, "pad-removed", [this](auto*, GstPad* pad) {
    run_.post([this, name = std::string(GST_PAD_NAME(pad))] { mixing_->drop(name); });
  }));
}

void Recorder::mixed(GstPad* pad, bool is_sound) {
  take_track(pad, is_sound, [this, is_sound](Way& way, GstPad* end) {
    way.stream = &streams_.front();
    way.track = is_sound ? 1 : 0;
    if (!is_sound) way.stream->pictures.push_back(retain(end));
  });
}

void Recorder::tell_mixing() {
  Line line("mixing");
  line.add("pictures", guint64(mixing_->pictures())).add("sounds", guint64(mixing_->sounds()));
  if (run_.options().json) line.print(true, {});
}

void Recorder::leave_out(GstPad* pad, bool is_sound) {
  progress_.clear();
  const StreamOf whose(pad);
  const char* what = is_sound ? "sound" : "picture";
  Line line("left-out");
  line.add("peer", whose.peer).add("name", whose.name).add("what", what);
  if (run_.options().json) line.print(true, {});
  complain("no more fits in: the " + std::string(what) + " of " +
           printable(whose.name.empty() ? whose.peer : whose.name) + " is left out");
}

// --- what is written ---------------------------------------------------------------------------

void Recorder::begun(const Stream& stream, const std::string& path) {
  if (began_ == 0) began_ = g_get_monotonic_time();
  progress_.clear();
  Line line("recording");
  line.add("path", path);
  if (!wish_.mix) line.add("peer", stream.peer).add("name", stream.name);
  line.print(run_.options().json, {});
  if (!run_.options().json && !run_.options().quiet)
    complain("recording " + (stream.name.empty() ? stream.peer : stream.name) + " to " + path);
}

void Recorder::written(const std::string& path, double seconds, const char* problem) {
  progress_.clear();
  if (problem) {
    failed_ = true;
    complain(path + ": " + problem);
  } else {
    ++written_;
    Line("written")
        .add("path", path)
        .add("seconds", seconds)
        .print(run_.options().json, printable(path));
  }
  for (auto& stream : streams_)
    if (stream.recording->is_closed()) stream.pictures.clear();
  if (!ending_ && begun_ == wish_.files && count(&Recording::writes) == 0) return end();
  if (ending_ || problem) leave_if_closed();
}

void Recorder::tell() {
  if (began_ == 0 || ending_) return;
  double longest_one = 0;
  for (const auto& stream : streams_)
    if (!stream.recording->is_closed())
      longest_one = std::max(longest_one, stream.recording->seconds());
  const auto counted = [](std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "  " : "s  ");
  };
  progress_.line(
      (mixing_ ? counted(mixing_->pictures(), "picture") + counted(mixing_->sounds(), "sound")
               : counted(count(&Recording::writes), "stream")) +
      time_text(longest_one));
}

// From the beginning of the first file on.
bool Recorder::is_enough(GstClockTime at) const {
  return wish_.length > 0 && std::ranges::any_of(streams_, [&](const Stream& each) {
           const auto began = each.recording->began();
           return began && double(at) >= double(*began) + wish_.length * GST_SECOND;
         });
}

void Recorder::end() {
  if (std::exchange(ending_, true)) return;
  for (auto& stream : streams_) stream.recording->end();
  leave_if_closed();
}

void Recorder::leave_if_closed() {
  for (const auto& stream : streams_)
    if (!stream.recording->is_closed()) return;
  if (failed_) return run_.quit(exit_failed);
  if (ending_) run_.quit(written_ > 0 ? exit_ok : exit_nobody);
}

bool take_size(const char* text, Wish& wish) {
  char *middle = nullptr, *end = nullptr;
  const auto width = g_ascii_strtoull(text, &middle, 10);
  if (*middle != 'x') return false;
  const auto height = g_ascii_strtoull(middle + 1, &end, 10);
  for (const auto side : {width, height})
    if (side < least_side || side > most_side || side % 2 != 0) return false;
  wish.width = int(width);
  wish.height = int(height);
  return *end == '\0';
}

// What was said beside the options of all.
struct Said {
  Said() = default;
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  ~Said() {
    for (char* text : {out, length, split, from, streams, size, media}) g_free(text);
  }
  char *out = nullptr, *length = nullptr, *split = nullptr, *from = nullptr, *streams = nullptr,
       *size = nullptr, *media = nullptr;
  gboolean replace = FALSE, mix = FALSE;
  gint files = usual_files;
};

bool read_words(std::vector<std::string>& args, Said& said, Options& options) {
  return parse(
      args, "record --room NAME --out FILE",
      "Writes what others in the room show into WebM files, a file for each stream, as it came "
      "and\n"
      "without encoding it again, until Ctrl-C. FILE is the first one's; the next is FILE-2, or\n"
      "name a folder. What WebM does not take (H.264) becomes .mkv. With --mix all goes into one\n"
      "file, encoded again.",
      options,
      {{"out", 'o', 0, G_OPTION_ARG_FILENAME, &said.out, "File (.webm, .mkv), or a folder", "FILE"},
       {"for", 0, 0, G_OPTION_ARG_STRING, &said.length,
        "So long, from the first picture or sound on", "90|10min|1h"},
       {"split", 0, 0, G_OPTION_ARG_STRING, &said.split, "A new file after that long", "10min"},
       {"files", 0, 0, G_OPTION_ARG_INT, &said.files, "No more files than that (10000)", "N"},
       {"from", 0, 0, G_OPTION_ARG_FILENAME, &said.from, "Only those peers (ids or keys)", "PEERS"},
       {"streams", 0, 0, G_OPTION_ARG_STRING, &said.streams,
        "Only streams of those titles or kinds", "TITLES"},
       {"media", 0, 0, G_OPTION_ARG_STRING, &said.media, "Only pictures, or only sound",
        "video|audio"},
       {"mix", 'm', 0, G_OPTION_ARG_NONE, &said.mix, "All of it: pictures in a grid, and one sound",
        nullptr},
       {"size", 0, 0, G_OPTION_ARG_STRING, &said.size, "Of the mixed picture (1280x720)", "WxH"},
       {"replace", 0, 0, G_OPTION_ARG_NONE, &said.replace, "Write over files that are there",
        nullptr}});
}

std::string text_of(const char* said) { return said ? said : ""; }

// What is wrong, if anything.
std::string read_wish(const Said& said, Wish& wish) {
  wish.out = text_of(said.out);
  wish.from = text_of(said.from);
  wish.streams = text_of(said.streams);
  wish.media = text_of(said.media);
  wish.replace = said.replace;
  wish.mix = said.mix;
  if (wish.out.empty()) return "say where to: `genos record --room demo --out a.webm`";
  if (said.media && (wish.mix || (wish.media != "video" && wish.media != "audio")))
    return "--media is video or audio, and not for --mix, which takes both";
  if (said.size && (!wish.mix || !take_size(said.size, wish)))
    return "--size is for --mix, and like 1280x720: even, from 64 to 3840";
  if (said.files < 1) return "--files is how many files there may be: 1 or more";
  wish.files = unsigned(said.files);
  if ((said.length && !parse_length(said.length, wish.length)) ||
      (said.split && !parse_length(said.split, wish.split)))
    return "--for and --split are times like 90, 10min or 1h30min";
  return {};
}

}  // namespace

int record(std::vector<std::string> args) {
  Said said;
  Options options;
  if (!read_words(args, said, options)) return exit_usage;
  Wish wish;
  if (const auto fault = read_wish(said, wish); !fault.empty()) {
    complain(fault);
    return exit_usage;
  }
  return Recorder(wish, options).record();
}

}  // namespace genos::tool
