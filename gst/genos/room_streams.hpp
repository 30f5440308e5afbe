// SPDX-License-Identifier: LGPL-2.1-or-later
// What tells an application of the streams that its peer receives.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "genos/room_media.hpp"

namespace genos {

class StreamWatch {
 public:
  // It is told on the application's thread, with stream_came() and stream_ended().
  explicit StreamWatch(GstGenosRoom* room);
  StreamWatch(const StreamWatch&) = delete;
  StreamWatch& operator=(const StreamWatch&) = delete;
  ~StreamWatch();

 private:
  struct Known {
    std::weak_ptr<RoomFront> front;
    // Of the library's thread: how many tracks there are of each stream of each peer.
    std::map<std::pair<std::string, std::string>, unsigned> tracks;
  };
  std::shared_ptr<RoomMedia> media_;
};

}  // namespace genos
