// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos transcode --room`: a stream in a room into files, for as long as it lasts.
#include "tools/transcode_room.hpp"

#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <deque>

#include "tools/pieces.hpp"
#include "tools/progress.hpp"
#include "tools/record_names.hpp"

namespace genos::tool {
namespace {

constexpr guint look_ms = 500;
// A track that has not begun by then is left out.
constexpr gint64 company = 3 * G_TIME_SPAN_SECOND;
// What ended in its first moments may have nothing that can be decoded: its job never begins.
constexpr gint64 patience = 30 * G_TIME_SPAN_SECOND;
// What waits at most for a machine that is too slow even to decode it.
constexpr guint64 waiting_limit = guint64{64} * 1024 * 1024;

class RoomTranscode {
 public:
  RoomTranscode(const RoomJob& wish, const Options& options)
      : wish_(wish), progress_(options), run_(options) {}
  RoomTranscode(const RoomTranscode&) = delete;
  RoomTranscode& operator=(const RoomTranscode&) = delete;
  ~RoomTranscode() = default;

  int transcode();

 private:
  struct Track {
    bool is_sound = false, over = false, left_out = false;
    std::deque<Piece> waiting;  // until there is a job
    Ref<GstCaps> caps;
    Ref<GstElement> source;  // in the job
  };
  using TrackRef = std::shared_ptr<Track>;

  void take_pad(GstPad* pad);
  void take(Track& track, Piece piece);
  void begin_if_ready(bool at_once = false);
  void begin(const std::vector<TrackRef>& tracks);
  void begin_job(GstElement* element, bool has_sound);
  void put(Track& track, const Piece& piece);
  void leave_out(Track& track);
  [[nodiscard]] bool is_enough(GstClockTime at) const {
    return wish_.length > 0 && double(at) >= double(begins_) + wish_.length * GST_SECOND;
  }
  void end(Track& track);
  void end();
  void look();
  void ended(GAsyncResult* result);

