// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenostranscodequeue
 * @title: GstGenosTranscodeQueue
 * @short_description: transcoding jobs that outlive their process
 *
 * A queue in a folder, which all processes of its user share: what `genos transcode --queue` adds
 * and `genos jobs` shows is what this adds and shows. There is no daemon; whoever runs the queue
 * works it off. A job whose process was killed is begun anew; it begins three times at most.
 *
 * All happens in the thread-default context of the thread that runs it. What is stored is locked
 * for moments; while another process holds it, a call may take some seconds.
 */

#include <gst/genos/genos.h>

#include <map>
#include <new>

#include "bridge/define_type.hpp"
#include "bridge/gio_refs.hpp"
#include "genos/gstgenostranscodejob_private.hpp"
#include "genos/job_runner.hpp"
#include "genos/job_words.hpp"
#include "genos/room_front.hpp"

using namespace genos;

struct _GstGenosTranscodeQueue {
  GObject parent;
};

namespace {

constexpr guint most_at_a_time = 1024;

struct QueueState {
  std::string folder;
  guint limit = 0;
  std::unique_ptr<jobs::JobStore> store;
  std::map<std::int64_t, Ref<GstGenosTranscodeJob>> added;  // by us, and not run yet
  std::shared_ptr<JobRunner> runner;
  GTask* task = nullptr;  // of the run
  Owned<GError> problem;
  GSource* cancel = nullptr;
};

enum Prop : guint { prop_none, prop_folder, prop_limit, n_props };
GParamSpec* props[n_props];

enum Signal : guint { signal_begun, signal_ended, n_signals };
guint signals[n_signals];

}  // namespace

using GstGenosTranscodeQueuePrivate = QueueState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosTranscodeQueue, gst_genos_transcode_queue, G_TYPE_OBJECT)

static QueueState& state_of(gpointer self) {
  return *static_cast<QueueState*>(
      gst_genos_transcode_queue_get_instance_private(GST_GENOS_TRANSCODE_QUEUE(self)));
}

static jobs::JobStore* open_store(QueueState& state, GError** error) {
  if (state.store) return state.store.get();
  auto store =
      jobs::JobStore::open(state.folder.empty() ? jobs::JobStore::standard_folder() : state.folder);
  if (store)
    state.store = std::make_unique<jobs::JobStore>(*std::move(store));
  else
    g_propagate_error(error, to_gerror(store.error()).release());
  return state.store.get();
}

static bool read_id(const gchar* text, gint64& id, GError** error) {
  if (g_ascii_string_to_signed(text, 10, 1, G_MAXINT64, &id, nullptr)) return true;
  g_set_error(error, GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID,
              "a job of a queue has a number, not '%s'", text);
  return false;
}

/**
 * gst_genos_transcode_queue_new:
 * @folder: (type filename) (nullable): where it is kept; %NULL: the user's, as of `genos jobs`
 *
 * Makes no file yet.
 *
 * Returns: (transfer full): a queue
 */
GstGenosTranscodeQueue* gst_genos_transcode_queue_new(const gchar* folder) {
  return GST_GENOS_TRANSCODE_QUEUE(
      g_object_new(GST_TYPE_GENOS_TRANSCODE_QUEUE, "folder", folder, nullptr));
}

static const char* why_not_added(const JobState& job) {
  if (job.state != GST_GENOS_JOB_STATE_QUEUED || job.in_queue)
    return "a job is run, or added to a queue, once: make another one";
  if (job.options.element || job.options.source == "-")
    return "what is no file and no URI cannot wait";
  return nullptr;
}

// The job's number.
static std::optional<std::int64_t> store_job(QueueState& state, GstGenosTranscodeJob* job,
                                             GError** error) {
  if (const auto sound = check_words(stored(job)); !sound) {
    g_propagate_error(error, to_gerror(sound.error()).release());
    return std::nullopt;
  }
  auto* store = open_store(state, error);
  if (!store) return std::nullopt;
  const auto id = store->add(jobs::lasting(stored(job)), false);
  if (!id) {
    g_propagate_error(error, to_gerror(id.error()).release());
    return std::nullopt;
  }
  return *id;
}

