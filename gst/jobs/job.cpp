// SPDX-License-Identifier: LGPL-2.1-or-later
#include <glib.h>

#include <filesystem>

#include "jobs/job_store.hpp"

namespace genos::jobs {

// A scheme as GStreamer has it, which takes any rest; but "Film: part 1.mp4" may be a file.
bool is_uri(const std::string& source) {
  const char* scheme = g_uri_peek_scheme(source.c_str());
  return scheme && scheme[1] != '\0' && !g_file_test(source.c_str(), G_FILE_TEST_EXISTS);
}

std::string stem_of(const std::string& source) {
  if (source == "-") return "stdin";
  const auto name = is_uri(source) ? source.substr(0, source.find_first_of("?#")) : source;
  const auto stem = std::filesystem::path(name).stem().string();
  return stem.empty() || stem == "." || stem == ".." ? "stream" : stem;
}

Job lasting(Job job) {
  const auto whole = [](std::string& path) {
    char* made = g_canonicalize_filename(path.c_str(), nullptr);
    path = made;
    g_free(made);
  };
  if (job.source != "-" && !is_uri(job.source)) whole(job.source);
  whole(job.folder);
  for (auto& path : job.outputs) whole(path);
  return job;
}

}  // namespace genos::jobs
