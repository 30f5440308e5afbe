// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a genosroomsink that decides which tracks are a stream, and when it ends.
#include <algorithm>
#include <set>
#include <utility>

#include "bridge/pump.hpp"
#include "room_sink.hpp"

namespace genos::element {
namespace {

// So long the tracks of a stream wait for each other: one round for all of them is sooner, and a
// page gets one stream.
constexpr core::Duration company = std::chrono::milliseconds(500);

}  // namespace

void RoomSink::send_if_whole(Stream& stream) {
  StreamOut out;
  {
    const std::scoped_lock guard(streams_lock_);
    if (!media_) return;
    bool whole = true;
    std::vector<std::shared_ptr<Track>> fresh;
    for (const auto& track : stream.tracks) {
      whole = whole && track->fan;
      if (track->fan && !track->sent) fresh.push_back(track);
    }
    const bool waited = monotonic_now() - stream.first > company;
    if (fresh.empty() || (!stream.begun && !whole && !waited)) return;
    stream.begun = true;
    out.id = random_id();
    out.joins = running(stream);
    for (const auto& track : fresh) {
      track->sent = true;
      if (std::exchange(track->was_sent, true)) out.ssrc_by = g_random_int_range(1, G_MAXINT32);
      track->sent_in = out.id;
      track->seen_in = out.seen_as();
      out.tracks.push_back(track->fan);
    }
  }
  out.meta = meta_of(stream, true);
  media_->send(std::move(out));
}

std::string RoomSink::running(const Stream& stream) {
  const auto runs = std::ranges::find_if(
      stream.tracks, [](const auto& track) { return track->sent && !has_ended(*track); });
  return runs == stream.tracks.end() ? "" : (*runs)->seen_in;
}

// A fallback ends with its track, or before it.
bool RoomSink::has_ended(const Track& track) {
  const auto all = [](const Track& one) {
    return std::ranges::all_of(one.lines, [](const auto& line) { return line->ended; });
  };
  const auto& other = track.fallback.track;
  return !track.lines.empty() && all(track) && (!other || all(*other));
}

// The track goes on while another rung does: a picture that became smaller has fewer.
void RoomSink::line_ended(const std::shared_ptr<Stream>& stream, Track& track, Line& line) {
  std::shared_ptr<FanOut> fan;
  {
    const std::scoped_lock guard(streams_lock_);
    line.ended = true;
    const bool goes_on =
        std::ranges::any_of(track.lines, [](const auto& each) { return !each->ended; });
    if (goes_on && line.name) fan = track.fan;
  }
  if (fan)
    fan->remove_rung(*line.name);
  else
    track_ended(stream, track);
}

void RoomSink::track_ended(const std::shared_ptr<Stream>& stream, Track& track) {
  std::vector<std::string> over;
  std::string id;
  std::shared_ptr<FanOut> one;  // of several in a stream
  {
    const std::scoped_lock guard(streams_lock_);
    const Track* whole = &track;
    for (const auto& each : stream->tracks) {
      if (each->fallback.track.get() != &track) continue;
      over.push_back(track.sent_in);
      whole = each.get();
    }
    id = whole->sent_in;
    const bool is_last = std::ranges::all_of(
        stream->tracks, [&](const auto& each) { return each->sent_in != id || has_ended(*each); });
    if (is_last)
      over.push_back(id);
    else if (has_ended(*whole))
      one = whole->fan;
  }
  if (!media_) return;
  for (const auto& ended : over) media_->end(ended);
  if (one) media_->end(id, one);
}

// What was sent with it goes on.
void RoomSink::end_sending(Stream& stream, const Track& track) {
  std::string id;
  std::shared_ptr<FanOut> fan;
  bool is_last = true;
  {
    const std::scoped_lock guard(streams_lock_);
    id = track.sent_in;
    fan = track.fan;
    for (const auto& other : stream.tracks)
      is_last = is_last && (other.get() == &track || other->sent_in != id || has_ended(*other));
  }
  if (id.empty() || !media_) return;
  if (is_last)
    media_->end(id);
  else
    media_->end(id, fan);
}

// Another stream, of all that goes on: it waits until this track has its line again.
void RoomSink::begin_anew(const std::shared_ptr<Stream>& stream,
                          const std::shared_ptr<Track>& track) {
  std::set<std::string> ids;
  std::shared_ptr<FanOut> fan;
  {
    const std::scoped_lock guard(streams_lock_);
    ids.insert(std::exchange(track->sent_in, {}));
    fan = std::exchange(track->fan, {});
    for (const auto& other : stream->tracks) {
      if (other->sent_in.empty() || other->seen_in != track->seen_in || has_ended(*other)) continue;
      ids.insert(other->sent_in);
      other->sent = false;
    }
    track->sent = false;
    stream->begun = false;
    stream->first = monotonic_now();
  }
  if (fan) fan->on_change({});
  for (const auto& id : ids)
    if (!id.empty() && media_) media_->end(id);
  take_fallback(*stream, *track);
  // Who wanted it leaves it, of a track that is not found any more.
  session_.post([track] { track->fallback.wish = {}; });
  take_apart(*track);
}

}  // namespace genos::element
