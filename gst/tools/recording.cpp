// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/recording.hpp"

#include <algorithm>

namespace genos::tool {
namespace {

// A track that has not begun by then is left out of the file, until it begins.
constexpr gint64 company = 3 * G_TIME_SPAN_SECOND;
// One that was silent so long ends in its file: a muxer waits for it, and what the others sent
// meanwhile would be lost with us. Pictures of slides come seldom.
constexpr gint64 silence = 10 * G_TIME_SPAN_SECOND;
// A sender that changes its codec all the time makes no more files than this.
constexpr GstClockTime shortest = GST_SECOND;
// What a file holds back at most, while its muxer waits for a track.
constexpr guint64 waiting_limit = guint64{64} * 1024 * 1024;

const char* type_of(GstCaps* caps) {
  return gst_structure_get_name(gst_caps_get_structure(caps, 0));
}

// Size and the like stand in the stream itself; a muxer of 1.22 refuses other caps on the way.
bool fits_webm(GstCaps* caps) {
  const std::string type = type_of(caps);
  return type == "video/x-vp8" || type == "video/x-vp9" || type == "video/x-av1" ||
         type == "audio/x-opus" || type == "audio/x-vorbis";
}

}  // namespace

// --- a file -------------------------------------------------------------------------------------

MediaFile::MediaFile(std::string path, GstClockTime begins, Events events)
    : path_(std::move(path)),
      begins_(begins),
      events_(std::move(events)),
      pipeline_(sink(gst_pipeline_new(nullptr))) {}

std::unique_ptr<MediaFile> MediaFile::open(const std::string& path, bool is_webm,
                                           const std::vector<GstCaps*>& tracks, GstClockTime begins,
                                           Events events) {
  std::unique_ptr<MediaFile> file(new MediaFile(path, begins, std::move(events)));
  auto* bin = GST_BIN(file->pipeline_.get());
  auto* muxer = gst_element_factory_make(is_webm ? "webmmux" : "matroskamux", nullptr);
  auto* out = gst_element_factory_make("filesink", nullptr);
  if (!muxer || !out) {
    complain("nothing here writes WebM: install gstreamer1.0-plugins-good");
    return nullptr;
  }
  g_object_set(muxer, "writing-app", "genos " GENOS_VERSION, nullptr);
  g_object_set(out, "location", path.c_str(), "async", FALSE, nullptr);
  // What is written is in the file, also when we are killed.
  gst_util_set_object_arg(G_OBJECT(out), "buffer-mode", "unbuffered");
  gst_bin_add_many(bin, muxer, out, nullptr);
  gst_element_link(muxer, out);
  for (GstCaps* caps : tracks) {
    auto* source = gst_element_factory_make("appsrc", nullptr);
    g_object_set(source, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes", waiting_limit,
                 nullptr);
    gst_bin_add(bin, source);
    const bool is_sound = g_str_has_prefix(type_of(caps), "audio/");
    if (!gst_element_link_pads(source, "src", muxer, is_sound ? "audio_%u" : "video_%u")) {
      complain(path + ": a muxer takes no " + type_of(caps));
      return nullptr;
    }
    file->sources_.push_back(retain(source));
    file->over_.push_back(false);
  }
  const auto bus = adopt(gst_element_get_bus(file->pipeline_.get()));
  gst_bus_add_watch(bus.get(), take_message, file.get());
  gst_element_set_state(file->pipeline_.get(), GST_STATE_PLAYING);
  return file;
}

MediaFile::~MediaFile() {
  const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
  gst_bus_remove_watch(bus.get());
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void MediaFile::put(std::size_t track, const Piece& piece) {
  auto* source = GST_APP_SRC(sources_[track].get());
  if (over_[track] || gst_app_src_get_current_level_bytes(source) > waiting_limit) return;
  auto* buffer = gst_buffer_copy(gst_sample_get_buffer(piece.sample.get()));
  GST_BUFFER_PTS(buffer) = piece.at > begins_ ? piece.at - begins_ : 0;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  last_ = std::max(last_, GST_BUFFER_PTS(buffer));
  gst_app_src_push_buffer(source, buffer);
}

void MediaFile::end(std::size_t track) {
  if (over_[track]) return;
  over_[track] = true;
  gst_app_src_end_of_stream(GST_APP_SRC(sources_[track].get()));
}

void MediaFile::end() {
  for (std::size_t i = 0; i < sources_.size(); ++i) end(i);
}

gboolean MediaFile::take_message(GstBus*, GstMessage* message, gpointer data) noexcept {
  auto& self = *static_cast<MediaFile*>(data);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    self.events_.ended(self, nullptr);
    return G_SOURCE_REMOVE;
  }
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR) return G_SOURCE_CONTINUE;
  Owned<GError> error;
  {
    Out<GError> slot(error);
    gst_message_parse_error(message, slot, nullptr);
  }
  const std::string why = error->message;
  self.events_.ended(self, why.c_str());
  return G_SOURCE_REMOVE;
}

// --- what becomes of a stream -------------------------------------------------------------------

std::size_t Recording::add_track(bool is_sound) {
  tracks_.emplace_back();
  tracks_.back().is_sound = is_sound;
  return tracks_.size() - 1;
}

