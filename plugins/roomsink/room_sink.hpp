// SPDX-License-Identifier: LGPL-2.1-or-later
// What a genosroomsink does: each pad becomes a track, pads of the same number a stream.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/ladder/fallback.hpp"
#include "core/ladder/words.hpp"
#include "genos/room_media.hpp"
#include "room_pad.hpp"
#include "room_session.hpp"
#include "rtp_codecs.hpp"

GST_DEBUG_CATEGORY_EXTERN(genos_room_sink_debug);

namespace genos::element {

struct FeederEvents;

struct RoomSinkSettings {
  std::string ladder = "720p30", sounds = "opus:96k";
  std::string targets;
  StreamWords words;      // of all streams, where their pads say nothing else
  guint max_viewers = 0;  // 0: any number
  bool fallback = true;   // another codec for who cannot decode the first
};

class RoomSink {
 public:
  explicit RoomSink(GstBin* bin) : bin_(bin), session_(GST_ELEMENT(bin)) {}
  RoomSink(const RoomSink&) = delete;
  RoomSink& operator=(const RoomSink&) = delete;
  ~RoomSink() = default;

  [[nodiscard]] GstGenosRoom* room() const { return session_.room(); }
  [[nodiscard]] guint viewers() const { return viewers_; }

  std::mutex lock;            // guards what follows
  RoomSinkSettings settings;  // may be set while it plays, for who comes then

  // Null when there is such a pad already.
  GstPad* request_pad(GstPadTemplate* templ, const char* name);
  void release_pad(GstPad* pad);

  [[nodiscard]] bool open();  // READY to PAUSED; false: an error was posted
  void close();               // back
  void stop_viewer(const std::string& peer);
  void add_seats(GValue* stats);  // to the figures of the room: who gets which rung

 private:
  struct Track;
  // What those get who refused a track that is encoded here.
  struct Fallback {
    core::FallbackWish wish;       // of the session's thread
    std::string words, sent_in;    // of its rung, the id of its stream; empty: there is none
    std::shared_ptr<Track> track;  // its line, once the rung is there
  };
  // From one encoder, or an encoded stream, to those who watch.
  struct Line {
    Ref<GstPad> rung;  // of the transcoder; null: it came encoded
    core::RungWords words;
    std::string codec;
    std::optional<FanOut::Rung> name;  // once it is linked
    std::vector<Ref<GstElement>> elements;
    bool ended = false;
  };
  struct Track {
    GstPad* pad = nullptr;  // of the bin
    bool is_sound = false;
    std::string kind;  // the media type of what comes; empty: nothing came yet
    guint ssrc = g_random_int(), first_time = g_random_int();
    const RtpCodec* other = nullptr;  // in which a rung can be made for who cannot decode it
    std::vector<std::shared_ptr<Line>> lines;  // one for each rung
    std::shared_ptr<FanOut> fan;
    std::atomic<bool> sent{false};
    bool was_sent = false;  // ever
    std::string sent_in;    // the id of the stream that it was sent in
    std::string seen_in;    // of the one that viewers see it in
    Fallback fallback;
    // Of its fallback too.
    [[nodiscard]] std::vector<FanOut::Seat> seats() const;
  };
  struct Stream {
    guint number = 0;
    Ref<GstElement> transcoder;
    std::vector<std::shared_ptr<Track>> tracks;
    core::Time first{};  // when the first track was there
    bool begun = false;  // its first tracks were sent; later ones join them
  };

  using Pair = std::pair<std::shared_ptr<Stream>, std::shared_ptr<Track>>;

  static std::string random_id();
  static GstPadProbeReturn on_event(GstPad* pad, GstPadProbeInfo* info, gpointer self) noexcept;
  static void on_rung(GstElement* transcoder, GstPad* rung, gpointer self) noexcept;
  void decide(GstPad* pad, GstCaps* caps);
  [[nodiscard]] Ref<GstElement> transcoder_of(Stream& stream);  // null: an error was posted
  [[nodiscard]] Ref<GstPad> transcode(Stream& stream, bool is_sound);
  // From a rung to its viewers.
  void link_rung(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Track>& track,
                 const std::shared_ptr<Line>& line);
  // The line from an encoded stream to its viewers; its first pad, or null when an error was
  // posted.
  [[nodiscard]] Ref<GstPad> build(const std::shared_ptr<Stream>& stream,
                                  const std::shared_ptr<Track>& track,
                                  const std::shared_ptr<Line>& line, const RtpCodec& codec,
                                  bool parse);
  [[nodiscard]] std::shared_ptr<FanOut> fan_of(Track& track, const RtpCodec& codec);
  void line_ended(const std::shared_ptr<Stream>& stream, Track& track, Line& line);
  void send_if_whole(Stream& stream);
  // What a track joins that begins now; empty: nothing of the stream is sent. With the streams'
  // lock.
  [[nodiscard]] static std::string running(const Stream& stream);
  void track_ended(const std::shared_ptr<Stream>& stream, Track& track);
  void take_apart(Track& track);
  [[nodiscard]] static std::vector<Ref<GstElement>> elements_of(Track& track);
  void take_down(std::vector<Ref<GstElement>> elements);
  void remove(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Track>& track);
  void end_sending(Stream& stream, const Track& track);
  void begin_anew(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Track>& track);
  // Links whatever rungs are there.
  void join_rungs(GstElement* transcoder);

  [[nodiscard]] FeederEvents events_of(const std::shared_ptr<Stream>& stream,
                                       const std::shared_ptr<Track>& track,
                                       const std::shared_ptr<Line>& line, GstElement* packing);
  // Switches rungs on and off, from now on.
  void follow_viewers_of(const std::shared_ptr<Track>& track, FanOut& fan);
  void follow_viewers(const std::shared_ptr<Track>& track);  // on the session's thread
  void take_ended(Track& track);

  // The fallback; on the session's thread:
  void refused(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan);
  void wants_other(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan);
  void leaves_other(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan);
  void follow_wish(const Pair& pair);
  [[nodiscard]] core::Result<bool> make_fallback(const Pair& pair);
  void warn(const RoomMedia::Peer& peer, const FanOut& fan, const std::string& what);
  // On any thread:
  void take_fallback(Stream& stream, Track& track);
  // Whether this rung is one.
  bool on_fallback_rung(const std::shared_ptr<Stream>& stream, GstPad* rung);
  static bool has_ended(const Track& track);
  [[nodiscard]] static Ref<GstPad> rung_of(const Track& track);  // the largest that goes on
  // What comes out of a pad of a transcoder.
  [[nodiscard]] static Line made_on(GstPad* rung);
  [[nodiscard]] Pair find(const FanOut* fan);
  // What a picture in that codec can be made in as well; null: no encoder is installed.
  [[nodiscard]] static const RtpCodec* codec_beside(const RtpCodec& codec);
  [[nodiscard]] Pair find(GstPad* pad);
  // What the element and its pads say; a pad whose words are none is left out, which is said.
  [[nodiscard]] std::string meta_of(const Stream& stream, bool tell);
  [[nodiscard]] bool check_words();  // false: an error was posted
  RoomMedia::Events events();

  GstBin* const bin_;  // has us
  RoomSession session_;
  std::shared_ptr<RoomMedia> media_;
  std::atomic<guint> viewers_{0};
  std::atomic<bool> warned_{false};  // that somebody sees nothing
  std::mutex making_;                // of transcoders; nothing waits for their state changes
  std::mutex streams_lock_;          // guards what follows
  std::map<guint, std::shared_ptr<Stream>> streams_;
};

}  // namespace genos::element
