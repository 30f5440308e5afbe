// SPDX-License-Identifier: LGPL-2.1-or-later
// Of one link: which pad is which track, whichever of both comes first.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "bridge/ref.hpp"
#include "genos/track_in.hpp"

namespace genos {

// Thread-safe.
struct TrackRouter {
  std::mutex lock;  // guards what follows
  std::map<std::size_t, std::shared_ptr<TrackIn>> tracks;
  std::map<std::size_t, Ref<GstPad>> early;  // pads of lines, known or not yet
  std::set<std::size_t> over;                // lines of which we were told that they ended

  void take(GstPad* pad, guint line) {
    std::shared_ptr<TrackIn> track;
    {
      const std::scoped_lock guard(lock);
      early[line] = retain(pad);
      const auto found = tracks.find(line);
      if (found == tracks.end()) return;
      track = found->second;
    }
    track->flow_from(pad);
  }
  void add(std::size_t line, const std::shared_ptr<TrackIn>& track) {
    Ref<GstPad> pad;
    {
      const std::scoped_lock guard(lock);
      tracks[line] = track;
      if (const auto found = early.find(line); found != early.end()) pad = found->second;
    }
    if (pad) track->flow_from(pad.get());
  }
  std::map<std::size_t, std::shared_ptr<TrackIn>> all() {
    const std::scoped_lock guard(lock);
    return tracks;
  }
  void remove(std::size_t line) {
    const std::scoped_lock guard(lock);
    tracks.erase(line);
  }
  void end(std::size_t line) {
    remove(line);
    const std::scoped_lock guard(lock);
    over.insert(line);
  }
  [[nodiscard]] bool knows(std::size_t line) {
    const std::scoped_lock guard(lock);
    return tracks.contains(line) || over.contains(line);
  }
};

}  // namespace genos
