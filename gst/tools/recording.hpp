// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes the tracks of one stream into files that can be played whatever happens: each file has the
// tracks that flow, in step, and a new one begins when what flows changes.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/pieces.hpp"

namespace genos::tool {

// One file. Its pipeline is its own, so what happens to it happens to no other.
class MediaFile {
 public:
  struct Events {
    std::function<void(MediaFile&, const char* problem)> ended;  // null: it is whole
  };
  // Null when it cannot be written, which is printed.
  static std::unique_ptr<MediaFile> open(const std::string& path, bool is_webm,
                                         const std::vector<GstCaps*>& tracks, GstClockTime begins,
                                         Events events);
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;
  ~MediaFile();

  void put(std::size_t track, const Piece& piece);
  void end(std::size_t track);
  void end();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] double seconds() const { return double(last_) / GST_SECOND; }
  [[nodiscard]] bool is_over(std::size_t track) const { return over_[track]; }

 private:
  MediaFile(std::string path, GstClockTime begins, Events events);
  static gboolean take_message(GstBus*, GstMessage* message, gpointer self) noexcept;

  const std::string path_;
  const GstClockTime begins_;
  Events events_;
  Ref<GstElement> pipeline_;
  std::vector<Ref<GstElement>> sources_;
  std::vector<bool> over_;
  GstClockTime last_ = 0;
};

// All of it on the main loop.
class Recording {
 public:
  struct Settings {
    GstClockTime split = 0;  // a new file after that long; 0: never
    // The tracks are there to the end: one that is late, or slow, is no reason for another file.
    bool waits_for_all = false;
    // Sound may be there before its picture, as of a camera that takes its time.
    bool awaits_pictures = false;
    std::function<std::string(bool is_webm)> next_path;  // empty: not now
    std::function<void(const std::string& path)> begun;
    std::function<void(const std::string& path, double seconds, const char* problem)> written;
    std::function<void()> want_keyframe;
  };
  explicit Recording(Settings settings) : settings_(std::move(settings)) {}

  // The tracks are known before the first piece. Returns the track's number.
  std::size_t add_track(bool is_sound);
  void take(std::size_t track, Piece piece);
  void end_track(std::size_t track);
  void look();  // now and then: what has stopped flowing?
  void end();
  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] bool writes() const { return !files_.empty(); }
  [[nodiscard]] bool is_closed() const { return over_ && files_.empty(); }
  [[nodiscard]] double seconds() const { return done_ + (file_ ? file_->seconds() : 0); }
  // When the first file begins, in running time.
  [[nodiscard]] std::optional<GstClockTime> began() const { return began_; }

 private:
  struct Track {
    bool is_sound = false, over = false;
    std::deque<Piece> waiting;  // until there is a file
    gint64 last = 0;            // when something came
    Ref<GstCaps> caps;          // of the last piece
    int place = -1;             // in the file
  };
  [[nodiscard]] bool shows_pictures() const;
  void begin_if_ready(bool at_once = false);
  void begin(const std::vector<std::size_t>& tracks);
  void put(Track& track, Piece piece);
  // Before a piece that the file cannot have, or that is after its time.
  void close_if_due(const Track& track, const Piece& piece, bool changed);
  void close();
  void on_end(MediaFile& file, const char* problem);

  const Settings settings_;
  std::vector<Track> tracks_;
  std::vector<std::unique_ptr<MediaFile>> files_;  // all that are not closed yet
  MediaFile* file_ = nullptr;                      // the one that is written
  GstClockTime begins_ = 0;
  std::optional<GstClockTime> began_;
  gint64 first_ = 0;  // when the first piece of the next file came
  bool over_ = false, asked_ = false;
  double done_ = 0;
};

}  // namespace genos::tool