/**
 * gst_genos_transcode_queue_add:
 * @self: a queue
 * @job: a job that was not run yet, of a file or a URI
 * @error: why it cannot be added
 *
 * Puts a job at the end as it is now, and gives it its number. Whoever runs the queue runs it,
 * maybe in another process: if it is @self that does, @job tells how far it is.
 *
 * Returns: whether it waits now
 */
gboolean gst_genos_transcode_queue_add(GstGenosTranscodeQueue* self, GstGenosTranscodeJob* job,
                                       GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_QUEUE(self) && GST_IS_GENOS_TRANSCODE_JOB(job),
                       FALSE);
  auto& state = state_of(self);
  auto& added = job_state_of(job);
  if (const char* problem = why_not_added(added)) {
    g_set_error_literal(error, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE, problem);
    return FALSE;
  }
  const auto id = store_job(state, job, error);
  if (!id) return FALSE;
  added.in_queue = true;
  g_object_set(job, "id", std::to_string(*id).c_str(), nullptr);
  state.added[*id] = retain(job);
  return TRUE;
}

/**
 * gst_genos_transcode_queue_dup_jobs:
 * @self: a queue
 * @error: why they cannot be read
 *
 * All jobs, those that ended included (the last thousand), as they stand now.
 *
 * Returns: (transfer container) (element-type GstGenosTranscodeJob): the oldest first; the array
 *   lets go of them with g_ptr_array_unref()
 */
GPtrArray* gst_genos_transcode_queue_dup_jobs(GstGenosTranscodeQueue* self, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_QUEUE(self), nullptr);
  auto* store = open_store(state_of(self), error);
  if (!store) return nullptr;
  const auto all = store->list();
  if (!all) {
    g_propagate_error(error, to_gerror(all.error()).release());
    return nullptr;
  }
  auto* jobs = g_ptr_array_new_with_free_func(g_object_unref);
  for (const auto& each : *all) {
    auto job = make_job(each);
    job_state_of(job.get()).in_queue = true;
    g_ptr_array_add(jobs, job.release());
  }
  return jobs;
}

static GstGenosTranscodeJob* answer(const core::Result<jobs::Job>& found, GError** error) {
  if (!found) {
    g_propagate_error(error, to_gerror(found.error()).release());
    return nullptr;
  }
  auto job = make_job(*found);
  job_state_of(job.get()).in_queue = true;
  return job.release();
}

/**
 * gst_genos_transcode_queue_dup_job:
 * @self: a queue
 * @id: a job's number
 * @error: why there is none
 *
 * Returns: (transfer full): the job as it stands now, with its files
 */
GstGenosTranscodeJob* gst_genos_transcode_queue_dup_job(GstGenosTranscodeQueue* self,
                                                        const gchar* id, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_QUEUE(self) && id, nullptr);
  gint64 number = 0;
  auto* store = read_id(id, number, error) ? open_store(state_of(self), error) : nullptr;
  return store ? answer(store->get(number), error) : nullptr;
}

/**
 * gst_genos_transcode_queue_cancel:
 * @self: a queue
 * @id: a job's number
 * @error: why it was not cancelled
 *
 * A job that waits is cancelled at once; whoever runs one is asked to end it, and does so within a
 * second. Of one whose process was killed the unfinished files are removed.
 *
 * Returns: whether there is such a job
 */
