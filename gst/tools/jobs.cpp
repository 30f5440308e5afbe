// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos jobs`: the transcoding jobs of this user.
#include <cstdio>

#include "tools/job_work.hpp"

namespace genos::tool {
namespace {

void print(const jobs::Job& job, bool json) {
  char line[64];
  char percent[16] = "";
  if (job.state == jobs::State::running && job.percent >= 0)
    g_snprintf(percent, sizeof percent, "%.0f %%", job.percent);
  g_snprintf(line, sizeof line, "%5" G_GINT64_FORMAT "  %-9s  %5s  ", gint64{job.id},
             jobs::name_of(job.state), percent);
  Line told("job");
  told.add("id", std::to_string(job.id)).add("state", jobs::name_of(job.state));
  told.add("source", job.source).add("folder", job.folder).add("ladder", job.ladder);
  told.add("sound", job.sounds).add("container", job.container);
  if (job.percent >= 0) told.add("percent", job.percent);
  if (job.state == jobs::State::running || job.speed > 0) told.add("speed", job.speed);
  if (job.time_left >= 0) told.add("time-left", job.time_left);
  if (!job.reason.empty()) told.add("reason", job.reason);
  told.print(json, line + printable(job.source) + " -> " + printable(job.folder));
}

void print_whole(const jobs::Job& job, bool json) {
  print(job, json);
  if (!json) {
    std::printf("       ladder %s, sound %s, %s\n", printable(job.ladder).c_str(),
                job.sounds.empty() ? "none" : printable(job.sounds).c_str(),
                printable(job.container).c_str());
    if (job.time_left >= 0)
      std::printf("       %.1f x, %s left\n", job.speed, time_text(job.time_left).c_str());
    else if (job.speed > 0)
      std::printf("       %.1f x\n", job.speed);
    if (!job.reason.empty()) std::printf("       %s\n", printable(job.reason).c_str());
  }
  for (const auto& path : job.outputs)
    Line("file")
        .add("id", std::to_string(job.id))
        .add("path", path)
        .print(json, "       " + printable(path));
}

int tell_one(const core::Result<jobs::Job>& job, const Options& options) {
  if (!job) {
    complain(job.error().detail);
    return exit_failed;
  }
  print_whole(*job, options.json);
  return exit_ok;
}

int cancel(jobs::JobStore& store, gint64 id, const Options& options) {
  const auto before = store.get(id);
  const auto after = store.cancel(id);
  const int code = tell_one(after, options);
  if (code != exit_ok) return code;
  for (const auto& path : after->removed)
    Line("removed")
        .add("id", std::to_string(id))
        .add("path", path)
        .print(options.json, "       removed, unfinished: " + printable(path));
  if (!after->removed.empty() || before->state == jobs::State::queued ||
      before->state == jobs::State::running || before->state == jobs::State::cancelled)
    return code;
  complain("job " + std::to_string(id) + " had ended: there is nothing to cancel");
  return exit_failed;
}

int list(jobs::JobStore& store, const Options& options) {
  const auto all = store.list();
  if (!all) {
    complain(all.error().detail);
    return exit_failed;
  }
  for (const auto& job : *all) print(job, options.json);
  if ((*all).empty() && !options.json && !options.quiet)
    std::fputs("there are no jobs; `genos transcode` makes one\n", stderr);
  return exit_ok;
}

bool read_id(const std::string& text, gint64& id) {
  return g_ascii_string_to_signed(text.c_str(), 10, 1, G_MAXINT64, &id, nullptr);
}

int usage(const std::string& what) {
  complain(what + ": `genos jobs`, `genos jobs show 3`, `genos jobs cancel 3` or `genos jobs run`");
  return exit_usage;
}

}  // namespace

int jobs(std::vector<std::string> args) {
  gint limit = no_limit;
  Options options;
  std::vector<std::string> rest;
  if (!parse(args, "jobs [list | show ID | cancel ID | run]",
             "The transcoding jobs of this user, those that ended included. `run` works off what "
             "waits:\nwhat `genos transcode --queue` left there, and what a process that was "
             "killed had begun.",
             options,
             {{"limit", 'l', 0, G_OPTION_ARG_INT, &limit,
               "run: so many at a time, over all processes (default: half the processors)", "N"}},
             &rest))
    return exit_usage;
  const std::string verb = rest.empty() ? "list" : rest[0];
  const bool one = verb == "show" || verb == "cancel";
  gint64 id = 0;
  if (!one && verb != "list" && verb != "run") return usage("there is no '" + verb + "'");
  if (limit == no_limit)
    limit = 0;
  else if (limit < 1)
    return usage("--limit is 1 or more");
  if (rest.size() > (one ? 2 : 1) || (one && (rest.size() < 2 || !read_id(rest[1], id))))
    return usage(one ? verb + " takes the number of a job" : verb + " takes nothing more");
  auto store = open_jobs(true);
  if (!store) return exit_failed;
  if (verb == "list") return list(*store, options);
  if (verb == "show") return tell_one(store->get(id), options);
  if (verb == "cancel") return cancel(*store, id, options);
  return JobWork(std::move(store), unsigned(limit), options).run_queue();
}

}  // namespace genos::tool
