// SPDX-License-Identifier: LGPL-2.1-or-later
#include <glib.h>

#include <filesystem>

#include "core/ladder/words.hpp"
#include "jobs/job_store.hpp"

namespace genos::jobs {

using core::Errc;
using core::Error;

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

static core::Result<bool> check_container(const Job& job, const std::string& words,
                                          const std::string& codec) {
  const bool fits = job.container == "mkv" || (codec != "h264" && codec != "aac");
  if (fits) return true;
  return Error{Errc::malformed,
               "webm files cannot hold '" + words + "'; mkv can (--container mkv)"};
}

core::Result<bool> check(const Job& job) {
  if (job.container != "webm" && job.container != "mkv")
    return Error{Errc::malformed, "container is webm or mkv, not '" + job.container + "'"};
  const auto ladder = core::parse_ladder(job.ladder);
  if (!ladder) return ladder.error();
  const auto sounds = core::parse_sounds(job.sounds);
  if (!sounds) return sounds.error();
  for (const auto& rung : *ladder)
    if (auto fits = check_container(job, core::to_words(rung), rung.codec); !fits) return fits;
  for (const auto& sound : *sounds)
    if (auto fits = check_container(job, core::to_words(core::rung_of(sound)), sound.codec); !fits)
      return fits;
  return true;
}

}  // namespace genos::jobs