  const RoomJob wish_;
  Progress progress_;
  std::string chosen_;  // the stream; of the source's thread
  std::string peer_, name_;
  std::vector<TrackRef> tracks_;
  Ref<GstGenosTranscodeJob> job_;
  Ref<GCancellable> cancellable_ = adopt(g_cancellable_new());
  GstClockTime begins_ = 0, last_ = 0;
  gint64 first_ = 0, began_ = 0, ended_at_ = 0;
  guint64 received_ = 0;
  std::vector<Connection> connections_;
  PipelineRun run_;
};

int RoomTranscode::transcode() {
  auto* source = run_.add("genosroomsrc", element_place);
  if (!source || !run_.enter_room(source)) return exit_usage;
  g_object_set(source, "end-with-last", TRUE, nullptr);
  connections_.push_back(on<void(GstElement*, GstPad*)>(
      source, "pad-added", [this](auto*, GstPad* pad) { take_pad(pad); }));
  run_.on_message = [](GstMessage* message) {
    return GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  };
  run_.on_interrupt = [this] { end(); };
  run_.at_timeout = [this] { end(); };
  run_.every(look_ms, [this] { look(); });
  return run_.run();
}

// --- what comes ---------------------------------------------------------------------------------

// On the source's thread, and all pads of a stream before anything on them.
void RoomTranscode::take_pad(GstPad* pad) {
  const StreamOf whose(pad);
  if (whose.is_sound && wish_.job.sounds.empty()) return;
  if (!wish_.from.empty() && wish_.from != whose.name && wish_.from != whose.peer) return;
  if (!chosen_.empty() && chosen_ != whose.key) return;
  chosen_ = whose.key;
  const auto track = std::make_shared<Track>();
  track->is_sound = whose.is_sound;
  PieceEvents events;
  events.begun = [this, track, whose](GstPad*) {
    peer_ = whose.peer;
    name_ = whose.name;
    tracks_.push_back(track);
  };
  events.came = [this, track](Piece piece) { take(*track, std::move(piece)); };
  events.ended = [this, track] { end(*track); };
  take_pieces(run_, pad, whose.is_sound ? sound_pieces : video_pieces, std::move(events));
}

void RoomTranscode::take(Track& track, Piece piece) {
  if (ended_at_ != 0 || track.over) return;
  received_ += gst_buffer_get_size(gst_sample_get_buffer(piece.sample.get()));
  if (job_ && is_enough(piece.at)) return end();
  if (job_ && !track.source) return leave_out(track);
  if (job_) return put(track, piece);
  // Nothing can be done with pictures before a whole one.
  if (!track.is_sound && track.waiting.empty() && !piece.is_key) return;
  if (first_ == 0) first_ = g_get_monotonic_time();
  track.waiting.push_back(std::move(piece));
  begin_if_ready();
}

void RoomTranscode::leave_out(Track& track) {
  if (std::exchange(track.left_out, true)) return;
  progress_.clear();
  complain(std::string(track.is_sound ? "the sound" : "the picture") +
           " began when the files had begun, and is left out");
}

void RoomTranscode::put(Track& track, const Piece& piece) {
  auto* source = GST_APP_SRC(track.source.get());
  if (!source || gst_app_src_get_current_level_bytes(source) > waiting_limit) return;
  auto* caps = gst_sample_get_caps(piece.sample.get());
  if (!track.caps || !gst_caps_is_equal(track.caps.get(), caps)) {
    track.caps = retain(caps);
    gst_app_src_set_caps(source, caps);
  }
  auto* buffer = gst_buffer_copy(gst_sample_get_buffer(piece.sample.get()));
  GST_BUFFER_PTS(buffer) = piece.at > begins_ ? piece.at - begins_ : 0;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  last_ = std::max(last_, GST_BUFFER_PTS(buffer));
  gst_app_src_push_buffer(source, buffer);
}

// --- the job ------------------------------------------------------------------------------------

void RoomTranscode::begin_if_ready(bool at_once) {
  if (job_ || first_ == 0) return;
  std::vector<TrackRef> here;
  // Sound may be there before its picture, as of a camera that takes its time.
  bool all = std::ranges::any_of(tracks_, [](const auto& each) { return !each->is_sound; });
  for (const auto& track : tracks_) {
    if (!track->waiting.empty())
      here.push_back(track);
    else if (!track->over)
      all = false;
  }
  const bool is_late = g_get_monotonic_time() - first_ > company;
  if (!here.empty() && (all || at_once || is_late)) begin(here);
}

void RoomTranscode::begin(const std::vector<TrackRef>& tracks) {
  const auto element = sink(gst_bin_new(nullptr));
  begins_ = GST_CLOCK_TIME_NONE;
  for (const auto& track : tracks) {
    track->source = sink(gst_element_factory_make("appsrc", nullptr));
    // Live: where the machine is too slow, pictures are left out.
    g_object_set(track->source.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes",
                 waiting_limit, nullptr);
    gst_bin_add(GST_BIN(element.get()), track->source.get());
    const auto exit = adopt(gst_element_get_static_pad(track->source.get(), "src"));
    gst_element_add_pad(element.get(),
                        gst_ghost_pad_new(track->is_sound ? "sound" : "picture", exit.get()));
    begins_ = std::min(begins_, track->waiting.front().at);
  }
  begin_job(element.get(),
            std::ranges::any_of(tracks, [](const auto& each) { return each->is_sound; }));
  for (const auto& track : tracks) {
    for (const auto& piece : track->waiting) put(*track, piece);
    track->waiting.clear();
    if (track->over) gst_app_src_end_of_stream(GST_APP_SRC(track->source.get()));
  }
}

void RoomTranscode::begin_job(GstElement* element, bool has_sound) {
  const auto& job = wish_.job;
  const auto name = name_for_file(name_.empty() ? peer_ : name_);
  job_ = adopt(gst_genos_transcode_job_new(name.c_str(), job.folder.c_str()));
  g_object_set(job_.get(), "element", element, "ladder", job.ladder.c_str(), "sounds",
               has_sound ? job.sounds.c_str() : "", "container", job.container.c_str(), "replace",
               gboolean{job.replace}, nullptr);
  Line("transcoding").add("peer", peer_).add("name", name_).print(run_.options().json, {});
  if (!run_.options().json && !run_.options().quiet)
    complain("transcoding " + printable(name_.empty() ? peer_ : name_));
  const auto done = [](GObject*, GAsyncResult* result, gpointer self) noexcept {
    static_cast<RoomTranscode*>(self)->ended(result);
  };
  began_ = g_get_monotonic_time();
  gst_genos_transcode_job_run_async(job_.get(), cancellable_.get(), done, this);
}

void RoomTranscode::look() {
  begin_if_ready();
  if (!job_) return;
  if (ended_at_ != 0) {
    if (g_get_monotonic_time() - ended_at_ > patience) g_cancellable_cancel(cancellable_.get());
    return;
  }
  const double seconds = double(last_) / GST_SECOND;
  const double speed = gst_genos_transcode_job_get_speed(job_.get());
  Line line("progress");
  line.add("seconds", seconds).add("received", received_).add("speed", speed);
  if (run_.options().json) line.print(true, {});
  char text[32];
  g_snprintf(text, sizeof text, "%.1f x", speed);
  progress_.line(printable(name_.empty() ? peer_ : name_) + "  " + time_text(seconds) + "  " +
                 size_text(received_) + "  " + text);
  // Also when nothing comes any more.
  if (is_enough(begins_ + GstClockTime(g_get_monotonic_time() - began_) * GST_USECOND)) end();
}

// --- the end ------------------------------------------------------------------------------------

void RoomTranscode::end(Track& track) {
  if (std::exchange(track.over, true)) return;
  if (track.source) gst_app_src_end_of_stream(GST_APP_SRC(track.source.get()));
  begin_if_ready();
  if (std::ranges::all_of(tracks_, [](const auto& each) { return each->over; })) end();
}

// The files are whole up to there.
void RoomTranscode::end() {
  if (ended_at_ != 0) return;
  begin_if_ready(true);
  ended_at_ = g_get_monotonic_time();
  if (!job_) return run_.quit(exit_nobody);
  for (const auto& track : tracks_) end(*track);
}

void RoomTranscode::ended(GAsyncResult* result) {
  progress_.clear();
  Owned<GError> error;
  const bool whole = gst_genos_transcode_job_run_finish(job_.get(), result, out(error));
  gchar** files = gst_genos_transcode_job_dup_outputs(job_.get());
  for (gchar** file = files; *file; ++file)
    Line("file").add("path", *file).print(run_.options().json, printable(*file));
  g_strfreev(files);
  Line line("ended");
  line.add("state", whole ? "done" : "failed");
  if (!whole) line.add("reason", error->message);
  line.print(run_.options().json, {});
  if (!whole) complain(error->message);
  run_.quit(whole ? exit_ok : exit_failed);
}

}  // namespace

int transcode_room(const RoomJob& wish, const Options& options) {
  return RoomTranscode(wish, options).transcode();
}

}  // namespace genos::tool
