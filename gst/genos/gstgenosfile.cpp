// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenosfile
 * @title: GstGenosFile
 * @short_description: a file or folder on its way between peers of a room
 *
 * What a peer offers comes with #GstGenosRoom::file-offer; what we offer is made by
 * gst_genos_room_send_file_async(). All that happens to it is told in the context of the room.
 *
 * A file that is received is hidden in its folder until it is whole and checked. When the link, the
 * sender or this process ends before that, what is there stays, and accepting the same file into
 * the same folder goes on with it.
 */

#include "genos/gstgenosfile_private.hpp"

#include <new>

#include "bridge/define_type.hpp"

using namespace genos;

struct _GstGenosFile {
  GObject parent;
};

namespace {
enum Prop : guint {
  prop_none,
  prop_id,
  prop_name,
  prop_content_type,
  prop_size,
  prop_folder,
  prop_outgoing,
  prop_peer_id,
  prop_path,
  prop_done,
  prop_state,
  n_props
};
GParamSpec* props[n_props];
enum Signal : guint { signal_finished, signal_peer_event, n_signals };
guint signals[n_signals];
}  // namespace
using GstGenosFilePrivate = FileState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosFile, gst_genos_file, G_TYPE_OBJECT)

FileState& genos::state_of(GstGenosFile* self) {
  return *static_cast<FileState*>(gst_genos_file_get_instance_private(self));
}

static void gst_genos_file_init(GstGenosFile* self) { new (&state_of(self)) FileState(); }

static void gst_genos_file_finalize(GObject* object) {
  state_of(GST_GENOS_FILE(object)).~FileState();
  G_OBJECT_CLASS(gst_genos_file_parent_class)->finalize(object);
}

static void gst_genos_file_get_property(GObject* object, guint id, GValue* value,
                                        GParamSpec* pspec) {
  auto* self = GST_GENOS_FILE(object);
  switch (id) {
    case prop_id: g_value_set_string(value, gst_genos_file_get_id(self)); break;
    case prop_name: g_value_set_string(value, gst_genos_file_get_name(self)); break;
    case prop_content_type: g_value_set_string(value, gst_genos_file_get_content_type(self)); break;
    case prop_size: g_value_set_uint64(value, gst_genos_file_get_size(self)); break;
    case prop_folder: g_value_set_boolean(value, gst_genos_file_is_folder(self)); break;
    case prop_outgoing: g_value_set_boolean(value, gst_genos_file_is_outgoing(self)); break;
    case prop_peer_id: g_value_take_string(value, gst_genos_file_dup_peer_id(self)); break;
    case prop_path: g_value_take_string(value, gst_genos_file_dup_path(self)); break;
    case prop_done: g_value_set_uint64(value, gst_genos_file_get_done(self)); break;
    case prop_state: g_value_set_enum(value, gst_genos_file_get_state(self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

constexpr auto readable = GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

static GParamSpec* text(const char* name, const char* blurb) {
  return g_param_spec_string(name, name, blurb, nullptr, readable);
}

// What does not change.
static void install_facts() {
  /**
   * GstGenosFile:id:
   *
   * What the file is: 64 hex digits over its contents, size and name.
   */
  props[prop_id] = text("id", "What the file is: a hash of its contents, size and name");
  /**
   * GstGenosFile:name:
   *
   * Its name, as the sender says it. What is stored has a name that every system can have.
   */
  props[prop_name] = text("name", "Its name, as the sender says it");
  /**
   * GstGenosFile:content-type:
   *
   * Its MIME type, as the sender says it; may be empty.
   */
  props[prop_content_type] = text("content-type", "Its MIME type, as the sender says it");
  /**
   * GstGenosFile:size:
   *
   * Its size in bytes; of a folder, of all files in it and their list.
   */
  props[prop_size] =
      g_param_spec_uint64("size", "Size", "Its size in bytes", 0, G_MAXUINT64, 0, readable);
  /**
   * GstGenosFile:folder:
   *
   * Whether it is a folder with files in it.
   */
  props[prop_folder] = g_param_spec_boolean(
      "folder", "Folder", "Whether it is a folder with files in it", FALSE, readable);
  /**
   * GstGenosFile:outgoing:
   *
   * Whether we offer it.
   */
  props[prop_outgoing] =
      g_param_spec_boolean("outgoing", "Outgoing", "Whether we offer it", FALSE, readable);
  /**
   * GstGenosFile:peer-id:
   *
   * Who offered it first; %NULL for our own.
   */
  props[prop_peer_id] = text("peer-id", "Who offered it first; NULL for our own");
}

static void install_standing() {
  /**
   * GstGenosFile:path:
   *
   * Where it is on this machine; %NULL before it is whole.
   */
  props[prop_path] = text("path", "Where it is on this machine; NULL before it is whole");
  /**
   * GstGenosFile:done:
   *
   * How many bytes of it are here and checked. Notified as often as the application finds time.
   */
  props[prop_done] = g_param_spec_uint64(
      "done", "Done", "How many bytes of it are here and checked", 0, G_MAXUINT64, 0, readable);
  /**
   * GstGenosFile:state:
   *
   * Where it stands.
   */
  props[prop_state] =
      g_param_spec_enum("state", "State", "Where it stands", GST_TYPE_GENOS_FILE_STATE,
                        GST_GENOS_FILE_STATE_OFFERED, readable);
}

static void gst_genos_file_class_init(GstGenosFileClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = gst_genos_file_finalize;
  object_class->get_property = gst_genos_file_get_property;
  install_facts();
  install_standing();
  g_object_class_install_properties(object_class, n_props, props);
  const GType type = G_TYPE_FROM_CLASS(klass);
  /**
   * GstGenosFile::finished:
   * @file: the file
   * @error: (nullable): why it ended; %NULL when it is whole and in its place
   *
   * Nothing more happens to it. What was received before an error stays, and can be gone on with.
   */
  signals[signal_finished] = g_signal_new("finished", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr,
                                          nullptr, G_TYPE_NONE, 1, G_TYPE_ERROR);
  /**
   * GstGenosFile::peer-event:
   * @file: a file that we offer
   * @peer_id: a peer
   * @event: what it does
   * @sent: how many bytes of it we have sent to this peer, who may have got others elsewhere
   * @reason: why, in the peer's words; may be empty
   *
   * A peer does something with it.
   */
  signals[signal_peer_event] =
      g_signal_new("peer-event", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
                   4, G_TYPE_STRING, GST_TYPE_GENOS_FILE_EVENT, G_TYPE_UINT64, G_TYPE_STRING);
}

namespace genos {

Ref<GstGenosFile> make_file(std::shared_ptr<RoomFront> front, FileStart start) {
  auto file = adopt(GST_GENOS_FILE(g_object_new(GST_TYPE_GENOS_FILE, nullptr)));
  auto& state = state_of(file.get());
  state.front = std::move(front);
  state.id = core::to_hex(start.info.id);
  state.path = start.path;
  if (start.outgoing) {
    state.state = GST_GENOS_FILE_STATE_ACTIVE;
    state.done = start.info.size;
  } else {
    state.offerers.insert(start.peer);
  }
  state.start = std::move(start);
  return file;
}

}  // namespace genos

bool genos::is_over(GstGenosFileState state) {
  return state == GST_GENOS_FILE_STATE_DONE || state == GST_GENOS_FILE_STATE_FAILED ||
         state == GST_GENOS_FILE_STATE_ENDED;
}

bool genos::set_file_state(GstGenosFile* self, GstGenosFileState to) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    if (state.state == to || is_over(state.state)) return false;
    state.state = to;
  }
  g_object_notify_by_pspec(G_OBJECT(self), props[prop_state]);
  return true;
}

void genos::finish_file(GstGenosFile* self, GstGenosFileState to, GstGenosError code,
                        const char* why) {
  if (!set_file_state(self, to)) return;
  std::shared_ptr<const core::Bytes> unwanted;
  {
    auto& state = state_of(self);
    const std::scoped_lock guard(state.lock);
    unwanted.swap(state.payload);
  }
  const Owned<GError> error(why ? g_error_new_literal(GST_GENOS_ERROR, code, why) : nullptr);
  g_signal_emit(self, signals[signal_finished], 0, error.get());
}

void genos::set_file_done(GstGenosFile* self, guint64 done) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    if (state.done == done) return;
    state.done = done;
  }
  g_object_notify_by_pspec(G_OBJECT(self), props[prop_done]);
}

