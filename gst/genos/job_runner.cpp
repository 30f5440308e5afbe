// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "genos/gstgenostranscodejob_private.hpp"

namespace genos {
namespace {

constexpr guint look_again = 500;       // ms: is there a place now?
constexpr unsigned looks_for_more = 4;  // and, with places left, has anybody added something?
constexpr gint64 store_interval = G_TIME_SPAN_SECOND / 2;  // and: does anybody want it cancelled?

}  // namespace

unsigned JobRunner::standard_limit() { return std::max(1U, g_get_num_processors() / 2); }

JobRunner::JobRunner(jobs::JobStore* store, unsigned limit, Events events)
    : store_(store), limit_(limit), events_(std::move(events)) {}

JobRunner::~JobRunner() {
  if (!timer_) return;
  g_source_destroy(timer_);
  g_source_unref(timer_);
}

core::Result<std::int64_t> JobRunner::add(const jobs::Job& job) {
  ours_.push_back(job);
  auto id = store_ ? store_->add(jobs::lasting(job), true)
                   : core::Result<std::int64_t>(std::int64_t(ours_.size()));
  if (id)
    ours_.back().id = *id;
  else
    ours_.pop_back();
  return id;
}

void JobRunner::run() {
  begin_looking();
  fill();
}

void JobRunner::run_queue() {
  whole_queue_ = true;
  run();
}

void JobRunner::begin_looking() {
  timer_ = g_timeout_source_new(look_again);
  const auto tick = [](gpointer data) noexcept -> gboolean {
    static_cast<JobRunner*>(data)->look();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(timer_, tick, this, nullptr);
  g_source_attach(timer_, g_main_context_get_thread_default());
}

void JobRunner::look() {
  const bool more = whole_queue_ && ++looks_ % looks_for_more == 0 && running_.size() < limit_;
  if (waits_ || more) fill();
}

bool JobRunner::ends() const {
  return stopped_ || (events_.is_cancelled && events_.is_cancelled());
}

void JobRunner::stop() {
  const auto alive = shared_from_this();  // whoever is told may let go of this
  if (std::exchange(stopped_, true)) return;
  for (auto& job : std::exchange(ours_, {})) {
    job.state = jobs::State::cancelled;
    if (store_) (void)store_->finish(job);
  }
  for (const auto& running : running_) g_cancellable_cancel(running->cancellable.get());
  fill();
}

void JobRunner::fill() {
  const auto alive = shared_from_this();
  const std::size_t most = whole_queue_ ? limit_ : 1;
  while (!over_ && !ends() && running_.size() < most) {
    auto job = next();
    if (!job) break;
    begin(*std::move(job));
  }
  if (!running_.empty() || (waits_ && !ends())) return;
  if (!std::exchange(over_, true)) events_.over();
}

// What runs next; nothing when all is done, or with waits_ when there is no place for it yet.
std::optional<jobs::Job> JobRunner::next() {
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
    events_.failed(claim.error());
    return std::nullopt;
  }
  waits_ = claim->must_wait;
  if (waits_ && !waited && running_.empty()) events_.waits();
  if (waits_ || whole_queue_) return std::move(claim->job);
  auto mine = std::move(ours_.front());
  ours_.pop_front();
  if (claim->job) return mine;  // with its source as it was typed
  // Somebody cancelled it while it waited.
  mine.state = jobs::State::cancelled;
  events_.ended(mine, nullptr);
  return next();
}

void JobRunner::begin(jobs::Job job) {
  const auto alive = shared_from_this();
  running_.push_back(std::make_unique<Running>());
  auto* raw = running_.back().get();
  raw->runner = this;
  raw->cancellable = adopt(g_cancellable_new());
  raw->job = std::move(job);
  raw->made = events_.make(raw->job);
  raw->told = on<void(GstGenosTranscodeJob*, GParamSpec*)>(
      raw->made.get(), "notify::progress", [raw](auto*, auto*) { raw->runner->tell(*raw); });
  const auto done = [](GObject*, GAsyncResult* result, gpointer data) noexcept {
    auto* one = static_cast<Running*>(data);
    one->runner->ended(*one, result);
  };
  gst_genos_transcode_job_run_async(raw->made.get(), raw->cancellable.get(), done, raw);
}

void JobRunner::note_parts(Running& running) {
  const auto& run = job_state_of(running.made.get()).run;
  if (running.parts_noted || !run) return;
  auto job = running.job;
  job.outputs = run->parts();
  if (job.outputs.empty()) return;
  running.parts_noted = store_->note_parts(job.id, jobs::lasting(job).outputs);
}

void JobRunner::tell(Running& running) {
  auto* made = running.made.get();
  if (store_) note_parts(running);
  const gint64 now = g_get_monotonic_time();
  if (store_ && now - running.stored_at >= store_interval) {
    running.stored_at = now;
    if (!store_->report(running.job.id, gst_genos_transcode_job_get_progress(made),
                        gst_genos_transcode_job_get_speed(made),
                        gst_genos_transcode_job_get_time_left(made)))
      g_cancellable_cancel(running.cancellable.get());
  }
  if (events_.told) events_.told(running.job, made);
}

void JobRunner::ended(Running& running, GAsyncResult* result) {
  const auto alive = shared_from_this();
  const auto made = running.made;
  Owned<GError> error;
  (void)gst_genos_transcode_job_run_finish(made.get(), result, out(error));
  auto job = std::move(running.job);
  switch (gst_genos_transcode_job_get_state(made.get())) {
    case GST_GENOS_JOB_STATE_DONE: {
      const char* lacking = gst_genos_transcode_job_get_reason(made.get());
      job.state = jobs::State::done;
      job.reason = lacking ? lacking : "";
      break;
    }
    case GST_GENOS_JOB_STATE_CANCELLED: job.state = jobs::State::cancelled; break;
    default: job.state = jobs::State::failed; job.reason = error ? error->message : "";
  }
  job.speed = gst_genos_transcode_job_get_speed(made.get());
  gchar** files = gst_genos_transcode_job_dup_outputs(made.get());
  for (gchar** file = files; *file; ++file) job.outputs.emplace_back(*file);
  g_strfreev(files);
  std::erase_if(running_, [&](const auto& each) { return each.get() == &running; });
  if (store_ && !store_->finish(jobs::lasting(job)))
    events_.failed({core::Errc::failed,
                    "the end of job " + std::to_string(job.id) + " could not be written down"});
  events_.ended(job, made.get());
  fill();
}

}  // namespace genos
