// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenosroom
 * @title: GstGenosRoom
 * @short_description: a room in which peers find each other
 *
 * Set properties, connect signals, join. Signals and callbacks come in the thread-default context
 * of the thread that made the room; the library works on a thread of its own and needs no main
 * loop to keep connections alive. Methods may be called from any thread.
 *
 * |[<!-- language="C" -->
 * GstGenosRoom *room = gst_genos_room_new ("genos", "demo");
 * g_signal_connect (room, "peer-join", G_CALLBACK (on_peer), NULL);
 * gst_genos_room_join_async (room, NULL, NULL, NULL);
 * ]|
 */

#include "genos/gstgenosroom_private.hpp"

#include <new>

#include "bridge/define_type.hpp"
#include "core/base/overloaded.hpp"
#include "core/wire/limits.hpp"
#include "genos/signaling_session.hpp"
#include "genos/world.hpp"
#include "link/peer_link.hpp"

using namespace genos;

struct _GstGenosRoom {
  GObject parent;
};
using GstGenosRoomPrivate = RoomState;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosRoom, gst_genos_room, G_TYPE_OBJECT)

namespace genos {

RoomState& state_of(GstGenosRoom* self) {
  return *static_cast<RoomState*>(gst_genos_room_get_instance_private(self));
}

std::shared_ptr<RoomFront> front_of(GstGenosRoom* room) { return state_of(room).front; }

}  // namespace genos

static void gst_genos_room_init(GstGenosRoom* self) {
  auto* state = new (&state_of(self)) RoomState();
  auto context = adopt(g_main_context_ref_thread_default());
  state->front = std::make_shared<RoomFront>(self, context.get(), room_output, room_file_news);
}

static void gst_genos_room_dispose(GObject* object) {
  auto& state = state_of(GST_GENOS_ROOM(object));
  state.streams.reset();
  state.front->leave("the room object is gone", {});
  G_OBJECT_CLASS(gst_genos_room_parent_class)->dispose(object);
}

static void gst_genos_room_finalize(GObject* object) {
  state_of(GST_GENOS_ROOM(object)).~RoomState();
  link::wait_for_warm_up();  // the program may end at once now
  G_OBJECT_CLASS(gst_genos_room_parent_class)->finalize(object);
}

static void gst_genos_room_class_init(GstGenosRoomClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->dispose = gst_genos_room_dispose;
  object_class->finalize = gst_genos_room_finalize;
  install_room_properties(object_class);
  install_room_signals(G_TYPE_FROM_CLASS(klass));
  install_file_signals(G_TYPE_FROM_CLASS(klass));
}

/**
 * gst_genos_room_new:
 * @app_id: (nullable): the application; rooms of different ones never meet. %NULL for `genos`
 * @id: the room's name
 *
 * Returns: (transfer full): a room that is not joined yet
 */
GstGenosRoom* gst_genos_room_new(const gchar* app_id, const gchar* id) {
  return GST_GENOS_ROOM(
      g_object_new(GST_TYPE_GENOS_ROOM, "app-id", app_id ? app_id : "genos", "id", id, nullptr));
}

static SessionFactory factory_for(const Ref<GstGenosSignaling>& signaling,
                                  const RoomConfig& config) {
  if (!signaling) return {};
  return [signaling, config](const core::PeerId& self, const RoomSecrets& secrets,
                             net::Session::Events events) {
    return make_signaling_session(signaling, config, secrets, self, std::move(events));
  };
}

/**
 * gst_genos_room_join_async:
 * @self: a room
 * @cancellable: (nullable): to give up
 * @callback: (nullable) (scope async): called when the first relay carries our words
 * @user_data: for @callback
 *
 * Enters the room. Peers come with #GstGenosRoom::peer-join from now on. While no relay answers, it
 * goes on trying; cancel to give up. The room is kept alive until this has come to an end.
 */
void gst_genos_room_join_async(GstGenosRoom* self, GCancellable* cancellable,
                               GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self));
  auto& state = state_of(self);
  auto task = adopt(g_task_new(self, cancellable, callback, user_data));
  RoomConfig config;
  Ref<GstGenosSignaling> signaling;
  {
    const std::scoped_lock guard(state.lock);
    config = state.config;
    signaling = state.signaling;
  }
  if (auto wrong = check(config)) {
    g_task_return_error(task.get(), to_gerror(*wrong).release());
    return;
  }
  state.front->join(config, factory_for(signaling, config), task);
}

/**
 * gst_genos_room_join_finish:
 * @self: a room
 * @result: what the callback got
 * @error: set on failure
 *
 * Returns: whether the room is joined
 */
gboolean gst_genos_room_join_finish(GstGenosRoom* self, GAsyncResult* result, GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
  return g_task_propagate_boolean(G_TASK(result), error);
}

namespace {
// Runs an async call to its end on a context of its own, for the blocking variants.
struct Waiting {
  Ref<GMainContext> context = adopt(g_main_context_new());
  Ref<GObject> result;

  Waiting() { g_main_context_push_thread_default(context.get()); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { g_main_context_pop_thread_default(context.get()); }

  GAsyncResult* wait() {
    while (!result) g_main_context_iteration(context.get(), TRUE);
    return G_ASYNC_RESULT(result.get());
  }
  static void done(GObject*, GAsyncResult* result, gpointer data) noexcept {
    static_cast<Waiting*>(data)->result = retain(G_OBJECT(result));
  }
};
}  // namespace

/**
 * gst_genos_room_join:
 * @self: a room
 * @cancellable: (nullable): to give up
 * @error: set on failure
 *
 * Like gst_genos_room_join_async(), but waits: for ever, when no relay ever answers and nobody
 * cancels.
 *
 * Returns: whether the room is joined
 */
gboolean gst_genos_room_join(GstGenosRoom* self, GCancellable* cancellable, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self), FALSE);
  Waiting waiting;
  gst_genos_room_join_async(self, cancellable, Waiting::done, &waiting);
  return gst_genos_room_join_finish(self, waiting.wait(), error);
}

