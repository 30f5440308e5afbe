// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of a GstGenosTranscodeJob.
#include "genos/gstgenostranscodejob_private.hpp"

using namespace genos;

/**
 * gst_genos_transcode_job_new:
 * @source: (type filename): a file, a URI, or "-" for standard input
 * @folder: (type filename): where the files go; it is made when it is not there
 *
 * Makes a job; set its other properties before it runs.
 *
 * Returns: (transfer full): a new job
 */
GstGenosTranscodeJob* gst_genos_transcode_job_new(const gchar* source, const gchar* folder) {
  g_return_val_if_fail(source && folder, nullptr);
  return GST_GENOS_TRANSCODE_JOB(
      g_object_new(GST_TYPE_GENOS_TRANSCODE_JOB, "source", source, "folder", folder, nullptr));
}

/**
 * gst_genos_transcode_job_dup_outputs:
 * @self: a job
 *
 * The files that it left, when it has ended.
 *
 * Returns: (transfer full) (array zero-terminated=1): their paths
 */
gchar** gst_genos_transcode_job_dup_outputs(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), nullptr);
  const auto& outputs = job_state_of(self).outputs;
  auto** paths = g_new0(gchar*, outputs.size() + 1);
  for (std::size_t i = 0; i < outputs.size(); ++i) paths[i] = g_strdup(outputs[i].c_str());
  return paths;
}

/**
 * gst_genos_transcode_job_get_id:
 * @self: a job
 *
 * Returns: what it is called among others
 */
const gchar* gst_genos_transcode_job_get_id(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), nullptr);
  return job_state_of(self).id.c_str();
}

/**
 * gst_genos_transcode_job_get_state:
 * @self: a job
 *
 * Returns: where it stands
 */
GstGenosJobState gst_genos_transcode_job_get_state(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), GST_GENOS_JOB_STATE_FAILED);
  return job_state_of(self).state;
}

/**
 * gst_genos_transcode_job_get_progress:
 * @self: a job
 *
 * Returns: percent; negative while nobody knows how long the source is
 */
gdouble gst_genos_transcode_job_get_progress(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), -1);
  return job_state_of(self).course.percent;
}

/**
 * gst_genos_transcode_job_get_speed:
 * @self: a job
 *
 * Returns: how much faster it is than playing the source
 */
gdouble gst_genos_transcode_job_get_speed(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), 0);
  return job_state_of(self).course.speed;
}

/**
 * gst_genos_transcode_job_get_time_left:
 * @self: a job
 *
 * Returns: seconds; negative while that is unknown
 */
gdouble gst_genos_transcode_job_get_time_left(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), -1);
  return job_state_of(self).course.time_left;
}

/**
 * gst_genos_transcode_job_get_reason:
 * @self: a job
 *
 * Returns: (nullable): why it failed; of one that is done, what its input lacked
 */
const gchar* gst_genos_transcode_job_get_reason(GstGenosTranscodeJob* self) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self), nullptr);
  const auto& reason = job_state_of(self).reason;
  return reason.empty() ? nullptr : reason.c_str();
}

// --- jobs of a queue ----------------------------------------------------------------------------

jobs::Job genos::stored(GstGenosTranscodeJob* self) {
  const auto& options = job_state_of(self).options;
  jobs::Job job;
  job.source = options.source;
  job.folder = options.folder;
  job.ladder = options.ladder;
  job.sounds = options.sounds;
  job.container = options.container;
  job.replace = options.replace;
  return job;
}

static void set_options(JobState& state, const jobs::Job& stored) {
  state.id = std::to_string(stored.id);
  state.options.source = stored.source;
  state.options.folder = stored.folder;
  state.options.ladder = stored.ladder;
  state.options.sounds = stored.sounds;
  state.options.container = stored.container;
  state.options.replace = stored.replace;
}

void genos::take_stored(GstGenosTranscodeJob* self, const jobs::Job& stored) {
  auto& state = job_state_of(self);
  set_options(state, stored);
  state.state = GST_GENOS_JOB_STATE_QUEUED;
  state.in_queue = true;
}

Ref<GstGenosTranscodeJob> genos::make_job(const jobs::Job& stored) {
  auto job = adopt(gst_genos_transcode_job_new(stored.source.c_str(), stored.folder.c_str()));
  auto& state = job_state_of(job.get());
  set_options(state, stored);
  state.state = GstGenosJobState(stored.state);
  state.course = {stored.percent, stored.speed, stored.time_left};
  state.outputs = stored.outputs;
  state.reason = stored.reason;
  return job;
}
