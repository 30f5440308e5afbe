// SPDX-License-Identifier: LGPL-2.1-or-later
// What one element sends into a room, and what it takes out of it.
#pragma once

#include <gst/genos/genos.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/time.hpp"
#include "core/ladder/quality.hpp"
#include "genos/fan_out.hpp"
#include "genos/track_in.hpp"
#include "genos/visibility.hpp"

namespace genos {

class NodeMedia;
class RoomFront;

struct StreamOut {
  std::string id;
  // The id of the MediaStream that a page sees, if that is another's: what comes later joins it.
  std::string joins;
  std::string meta;  // JSON, or empty
  std::vector<std::shared_ptr<FanOut>> tracks;
  // It goes to those only who took this track of another stream in its other codec, and on the line
  // of that.
  std::shared_ptr<FanOut> instead_of;
  // Of tracks that were sent before, as another stream: no link has an SSRC twice.
  std::uint32_t ssrc_by = 0;

  [[nodiscard]] const std::string& seen_as() const { return joins.empty() ? id : joins; }
};

// What is public may be called from any thread.
class GENOS_PRIVATE RoomMedia : public std::enable_shared_from_this<RoomMedia> {
 public:
  struct Peer {
    std::string id, identity;
    bool is_page = false;
  };
  // On the library's thread; must not wait.
  struct Events {
    std::function<bool(const Peer&, std::size_t others)> admits;  // may it watch beside them?
    std::function<void(const Peer&)> viewer_added, viewer_removed;
    // It takes no such track; it takes it in the other codec; it does so no more.
    std::function<void(const Peer&, const std::shared_ptr<FanOut>&)> refused, wants_other,
        leaves_other;
    std::function<void(const std::vector<std::shared_ptr<TrackIn>>&)> came;  // of one stream
    std::function<void(const std::shared_ptr<TrackIn>&)> ended;
  };
  explicit RoomMedia(Events events) : events_(std::move(events)) {}

  // Before the room is joined.
  void attach(GstGenosRoom* room);
  void detach();  // no event comes after it

  // How long a late packet is waited for, at least; the longest wish of a peer's elements counts.
  // Before attach().
  void set_latency(core::Duration latency) { latency_ = latency; }
  // What is taken of others, as PeerLink::Options::codecs has it. Before attach(); of the elements
  // of a peer everything that one of them takes, for links that are made from then on.
  void set_codecs(std::vector<std::string> codecs) { codecs_ = std::move(codecs); }
  // What is wished for of those that send; the largest wish of a peer's elements counts, and to
  // whom none has any, nothing is sent. At any time, one call after the other.
  struct Untaken {  // of a stream
    bool picture = false, sound = false;
    bool operator==(const Untaken&) const = default;
  };
  using Untakens = std::map<std::string, std::map<std::string, Untaken>>;  // by peer and stream
  struct Wish {
    core::MediaWish media;
    std::set<std::string> from;  // ids or identities; empty: everybody
    Untakens untaken{};
  };
  void set_wish(Wish wish);
  // To those that are here and those that come.
  void send(StreamOut stream);
  void end(const std::string& stream);
  void end(const std::string& stream, const std::shared_ptr<FanOut>& track);  // the others go on
  void stop_viewer(const std::string& peer);

 private:
  friend class NodeMedia;
  // On the library's thread:
  [[nodiscard]] core::StreamWishes wish_for(const Peer& peer) const;
  [[nodiscard]] bool admits(const Peer& peer, std::size_t others);
  void watches(const Peer& peer);
  void leaves_off(const Peer& peer);
  void refused(const Peer& peer, const std::shared_ptr<FanOut>& track);
  void wants_other(const Peer& peer, const std::shared_ptr<FanOut>& track);
  void leaves_other(const Peer& peer, const std::shared_ptr<FanOut>& track);
  void came(const std::vector<std::shared_ptr<TrackIn>>& tracks);
  void ended(const std::shared_ptr<TrackIn>& track);

  std::mutex lock_;  // held while an event runs, which waits for nobody
  Events events_;
  std::shared_ptr<RoomFront> front_;
  std::optional<core::Duration> latency_;
  std::optional<std::vector<std::string>> codecs_;  // none: it takes nothing
  std::optional<Wish> wish_;                        // on the library's thread, once attached
  // On the library's thread:
  std::map<std::string, StreamOut> streams_;
  std::set<std::string> stopped_;            // peers, until they come again
  std::map<std::string, unsigned> viewers_;  // peer -> tracks that it watches
};

}  // namespace genos
