// SPDX-License-Identifier: LGPL-2.1-or-later
#include <glib.h>

#include "jobs/job_store.hpp"

namespace genos::jobs {

Job lasting(Job job) {
  const auto whole = [](std::string& path) {
    char* made = g_canonicalize_filename(path.c_str(), nullptr);
    path = made;
    g_free(made);
  };
  if (job.source != "-" && !g_uri_is_valid(job.source.c_str(), G_URI_FLAGS_NONE, nullptr))
    whole(job.source);
  whole(job.folder);
  return job;
}

}  // namespace genos::jobs
