// SPDX-License-Identifier: LGPL-2.1-or-later
// The media of one node: offers streams to the peers that are here, one round after the other, and
// tells elements what peers send. On the library's thread only.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/room/node.hpp"
#include "core/wire/json.hpp"
#include "genos/room_media.hpp"
#include "link/peer_link.hpp"

namespace genos {

class NodeHost;
struct TrackRouter;

class NodeMedia {
 public:
  explicit NodeMedia(NodeHost& host) : host_(host) {}

  void attach(const core::RoomToken& room, const std::shared_ptr<RoomMedia>& user);
  void detach(RoomMedia& user);
  void send(RoomMedia& user, const std::string& stream);
  void end(RoomMedia& user, const std::string& stream);
  // One of its tracks; the others go on.
  void end(RoomMedia& user, const std::string& stream, const std::shared_ptr<FanOut>& track);
  void stop(RoomMedia& user, const std::string& peer);
  void tell_wish();  // to those who do not know it yet

  void output(const core::Node::Output& output);
  // What peers say of their streams: no message of an application.
  [[nodiscard]] static bool is_about_streams(const core::Node::Output& output);
  void negotiated(core::LinkId link);
  void closed(core::LinkId link);
  // PeerLink::Options::codecs.
  [[nodiscard]] std::function<std::vector<std::string>()> wanted_codecs() const;
  // Where a link's pads go, on whatever thread.
  [[nodiscard]] std::function<void(GstPad*, guint)> pads_of(core::LinkId link);

 private:
  using Place = std::pair<core::RoomToken, core::PeerId>;
  struct Present {
    core::LinkId link;
    RoomMedia::Peer peer;
    std::string name;
    std::map<std::string, std::string> said;  // of its streams: id -> metadata
    core::StreamWishes wishes;
    core::StreamWishes counted;              // as a viewer, by that wish
    unsigned changes = 0;                    // of what it takes
    std::optional<core::StreamWishes> told;  // of our wish; none: nothing was ever said of it
  };
  using Places = std::vector<std::pair<Place, Present*>>;
  struct Offer {
    core::RoomToken room;
    core::PeerId peer;
    std::shared_ptr<RoomMedia> user;
    StreamOut stream;
    std::vector<Ref<GstPad>> pads;  // none: not asked yet
    bool settled = false;
    struct Other {  // a track that is taken in its other codec
      std::shared_ptr<FanOut> track;
      Ref<GstPad> pad;
      std::shared_ptr<FanOut> instead;  // what goes there, once it is made
      std::string stream;               // of that
    };
    std::vector<Other> others;
  };

  void joined(const core::Node::PeerJoined& joined);
  void moved(const core::Node::PeerMoved& moved);
  void left(const core::Node::PeerLeft& left);
  void end(core::LinkId link, Offer& offer, const std::string& stream);
  void end(core::LinkId link, Offer& offer, const std::shared_ptr<FanOut>& track);
  void hear(const core::Node::Received& received);
  static void hear_announcement(Present& present, const std::string& stream,
                                const core::Json& json);
  void hear_farewell(const core::RoomToken& room, const Present& present,
                     const std::string& stream);
  void hear_wish(const core::Node::Received& received);
  static void follow_wish(const Present& viewer, const core::StreamWishes& before, Offer& offer);
  void tell_wish(const Place& place, Present& present);
  void say_wish(const Place& place, const core::StreamWishes& wish);
  void apply_latency(const core::PeerId& peer);
  void offer_all(const Place& place, const Present& present);
  void offer(const Place& place, const Present& present, const std::shared_ptr<RoomMedia>& user,
             const StreamOut& stream);
  void serve(core::LinkId link, Offer& offer, const StreamOut& stream);
  void leave(core::LinkId link, Offer& offer, Offer::Other& other);
  static void watches(const Present& present, const Offer& offer, const FanOut& track);
  static void leaves_off(const Present& present, const Offer& offer, const FanOut& track);
  void pump(core::LinkId link);
  [[nodiscard]] bool ask(link::PeerLink& to, Offer& offer);
  void settle(core::LinkId link, link::PeerLink& to, Offer& offer);
  void withdraw(core::LinkId link, Offer& offer, bool in_words = true);
  void drop(core::LinkId link);
  [[nodiscard]] StreamOut fresh(core::LinkId link, StreamOut stream);
  void follow_tracks(core::LinkId link, link::PeerLink& from);
  void tell_ended(const core::RoomToken& room, const std::shared_ptr<TrackIn>& track);
  void tell_ended(const core::RoomToken& room, TrackRouter& router);
  void end_line(TrackRouter& router, const std::shared_ptr<TrackIn>& track, std::size_t line,
                const Places& places);
  void show_tracks(core::LinkId link, RoomMedia& user);
  [[nodiscard]] std::vector<std::string> codecs() const;
  [[nodiscard]] Places present_on(core::LinkId link);
  [[nodiscard]] static TrackIn::About about_of(const link::PeerLink::RemoteTrack& sent,
                                               const Places& places);

  NodeHost& host_;
  std::map<core::RoomToken, std::vector<std::shared_ptr<RoomMedia>>> users_;
  std::map<Place, Present> present_;
  std::map<core::LinkId, std::list<Offer>> offers_;
  std::map<core::LinkId, std::set<std::string>> offered_;  // streams, those that ended too
  std::map<core::LinkId, std::shared_ptr<TrackRouter>> routers_;
};

}  // namespace genos
