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
  const char* scheme = g_uri_peek_scheme(job.source.c_str());
  const bool is_uri = scheme && scheme[1] != '\0';  // as GStreamer has it, which takes any rest
  if (job.source != "-" && !is_uri) whole(job.source);
  whole(job.folder);
  return job;
}

}  // namespace genos::jobs
