// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/job_work.hpp"

#include <glib-unix.h>

#include <cmath>

namespace genos::tool {

std::unique_ptr<jobs::JobStore> open_jobs(bool needed) {
  auto store = jobs::JobStore::open(jobs::JobStore::standard_folder());
  if (store) return std::make_unique<jobs::JobStore>(*std::move(store));
  if (needed)
    complain(store.error().detail);
  else if (store.error().code != core::Errc::not_found)
    complain(store.error().detail + "; the job runs, but `genos jobs` will not know of it");
  return nullptr;
}

JobWork::JobWork(std::unique_ptr<jobs::JobStore> store, unsigned limit, const Options& options)
    : store_(std::move(store)),
      limit_(limit > 0 ? limit : JobRunner::standard_limit()),
      options_(options),
      progress_(options),
      loop_(g_main_loop_new(nullptr, FALSE)),
      runner_(std::make_shared<JobRunner>(store_.get(), limit_, events())) {}

JobWork::~JobWork() {
  for (const guint source : sources_) g_source_remove(source);
}

JobRunner::Events JobWork::events() {
  JobRunner::Events events;
  events.make = [](const jobs::Job& job) {
    auto made = adopt(gst_genos_transcode_job_new(job.source.c_str(), job.folder.c_str()));
    g_object_set(made.get(), "id", std::to_string(job.id).c_str(), "ladder", job.ladder.c_str(),
                 "sounds", job.sounds.c_str(), "container", job.container.c_str(), "replace",
                 gboolean{job.replace}, nullptr);
    return made;
  };
  events.told = [this](const auto& job, auto* made) { tell(job, made); };
  events.ended = [this](const auto& job, auto*) { ended(job); };
  events.waits = [this] {
    progress_.say("waits: other jobs are running, and " + std::to_string(limit_) +
                  " may at a time (--limit)");
  };
  events.failed = [this](const core::Error& error) { failed(error); };
  events.over = [this] {
    over_ = true;
    g_main_loop_quit(loop_.get());
  };
  return events;
}

void JobWork::failed(const core::Error& error) {
  progress_.clear();
  complain(error.detail);
  code_ = exit_failed;
}

bool JobWork::add(const jobs::Job& job) {
  const auto id = runner_->add(job);
  if (!id) failed(id.error());
  return bool(id);
}

int JobWork::run() {
  return loop([this] { runner_->run(); });
}

int JobWork::run_queue() {
  return loop([this] { runner_->run_queue(); });
}

int JobWork::loop(const std::function<void()>& begin) {
  for (const int signal : {SIGINT, SIGTERM})
    sources_.push_back(g_unix_signal_add(signal, stop, this));
  if (options_.timeout > 0)
    sources_.push_back(g_timeout_add(guint(std::ceil(options_.timeout * 1000)), late, this));
  begin();
  if (!over_) g_main_loop_run(loop_.get());
  return code_;
}

gboolean JobWork::stop(gpointer data) noexcept {
  static_cast<JobWork*>(data)->stop(exit_interrupted);
  return G_SOURCE_CONTINUE;
}

gboolean JobWork::late(gpointer data) noexcept {
  static_cast<JobWork*>(data)->stop(exit_failed);
  return G_SOURCE_CONTINUE;
}

void JobWork::stop(int code) {
  if (std::exchange(stopped_, true)) return;
  if (!runner_->is_idle()) progress_.say("ending what is there; it can be played up to here");
  code_ = code;
  runner_->stop();
}

void JobWork::tell(const jobs::Job& job, GstGenosTranscodeJob* made) {
  const double percent = gst_genos_transcode_job_get_progress(made);
  const double speed = gst_genos_transcode_job_get_speed(made);
  const double left = gst_genos_transcode_job_get_time_left(made);
  if (options_.json) {
    Line line("progress");
    line.add("id", std::to_string(job.id)).add("source", job.source);
    line.add("speed", speed);
    if (percent >= 0) line.add("percent", percent);
    if (left >= 0) line.add("time-left", left);
    return line.print(true, {});
  }
  char share[32] = "", text[64];
  if (percent >= 0) g_snprintf(share, sizeof share, "%5.1f %%  ", percent);
  g_snprintf(text, sizeof text, "%s%5.1f x", share, speed);
  progress_.line(printable(job.source) + "  " + text +
                 (left >= 0 ? "  " + time_text(left) + " left" : ""));
}

void JobWork::ended(const jobs::Job& job) {
  progress_.clear();
  const std::string id = std::to_string(job.id);
  for (const auto& path : job.outputs)
    Line("file").add("id", id).add("path", path).print(options_.json, printable(path));
  Line end("ended");
  end.add("id", id).add("source", job.source).add("state", jobs::name_of(job.state));
  if (job.speed > 0) end.add("speed", job.speed);
  if (job.state == jobs::State::cancelled) end.add("reason", "it was cancelled");
  if (!job.reason.empty()) end.add("reason", job.reason);
  end.print(options_.json, {});
  const bool lacks = job.state == jobs::State::done && !job.reason.empty();
  if (lacks || job.state == jobs::State::failed) complain(job.source + ": " + job.reason);
  if (job.state != jobs::State::done && code_ == exit_ok) code_ = exit_failed;
}

}  // namespace genos::tool
