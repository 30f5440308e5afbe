// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenostranscodejob
 * @title: GstGenosTranscodeJob
 * @short_description: one source into a file for each rung of a ladder
 *
 * A file, a URI or standard input becomes a file a rung, each with the sound, by the element
 * genostranscodebin. The files have ".part" in their names until the job has ended. One that is
 * cancelled leaves them so, playable up to there; of one that fails those stay that are whole.
 *
 * All happens in the thread-default context of the thread that runs it.
 */

#include <gst/genos/genos.h>

#include <new>

#include "bridge/define_type.hpp"
#include "bridge/gio_refs.hpp"
#include "genos/gstgenostranscodejob_private.hpp"

using namespace genos;

struct _GstGenosTranscodeJob {
  GObject parent;
};

namespace {

constexpr guint progress_interval = 250;  // milliseconds

enum Prop : guint {
  prop_none,
  prop_id,
  prop_source,
  prop_element,
  prop_folder,
  prop_ladder,
  prop_sounds,
  prop_container,
  prop_replace,
  prop_patience,
  prop_state,
  prop_progress,
  prop_speed,
  prop_time_left,
  prop_reason,
  n_props
};
GParamSpec* props[n_props];

}  // namespace

using GstGenosTranscodeJobPrivate = JobState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosTranscodeJob, gst_genos_transcode_job, G_TYPE_OBJECT)

JobState& genos::job_state_of(gpointer self) {
  return *static_cast<JobState*>(
      gst_genos_transcode_job_get_instance_private(GST_GENOS_TRANSCODE_JOB(self)));
}

// --- running ----------------------------------------------------------------------------------

static void drop(GSource*& source) {
  if (!source) return;
  g_source_destroy(source);
  g_source_unref(std::exchange(source, nullptr));
}

static void enter(GstGenosTranscodeJob* self, GstGenosJobState state) {
  job_state_of(self).state = state;
  g_object_notify_by_pspec(G_OBJECT(self), props[prop_state]);
}

static void measure(GstGenosTranscodeJob* self) {
  auto& state = job_state_of(self);
  if (!state.run) return;
  state.course = state.run->course();
  for (const auto prop : {prop_progress, prop_speed, prop_time_left})
    g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

static void finish(GTask* task, const TranscodeRun::Outcome& outcome) {
  using Kind = TranscodeRun::Outcome::Kind;
  auto* self = GST_GENOS_TRANSCODE_JOB(g_task_get_source_object(task));
  auto& state = job_state_of(self);
  drop(state.timer);
  drop(state.cancel);
  state.outputs = outcome.files;
  state.course.speed = outcome.speed;
  // The run is in the middle of telling this.
  const auto forget = [](gpointer run) noexcept -> gboolean {
    delete static_cast<TranscodeRun*>(run);
    return G_SOURCE_REMOVE;
  };
  GSource* later = g_idle_source_new();
  g_source_set_callback(later, forget, state.run.release(), nullptr);
  g_source_attach(later, g_task_get_context(task));
  g_source_unref(later);
  switch (outcome.kind) {
    case Kind::done:
      state.reason = outcome.why;
      state.course.percent = 100;
      state.course.time_left = 0;
      for (const auto prop : {prop_progress, prop_speed, prop_time_left})
        g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
      enter(self, GST_GENOS_JOB_STATE_DONE);
      g_task_return_boolean(task, TRUE);
      break;
    case Kind::cancelled:
      enter(self, GST_GENOS_JOB_STATE_CANCELLED);
      g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "it was cancelled");
      break;
    case Kind::failed:
      state.reason = outcome.why;
      enter(self, GST_GENOS_JOB_STATE_FAILED);
      g_task_return_new_error(task, GST_GENOS_ERROR, GST_GENOS_ERROR_FAILED, "%s",
                              outcome.why.c_str());
      break;
  }
  g_object_unref(task);
}

