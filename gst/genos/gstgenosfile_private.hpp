// SPDX-License-Identifier: LGPL-2.1-or-later
// The state of a GstGenosFile, and how it changes.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "genos/objects.hpp"

namespace genos {

struct FileState {
  std::shared_ptr<RoomFront> front;
  FileStart start;
  std::string id;

  std::mutex lock;  // guards what follows
  GstGenosFileState state = GST_GENOS_FILE_STATE_OFFERED;
  std::string path;
  guint64 done = 0;
  std::set<core::PeerId> offerers;
  // Of a page:
  bool come = false;  // all of it
  std::shared_ptr<const core::Bytes> payload;
  std::string into;  // accepted
  files::Part::Existing existing = files::Part::Existing::keep;
};

FileState& state_of(GstGenosFile* self);

// Nothing more happens.
bool is_over(GstGenosFileState state);
// False when it was in that state already, or is over.
bool set_file_state(GstGenosFile* self, GstGenosFileState to);
void set_file_done(GstGenosFile* self, guint64 done);
void finish_file(GstGenosFile* self, GstGenosFileState to, GstGenosError code, const char* why);
void accept_page_file(GstGenosFile* self, const char* folder, files::Part::Existing existing);

}  // namespace genos
