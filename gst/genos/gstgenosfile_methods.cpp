// SPDX-License-Identifier: LGPL-2.1-or-later
// The functions of GstGenosFile.
#include "genos/gstgenosfile_private.hpp"

using namespace genos;

/**
 * gst_genos_file_get_id:
 * @self: a file
 *
 * Returns: what the file is: 64 hex digits over its contents, size and name
 */
const gchar* gst_genos_file_get_id(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), nullptr);
  return state_of(self).id.c_str();
}

/**
 * gst_genos_file_get_name:
 * @self: a file
 *
 * Returns: its name, as the sender says it: not to be used as a path
 */
const gchar* gst_genos_file_get_name(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), nullptr);
  return state_of(self).start.info.name.c_str();
}

/**
 * gst_genos_file_get_content_type:
 * @self: a file
 *
 * Returns: its MIME type, as the sender says it; may be empty
 */
const gchar* gst_genos_file_get_content_type(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), nullptr);
  return state_of(self).start.info.type.c_str();
}

/**
 * gst_genos_file_get_size:
 * @self: a file
 *
 * Returns: its size in bytes; of a folder, of all files in it and their list
 */
guint64 gst_genos_file_get_size(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), 0);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  return state.start.info.size;
}

/**
 * gst_genos_file_is_folder:
 * @self: a file
 *
 * Returns: whether it is a folder with files in it
 */
gboolean gst_genos_file_is_folder(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), FALSE);
  return state_of(self).start.info.manifest > 0;
}

/**
 * gst_genos_file_is_outgoing:
 * @self: a file
 *
 * Returns: whether we offer it
 */
gboolean gst_genos_file_is_outgoing(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), FALSE);
  return state_of(self).start.outgoing;
}

/**
 * gst_genos_file_dup_peer_id:
 * @self: a file
 *
 * Returns: (transfer full) (nullable): who offered it first; %NULL for our own
 */
gchar* gst_genos_file_dup_peer_id(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), nullptr);
  const auto& start = state_of(self).start;
  return start.outgoing ? nullptr : g_strdup(start.peer.value.c_str());
}

/**
 * gst_genos_file_dup_path:
 * @self: a file
 *
 * Returns: (transfer full) (nullable) (type filename): where it is on this machine; %NULL before
 * it is whole
 */
gchar* gst_genos_file_dup_path(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), nullptr);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  return state.path.empty() ? nullptr : g_strdup(state.path.c_str());
}

/**
 * gst_genos_file_get_done:
 * @self: a file
 *
 * Returns: how many bytes of it are here and checked
 */
guint64 gst_genos_file_get_done(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), 0);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  return state.done;
}

/**
 * gst_genos_file_get_state:
 * @self: a file
 *
 * Returns: where it stands
 */
GstGenosFileState gst_genos_file_get_state(GstGenosFile* self) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self), GST_GENOS_FILE_STATE_ENDED);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  return state.state;
}

static std::shared_ptr<files::Desk> desk_of(GstGenosFile* self) {
  const auto files = state_of(self).front->files();
  return files ? files->desk() : nullptr;
}

/**
 * gst_genos_file_accept:
 * @self: a file that is offered to us
 * @folder: (type filename): where to store it; it has to exist
 * @flags: what to do when a file of that name is there
 * @error: set when it cannot be accepted any more
 *
 * Receives the file. How it goes is told by #GstGenosFile:done and #GstGenosFile::finished; an
 * error of the disk comes there too.
 *
 * Returns: whether it will be received
 */
gboolean gst_genos_file_accept(GstGenosFile* self, const gchar* folder, GstGenosFileFlags flags,
                               GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_FILE(self) && folder, FALSE);
  const auto desk = desk_of(self);
  const auto existing = (flags & GST_GENOS_FILE_FLAGS_REPLACE) != 0 ? files::Part::Existing::replace
                                                                    : files::Part::Existing::keep;
  if (!desk || gst_genos_file_get_state(self) != GST_GENOS_FILE_STATE_OFFERED) {
    g_set_error_literal(error, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE,
                        "this file is not on offer (any more)");
    return FALSE;
  }
  if (state_of(self).start.of_page)
    accept_page_file(self, folder, existing);
  else
    desk->take(state_of(self).start.info, folder, existing);
  set_file_state(self, GST_GENOS_FILE_STATE_ACTIVE);
  return TRUE;
}

/**
 * gst_genos_file_refuse:
 * @self: a file that is offered to us
 * @reason: (nullable): for those who offer it, at most 256 bytes
 *
 * Says that we do not want it.
 */
void gst_genos_file_refuse(GstGenosFile* self, const gchar* reason) {
  g_return_if_fail(GST_IS_GENOS_FILE(self));
  if (gst_genos_file_get_state(self) != GST_GENOS_FILE_STATE_OFFERED) return;
  if (const auto desk = desk_of(self))
    desk->feed(core::Exchange::Refuse{state_of(self).start.info.id, reason ? reason : ""});
  finish_file(self, GST_GENOS_FILE_STATE_ENDED, GST_GENOS_ERROR_REFUSED, "refused by us");
}

static void set_paused(GstGenosFile* self, bool paused) {
  const auto state = gst_genos_file_get_state(self);
  const bool waits = state == GST_GENOS_FILE_STATE_PAUSED;
  const bool runs = state == GST_GENOS_FILE_STATE_ACTIVE || state == GST_GENOS_FILE_STATE_WAITING;
  if (paused ? !runs : !waits) return;
  if (const auto desk = desk_of(self))
    desk->feed(core::Exchange::Pause{state_of(self).start.info.id, paused});
  set_file_state(self, paused ? GST_GENOS_FILE_STATE_PAUSED : GST_GENOS_FILE_STATE_ACTIVE);
}

/**
 * gst_genos_file_pause:
 * @self: a file
 *
 * Asks for no more of it; of our own, sends no more of it. What is on its way still comes.
 */
void gst_genos_file_pause(GstGenosFile* self) {
  g_return_if_fail(GST_IS_GENOS_FILE(self));
  set_paused(self, true);
}

/**
 * gst_genos_file_resume:
 * @self: a file
 *
 * Goes on after gst_genos_file_pause().
 */
void gst_genos_file_resume(GstGenosFile* self) {
  g_return_if_fail(GST_IS_GENOS_FILE(self));
  set_paused(self, false);
}

/**
 * gst_genos_file_cancel:
 * @self: a file
 * @flags: what becomes of what was received
 *
 * Gives it up; of our own, and of one that is whole and served to others, withdraws it.
 */
void gst_genos_file_cancel(GstGenosFile* self, GstGenosFileFlags flags) {
  g_return_if_fail(GST_IS_GENOS_FILE(self));
  const auto state = gst_genos_file_get_state(self);
  if (state == GST_GENOS_FILE_STATE_OFFERED) return gst_genos_file_refuse(self, nullptr);
  const bool discard = (flags & GST_GENOS_FILE_FLAGS_DISCARD) != 0 && !is_over(state);
  if (const auto desk = desk_of(self))
    desk->stop(state_of(self).start.info.id, "cancelled", discard);
  if (const auto files = state_of(self).front->files())
    files->withdraw(state_of(self).start.info.id);
  finish_file(self, GST_GENOS_FILE_STATE_ENDED, GST_GENOS_ERROR_STATE, "cancelled by us");
}