gboolean gst_genos_transcode_queue_cancel(GstGenosTranscodeQueue* self, const gchar* id,
                                          GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_TRANSCODE_QUEUE(self) && id, FALSE);
  gint64 number = 0;
  auto* store = read_id(id, number, error) ? open_store(state_of(self), error) : nullptr;
  const auto job = adopt(store ? answer(store->cancel(number), error) : nullptr);
  if (!job) return FALSE;
  if (job_state_of(job.get()).state == GST_GENOS_JOB_STATE_CANCELLED)
    if (const auto node = state_of(self).added.extract(number)) {
      job_state_of(node.mapped().get()).state = GST_GENOS_JOB_STATE_CANCELLED;
      g_object_notify(G_OBJECT(node.mapped().get()), "state");
    }
  return TRUE;
}

// --- running ----------------------------------------------------------------------------------

static void end_run(GstGenosTranscodeQueue* self) {
  auto& state = state_of(self);
  if (state.cancel) {
    g_source_destroy(state.cancel);
    g_source_unref(std::exchange(state.cancel, nullptr));
  }
  const auto runner = std::exchange(state.runner, nullptr);  // it is in the middle of telling this
  GTask* task = std::exchange(state.task, nullptr);
  if (auto problem = std::move(state.problem))
    g_task_return_error(task, problem.release());
  else if (!g_task_return_error_if_cancelled(task))
    g_task_return_boolean(task, TRUE);
  g_object_unref(task);
}

static JobRunner::Events events_of(GstGenosTranscodeQueue* self) {
  JobRunner::Events events;
  events.make = [self](const jobs::Job& job) {
    auto node = state_of(self).added.extract(job.id);
    auto made = node ? node.mapped() : make_job(job);
    take_stored(made.get(), job);  // it may have been changed since
    g_signal_emit(self, signals[signal_begun], 0, made.get());
    job_state_of(made.get()).in_queue = false;  // nobody but the queue runs it
    return made;
  };
  events.is_cancelled = [self] {
    auto* task = state_of(self).task;
    auto* cancellable = task ? g_task_get_cancellable(task) : nullptr;
    return cancellable && g_cancellable_is_cancelled(cancellable);
  };
  events.ended = [self](const jobs::Job&, GstGenosTranscodeJob* made) {
    g_signal_emit(self, signals[signal_ended], 0, made);
  };
  events.waits = [] {};
  events.failed = [self](const core::Error& error) {
    auto& problem = state_of(self).problem;
    if (!problem) problem = to_gerror(error);
  };
  events.over = [self] { end_run(self); };
  return events;
}

static void stop_with(GstGenosTranscodeQueue* self, GCancellable* cancellable) {
  auto& state = state_of(self);
  state.cancel = g_cancellable_source_new(cancellable);
  const auto cancelled = [](GCancellable*, gpointer queue) noexcept -> gboolean {
    if (auto& runner = state_of(queue).runner) runner->stop();
    return G_SOURCE_REMOVE;
  };
  g_source_set_callback(state.cancel, G_SOURCE_FUNC(static_cast<GCancellableSourceFunc>(cancelled)),
                        self, nullptr);
  g_source_attach(state.cancel, g_task_get_context(state.task));
}

/**
 * gst_genos_transcode_queue_run_async:
 * @self: a queue
 * @cancellable: (nullable): ends the jobs that run, with files that play up to there
 * @callback: (nullable) (scope async): called when nothing waits any more
 * @user_data: for @callback
 *
 * Works the queue off, #GstGenosTranscodeQueue:limit jobs at a time over all processes.
 */
void gst_genos_transcode_queue_run_async(GstGenosTranscodeQueue* self, GCancellable* cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_TRANSCODE_QUEUE(self));
  auto& state = state_of(self);
  GTask* task = g_task_new(self, cancellable, callback, user_data);
  g_task_set_check_cancellable(task, FALSE);  // files are ended first
  Owned<GError> error;
  if (state.task)
    error.reset(g_error_new_literal(GST_GENOS_ERROR, GST_GENOS_ERROR_STATE, "it runs already"));
  else
    open_store(state, out(error));
  if (error) {
    g_task_return_error(task, error.release());
    g_object_unref(task);
    return;
  }
  state.task = task;
  const unsigned limit = state.limit > 0 ? state.limit : JobRunner::standard_limit();
  state.runner = std::make_shared<JobRunner>(state.store.get(), limit, events_of(self));
  if (cancellable) stop_with(self, cancellable);
  state.runner->run_queue();
}