static void offered_again(GstGenosFile* self, const core::PeerId& peer) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    state.offerers.insert(peer);
  }
  if (gst_genos_file_get_state(self) == GST_GENOS_FILE_STATE_WAITING)
    set_file_state(self, GST_GENOS_FILE_STATE_ACTIVE);
}

static void withdrawn(GstGenosFile* self, const FileNews& news) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    if (state.offerers.erase(news.peer) == 0 || !state.offerers.empty()) return;
  }
  const std::string why = news.peer.value + " offers it no longer: " + news.text;
  if (gst_genos_file_get_state(self) == GST_GENOS_FILE_STATE_OFFERED)
    finish_file(self, GST_GENOS_FILE_STATE_ENDED, GST_GENOS_ERROR_UNREACHABLE, why.c_str());
  else
    set_file_state(self, GST_GENOS_FILE_STATE_WAITING);
}

namespace genos {

void file_news(GstGenosFile* self, const FileNews& news) {
  auto& state = state_of(self);
  switch (news.kind) {
    case FileNews::Kind::offered: return offered_again(self, news.peer);
    case FileNews::Kind::withdrawn: return withdrawn(self, news);
    case FileNews::Kind::progress: return set_file_done(self, news.done);
    case FileNews::Kind::failed:
      return finish_file(self, GST_GENOS_FILE_STATE_FAILED, GST_GENOS_ERROR_FAILED,
                         news.text.c_str());
    case FileNews::Kind::taker:
      g_signal_emit(self, signals[signal_peer_event], 0, news.peer.value.c_str(),
                    static_cast<gint>(news.event), static_cast<guint64>(news.done),
                    news.text.c_str());
      return;
    case FileNews::Kind::placed: break;
  }
  set_file_done(self, state.start.info.size);
  {
    const std::scoped_lock guard(state.lock);
    state.path = news.text;
  }
  g_object_notify_by_pspec(G_OBJECT(self), props[prop_path]);
  finish_file(self, GST_GENOS_FILE_STATE_DONE, GST_GENOS_ERROR_FAILED, nullptr);
}

void file_ended(GstGenosFile* self, const char* why) {
  finish_file(self, GST_GENOS_FILE_STATE_ENDED, GST_GENOS_ERROR_STATE, why);
}

}  // namespace genos
