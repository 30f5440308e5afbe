// SPDX-License-Identifier: LGPL-2.1-or-later
// What a genosroomsrc does: a pad for each track of the others, whose line is made when it is
// linked.
#pragma once

#include <gst/gst.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "aside.hpp"
#include "genos/room_media.hpp"
#include "room_session.hpp"
#include "silence.hpp"
#include "track_line.hpp"

GST_DEBUG_CATEGORY_EXTERN(genos_room_src_debug);

namespace genos::element {

enum class MediaChoice { all, video, audio };

struct RoomSrcSettings {
  std::string from, streams, codecs;
  MediaChoice media = MediaChoice::all;
  core::Quality quality = core::Quality::automatic;
  bool end_with_last = false;
  guint latency = 200;  // ms
};

[[nodiscard]] bool is_requested(GstPad* pad);  // it is the application's
// A line of gst-launch-1.0 in which whatever fits is awaited, as `r. ! audioconvert`.
[[nodiscard]] bool awaits_pads(GstBin* element);
// In the caps that leave a pad: those that it began with. The number of a probe.
gulong keep_size_of_av1(GstPad* pad);

class RoomSrc {
 public:
  explicit RoomSrc(GstBin* bin) : bin_(bin), session_(GST_ELEMENT(bin)), aside_(GST_ELEMENT(bin)) {}
  RoomSrc(const RoomSrc&) = delete;
  RoomSrc& operator=(const RoomSrc&) = delete;
  ~RoomSrc() = default;

  [[nodiscard]] GstGenosRoom* room() const { return session_.room(); }

  std::mutex lock;  // guards what follows
  RoomSrcSettings settings;

  [[nodiscard]] bool open();       // READY to PAUSED; false: an error was posted
  void close();                    // back
  void wish();                     // for what the settings say; at any time
  void add_tracks(GValue* stats);  // to those of the room
  // A pad that somebody names before there is a track for it. Null: that is no name of one, or it
  // is there.
  [[nodiscard]] GstPad* reserve(GstPadTemplate* templ, const char* name);
  void release(GstPad* pad);
  // Nothing more comes: those pads, too, of which there is no track.
  void end_empty();
  // Of the sound of a peer, which its id or its identity names; also when it comes later.
  void set_volume(const std::string& peer, double volume);
  void set_mute(const std::string& peer, bool mute);

 private:
  struct Exit {
    std::shared_ptr<TrackIn> track;  // null: it ended, and nobody took its place yet
    TrackIn::About about;            // of the last one
    Ref<GstStream> stream;           // of the same
    Ref<GstPad> pad;
    gulong size_probe = 0;
    std::unique_ptr<TrackLine> line;  // while it is linked
    bool ending = false;              // its end is on the way: nobody takes its place
    unsigned links = 0;               // how often it was linked or unlinked
    bool leaving = false;             // its last line ends; then the next begins
    bool spare = false;               // nobody has linked it for a while
    bool waits = false;               // for whatever comes next
    bool pauses = false;              // silence is played for it
    guint64 packets = 0;              // of the track, when it was looked at last
    gint64 changed = 0;               // since when these are all, or nobody has linked it; 0: anew
  };
  using Tracks = std::vector<std::shared_ptr<TrackIn>>;
  using ExitRef = std::shared_ptr<Exit>;

