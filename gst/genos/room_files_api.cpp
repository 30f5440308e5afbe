// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of GstGenosRoom: offering one, and hearing of those that others offer.
#include "core/wire/limits.hpp"
#include "files/file_hash.hpp"
#include "genos/gstgenosroom_private.hpp"

using namespace genos;

static guint file_offer_signal;

namespace genos {
namespace {

Ref<GstGenosFile> find_file(GstGenosRoom* self, const core::Digest& id) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const auto found = state.files.find(id);
  return found == state.files.end() ? Ref<GstGenosFile>() : found->second;
}

bool is_live(GstGenosFile* file) {
  const auto state = gst_genos_file_get_state(file);
  return state != GST_GENOS_FILE_STATE_FAILED && state != GST_GENOS_FILE_STATE_ENDED;
}

Ref<GstGenosFile> keep_file(GstGenosRoom* self, FileStart start) {
  auto& state = state_of(self);
  const auto id = start.info.id;
  auto file = make_file(state.front, std::move(start));
  const std::scoped_lock guard(state.lock);
  if (state.files.size() >= core::limits::max_offers)
    std::erase_if(state.files, [](const auto& each) { return !is_live(each.second.get()); });
  state.files[id] = file;
  return file;
}

void on_offered(GstGenosRoom* self, const FileNews& news) {
  const auto known = find_file(self, news.id);
  if (known && is_live(known.get())) return file_news(known.get(), news);
  FileStart start;
  start.info = news.file;
  start.peer = news.peer;
  offer_file(self, std::move(start));
}

}  // namespace

Ref<GstGenosFile> offer_file(GstGenosRoom* self, FileStart start) {
  auto file = keep_file(self, std::move(start));
  g_signal_emit(self, file_offer_signal, 0, file.get());
  return file;
}

void room_file_news(GstGenosRoom* self, const FileNews& news) {
  if (news.kind == FileNews::Kind::offered) return on_offered(self, news);
  if (news.kind != FileNews::Kind::progress) {
    if (const auto file = find_file(self, news.id)) file_news(file.get(), news);
    return;
  }
  const auto files = state_of(self).front->files();
  if (!files) return;
  for (const auto& some : files->take_progress())
    if (const auto file = find_file(self, some.id)) file_news(file.get(), some);
}

void end_files(GstGenosRoom* self) {
  auto& state = state_of(self);
  std::map<core::Digest, Ref<GstGenosFile>> files;
  {
    const std::scoped_lock guard(state.lock);
    files.swap(state.files);
  }
  for (const auto& [id, file] : files) file_ended(file.get(), "the room was left");
}

void install_file_signals(GType type) {
  /**
   * GstGenosRoom::file-offer:
   * @room: the room
   * @file: what is offered
   *
   * A peer offers a file: gst_genos_file_accept() or gst_genos_file_refuse() it, now or later.
   */
  file_offer_signal = g_signal_new("file-offer", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr,
                                   nullptr, G_TYPE_NONE, 1, GST_TYPE_GENOS_FILE);
}

}  // namespace genos

namespace {

// One gst_genos_room_send_file_async(): hashing on a thread of its own, then the offer.
struct Sending {
  Ref<GstGenosRoom> room;
  std::shared_ptr<RoomFront> front;
  std::string path;
  core::FileInfo info;
  std::set<core::PeerId> to;
  std::shared_ptr<files::Source> source;
  std::vector<core::Digest> roots;
  GFileProgressCallback progress = nullptr;
  gpointer progress_data = nullptr;

