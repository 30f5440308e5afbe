// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs transcoding jobs, as many at a time as may be, in the thread-default context of its thread.
#pragma once

#include <gst/genos/genos.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "genos/object_refs.hpp"
#include "genos/visibility.hpp"
#include "jobs/job_store.hpp"

namespace genos {

class GENOS_PRIVATE JobRunner : public std::enable_shared_from_this<JobRunner> {
 public:
  struct Events {
    std::function<Ref<GstGenosTranscodeJob>(const jobs::Job&)> make;    // what runs it
    std::function<void(const jobs::Job&, GstGenosTranscodeJob*)> told;  // how far it is
    std::function<void(const jobs::Job&, GstGenosTranscodeJob*)> ended;
    std::function<void()> waits;  // others run as many as may
    std::function<void(const core::Error&)> failed;
    std::function<bool()> is_cancelled;  // may be absent; stop() follows
    std::function<void()> over;          // nothing is left to do
  };
  // Of the processes that share `store`, so many jobs run at a time; without it only ours count.
  // The store outlives this.
  JobRunner(jobs::JobStore* store, unsigned limit, Events events);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Ours, which nobody else runs while this process lives.
  core::Result<std::int64_t> add(const jobs::Job& job);
  void run();        // ours, one after the other
  void run_queue();  // whatever waits
  void stop();
  [[nodiscard]] bool is_idle() const { return running_.empty(); }

  // A job uses several cores by itself.
  static unsigned standard_limit();

 private:
  struct Running {
    JobRunner* runner;
    jobs::Job job;
    Ref<GstGenosTranscodeJob> made;
    Ref<GCancellable> cancellable;
    Connection told;
    gint64 stored_at = 0;      // when its progress was written down
    bool parts_noted = false;  // and its files
  };
  void begin_looking();
  void look();
  [[nodiscard]] bool ends() const;
  void fill();
  std::optional<jobs::Job> next();
  void begin(jobs::Job job);
  void tell(Running& running);
  void note_parts(Running& running);
  void ended(Running& running, GAsyncResult* result);

  jobs::JobStore* const store_;
  const unsigned limit_;
  const Events events_;
  GSource* timer_ = nullptr;
  unsigned looks_ = 0;
  std::deque<jobs::Job> ours_;
  std::vector<std::unique_ptr<Running>> running_;
  bool whole_queue_ = false, stopped_ = false, waits_ = false, over_ = false;
};

}  // namespace genos