/**
 * gst_genos_transcode_queue_run_finish:
 * @self: a queue
 * @result: what the callback got
 * @error: why the queue was not worked off; not that a job failed, which the job says itself
 *
 * Ends gst_genos_transcode_queue_run_async().
 *
 * Returns: whether nothing waits any more
 */
gboolean gst_genos_transcode_queue_run_finish(GstGenosTranscodeQueue* self, GAsyncResult* result,
                                              GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
  return g_task_propagate_boolean(G_TASK(result), error);
}

// --- the type ---------------------------------------------------------------------------------

static void gst_genos_transcode_queue_set_property(GObject* object, guint id, const GValue* value,
                                                   GParamSpec* pspec) {
  auto& state = state_of(object);
  const char* text = id == prop_folder ? g_value_get_string(value) : nullptr;
  switch (id) {
    case prop_folder: state.folder = text ? text : ""; break;
    case prop_limit: state.limit = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_transcode_queue_get_property(GObject* object, guint id, GValue* value,
                                                   GParamSpec* pspec) {
  const auto& state = state_of(object);
  switch (id) {
    case prop_folder:
      g_value_set_string(value, state.folder.empty() ? nullptr : state.folder.c_str());
      break;
    case prop_limit: g_value_set_uint(value, state.limit); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_transcode_queue_init(GstGenosTranscodeQueue* self) {
  new (&state_of(self)) QueueState();
}

static void gst_genos_transcode_queue_finalize(GObject* object) {
  state_of(object).~QueueState();
  G_OBJECT_CLASS(gst_genos_transcode_queue_parent_class)->finalize(object);
}

static void gst_genos_transcode_queue_class_init(GstGenosTranscodeQueueClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_genos_transcode_queue_set_property;
  object_class->get_property = gst_genos_transcode_queue_get_property;
  object_class->finalize = gst_genos_transcode_queue_finalize;
  /**
   * GstGenosTranscodeQueue:folder:
   *
   * Where it is kept; %NULL: the user's.
   */
  props[prop_folder] = g_param_spec_string(
      "folder", "Folder", "Where it is kept; NULL: the user's", nullptr,
      GParamFlags(G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
  /**
   * GstGenosTranscodeQueue:limit:
   *
   * So many jobs run at a time, over all processes; 0: half the processors. Of the next run.
   */
  props[prop_limit] = g_param_spec_uint(
      "limit", "Limit", "So many jobs at a time, over all processes; 0: half the processors", 0,
      most_at_a_time, 0, GParamFlags(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_properties(object_class, n_props, props);
  /**
   * GstGenosTranscodeQueue::job-begun:
   * @self: a queue
   * @job: the job that begins now, in this process
   *
   * Its properties tell how far it is.
   */
  signals[signal_begun] =
      g_signal_new("job-begun", GST_TYPE_GENOS_TRANSCODE_QUEUE, G_SIGNAL_RUN_LAST, 0, nullptr,
                   nullptr, nullptr, G_TYPE_NONE, 1, GST_TYPE_GENOS_TRANSCODE_JOB);
  /**
   * GstGenosTranscodeQueue::job-ended:
   * @self: a queue
   * @job: a job that ran in this process
   *
   * Its state says how.
   */
  signals[signal_ended] =
      g_signal_new("job-ended", GST_TYPE_GENOS_TRANSCODE_QUEUE, G_SIGNAL_RUN_LAST, 0, nullptr,
                   nullptr, nullptr, G_TYPE_NONE, 1, GST_TYPE_GENOS_TRANSCODE_JOB);
}
