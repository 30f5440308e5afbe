// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a genosroomsink for viewers that cannot decode a track: while one of them is there,
// the transcoder makes the same rung in a codec that every browser has.
#include <algorithm>

#include "bridge/element_message.hpp"
#include "bridge/pump.hpp"
#include "room_sink.hpp"
#include "transcodebin/encoders.hpp"

#define GST_CAT_DEFAULT genos_room_sink_debug

namespace genos::element {
namespace {

// What every browser decodes, with or without licences; the cheaper one first.
constexpr const char* common_codecs[] = {"vp8", "h264"};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = g_ascii_toupper(c);
  return result;
}

const char* encoding_of(const FanOut& fan) {
  return gst_structure_get_string(gst_caps_get_structure(fan.caps().get(), 0), "encoding-name");
}

}  // namespace

RoomSink::Line RoomSink::made_on(GstPad* rung) {
  Line line;
  line.rung = retain(rung);
  const auto transcoder = adopt(gst_pad_get_parent_element(rung));
  GstStructure* raw = nullptr;
  if (transcoder) g_object_get(transcoder.get(), "stats", &raw, nullptr);
  const Owned<GstStructure> all(raw);
  GstStructure* one = nullptr;
  if (!all || !gst_structure_get(all.get(), GST_PAD_NAME(rung), GST_TYPE_STRUCTURE, &one, nullptr))
    return line;
  const Owned<GstStructure> held(one);
  const char* words = gst_structure_get_string(one, "words");
  const char* codec = gst_structure_get_string(one, "codec");
  if (const auto rungs = core::parse_ladder(words ? words : "")) line.words = rungs->front();
  line.codec = codec ? codec : "";
  return line;
}

Ref<GstPad> RoomSink::rung_of(const Track& track) {
  Ref<GstPad> largest;
  core::RungWords words;
  for (const auto& line : track.lines) {
    if (!line->rung || line->ended || (largest && line->words.lines <= words.lines)) continue;
    largest = line->rung;
    words = line->words;
  }
  return largest;
}

RoomSink::Pair RoomSink::find(const FanOut* fan) {
  const std::scoped_lock guard(streams_lock_);
  for (const auto& [number, stream] : streams_)
    for (const auto& track : stream->tracks)
      if (track->fan.get() == fan) return {stream, track};
  return {};
}

const RtpCodec* RoomSink::codec_beside(const RtpCodec& codec) {
  for (const auto* name : common_codecs) {
    const auto* other = codec_of_encoding(upper(name));
    if (other && other != &codec && find_encoder(name, false, {})) return other;
  }
  return nullptr;
}

// --- on the session's thread ------------------------------------------------------------------

void RoomSink::refused(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan) {
  const auto pair = find(fan.get());
  if (!pair.second) return;
  bool is_encoded_here = false;
  {
    const std::scoped_lock guard(streams_lock_);
    is_encoded_here = bool(rung_of(*pair.second));
  }
  warn(peer, *fan,
       is_encoded_here ? "set `fallback`, or name a codec that it has in `ladder`"
                       : "what comes in encoded is passed on as it is: put `genostranscodebin` in "
                         "front, with another codec in its `ladder`");
}

void RoomSink::warn(const RoomMedia::Peer& peer, const FanOut& fan, const std::string& what) {
  GST_INFO_OBJECT(bin_, "'%s' takes no %s", peer.id.c_str(), encoding_of(fan));
  if (warned_.exchange(true)) return;
  post_warning(
      {bin_, GST_CAT_DEFAULT}, GST_STREAM_ERROR_CODEC_NOT_FOUND,
      "'" + peer.id + "' cannot decode " + encoding_of(fan) + " and gets none of it: " + what);
}

void RoomSink::wants_other(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan) {
  const auto pair = find(fan.get());
  if (!pair.second) return;
  pair.second->fallback.wish.refused(peer.id);
  if (const auto made = make_fallback(pair); !made) warn(peer, *fan, made.error().detail);
  follow_wish(pair);
}

void RoomSink::leaves_other(const RoomMedia::Peer& peer, const std::shared_ptr<FanOut>& fan) {
  const auto pair = find(fan.get());
  if (!pair.second) return;
  pair.second->fallback.wish.left(peer.id, monotonic_now());
  follow_wish(pair);
  const auto wait =
      std::chrono::duration_cast<std::chrono::milliseconds>(core::FallbackWish::patience);
  session_.post_later(guint(wait.count()), [this, stream = std::weak_ptr(pair.first),
                                            track = std::weak_ptr(pair.second)] {
    if (const Pair again{stream.lock(), track.lock()}; again.first && again.second)
      follow_wish(again);
  });
}