  void show(GTask* task, std::uint64_t done) const {
    if (!progress) return;
    struct Call {
      GFileProgressCallback progress;
      gpointer data;
      goffset done, size;
    };
    GSource* idle = g_idle_source_new();
    g_source_set_priority(idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(
        idle,
        [](gpointer data) noexcept -> gboolean {
          const auto& call = *static_cast<Call*>(data);
          call.progress(call.done, call.size, call.data);
          return G_SOURCE_REMOVE;
        },
        new Call{progress, progress_data, goffset(done), goffset(info.size)},
        [](gpointer data) { delete static_cast<Call*>(data); });
    g_source_attach(idle, g_task_get_context(task));
    g_source_unref(idle);
  }
};

void hash_in_thread(GTask* task, gpointer, gpointer data, GCancellable* cancellable) noexcept {
  auto& sending = *static_cast<Sending*>(data);
  auto source = files::Source::open(sending.path);
  if (!source) return g_task_return_error(task, to_gerror(source.error()).release());
  sending.source = std::move(*source);
  sending.info.size = sending.source->size();
  sending.info.manifest = sending.source->manifest();
  auto roots = sending.source->roots([&](std::uint64_t done) {
    sending.show(task, done);
    return !g_cancellable_is_cancelled(cancellable);
  });
  if (g_task_return_error_if_cancelled(task)) return;
  if (!roots) return g_task_return_error(task, to_gerror(roots.error()).release());
  sending.roots = std::move(*roots);
  sending.info.id = core::file_id(sending.info, sending.roots, files::file_hash);
  g_task_return_boolean(task, TRUE);
}

Ref<GstGenosFile> offer(GstGenosRoom* self, Sending& sending) {
  auto known = find_file(self, sending.info.id);
  if (known && is_live(known.get()) && gst_genos_file_is_outgoing(known.get()))
    return known;  // the same once more
  const auto files = sending.front->files();
  auto file = keep_file(self, {sending.info, true, {}, sending.path, false});
  const bool offered = files && files->offer(sending.info, std::move(sending.roots), sending.to,
                                             std::move(sending.source));
  return offered ? std::move(file) : nullptr;
}

// Whether the caller asks what came of it or not. In his context.
void offer_hashed(GObject* object, GAsyncResult* result, gpointer data) noexcept {
  const auto task = adopt(static_cast<GTask*>(data));
  Owned<GError> error;
  if (!g_task_propagate_boolean(G_TASK(result), out(error)))
    return g_task_return_error(task.get(), error.release());
  auto& sending = *static_cast<Sending*>(g_task_get_task_data(G_TASK(result)));
  if (auto file = offer(GST_GENOS_ROOM(object), sending))
    return g_task_return_pointer(task.get(), file.release(), g_object_unref);
  g_task_return_new_error(task.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE, "the room was left");
}

std::string name_of(const char* name, const char* path) {
  if (name && *name) return name;
  const Owned<char> absolute(g_canonicalize_filename(path, nullptr));
  const Owned<char> base(g_path_get_basename(absolute.get()));
  const Owned<char> valid(g_filename_display_name(base.get()));
  return valid.get();
}

bool is_well_named(const core::FileInfo& info) {
  return info.name.size() <= core::limits::max_file_name && core::is_utf8(info.name) &&
         info.type.size() <= core::limits::max_file_type;
}

}  // namespace

/**
 * gst_genos_room_send_file_async:
 * @self: a room that is joined
 * @path: (type filename): a file, or a folder, of which all plain files are sent
 * @name: (nullable): what the others see; %NULL for the name that @path ends with
 * @content_type: (nullable): its MIME type
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all, also
 * those who come later
 * @cancellable: (nullable): to give up while it is being read
 * @progress: (nullable) (scope notified) (closure progress_data): told how much of it was read
 * @progress_data: for @progress, which is not called any more after @callback
 * @callback: (scope async): called when the file is on offer
 * @user_data: for @callback
 *
 * Reads all of a file to know its hashes, and offers it to our own peers. The file must not change
 * as long as it is on offer: until it is cancelled, or the room is left.
 *
 * To web pages it is sent at once, as a message of the action `file` with the metadata
 * `{name, type, id, size}`: files of at most 64 MiB, and no folders.
 */
void gst_genos_room_send_file_async(GstGenosRoom* self, const gchar* path, const gchar* name,
                                    const gchar* content_type, const gchar* const* targets,
                                    GCancellable* cancellable, GFileProgressCallback progress,
                                    gpointer progress_data, GAsyncReadyCallback callback,
                                    gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self) && path);
  // Not cancelled any more once it is on offer.
  auto* told = g_task_new(self, nullptr, callback, user_data);
  const auto task = adopt(g_task_new(self, cancellable, offer_hashed, told));
  auto* sending = new Sending();
  g_task_set_task_data(task.get(), sending,
                       [](gpointer data) { delete static_cast<Sending*>(data); });
  sending->front = state_of(self).front;
  sending->path = path;
  sending->info.name = name_of(name, path);
  sending->info.type = content_type ? content_type : "";
  sending->progress = progress;
  sending->progress_data = progress_data;
  for (; targets && *targets; ++targets) sending->to.insert({*targets});
  const auto files = sending->front->files();
  if (!files || !files->desk())
    return g_task_return_new_error(task.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE,
                                   "not in the room: join it before sending");
  if (!is_well_named(sending->info))
    return g_task_return_new_error(task.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID,
                                   "a file's name has at most 255 bytes of UTF-8, as has its type");
  g_task_run_in_thread(task.get(), hash_in_thread);
}

/**
 * gst_genos_room_send_file_finish:
 * @self: a room
 * @result: what the callback got
 * @error: set on failure
 *
 * Returns: (transfer full): the file that is on offer now, %NULL on failure
 */
GstGenosFile* gst_genos_room_send_file_finish(GstGenosRoom* self, GAsyncResult* result,
                                              GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), nullptr);
  return static_cast<GstGenosFile*>(g_task_propagate_pointer(G_TASK(result), error));
}

/**
 * gst_genos_room_get_files:
 * @self: a room
 *
 * Returns: (transfer full) (element-type GstGenosFile): the files of the room: offered to us, on
 * their way, received, and our own
 */
GList* gst_genos_room_get_files(GstGenosRoom* self) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self), nullptr);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  GList* list = nullptr;
  for (const auto& [id, file] : state.files)
    list = g_list_prepend(list, retain(file.get()).release());
  return list;
}
