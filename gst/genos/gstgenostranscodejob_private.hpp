// SPDX-License-Identifier: LGPL-2.1-or-later
// The state of a GstGenosTranscodeJob, and what becomes of one that waits in a queue.
#pragma once

#include <gst/genos/genos.h>

#include <memory>
#include <string>
#include <vector>

#include "genos/object_refs.hpp"
#include "genos/transcode_run.hpp"
#include "jobs/job_store.hpp"

namespace genos {

struct JobState {
  std::string id;
  TranscodeRun::Options options{.ladder = "medium", .sounds = "opus:96k", .container = "webm"};
  GstGenosJobState state = GST_GENOS_JOB_STATE_QUEUED;
  TranscodeRun::Course course;
  std::vector<std::string> outputs;
  std::string reason;
  bool in_queue = false;  // which runs it
  std::unique_ptr<TranscodeRun> run;
  GSource *timer = nullptr, *cancel = nullptr;
};

JobState& job_state_of(gpointer self);

// The states have the same numbers.
static_assert(int(jobs::State::queued) == GST_GENOS_JOB_STATE_QUEUED &&
              int(jobs::State::running) == GST_GENOS_JOB_STATE_RUNNING &&
              int(jobs::State::done) == GST_GENOS_JOB_STATE_DONE &&
              int(jobs::State::failed) == GST_GENOS_JOB_STATE_FAILED &&
              int(jobs::State::cancelled) == GST_GENOS_JOB_STATE_CANCELLED);

// What a queue keeps of it.
jobs::Job stored(GstGenosTranscodeJob* job);
// It waits as that, and its queue runs it.
void take_stored(GstGenosTranscodeJob* job, const jobs::Job& stored);
// As it stands in a queue.
Ref<GstGenosTranscodeJob> make_job(const jobs::Job& stored);

}  // namespace genos
