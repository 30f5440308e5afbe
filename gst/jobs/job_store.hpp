// SPDX-License-Identifier: LGPL-2.1-or-later
// Transcoding jobs that outlive their process: a queue in a file of the user's, and who is at work
// on which. There is no daemon; all processes of the user share the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/database.hpp"
#include "jobs/job_locks.hpp"

namespace genos::jobs {

enum class State : std::uint8_t { queued, running, done, failed, cancelled };
[[nodiscard]] inline const char* name_of(State state) {
  constexpr const char* names[] = {"queued", "running", "done", "failed", "cancelled"};
  return names[static_cast<int>(state)];
}

struct Job {
  std::int64_t id = 0;
  std::string source, folder, ladder, sounds, container;
  bool replace = false;
  State state = State::queued;
  double percent = -1, speed = 0, time_left = -1;
  std::string reason;                // why it failed, or what its input lacked
  std::vector<std::string> outputs;  // paths
  std::vector<std::string> removed;  // its unfinished files, by cancel()
  int attempts = 0;
};

bool is_uri(const std::string& source);  // and no file of that name
// The name of a source without its folders and its ending, which its outputs begin with.
std::string stem_of(const std::string& source);
// A job may run later, and in another folder; its outputs may be asked for there, too.
Job lasting(Job job);

class JobStore {
 public:
  // `folder` is made when it is not there. not_found: this was built without jobs.
  static core::Result<JobStore> open(const std::string& folder);
  static std::string standard_folder();

  // Into the queue, with a new id. `ours`: nobody else runs it while this process lives.
  core::Result<std::int64_t> add(const Job& job, bool ours);

  struct Claim {
    std::optional<Job> job;  // is running now, and ours
    bool must_wait = false;  // as many as may are running
  };
  // The oldest that waits, or a certain one. Jobs whose process died go back into the queue first.
  core::Result<Claim> claim(unsigned limit, std::optional<std::int64_t> only = std::nullopt);
  // Of a job of ours. false: somebody wants it cancelled.
  bool report(std::int64_t id, double percent, double speed, double time_left);
  // A job of ours writes these files now: they are nobody else's. What it wrote when it was begun
  // before, and does not write now, is removed.
  bool note_parts(std::int64_t id, const std::vector<std::string>& parts);
  bool finish(const Job& job);  // with its state, reason, speed and outputs
  // A job that waits is cancelled at once, and what it had begun when its process died is removed;
  // whoever runs one is asked to end it.
  core::Result<Job> cancel(std::int64_t id);
  core::Result<Job> get(std::int64_t id);
  core::Result<std::vector<Job>> list();

 private:
  JobStore(Database database, JobLocks locks)
      : database_(std::move(database)), locks_(std::move(locks)) {}
  [[nodiscard]] core::Error problem() const {
    return {core::Errc::failed, "jobs: " + database_.problem()};
  }
  [[nodiscard]] std::int64_t version() const;
  bool prepare_tables();
  bool recover();
  core::Result<Claim> take_one(unsigned limit, std::optional<std::int64_t> only);
  void read_outputs(Job& job);
  // Those that are not in `kept`, nor written by anybody, nor left by a job that ended.
  std::vector<std::string> remove_parts(const Job& job, const std::vector<std::string>& kept);
  bool forget_parts(std::int64_t id);
  bool forget_old();
  bool set_state(std::int64_t id, State state, const std::string& reason, double speed = 0);

  Database database_;
  JobLocks locks_;
};

}  // namespace genos::jobs
