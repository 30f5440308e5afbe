// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_src.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "bridge/element_message.hpp"
#include "room_properties.hpp"
#include "room_uri.hpp"
#include "track_about.hpp"

#define GST_CAT_DEFAULT genos_room_src_debug

namespace genos::element {
namespace {

// A track that ends may come back at once: its sender's link was replaced, or its line begun anew.
constexpr guint grace_ms = 1000;

const RtpCodec* codec_called(const char* name) {
  for (const auto& codec : rtp_codecs)
    if (g_ascii_strcasecmp(codec.encoding_name, name) == 0) return &codec;
  return nullptr;
}

// In order. The word that names none is the error.
core::Result<std::vector<std::string>> read_codecs(const std::string& text) {
  std::vector<std::string> names;
  const std::unique_ptr<gchar*, decltype(&g_strfreev)> words(g_strsplit(text.c_str(), ",", -1),
                                                             g_strfreev);
  for (gchar** word = words.get(); *word; ++word) {
    if (!*g_strstrip(*word)) continue;
    const auto* codec = codec_called(*word);
    if (!codec) return core::Error{core::Errc::malformed, *word};
    names.emplace_back(codec->encoding_name);
  }
  return names;
}

}  // namespace

// --- tracks come and go -----------------------------------------------------------------------

bool RoomSrc::ends_with_last() {
  const std::scoped_lock guard(lock);
  return settings.end_with_last;
}

// The same one again, or else whatever stands empty: who watches goes on watching.
RoomSrc::ExitRef RoomSrc::orphan_for(const TrackIn::About& about, bool ends) const {
  ExitRef best;
  int best_fit = -1;
  for (const auto& exit : exits_) {
    if (is_shown(*exit) || exit->ending || exit->about.is_sound != about.is_sound) continue;
    // Who wants its ends gets one track on one pad.
    if (ends && stream_key_of(exit->about) != stream_key_of(about)) continue;
    const bool same_peer = exit->about.peer == about.peer;
    const int fit = int(same_peer) + int(same_peer && exit->about.stream == about.stream);
    if (fit > best_fit) best = exit, best_fit = fit;
  }
  return best;
}

void RoomSrc::give(const ExitRef& exit, std::shared_ptr<TrackIn> track) {
  exit->about = track->about();
  exit->stream = gst_stream_of(exit->about);
  exit->track = std::move(track);
  exit->changed = 0;
  exit->waits = exit->pauses = false;
}

void RoomSrc::post(GstPad* pad, void (RoomSrc::*what)(const ExitRef&)) {
  session_.post([this, pad = retain(pad), what] {
    const auto exit = std::ranges::find_if(
        exits_, [&](const auto& each) { return each->pad.get() == pad.get(); });
    if (exit != exits_.end()) (this->*what)(ExitRef(*exit));
  });
}

void RoomSrc::come(const Tracks& tracks) {
  if (tracks.empty()) return;
  const auto& about = tracks.front()->about();
  auto& stream = streams_[stream_key_of(about)];
  stream.tracks.insert(stream.tracks.end(), tracks.begin(), tracks.end());
  stream.audio = stream.video = "";
  for (const auto& track : stream.tracks)
    (track->about().is_sound ? stream.audio : stream.video) = encoding_of(track->about());
  tell_stream("genos-stream-add", about, stream);
  show(tracks);
}

// All pads of a stream, and only then anything on them.
void RoomSrc::show(const Tracks& tracks) {
  const bool ends = ends_with_last();
  std::vector<ExitRef> added, begun;
  for (const auto& track : tracks) {
    if (!wants(track->about())) continue;
    auto exit = orphan_for(track->about(), ends);
    if (!exit) {
      exit = make_exit(track->about());
      added.push_back(exit);
    }
    give(exit, track);
    begun.push_back(exit);
  }
  if (!begun.empty()) tell_tracks();
  for (const auto& exit : added) {
    add(exit);
    await_link(exit);
  }
  // Pictures first: sound of which a muxer has enough waits for them.
  std::stable_partition(begun.begin(), begun.end(),
                        [](const auto& exit) { return !exit->about.is_sound; });
  for (const auto& exit : begun) begin(exit);
  tell_untaken();
  watch_silence();
  await_silence();
  const bool are_first = !added.empty() && added.size() == next_video_ + next_audio_;
  if (are_first && came_by_uri(bin_)) gst_element_no_more_pads(GST_ELEMENT(bin_));
}

void RoomSrc::end(const std::shared_ptr<TrackIn>& track) {
  left_.erase(track);
  const auto stream = streams_.find(stream_key_of(track->about()));
  if (stream != streams_.end() && std::erase(stream->second.tracks, track) &&
      stream->second.tracks.empty()) {
    tell_stream("genos-stream-remove", track->about(), stream->second);
    streams_.erase(stream);
  }
  const auto found =
      std::ranges::find_if(exits_, [&](const auto& each) { return each->track == track; });
  if (found != exits_.end()) take_off(ExitRef(*found));
}

void RoomSrc::take_off(const ExitRef& exit) {
  exit->track = nullptr;
  session_.post_later(grace_ms, [this, weak = std::weak_ptr(exit)] {
    if (const auto alive = weak.lock(); alive && !alive->track) settle_end(alive);
  });
}

void RoomSrc::choose_anew() {
  std::set<std::shared_ptr<TrackIn>> shown;
  for (const auto& exit : exits_) {
    if (exit->track && !wants(exit->about)) {
      leave_off(exit);  // it may go on for another element
      take_off(exit);
    }
    if (exit->track) shown.insert(exit->track);
  }
  for (const auto& [key, stream] : streams_) {
    Tracks others;
    for (const auto& track : stream.tracks)
      if (!shown.contains(track)) others.push_back(track);
    show(others);
  }
}

// The last one that is taken waits for another, or takes one that nobody took: who watches a room
// goes on watching.
void RoomSrc::settle_end(const ExitRef& exit) {
  const bool ends = ends_with_last();
  ExitRef spare;
  for (const auto& other : exits_) {
    if (!is_shown(*other) || other->about.is_sound != exit->about.is_sound) continue;
    if (gst_pad_is_linked(other->pad.get())) return give_up(exit);
    spare = other;
  }
  if (ends || !gst_pad_is_linked(exit->pad.get())) return give_up(exit);
  if (!spare) {
    exit->waits = true;
    tell_tracks();
    return fill_with_silence(exit);
  }
  give(exit, std::exchange(spare->track, nullptr));
  give_up(spare);
  begin(exit);
  tell_untaken();
}

void RoomSrc::give_up(const ExitRef& exit) {
  // One that is named and not linked yet is there for what comes next.
  if (!exit->line && is_requested(exit->pad.get()) && !ends_with_last()) return tell_tracks();
  exit->ending = true;
  if (exit->line)
    exit->line->end();  // remove() follows
  else
    remove(exit);
}

// Its end may still be on its way through the pad, which goes when the thread of its line has; one
// that the application has stays.
void RoomSrc::remove(const ExitRef& exit) {
  auto line = std::shared_ptr(take_line(*exit));
  std::erase(exits_, exit);
  const auto stream = stream_key_of(exit->about);
  if (std::ranges::none_of(
          exits_, [&](const auto& other) { return stream_key_of(other->about) == stream; }))
    groups_.erase(stream);
  tell_tracks();
  g_signal_handlers_disconnect_by_data(exit->pad.get(), this);
  gst_pad_remove_probe(exit->pad.get(), exit->size_probe);
  const bool is_idle = !line && !exit->leaving;
  auto go = [line = std::move(line), pad = exit->pad, bin = GST_ELEMENT(bin_)]() mutable {
    line = nullptr;
    const bool is_there = gst_object_has_as_parent(GST_OBJECT(pad.get()), GST_OBJECT(bin));
    if (is_there && is_requested(pad.get())) return;
    gst_pad_set_active(pad.get(), FALSE);
    if (is_there) gst_element_remove_pad(bin, pad.get());
  };
  if (is_idle)
    go();
  else
    aside_.run(std::move(go));
  if (exits_.empty() && ends_with_last()) end_empty();
}

// --- what applications are told ---------------------------------------------------------------

guint RoomSrc::group_of(const TrackIn::About& about) {
  auto& group = groups_[stream_key_of(about)];
  if (group == 0) group = gst_util_group_id_next();
  return group;
}

void RoomSrc::tell_stream(const char* what, const TrackIn::About& about, const Stream& stream) {
  auto* news = news_of(what, about);
  if (!stream.video.empty())
    gst_structure_set(news, "video", G_TYPE_STRING, stream.video.c_str(), nullptr);
  if (!stream.audio.empty())
    gst_structure_set(news, "audio", G_TYPE_STRING, stream.audio.c_str(), nullptr);
  gst_element_post_message(GST_ELEMENT(bin_), gst_message_new_element(GST_OBJECT(bin_), news));
}

void RoomSrc::tell_tracks() {
  auto* all = gst_stream_collection_new(nullptr);
  {
    const std::scoped_lock guard(lock);
    shown_.clear();
    for (const auto& exit : exits_) {
      if (!is_shown(*exit)) continue;
      gst_stream_collection_add_stream(all, GST_STREAM(g_object_ref(exit->stream.get())));
      shown_[Owned<char>(gst_pad_get_name(exit->pad.get())).get()] = exit->track;
    }
  }
  gst_element_post_message(GST_ELEMENT(bin_),
                           gst_message_new_stream_collection(GST_OBJECT(bin_), all));
  gst_object_unref(all);
}

void RoomSrc::add_tracks(GValue* stats) {
  GValue tracks = G_VALUE_INIT;
  gst_value_list_init(&tracks, 0);
  const std::scoped_lock guard(lock);
  for (const auto& [pad, track] : shown_) {
    const auto figures = track->figures();
    auto* one = news_of("track", track->about());
    gst_structure_set(one, "pad", G_TYPE_STRING, pad.c_str(), "encoding", G_TYPE_STRING,
                      encoding_of(track->about()).c_str(), "packets", G_TYPE_UINT64,
                      figures.packets, "bytes", G_TYPE_UINT64, figures.bytes, "lost", G_TYPE_UINT64,
                      figures.lost, nullptr);
    GValue held = G_VALUE_INIT;
    g_value_init(&held, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&held, one);
    gst_value_list_append_and_take_value(&tracks, &held);
  }
  auto* all = gst_structure_copy(gst_value_get_structure(stats));
  gst_structure_take_value(all, "tracks", &tracks);
  g_value_take_boxed(stats, all);
}

// --- the room ---------------------------------------------------------------------------------

RoomMedia::Events RoomSrc::events() {
  RoomMedia::Events events;
  events.came = [this](const Tracks& tracks) { session_.post([this, tracks] { come(tracks); }); };
  events.ended = [this](const std::shared_ptr<TrackIn>& track) {
    session_.post([this, track] { end(track); });
  };
  return events;
}

bool RoomSrc::open() {
  std::string said;
  {
    const std::scoped_lock guard(lock);
    said = settings.codecs;
  }
  auto codecs = read_codecs(said);
  if (!codecs) {
    post_error({bin_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_SETTINGS,
               "codecs: '" + codecs.error().detail + "' is none of av1, vp8, vp9, h264 and opus");
    return false;
  }
  // Who only watches needs no link to others that do. Elements of one name do what all of them do.
  gchar* raw = nullptr;
  g_object_get(room(), "peer", &raw, nullptr);
  const Owned<char> peer(raw);
  const bool is_shared = peer && *peer;
  g_object_set(room(), "activity",
               is_shared ? GstGenosActivity(GST_GENOS_ACTIVITY_SEND | GST_GENOS_ACTIVITY_RECEIVE)
                         : GST_GENOS_ACTIVITY_RECEIVE,
               nullptr);
  if (!has_name(room(), GST_ELEMENT(bin_))) return false;
  session_.start();
  const auto media = std::make_shared<RoomMedia>(events());
  {
    const std::scoped_lock guard(lock);
    latency_ = settings.latency * GST_MSECOND;
    media->set_latency(std::chrono::milliseconds(settings.latency));
    media->set_codecs(*std::move(codecs));
    media->set_wish(wish_now());
    media->attach(room());
    media_ = media;
  }
  session_.join();
  return true;
}

void RoomSrc::close() {
  std::shared_ptr<RoomMedia> media;
  {
    const std::scoped_lock guard(lock);
    media = std::exchange(media_, nullptr);
  }
  if (!media) return;
  media->detach();
  session_.stop();
  for (const auto& exit : std::vector(exits_)) {
    exit->track = nullptr;
    remove(exit);
  }
  aside_.wait();
  deactivate_reserved();
  groups_.clear();
  streams_.clear();
  left_.clear();
  watches_silence_ = keeps_silence_ = offered_silence_ = watches_pauses_ = false;
  picture_packets_ = 0;
  silence_ = nullptr;
  const std::scoped_lock guard(lock);
  next_video_ = next_audio_ = 0;
  untaken_.clear();
}

}  // namespace genos::element