/**
 * gst_genos_room_leave_async:
 * @self: a room
 * @reason: (nullable): for the logs of others of ours, at most 256 bytes of UTF-8: their
 * #GstGenosRoom::peer-leave has it as @detail. Pages are not told
 * @cancellable: (nullable): turns the result into an error; the room is left all the same
 * @callback: (nullable) (scope async): called when everybody was told
 * @user_data: for @callback
 *
 * Leaves the room, after what was sent has left. Joining again need not wait for @callback.
 */
void gst_genos_room_leave_async(GstGenosRoom* self, const gchar* reason, GCancellable* cancellable,
                                GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self));
  const auto task = adopt(g_task_new(self, cancellable, callback, user_data));
  state_of(self).front->leave(reason ? reason : "", task);
}

/**
 * gst_genos_room_leave_finish:
 * @self: a room
 * @result: what the callback got
 * @error: set on failure
 *
 * Returns: %TRUE, unless it was cancelled
 */
gboolean gst_genos_room_leave_finish(GstGenosRoom* self, GAsyncResult* result, GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
  return g_task_propagate_boolean(G_TASK(result), error);
}

/**
 * gst_genos_room_leave:
 * @self: a room
 *
 * Like gst_genos_room_leave_async(), but waits; at most a second or two. Who leaves the last room
 * of this process in this way may call gst_deinit(): its connections have ended, too.
 */
void gst_genos_room_leave(GstGenosRoom* self) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self));
  Waiting waiting;
  gst_genos_room_leave_async(self, nullptr, nullptr, Waiting::done, &waiting);
  gst_genos_room_leave_finish(self, waiting.wait(), nullptr);
  World::settle();
}

/**
 * gst_genos_room_get_self_id:
 * @self: a room
 *
 * Returns: (nullable): our own peer id; %NULL before the room was joined
 */
const gchar* gst_genos_room_get_self_id(GstGenosRoom* self) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self), nullptr);
  auto& state = state_of(self);
  const std::string id = state.front->self_id();
  if (id.empty()) return nullptr;
  return g_intern_string(id.c_str());
}

/**
 * gst_genos_room_get_peers:
 * @self: a room
 *
 * Returns: (transfer full) (element-type GstGenosPeer): the peers that are in the room now
 */
GList* gst_genos_room_get_peers(GstGenosRoom* self) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self), nullptr);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  GList* list = nullptr;
  for (auto entry = state.peers.rbegin(); entry != state.peers.rend(); ++entry)
    if (gst_genos_peer_is_present(entry->second.get()))
      list = g_list_prepend(list, retain(entry->second.get()).release());
  return list;
}

/**
 * gst_genos_room_get_peer:
 * @self: a room
 * @id: a peer's id
 *
 * Returns: (transfer full) (nullable): the peer with this id, if it is in the room
 */
GstGenosPeer* gst_genos_room_get_peer(GstGenosRoom* self, const gchar* id) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self) && id, nullptr);
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const auto found = state.peers.find({id});
  const bool here = found != state.peers.end() && gst_genos_peer_is_present(found->second.get());
  return here ? retain(found->second.get()).release() : nullptr;
}

static bool is_channel_name(std::string_view name) {
  return !name.empty() && name.size() <= core::limits::max_channel_name && core::is_utf8(name) &&
         !name.starts_with("@_") && !name.starts_with("genos:");
}

/**
 * gst_genos_room_channel:
 * @self: a room
 * @name: 1 to 32 bytes of UTF-8, not beginning with `@_` or `genos:`
 * @error: set when the name cannot be used
 *
 * The same name gives the same object. Messages that came before the first call are waiting, within
 * limits, and are told once the caller is back in its main loop.
 *
 * Returns: (transfer full): the channel, %NULL on failure
 */
GstGenosChannel* gst_genos_room_channel(GstGenosRoom* self, const gchar* name, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_ROOM(self) && name, nullptr);
  if (!is_channel_name(name)) {
    g_set_error(
        error, GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID,
        "'%s' cannot name a channel: 1 to 32 bytes of UTF-8, not beginning with @_ or genos:",
        g_utf8_validate(name, -1, nullptr) ? name : "?");
    return nullptr;
  }
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  auto& channel = state.channels[name];
  if (!channel) {
    channel = make_channel(state.front, name);
    state.front->on_app(
        [name = std::string(name)](GstGenosRoom* room) { deliver_waiting(room, name); });
  }
  return retain(channel.get()).release();
}

/**
 * gst_genos_room_set_signaling_object:
 * @self: a room that is not joined
 * @signaling: (nullable): the application's own way for peers to find each other
 *
 * Replaces the relays that #GstGenosRoom:signaling names. One object serves one room.
 */
void gst_genos_room_set_signaling_object(GstGenosRoom* self, GstGenosSignaling* signaling) {
  g_return_if_fail(GST_IS_GENOS_ROOM(self) && (!signaling || GST_IS_GENOS_SIGNALING(signaling)));
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  state.signaling = retain(signaling);
}
