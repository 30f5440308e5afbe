// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/job_words.hpp"

#include "core/ladder/words.hpp"

namespace genos {

using core::Errc;
using core::Error;

static core::Result<bool> check_container(const jobs::Job& job, const std::string& words,
                                          const std::string& codec) {
  const bool fits = job.container == "mkv" || (codec != "h264" && codec != "aac");
  if (fits) return true;
  return Error{Errc::malformed,
               "webm files cannot hold '" + words + "'; mkv can (--container mkv)"};
}

core::Result<bool> check_words(const jobs::Job& job) {
  if (job.container != "webm" && job.container != "mkv")
    return Error{Errc::malformed, "container is webm or mkv, not '" + job.container + "'"};
  const auto ladder = core::parse_ladder(job.ladder);
  if (!ladder) return ladder.error();
  const auto sounds = core::parse_sounds(job.sounds);
  if (!sounds) return sounds.error();
  for (const auto& rung : *ladder)
    if (auto fits = check_container(job, core::to_words(rung), rung.codec); !fits) return fits;
  if ((*sounds).empty()) return true;
  const auto& sound = (*sounds)[0];  // a file has one
  return check_container(job, core::to_words(core::rung_of(sound)), sound.codec);
}

}  // namespace genos
