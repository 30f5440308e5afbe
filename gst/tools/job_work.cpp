// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/job_work.hpp"

#include <glib-unix.h>

#include <algorithm>

namespace genos::tool {
namespace {

constexpr guint look_again = 500;                          // ms: is there a place now?
constexpr gint64 store_interval = G_TIME_SPAN_SECOND / 2;  // and: does anybody want it cancelled?

jobs::State state_in(GstGenosJobState state) {
  switch (state) {
    case GST_GENOS_JOB_STATE_DONE: return jobs::State::done;
    case GST_GENOS_JOB_STATE_CANCELLED: return jobs::State::cancelled;
    default: return jobs::State::failed;
  }
}

}  // namespace

// A job may run later, and in another folder.
jobs::Job lasting(jobs::Job job) {
  const auto whole = [](std::string& path) {
    const Owned<char> made(g_canonicalize_filename(path.c_str(), nullptr));
    path = made.get();
  };
  if (job.source != "-" && !gst_uri_is_valid(job.source.c_str())) whole(job.source);
  whole(job.folder);
  return job;
}

// A job uses several cores by itself.
unsigned standard_job_limit() { return std::max(1U, g_get_num_processors() / 2); }

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
      limit_(limit),
      options_(options),
      progress_(options),
      loop_(g_main_loop_new(nullptr, FALSE)) {}

JobWork::~JobWork() {
  for (const guint source : sources_) g_source_remove(source);
}

bool JobWork::complain_of(const core::Error& error) {
  progress_.clear();
  complain(error.detail);
  code_ = exit_failed;
  return false;
}

bool JobWork::add(const jobs::Job& job) {
  ours_.push_back(job);
  if (!store_) {
    ours_.back().id = std::int64_t(ours_.size());
    return true;
  }
  const auto id = store_->add(lasting(job), true);
  if (!id) return complain_of(id.error());
  ours_.back().id = *id;
  return true;
}

int JobWork::run() { return loop(); }

int JobWork::run_queue() {
  whole_queue_ = true;
  return loop();
}

int JobWork::loop() {
  for (const int signal : {SIGINT, SIGTERM})
    sources_.push_back(g_unix_signal_add(signal, stop, this));
  sources_.push_back(g_timeout_add(look_again, go_on, this));
  fill();
  if (!over_) g_main_loop_run(loop_.get());
  return code_;
}

gboolean JobWork::stop(gpointer data) noexcept {
  auto& self = *static_cast<JobWork*>(data);
  if (std::exchange(self.stopped_, true)) return G_SOURCE_CONTINUE;
  if (!self.running_.empty())
    self.progress_.say("ending what is there; it can be played up to here");
  for (auto& job : std::exchange(self.ours_, {})) {
    job.state = jobs::State::cancelled;
    if (self.store_) (void)self.store_->finish(job);
  }
  self.code_ = exit_interrupted;
  for (const auto& running : self.running_) g_cancellable_cancel(running->cancellable.get());
  self.fill();
  return G_SOURCE_CONTINUE;
}

gboolean JobWork::go_on(gpointer data) noexcept {
  auto& self = *static_cast<JobWork*>(data);
  if (self.waits_) self.fill();
  return G_SOURCE_CONTINUE;
}

void JobWork::fill() {
  const std::size_t most = whole_queue_ ? limit_ : 1;
  while (!stopped_ && running_.size() < most) {
    auto job = next();
    if (!job) break;
    begin(*std::move(job));
  }
  if (!running_.empty() || (waits_ && !stopped_)) return;
  over_ = true;
  g_main_loop_quit(loop_.get());
}

// What runs next; nothing when all is done, or with waits_ when there is no place for it yet.
std::optional<jobs::Job> JobWork::next() {
  const bool waited = std::exchange(waits_, false);
  if (!whole_queue_ && ours_.empty()) return std::nullopt;
  if (!store_) {
    auto job = std::move(ours_.front());
    ours_.pop_front();
    return job;
  }
  const auto wanted = whole_queue_ ? std::nullopt : std::optional(ours_.front().id);
  auto claim = store_->claim(limit_, wanted);
  if (!claim) {
    complain_of(claim.error());
    return std::nullopt;
  }
  waits_ = claim->must_wait;
  if (waits_ && !waited && running_.empty())
    progress_.say("waits: other jobs are running, and " + std::to_string(limit_) +
                  " may at a time (--limit)");
  if (waits_ || whole_queue_) return std::move(claim->job);
  auto mine = std::move(ours_.front());
  ours_.pop_front();
  if (claim->job) return mine;  // with its source as it was typed
  // Somebody cancelled it while it waited.
  mine.state = jobs::State::cancelled;
  say_end(mine);
  code_ = exit_failed;
  return next();
}

void JobWork::begin(jobs::Job job) {
  auto running = std::make_unique<Running>();
  running->work = this;
  running->made = adopt(gst_genos_transcode_job_new(job.source.c_str(), job.folder.c_str()));
  running->cancellable = adopt(g_cancellable_new());
  auto* made = running->made.get();
  g_object_set(made, "id", std::to_string(job.id).c_str(), "ladder", job.ladder.c_str(), "sounds",
               job.sounds.c_str(), "container", job.container.c_str(), "replace",
               gboolean{job.replace}, nullptr);
  running->job = std::move(job);
  auto* raw = running.get();
  running->told = on<void(GstGenosTranscodeJob*, GParamSpec*)>(
      made, "notify::progress", [raw](auto*, auto*) { raw->work->tell(*raw); });
  running_.push_back(std::move(running));
  const auto done = [](GObject*, GAsyncResult* result, gpointer data) noexcept {
    auto* one = static_cast<Running*>(data);
    one->work->ended(*one, result);
  };
  gst_genos_transcode_job_run_async(made, raw->cancellable.get(), done, raw);
}

void JobWork::tell(Running& running) {
  const double percent = gst_genos_transcode_job_get_progress(running.made.get());
  const double speed = gst_genos_transcode_job_get_speed(running.made.get());
  const double left = gst_genos_transcode_job_get_time_left(running.made.get());
  const gint64 now = g_get_monotonic_time();
  if (store_ && now - running.stored_at >= store_interval) {
    running.stored_at = now;
    if (!store_->report(running.job.id, percent, speed, left))
      g_cancellable_cancel(running.cancellable.get());
  }
  if (options_.json) {
    Line line("progress");
    line.add("id", std::to_string(running.job.id)).add("source", running.job.source);
    line.add("speed", speed);
    if (percent >= 0) line.add("percent", percent);
    if (left >= 0) line.add("time-left", left);
    return line.print(true, {});
  }
  char text[64];
  g_snprintf(text, sizeof text, "%5.1f %%  %5.1f x", percent < 0 ? 0.0 : percent, speed);
  progress_.line(printable(running.job.source) + "  " + text +
                 (left >= 0 ? "  " + time_text(left) + " left" : ""));
}

void JobWork::ended(Running& running, GAsyncResult* result) {
  Owned<GError> error;
  const bool whole = gst_genos_transcode_job_run_finish(running.made.get(), result, out(error));
  auto job = std::move(running.job);
  job.state = state_in(gst_genos_transcode_job_get_state(running.made.get()));
  if (!whole && job.state == jobs::State::failed) job.reason = error->message;
  gchar** files = gst_genos_transcode_job_dup_outputs(running.made.get());
  for (gchar** file = files; *file; ++file) job.outputs.emplace_back(*file);
  g_strfreev(files);
  std::erase_if(running_, [&](const auto& each) { return each.get() == &running; });
  if (store_ && !store_->finish(job))
    complain("the end of job " + std::to_string(job.id) + " could not be written down");
  say_end(job);
  if (job.state != jobs::State::done && code_ == exit_ok) code_ = exit_failed;
  fill();
}

void JobWork::say_end(const jobs::Job& job) {
  progress_.clear();
  const std::string id = std::to_string(job.id);
  for (const auto& path : job.outputs)
    Line("file").add("id", id).add("path", path).print(options_.json, printable(path));
  Line end("ended");
  end.add("id", id).add("source", job.source).add("state", jobs::name_of(job.state));
  if (job.state == jobs::State::cancelled) end.add("reason", "it was cancelled");
  if (!job.reason.empty()) end.add("reason", job.reason);
  end.print(options_.json, {});
  if (job.state == jobs::State::failed) complain(job.source + ": " + job.reason);
}

}  // namespace genos::tool