void RoomSink::follow_wish(const Pair& pair) {
  const auto& [stream, track] = pair;
  auto& [wish, words, sent_in, line] = track->fallback;
  if (!wish.is_wanted(monotonic_now())) return take_fallback(*stream, *track);
  Ref<GstPad> rung;
  {
    const std::scoped_lock guard(streams_lock_);
    if (line) rung = rung_of(*line);
  }
  // While it only waits for somebody it costs nothing.
  if (rung) g_object_set(rung.get(), "enabled", gboolean(wish.is_used()), nullptr);
}

// The transcoder's own thread makes the rung, and on_fallback_rung() follows.
core::Result<bool> RoomSink::make_fallback(const Pair& pair) {
  const auto& [stream, track] = pair;
  Ref<GstElement> transcoder;
  Ref<GstPad> rung;
  const RtpCodec* other = nullptr;
  {
    const std::scoped_lock guard(streams_lock_);
    if (!track->fallback.words.empty()) return true;
    transcoder = stream->transcoder;
    rung = rung_of(*track);
    other = track->other;
  }
  const auto made = rung ? made_on(rung.get()) : Line();
  if (!transcoder || made.words.lines == 0 || !other) return true;  // it is on its way out
  const Owned<char> codec(g_ascii_strdown(other->encoding_name, -1));
  const auto fallback = core::fallback_of(made.words, made.codec, codec.get());
  auto ladder = core::Result<std::string>(std::string());
  {
    const std::scoped_lock guard(lock);
    ladder = core::ladder_with(settings.ladder, fallback);
  }
  if (!ladder) return ladder.error();
  GST_INFO_OBJECT(bin_, "a rung for who cannot decode: %s", core::to_words(fallback).c_str());
  {
    const std::scoped_lock guard(streams_lock_);
    if (std::ranges::find(stream->tracks, track) == stream->tracks.end()) return true;
    track->fallback.words = core::to_words(fallback);
    track->fallback.sent_in = random_id();
  }
  g_object_set(transcoder.get(), "ladder", ladder->c_str(), nullptr);
  join_rungs(transcoder.get());  // the ladder may have had it before
  return true;
}

// --- on any thread ----------------------------------------------------------------------------

bool RoomSink::on_fallback_rung(const std::shared_ptr<Stream>& stream, GstPad* rung) {
  const auto made = std::make_shared<Line>(made_on(rung));
  const auto words = core::to_words(made->words);
  std::shared_ptr<Track> track, line;
  StreamOut out;
  {
    const std::scoped_lock guard(streams_lock_);
    for (const auto& each : stream->tracks)
      if (!each->fallback.words.empty() && each->fallback.words == words) track = each;
    if (!track) return false;
    if (track->fallback.track) return true;
    line = track->fallback.track = std::make_shared<Track>();
    line->lines = {made};
    line->sent = true;
    line->ssrc = track->ssrc;
    line->sent_in = out.id = track->fallback.sent_in;
    out.instead_of = track->fan;
  }
  link_rung(stream, line, made);
  out.meta = meta_of(*stream, false);
  if (line->fan && media_) {
    out.tracks = {line->fan};
    media_->send(out);
  }
  std::vector<Ref<GstElement>> left_over;
  {
    const std::scoped_lock guard(streams_lock_);
    if (track->fallback.track != line) left_over = elements_of(*line);
  }
  if (left_over.empty()) return true;
  take_down(std::move(left_over));  // it was taken away meanwhile
  if (media_) media_->end(out.id);
  return true;
}

void RoomSink::take_fallback(Stream& stream, Track& track) {
  std::vector<Ref<GstElement>> elements;
  std::string id;
  Ref<GstElement> transcoder;
  {
    const std::scoped_lock guard(streams_lock_);
    if (track.fallback.words.empty()) return;
    track.fallback.words.clear();
    id = std::exchange(track.fallback.sent_in, {});
    if (const auto line = std::exchange(track.fallback.track, {})) elements = elements_of(*line);
    transcoder = stream.transcoder;
  }
  GST_INFO_OBJECT(bin_, "nobody needs the other rung any more");
  if (media_) media_->end(id);
  take_down(std::move(elements));
  if (!transcoder) return;
  std::string ladder;
  {
    const std::scoped_lock guard(lock);
    ladder = settings.ladder;
  }
  g_object_set(transcoder.get(), "ladder", ladder.c_str(), nullptr);
}

}  // namespace genos::element