void Recording::take(std::size_t number, Piece piece) {
  auto& track = tracks_[number];
  if (over_ || track.over) return;
  track.last = g_get_monotonic_time();
  auto* caps = gst_sample_get_caps(piece.sample.get());
  const bool changed = track.caps && !fits_webm(caps) && !gst_caps_is_equal(track.caps.get(), caps);
  if (changed && file_ && piece.at < begins_ + shortest) return;
  track.caps = retain(caps);
  if (file_) close_if_due(track, piece, changed);
  put(track, std::move(piece));
}

void Recording::close_if_due(const Track& track, const Piece& piece, bool changed) {
  const bool left_out = track.place < 0 || file_->is_over(std::size_t(track.place));
  const bool full = settings_.split > 0 && piece.at >= begins_ + settings_.split;
  if (!left_out && !changed && !full) return;
  // Where there are pictures, a file begins with a whole one.
  const bool may_begin = track.is_sound ? !shows_pictures() : piece.is_key;
  if (!may_begin && !std::exchange(asked_, true)) settings_.want_keyframe();
  if (may_begin || left_out || changed) close();
}

bool Recording::shows_pictures() const {
  return std::ranges::any_of(
      tracks_, [](const Track& each) { return !each.is_sound && !each.over && each.place >= 0; });
}

void Recording::put(Track& track, Piece piece) {
  if (file_) return file_->put(std::size_t(track.place), piece);
  if (first_ == 0) first_ = track.last;
  // Nothing can be done with pictures before a whole one.
  if (!track.is_sound && track.waiting.empty() && !piece.is_key) return;
  track.waiting.push_back(std::move(piece));
  begin_if_ready();
}

void Recording::begin_if_ready(bool at_once) {
  if (file_ || first_ == 0) return;
  std::vector<std::size_t> here;
  // Only once: of who shows no pictures each part would begin late.
  bool all = began_ || !settings_.awaits_pictures ||
             std::ranges::any_of(tracks_, [](const Track& each) { return !each.is_sound; });
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (!tracks_[i].waiting.empty())
      here.push_back(i);
    else if (!tracks_[i].over)
      all = false;
  }
  const bool is_late = !settings_.waits_for_all && g_get_monotonic_time() - first_ > company;
  if (!here.empty() && (all || at_once || is_late)) begin(here);
}

void Recording::begin(const std::vector<std::size_t>& numbers) {
  std::vector<GstCaps*> caps;
  begins_ = GST_CLOCK_TIME_NONE;
  for (const auto i : numbers) {
    tracks_[i].place = int(caps.size());
    const auto& first = tracks_[i].waiting.front();
    caps.push_back(gst_sample_get_caps(first.sample.get()));
    begins_ = std::min(begins_, first.at);
  }
  if (!began_) began_ = begins_;
  const bool is_webm = std::ranges::all_of(caps, fits_webm);
  const auto path = settings_.next_path(is_webm);
  if (path.empty()) {  // not now; maybe with the next whole picture
    for (auto& track : tracks_) track.waiting.clear();
    close();
    return;
  }
  auto file = MediaFile::open(path, is_webm, caps, begins_,
                              {[this](auto& ended, auto* problem) { on_end(ended, problem); }});
  if (!file) {
    over_ = true;
    return settings_.written(path, 0, "it could not be begun");
  }
  file_ = file.get();
  files_.push_back(std::move(file));
  asked_ = false;
  settings_.begun(path);
  for (const auto i : numbers) {
    for (const auto& piece : tracks_[i].waiting) file_->put(std::size_t(tracks_[i].place), piece);
    tracks_[i].waiting.clear();
    if (tracks_[i].over) file_->end(std::size_t(tracks_[i].place));
  }
}

void Recording::close() {
  if (file_) {
    done_ += file_->seconds();
    file_->end();
  }
  file_ = nullptr;
  first_ = 0;
  for (auto& track : tracks_) track.place = -1;
}

void Recording::end_track(std::size_t number) {
  auto& track = tracks_[number];
  track.over = true;
  if (file_ && track.place >= 0) file_->end(std::size_t(track.place));
  begin_if_ready();
  if (std::ranges::all_of(tracks_, &Track::over)) end();
}

void Recording::look() {
  begin_if_ready();
  if (!file_ || settings_.waits_for_all) return;
  const gint64 now = g_get_monotonic_time();
  for (const auto& track : tracks_)
    if (track.place >= 0 && now - track.last > silence) file_->end(std::size_t(track.place));
}

void Recording::end() {
  if (std::exchange(over_, true)) return;
  begin_if_ready(true);
  close();
}

// Its watch is being left: it is destroyed later.
void Recording::on_end(MediaFile& file, const char* problem) {
  if (&file == file_) close();
  if (problem) over_ = true;  // the next one would fare the same
  const auto found =
      std::ranges::find_if(files_, [&](const auto& each) { return each.get() == &file; });
  const auto drop = [](gpointer held) -> gboolean {
    delete static_cast<std::unique_ptr<MediaFile>*>(held);
    return G_SOURCE_REMOVE;
  };
  g_idle_add(drop, new std::unique_ptr<MediaFile>(std::move(*found)));
  files_.erase(found);
  settings_.written(file.path(), file.seconds(), problem);
}

}  // namespace genos::tool
