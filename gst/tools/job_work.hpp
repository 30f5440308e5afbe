// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs transcoding jobs and tells how far they are.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_store.hpp"
#include "tools/progress.hpp"

namespace genos::tool {

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
  struct Running {
    JobWork* work;
    jobs::Job job;
    Ref<GstGenosTranscodeJob> made;
    Ref<GCancellable> cancellable;
    Connection told;
    gint64 stored_at = 0;  // when its progress was written down
  };
  static gboolean stop(gpointer self) noexcept;
  static gboolean go_on(gpointer self) noexcept;
  int loop();
  void fill();
  std::optional<jobs::Job> next();
  void begin(jobs::Job job);
  void tell(Running& running);
  void ended(Running& running, GAsyncResult* result);
  void say_end(const jobs::Job& job);
  bool complain_of(const core::Error& error);

  std::unique_ptr<jobs::JobStore> store_;
  const unsigned limit_;
  const Options& options_;
  Progress progress_;
  Owned<GMainLoop> loop_;
  std::vector<guint> sources_;
  std::deque<jobs::Job> ours_;
  std::vector<std::unique_ptr<Running>> running_;
  bool whole_queue_ = false, stopped_ = false, waits_ = false, over_ = false;
  int code_ = exit_ok;
};

// A job may run later, and in another folder.
jobs::Job lasting(jobs::Job job);
unsigned standard_job_limit();
// The jobs of this user. Says why there are none, but not of a program that was built without them
// when they are not `needed`.
std::unique_ptr<jobs::JobStore> open_jobs(bool needed);

}  // namespace genos::tool