static void watch(GTask* task, GCancellable* cancellable) {
  auto& state = job_state_of(g_task_get_source_object(task));
  state.timer = g_timeout_source_new(progress_interval);
  const auto tick = [](gpointer job) noexcept -> gboolean {
    measure(GST_GENOS_TRANSCODE_JOB(job));
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(state.timer, tick, g_task_get_source_object(task), nullptr);
  g_source_attach(state.timer, g_task_get_context(task));
  if (!cancellable) return;
  state.cancel = g_cancellable_source_new(cancellable);
  const auto cancelled = [](GCancellable*, gpointer job) noexcept -> gboolean {
    auto& self = job_state_of(job);
    if (self.run) self.run->cancel();
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(state.cancel, G_SOURCE_FUNC(static_cast<GCancellableSourceFunc>(cancelled)),
                        g_task_get_source_object(task), nullptr);
  g_source_attach(state.cancel, g_task_get_context(task));
}

/**
 * gst_genos_transcode_job_run_async:
 * @self: a job that was not run yet
 * @cancellable: (nullable): ends it early, with files that play up to there
 * @callback: (nullable) (scope async): called when it ended
 * @user_data: for @callback
 *
 * Runs the job. Its progress is told in the thread-default context of this thread.
 */
void gst_genos_transcode_job_run_async(GstGenosTranscodeJob* self, GCancellable* cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_TRANSCODE_JOB(self));
  auto& state = job_state_of(self);
  GTask* task = g_task_new(self, cancellable, callback, user_data);
  g_task_set_check_cancellable(task, FALSE);  // files are ended first
  if (state.state != GST_GENOS_JOB_STATE_QUEUED || state.in_queue) {
    g_task_return_new_error(
        task, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE, "%s",
        state.in_queue ? "it is in a queue: run that" : "a job runs once; make another one");
    g_object_unref(task);
    return;
  }
  state.run = std::make_unique<TranscodeRun>(
      state.options, [task](const TranscodeRun::Outcome& outcome) { finish(task, outcome); });
  enter(self, GST_GENOS_JOB_STATE_RUNNING);
  const auto started = state.run->start(g_task_get_context(task));
  if (!started)
    return finish(task, {TranscodeRun::Outcome::Kind::failed, started.error().detail, {}, 0});
  watch(task, cancellable);
}

/**
 * gst_genos_transcode_job_run_finish:
 * @self: a job
 * @result: what the callback got
 * @error: why not all of it was made
 *
 * Ends gst_genos_transcode_job_run_async().
 *
 * Returns: whether every file is whole and in its place
 */
gboolean gst_genos_transcode_job_run_finish(GstGenosTranscodeJob* self, GAsyncResult* result,
                                            GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
  return g_task_propagate_boolean(G_TASK(result), error);
}

// --- the type ---------------------------------------------------------------------------------

static void gst_genos_transcode_job_set_property(GObject* object, guint id, const GValue* value,
                                                 GParamSpec* pspec) {
  auto& options = job_state_of(object).options;
  const auto text = [value] {
    const char* given = g_value_get_string(value);
    return std::string(given ? given : "");
  };
  switch (id) {
    case prop_id: job_state_of(object).id = text(); break;
    case prop_source: options.source = text(); break;
    case prop_element: options.element = sink(GST_ELEMENT(g_value_get_object(value))); break;
    case prop_folder: options.folder = text(); break;
    case prop_ladder: options.ladder = text(); break;
    case prop_sounds: options.sounds = text(); break;
    case prop_container: options.container = text(); break;
    case prop_replace: options.replace = g_value_get_boolean(value); break;
    case prop_patience: options.patience = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_transcode_job_get_property(GObject* object, guint id, GValue* value,
                                                 GParamSpec* pspec) {
  const auto& state = job_state_of(object);
  switch (id) {
    case prop_id: g_value_set_string(value, state.id.c_str()); break;
    case prop_source: g_value_set_string(value, state.options.source.c_str()); break;
    case prop_element: g_value_set_object(value, state.options.element.get()); break;
    case prop_folder: g_value_set_string(value, state.options.folder.c_str()); break;
    case prop_ladder: g_value_set_string(value, state.options.ladder.c_str()); break;
    case prop_sounds: g_value_set_string(value, state.options.sounds.c_str()); break;
    case prop_container: g_value_set_string(value, state.options.container.c_str()); break;
    case prop_replace: g_value_set_boolean(value, state.options.replace); break;
    case prop_patience: g_value_set_uint(value, state.options.patience); break;
    case prop_state: g_value_set_enum(value, state.state); break;
    case prop_progress: g_value_set_double(value, state.course.percent); break;
    case prop_speed: g_value_set_double(value, state.course.speed); break;
    case prop_time_left: g_value_set_double(value, state.course.time_left); break;
    case prop_reason:
      g_value_set_string(value, state.reason.empty() ? nullptr : state.reason.c_str());
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_transcode_job_init(GstGenosTranscodeJob* self) {
  auto* state = new (&job_state_of(self)) JobState();
  state->id = Owned<char>(g_uuid_string_random()).get();
}

static void gst_genos_transcode_job_finalize(GObject* object) {
  job_state_of(object).~JobState();
  G_OBJECT_CLASS(gst_genos_transcode_job_parent_class)->finalize(object);
}

constexpr auto once =
    GParamFlags(G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
constexpr auto before = GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

static GParamSpec* text(const char* name, const char* blurb, const char* standard,
                        GParamFlags flags) {
  return g_param_spec_string(name, name, blurb, standard, flags);
}

static void install_places() {
  /**
   * GstGenosTranscodeJob:id:
   *
   * What it is called among others: made up when the job is, and an application's to choose.
   */
  props[prop_id] = text("id", "What it is called among others", nullptr, before);
  /**
   * GstGenosTranscodeJob:source:
   *
   * A file, a URI, or "-" for standard input.
   */
  props[prop_source] = text("source", "A file, a URI, or - for standard input", "", once);
  /**
   * GstGenosTranscodeJob:element:
   *
   * Taken instead of the source, which only names the files then: an element of the application's
   * with a source pad for pictures, for sound, or for each. The job is done when it sends EOS.
   */
  props[prop_element] = g_param_spec_object(
      "element", "Element", "What is taken instead of the source", GST_TYPE_ELEMENT, before);
  /**
   * GstGenosTranscodeJob:folder:
   *
   * Where the files go.
   */
  props[prop_folder] = text("folder", "Where the files go", "", once);
}

static void install_contents() {
  /**
   * GstGenosTranscodeJob:ladder:
   *
   * The rungs in words, like "720p30:1500k,360p30:500k".
   */
  props[prop_ladder] =
      text("ladder", "The rungs in words, like 720p30:1500k,360p30:500k", "medium", before);
  /**
   * GstGenosTranscodeJob:sounds:
   *
   * The sound in words, like "opus:96k"; empty: none.
   */
  props[prop_sounds] =
      text("sounds", "The sound in words, like opus:96k; empty: none", "opus:96k", before);
  /**
   * GstGenosTranscodeJob:container:
   *
   * "webm", or "mkv", which holds every codec.
   */
  props[prop_container] =
      text("container", "webm, or mkv, which holds every codec", "webm", before);
}

static void install_manner() {
  /**
   * GstGenosTranscodeJob:replace:
   *
   * Whether files of these names may be replaced.
   */
  props[prop_replace] = g_param_spec_boolean(
      "replace", "Replace", "Whether files of these names may be replaced", FALSE, before);
  /**
   * GstGenosTranscodeJob:patience:
   *
   * It fails when for so many seconds nothing of a file was read, encoded or written; 0: never. A
   * URI, standard input and an element have all the time.
   */
  props[prop_patience] = g_param_spec_uint(
      "patience", "Patience", "Seconds in which something of a file moves, or it fails; 0: never",
      0, G_MAXUINT, TranscodeRun::Options().patience, before);
}

static void install_figures() {
  constexpr auto readable = GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  const auto figure = [](const char* name, const char* blurb, double least, double standard) {
    return g_param_spec_double(name, name, blurb, least, G_MAXDOUBLE, standard, readable);
  };
  /**
   * GstGenosTranscodeJob:state:
   *
   * Where it stands.
   */
  props[prop_state] =
      g_param_spec_enum("state", "State", "Where it stands", GST_TYPE_GENOS_JOB_STATE,
                        GST_GENOS_JOB_STATE_QUEUED, readable);
  /**
   * GstGenosTranscodeJob:progress:
   *
   * Percent; negative while nobody knows how long the source is.
   */
  props[prop_progress] = figure("progress", "Percent; negative while it is unknown", -1, -1);
  /**
   * GstGenosTranscodeJob:speed:
   *
   * How much faster it is than playing the source.
   */
  props[prop_speed] = figure("speed", "How much faster it is than playing the source", 0, 0);
  /**
   * GstGenosTranscodeJob:time-left:
   *
   * Seconds; negative while that is unknown.
   */
  props[prop_time_left] = figure("time-left", "Seconds; negative while it is unknown", -1, -1);
  /**
   * GstGenosTranscodeJob:reason:
   *
   * Why it failed; of one that is done, what its input lacked. %NULL when there is nothing to say.
   */
  props[prop_reason] = g_param_spec_string(
      "reason", "Reason", "Why it failed, or what its input lacked", nullptr, readable);
}

static void gst_genos_transcode_job_class_init(GstGenosTranscodeJobClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_genos_transcode_job_set_property;
  object_class->get_property = gst_genos_transcode_job_get_property;
  object_class->finalize = gst_genos_transcode_job_finalize;
  install_places();
  install_contents();
  install_manner();
  install_figures();
  g_object_class_install_properties(object_class, n_props, props);
}
