// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a node's media that follows what peers send.
#include <algorithm>
#include <map>
#include <utility>

#include "core/wire/limits.hpp"
#include "genos/node_host.hpp"
#include "genos/node_media.hpp"
#include "genos/node_media_messages.hpp"
#include "genos/track_router.hpp"

namespace genos {

using core::Json;
using core::Node;

std::function<void(GstPad*, guint)> NodeMedia::pads_of(core::LinkId link) {
  auto router = std::make_shared<TrackRouter>();
  routers_[link] = router;
  return [weak = std::weak_ptr(router)](GstPad* pad, guint line) {
    if (const auto alive = weak.lock()) alive->take(pad, line);
  };
}

void NodeMedia::tell_ended(const core::RoomToken& room, const std::shared_ptr<TrackIn>& track) {
  for (const auto& user : std::vector(users_[room])) user->ended(track);
}

void NodeMedia::tell_ended(const core::RoomToken& room, TrackRouter& router) {
  for (const auto& [line, track] : router.all()) tell_ended(room, track);
}

// --- what they say of it

void NodeMedia::hear(const Node::Received& received) {
  if (received.message.channel == quality_wish) return hear_wish(received);
  const auto present = present_.find({received.room, received.peer});
  const auto json = core::parse_json(core::text_of(*received.message.payload));
  if (present == present_.end() || !json) return;
  const auto stream = json->string_at("s");
  if (!stream || stream->size() > core::limits::max_stream_id) return;
  if (received.message.channel == announcement)
    hear_announcement(present->second, *stream, *json);
  else
    hear_farewell(received.room, present->second, *stream);
}

void NodeMedia::hear_announcement(Present& present, const std::string& stream, const Json& json) {
  if (present.said.size() >= core::limits::max_announced_streams) present.said.clear();
  const auto* meta = json.find("m");
  auto text = meta ? core::to_text(*meta) : "";
  if (text.size() > core::limits::max_stream_meta) text.clear();
  present.said[stream] = std::move(text);
}

void NodeMedia::hear_farewell(const core::RoomToken& room, const Present& present,
                              const std::string& stream) {
  const auto router = routers_.find(present.link);
  if (router == routers_.end()) return;
  for (const auto& [line, track] : router->second->all()) {
    if (track->about().stream != stream) continue;
    router->second->end(line);
    tell_ended(room, track);
  }
}

// --- what comes

void NodeMedia::follow_tracks(core::LinkId link, link::PeerLink& from) {
  const auto found = routers_.find(link);
  const auto places = present_on(link);
  if (found == routers_.end() || places.empty()) return;
  auto& router = *found->second;
  const auto sent = from.tracks();
  for (const auto& known : router.all()) {
    const auto goes_on = [&](const auto& each) { return each.line == known.first; };
    if (std::ranges::none_of(sent, goes_on)) end_line(router, known.second, known.first, places);
  }
  std::map<std::string, std::vector<std::shared_ptr<TrackIn>>> fresh;
  for (const auto& each : sent) {
    if (router.knows(each.line)) continue;
    auto about = about_of(each, places);
    about.base_time = gst_element_get_base_time(from.pipeline());
    const auto stream = about.stream;
    auto track = std::make_shared<TrackIn>(std::move(about));
    router.add(each.line, track);
    fresh[stream].push_back(std::move(track));
  }
  for (const auto& [stream, tracks] : fresh)
    for (const auto& [place, present] : places)
      for (const auto& user : std::vector(users_[place.first])) user->came(tracks);
}

void NodeMedia::end_line(TrackRouter& router, const std::shared_ptr<TrackIn>& track,
                         std::size_t line, const Places& places) {
  router.remove(line);
  for (const auto& [place, present] : places) tell_ended(place.first, track);
}

TrackIn::About NodeMedia::about_of(const link::PeerLink::RemoteTrack& sent, const Places& places) {
  const auto& [place, present] = places.front();
  TrackIn::About about;
  about.peer = place.second.value;
  about.identity = present->peer.identity;
  about.name = present->name;
  about.stream = sent.media.streams.empty() ? "" : sent.media.streams.front();
  about.track = sent.media.track;
  about.is_sound = sent.media.kind == core::MediaKind::audio;
  about.caps = sent.caps;
  for (const auto& [where, who] : places)
    if (const auto said = who->said.find(about.stream); said != who->said.end())
      about.meta = said->second;
  return about;
}

void NodeMedia::show_tracks(core::LinkId link, RoomMedia& user) {
  const auto found = routers_.find(link);
  if (found == routers_.end()) return;
  std::map<std::string, std::vector<std::shared_ptr<TrackIn>>> streams;
  for (const auto& [line, track] : found->second->all())
    streams[track->about().stream].push_back(track);
  for (const auto& [stream, tracks] : streams) user.came(tracks);
}

}  // namespace genos
