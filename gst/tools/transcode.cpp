// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos transcode`: sources, or a stream in a room, into a file for each rung of a ladder.
#include <algorithm>
#include <map>

#include "genos/job_words.hpp"
#include "tools/job_work.hpp"
#include "tools/transcode_room.hpp"

namespace genos::tool {
namespace {

int queue(const std::vector<std::string>& sources, jobs::Job job, const Options& options) {
  if (std::ranges::find(sources, "-") != sources.end()) {
    complain("standard input cannot wait in the queue");
    return exit_usage;
  }
  for (const auto& source : sources) {
    if (jobs::is_uri(source) || g_file_test(source.c_str(), G_FILE_TEST_IS_REGULAR)) continue;
    complain("'" + source + "' is not a file");
    return exit_failed;
  }
  auto store = open_jobs(true);
  if (!store) return exit_failed;
  for (const auto& source : sources) {
    job.source = source;
    const auto id = store->add(jobs::lasting(job), false);
    if (!id) {
      complain(id.error().detail);
      return exit_failed;
    }
    Line("queued")
        .add("id", std::to_string(*id))
        .add("source", source)
        .print(options.json, std::to_string(*id) + "  " + printable(source));
  }
  return exit_ok;
}

// Else the second would be written over the first. False, after saying what is wrong.
bool have_names_of_their_own(const std::vector<std::string>& sources) {
  std::map<std::string, std::string> names;
  for (const auto& source : sources) {
    const auto& first = names.emplace(jobs::stem_of(source), source).first->second;
    if (first == source) continue;
    complain("'" + first + "' and '" + source +
             "' would be written to the same files: give them "
             "folders of their own");
    return false;
  }
  return true;
}

// False, after saying what is wrong.
bool settle(RoomJob& live, bool in_room, bool is_for_files, const char* length) {
  if (in_room && is_for_files) {
    complain("a room is no file and cannot be queued: --room goes without IN, --queue and --limit");
    return false;
  }
  if (!in_room && (length || !live.from.empty())) {
    complain("--from and --for are for rooms (--room NAME)");
    return false;
  }
  if (!length || parse_length(length, live.length)) return true;
  complain("--for is a time like 90, 10min or 1h30min");
  return false;
}

}  // namespace

int transcode(std::vector<std::string> args) {
  char *ladder = nullptr, *sound = nullptr, *to = nullptr, *container = nullptr, *from = nullptr,
       *length = nullptr;
  gboolean replace = FALSE, later = FALSE;
  gint limit = no_limit;
  Options options;
  std::vector<std::string> rest;
  const bool fine = parse(
      args, "transcode IN…|--room NAME --out DIR",
      "Makes a file for each rung of a ladder, with the sound, of each IN: a file, a URI, or - "
      "for\n"
      "standard input. What is not whole has .part in its name. With --room it is what somebody "
      "shows\n"
      "there, until that ends or Ctrl-C.",
      options,
      {{"ladder", 'l', 0, G_OPTION_ARG_STRING, &ladder,
        "Rungs like 720p30:1500k,360p30:500k:vp8; or low, medium, high, livestream", "WORDS"},
       {"sound", 0, 0, G_OPTION_ARG_STRING, &sound, "opus:96k, aac:128k, or none", "WORDS"},
       {"out", 'o', 0, G_OPTION_ARG_FILENAME, &to, "Folder for the files", "DIR"},
       {"container", 0, 0, G_OPTION_ARG_STRING, &container, "webm (default) or mkv", "KIND"},
       {"replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace files that are there", nullptr},
       {"queue", 0, 0, G_OPTION_ARG_NONE, &later, "Only put it there, for `genos jobs run`",
        nullptr},
       {"from", 0, 0, G_OPTION_ARG_FILENAME, &from,
        "In a room: who shows it, by name or id (default: the first)", "NAME"},
       {"for", 0, 0, G_OPTION_ARG_STRING, &length, "In a room: so long", "90|10min|1h"},
       {"limit", 0, 0, G_OPTION_ARG_INT, &limit,
        "Wait while so many jobs of this user run (default: half the processors)", "N"}},
      &rest);
  jobs::Job job;
  const auto take = [](std::string& into, char* given, const char* standard) {
    into = given ? given : standard;
    g_free(given);
  };
  take(job.ladder, ladder, "medium");
  take(job.sounds, sound, "opus:96k");
  take(job.folder, to, "");
  take(job.container, container, "webm");
  job.replace = replace;
  if (job.sounds == "none") job.sounds.clear();
  if (const auto comma = job.sounds.find(','); comma != std::string::npos)
    complain("a file has one sound: " + job.sounds.substr(0, comma) + " is taken");
  RoomJob live{.job = job};
  take(live.from, from, "");
  const Owned<char> owned(length);
  if (!fine) return exit_usage;
  const bool in_room = !options.room.empty();
  if (!settle(live, in_room, !rest.empty() || later || limit != no_limit, length))
    return exit_usage;
  if (const auto checked = check_words(job); !checked) {
    complain(checked.error().detail);
    return exit_usage;
  }
  if (in_room && !job.folder.empty()) return transcode_room(live, options);
  if (rest.empty() || job.folder.empty()) {
    complain("say what and where to: `genos transcode film.mp4 --out DIR`");
    return exit_usage;
  }
  if (limit == no_limit)
    limit = 0;
  else if (limit < 1) {
    complain("--limit is 1 or more");
    return exit_usage;
  }
  if (!have_names_of_their_own(rest)) return exit_usage;
  if (later) return queue(rest, job, options);
  JobWork work(open_jobs(false), unsigned(limit), options);
  for (const auto& source : rest) {
    job.source = source;
    if (!work.add(job)) return exit_failed;
  }
  return work.run();
}

}  // namespace genos::tool
