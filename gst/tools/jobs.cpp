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

struct Wish {
  std::string verb = "list";
  gint64 id = 0;
};

// What is wrong with the words, if anything.
std::string read_wish(const std::vector<std::string>& words, gint limit, Wish& wish) {
  if (!words.empty()) wish.verb = words[0];
  const bool one = wish.verb == "show" || wish.verb == "cancel";
  if (!one && wish.verb != "list" && wish.verb != "run") return "there is no '" + wish.verb + "'";
  if (limit != no_limit && limit < 1) return "--limit is 1 or more";
  if (one && (words.size() != 2 || !read_id(words[1], wish.id)))
    return wish.verb + " takes the number of a job";
  if (!one && words.size() > 1) return wish.verb + " takes nothing more";
  return {};
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
  Wish wish;
  if (const auto fault = read_wish(rest, limit, wish); !fault.empty()) {
    complain(fault +
             ": `genos jobs`, `genos jobs show 3`, `genos jobs cancel 3` or `genos jobs run`");
    return exit_usage;
  }
  auto store = open_jobs(true);
  if (!store) return exit_failed;
  if (wish.verb == "list") return list(*store, options);
  if (wish.verb == "show") return tell_one(store->get(wish.id), options);
  if (wish.verb == "cancel") return cancel(*store, wish.id, options);
  const unsigned at_once = limit == no_limit ? 0 : unsigned(limit);
  return JobWork(std::move(store), at_once, options).run_queue();
}

}  // namespace genos::tool
