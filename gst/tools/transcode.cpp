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

std::string same_files(const std::string& one, const std::string& other) {
  return "'" + one + "' and '" + other +
         "' would be written to the same files: give them folders of their own";
}

// Else the second would be written over the first. False, after saying what is wrong.
bool have_names_of_their_own(const std::vector<std::string>& sources) {
  std::map<std::string, std::string> names;
  for (const auto& source : sources) {
    const auto& first = names.emplace(jobs::stem_of(source), source).first->second;
    if (first == source) continue;
    complain(same_files(first, source));
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

// What was said beside the options of all.
struct Said {
  Said() = default;
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  ~Said() {
    for (char* text : {ladder, sound, to, container, from, length}) g_free(text);
  }
  char *ladder = nullptr, *sound = nullptr, *to = nullptr, *container = nullptr, *from = nullptr,
       *length = nullptr;
  gboolean replace = FALSE, later = FALSE;
  gint limit = no_limit;
  std::vector<std::string> sources;
};

bool read_words(std::vector<std::string>& args, Said& said, Options& options) {
  return parse(
      args, "transcode IN…|--room NAME --out DIR",
      "Makes a file for each rung of a ladder, with the sound, of each IN: a file, a URI, or - "
      "for\n"
      "standard input. What is not whole has .part in its name. With --room it is what somebody "
      "shows\n"
      "there, until that ends or Ctrl-C.",
      options,
      {{"ladder", 'l', 0, G_OPTION_ARG_STRING, &said.ladder,
        "Rungs like 720p30:1500k,360p30:500k:vp8; or low, medium, high, livestream", "WORDS"},
       {"sound", 0, 0, G_OPTION_ARG_STRING, &said.sound, "opus:96k, aac:128k, or none", "WORDS"},
       {"out", 'o', 0, G_OPTION_ARG_FILENAME, &said.to, "Folder for the files", "DIR"},
       {"container", 0, 0, G_OPTION_ARG_STRING, &said.container, "webm (default) or mkv", "KIND"},
       {"replace", 0, 0, G_OPTION_ARG_NONE, &said.replace, "Replace files that are there", nullptr},
       {"queue", 0, 0, G_OPTION_ARG_NONE, &said.later, "Only put it there, for `genos jobs run`",
        nullptr},
       {"from", 0, 0, G_OPTION_ARG_FILENAME, &said.from,
        "In a room: who shows it, by name or id (default: the first)", "NAME"},
       {"for", 0, 0, G_OPTION_ARG_STRING, &said.length, "In a room: so long", "90|10min|1h"},
       {"limit", 0, 0, G_OPTION_ARG_INT, &said.limit,
        "Wait while so many jobs of this user run (default: half the processors)", "N"}},
      &said.sources);
}

std::string text_or(const char* said, const char* standard) { return said ? said : standard; }

jobs::Job job_of(const Said& said) {
  jobs::Job job;
  job.ladder = text_or(said.ladder, "medium");
  job.sounds = text_or(said.sound, "opus:96k");
  job.folder = text_or(said.to, "");
  job.container = text_or(said.container, "webm");
  job.replace = said.replace;
  if (job.sounds == "none") job.sounds.clear();
  if (const auto comma = job.sounds.find(','); comma != std::string::npos)
    complain("a file has one sound: " + job.sounds.substr(0, comma) + " is taken");
  return job;
}

int transcode_files(const Said& said, jobs::Job job, const Options& options) {
  if (said.sources.empty() || job.folder.empty()) {
    complain("say what and where to: `genos transcode film.mp4 --out DIR`");
    return exit_usage;
  }
  if (said.limit != no_limit && said.limit < 1) {
    complain("--limit is 1 or more");
    return exit_usage;
  }
  if (!have_names_of_their_own(said.sources)) return exit_usage;
  if (said.later) return queue(said.sources, job, options);
  JobWork work(open_jobs(false), said.limit == no_limit ? 0 : unsigned(said.limit), options);
  for (const auto& source : said.sources) {
    job.source = source;
    if (!work.add(job)) return exit_failed;
  }
  return work.run();
}

}  // namespace

int transcode(std::vector<std::string> args) {
  Said said;
  Options options;
  const bool fine = read_words(args, said, options);
  RoomJob live{.job = job_of(said), .from = text_or(said.from, "")};
  if (!fine) return exit_usage;
  const bool in_room = !options.room.empty();
  const bool is_for_files = !said.sources.empty() || said.later || said.limit != no_limit;
  if (!settle(live, in_room, is_for_files, said.length)) return exit_usage;
  if (const auto checked = check_words(live.job); !checked) {
    complain(checked.error().detail);
    return exit_usage;
  }
  if (in_room && !live.job.folder.empty()) return transcode_room(live, options);
  return transcode_files(said, live.job, options);
}

}  // namespace genos::tool