  [[nodiscard]] bool wants(const TrackIn::About& about);
  [[nodiscard]] bool chooses(const TrackIn::About& about) const;  // its stream; with the lock
  [[nodiscard]] bool ends_with_last();
  [[nodiscard]] RoomMedia::Wish wish_now() const;  // with the lock
  [[nodiscard]] Loudness loudness_of(const TrackIn::About& about);
  void sound_all();
  // On the session's thread:
  void come(const Tracks& tracks);
  void show(const Tracks& tracks);  // those that are wanted
  void choose_anew();               // of those that are there
  void end(const std::shared_ptr<TrackIn>& track);
  void take_off(const ExitRef& exit);
  void settle_end(const ExitRef& exit);
  void give_up(const ExitRef& exit);
  void remove(const ExitRef& exit);
  void begin(const ExitRef& exit);  // when it has both a track and somebody who reads it
  void leave_off(const ExitRef& exit);
  [[nodiscard]] static std::unique_ptr<TrackLine> take_line(Exit& exit);  // out of the bin; or null
  void await_link(const ExitRef& exit);
  void on_linked(const ExitRef& exit);
  void on_unlinked(const ExitRef& exit);
  [[nodiscard]] RoomMedia::Untakens untaken_now() const;  // with the lock
  void tell_untaken();                                    // to those who send it, if it is news
  void watch_silence();
  [[nodiscard]] static gint64 quiet_for(Exit& exit);  // microseconds; or not linked
  void replace_silent();
  void change_places(const ExitRef& silent, const ExitRef& spare);
  void await_silence();
  void offer_silence();
  void fill_with_silence(const ExitRef& exit);
  void keep_silence();
  void watch_pauses();  // of sound that somebody reads
  void fill_pauses();
  [[nodiscard]] bool is_shown(const Exit& exit) const;  // of a track that somebody sends
  [[nodiscard]] bool shows_pictures() const;            // to somebody
  [[nodiscard]] bool pictures_flow();                   // more of them, just now
  [[nodiscard]] ExitRef orphan_for(const TrackIn::About& about, bool ends) const;
  [[nodiscard]] ExitRef make_exit(const TrackIn::About& about);
  [[nodiscard]] Ref<GstPad> make_pad(GstPadTemplate* templ, const std::string& name);
  [[nodiscard]] Ref<GstPad> next_pad(bool is_sound);
  void add(const ExitRef& exit);  // its pad, unless somebody has it already
  void drop(GstPad* pad);         // that was released
  void deactivate_reserved();
  [[nodiscard]] bool is_awaited(const char* name);
  static void give(const ExitRef& exit, std::shared_ptr<TrackIn> track);
  struct Stream {
    Tracks tracks;             // that are there
    std::string video, audio;  // how they were encoded when the last one came
  };
  void tell_stream(const char* what, const TrackIn::About& about, const Stream& stream);
  void tell_tracks();
  [[nodiscard]] guint group_of(const TrackIn::About& about);
  [[nodiscard]] RoomMedia::Events events();
  // Hands it to the session's thread, with the exit of that pad.
  void post(GstPad* pad, void (RoomSrc::*what)(const ExitRef&));

  GstBin* const bin_;  // has us
  RoomSession session_;
  Aside aside_;
  std::shared_ptr<RoomMedia> media_;                       // with the lock
  RoomMedia::Untakens untaken_;                            // with the lock
  GstClockTime latency_ = 0;                               // as it was when it was opened
  std::map<std::string, std::shared_ptr<TrackIn>> shown_;  // with the lock: by its pad
  std::map<std::string, Loudness> loudness_;               // with the lock: as the peer was named
  std::map<std::string, Ref<GstPad>> reserved_;            // with the lock
  guint next_video_ = 0, next_audio_ = 0;                  // changed with the lock
  // Of the session's thread, while it runs:
  std::vector<ExitRef> exits_;
  std::map<std::string, guint> groups_;      // stream -> group id
  std::map<std::string, Stream> streams_;    // all that are there
  std::set<std::shared_ptr<TrackIn>> left_;  // that fell silent and lost their place
  bool watches_silence_ = false;
  std::unique_ptr<Silence> silence_;  // when it was first needed
  bool keeps_silence_ = false, offered_silence_ = false, watches_pauses_ = false;
  guint64 picture_packets_ = 0;  // all that came, when they were looked at last
  gint64 pictures_flowed_ = 0;   // when that was more than before
};

}  // namespace genos::element
