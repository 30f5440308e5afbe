// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs transcoding jobs and tells how far they are.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "genos/job_runner.hpp"
#include "tools/progress.hpp"

namespace genos::tool {

constexpr gint no_limit = G_MININT;  // what --limit is when nobody says it

class JobWork {
 public:
  // Of the processes that share `store`, so many jobs run at a time; without it only ours count.
  JobWork(std::unique_ptr<jobs::JobStore> store, unsigned limit, const Options& options);
  ~JobWork();
  JobWork(const JobWork&) = delete;
  JobWork& operator=(const JobWork&) = delete;

  // These, one after the other.
  bool add(const jobs::Job& job);
  int run();
  // Whatever waits in the queue, as many at a time as may be.
  int run_queue();

 private:
  static gboolean stop(gpointer self) noexcept;  // Ctrl-C
  static gboolean late(gpointer self) noexcept;  // --timeout
  void stop(int code);
  JobRunner::Events events();
  int loop(const std::function<void()>& begin);
  void tell(const jobs::Job& job, GstGenosTranscodeJob* made);
  void ended(const jobs::Job& job);
  void failed(const core::Error& error);

  std::unique_ptr<jobs::JobStore> store_;
  const unsigned limit_;
  const Options& options_;
  Progress progress_;
  Owned<GMainLoop> loop_;
  std::vector<guint> sources_;
  bool stopped_ = false, over_ = false;
  int code_ = exit_ok;
  std::shared_ptr<JobRunner> runner_;
};

// The jobs of this user. Says why there are none, but not of a program that was built without them
// when they are not `needed`.
std::unique_ptr<jobs::JobStore> open_jobs(bool needed);

}  // namespace genos::tool
