// SPDX-License-Identifier: LGPL-2.1-or-later
// A transcoding job whose source is a stream in a room.
#pragma once

#include "jobs/job_store.hpp"
#include "tools/app.hpp"

namespace genos::tool {

struct RoomJob {
  jobs::Job job;
  std::string from;   // whose, by name or id; empty: the first that comes
  double length = 0;  // seconds; 0: until it ends
};

int transcode_room(const RoomJob& wish, const Options& options);

}  // namespace genos::tool
