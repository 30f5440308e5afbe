// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenospeer
 * @title: GstGenosPeer
 * @short_description: somebody else in a room
 *
 * A room makes one for each peer that comes. It stays valid after the peer has left;
 * gst_genos_peer_is_present() then says %FALSE.
 */

#include <atomic>
#include <new>

#include "bridge/define_type.hpp"
#include "genos/objects.hpp"

using namespace genos;

struct _GstGenosPeer {
  GObject parent;
};

namespace {
struct State {
  std::shared_ptr<RoomFront> front;
  core::PeerId id;
  std::atomic<bool> present{false};
  // Written before `present` becomes true, never again.
  std::string identity;
  std::string name;
  bool genos = false;
  std::set<std::string> capabilities;
};
enum Prop : guint {
  prop_none,
  prop_id,
  prop_identity,
  prop_name,
  prop_genos,
  prop_present,
  n_props
};
GParamSpec* props[n_props];
}  // namespace
using GstGenosPeerPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosPeer, gst_genos_peer, G_TYPE_OBJECT)

static State& state_of(GstGenosPeer* self) {
  return *static_cast<State*>(gst_genos_peer_get_instance_private(self));
}

static void gst_genos_peer_init(GstGenosPeer* self) { new (&state_of(self)) State(); }

static void gst_genos_peer_finalize(GObject* object) {
  state_of(GST_GENOS_PEER(object)).~State();
  G_OBJECT_CLASS(gst_genos_peer_parent_class)->finalize(object);
}

static void gst_genos_peer_get_property(GObject* object, guint id, GValue* value,
                                        GParamSpec* pspec) {
  auto* self = GST_GENOS_PEER(object);
  switch (id) {
    case prop_id: g_value_set_string(value, gst_genos_peer_get_id(self)); break;
    case prop_identity: g_value_set_string(value, gst_genos_peer_get_identity(self)); break;
    case prop_name: g_value_set_string(value, gst_genos_peer_get_name(self)); break;
    case prop_genos: g_value_set_boolean(value, gst_genos_peer_is_genos(self)); break;
    case prop_present: g_value_set_boolean(value, gst_genos_peer_is_present(self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void gst_genos_peer_class_init(GstGenosPeerClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = gst_genos_peer_finalize;
  object_class->get_property = gst_genos_peer_get_property;
  constexpr auto readable = GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * GstGenosPeer:id:
   *
   * The peer's id, unique in its room.
   */
  props[prop_id] =
      g_param_spec_string("id", "Id", "The peer's id, unique in its room", nullptr, readable);
  /**
   * GstGenosPeer:identity:
   *
   * The public key that this peer has proved to own, %NULL when it proved none.
   */
  props[prop_identity] = g_param_spec_string(
      "identity", "Identity", "The public key that the peer proved to own", nullptr, readable);
  /**
   * GstGenosPeer:name:
   *
   * What this peer calls itself (#GstGenosRoom:name-hint there), %NULL when it does not say. It
   * proves nothing: anybody may take any name.
   */
  props[prop_name] =
      g_param_spec_string("name", "Name", "What the peer calls itself", nullptr, readable);
  /**
   * GstGenosPeer:genos:
   *
   * Whether it is one of ours, and not a web page.
   */
  props[prop_genos] =
      g_param_spec_boolean("genos", "Genos", "Whether it is one of ours", FALSE, readable);
  /**
   * GstGenosPeer:present:
   *
   * Whether it is in the room.
   */
  props[prop_present] =
      g_param_spec_boolean("present", "Present", "Whether it is in the room", FALSE, readable);
  g_object_class_install_properties(object_class, n_props, props);
}

namespace genos {

Ref<GstGenosPeer> make_peer(std::shared_ptr<RoomFront> front, const core::PeerId& id) {
  auto peer = adopt(GST_GENOS_PEER(g_object_new(GST_TYPE_GENOS_PEER, nullptr)));
  state_of(peer.get()).front = std::move(front);
  state_of(peer.get()).id = id;
  return peer;
}

void peer_joined(GstGenosPeer* peer, const core::Node::PeerJoined& joined) {
  auto& state = state_of(peer);
  state.identity = joined.identity.value_or("");
  state.name = joined.name;
  state.genos = joined.partner == core::Partner::genos;
  if (joined.genos) state.capabilities = joined.genos->capabilities;
  state.present = true;
  g_object_notify_by_pspec(G_OBJECT(peer), props[prop_present]);
}

void peer_left(GstGenosPeer* peer) {
  state_of(peer).present = false;
  g_object_notify_by_pspec(G_OBJECT(peer), props[prop_present]);
}

}  // namespace genos

/**
 * gst_genos_peer_get_id:
 * @self: a peer
 *
 * Returns: the peer's id, unique in its room
 */
const gchar* gst_genos_peer_get_id(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), nullptr);
  return state_of(self).id.value.c_str();
}

/**
 * gst_genos_peer_get_identity:
 * @self: a peer
 *
 * The key is bound to this room, this peer id and the certificate of the connection.
 *
 * Returns: (nullable): the public key (base64url) whose owner this peer is, if it proved to be one
 */
const gchar* gst_genos_peer_get_identity(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), nullptr);
  const auto& identity = state_of(self).identity;
  return identity.empty() ? nullptr : identity.c_str();
}

/**
 * gst_genos_peer_get_name:
 * @self: a peer
 *
 * Returns: (nullable): what it calls itself, if it does; it proves nothing
 */
const gchar* gst_genos_peer_get_name(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), nullptr);
  const auto& name = state_of(self).name;
  return name.empty() ? nullptr : name.c_str();
}

/**
 * gst_genos_peer_is_genos:
 * @self: a peer
 *
 * Returns: whether it is one of ours, and not a web page
 */
gboolean gst_genos_peer_is_genos(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), FALSE);
  return state_of(self).genos;
}

/**
 * gst_genos_peer_is_present:
 * @self: a peer
 *
 * Returns: whether it is in the room now
 */
gboolean gst_genos_peer_is_present(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), FALSE);
  return state_of(self).present;
}

/**
 * gst_genos_peer_get_capabilities:
 * @self: a peer
 *
 * Returns: (transfer full): the words with which one of ours says what it does; empty for a page
 */
gchar** gst_genos_peer_get_capabilities(GstGenosPeer* self) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), nullptr);
  GStrvBuilder* builder = g_strv_builder_new();
  for (const auto& word : state_of(self).capabilities) g_strv_builder_add(builder, word.c_str());
  gchar** words = g_strv_builder_end(builder);
  g_strv_builder_unref(builder);
  return words;
}

static void complete_ping(GTask* asked, const core::Node::Output& output) {
  const auto* pong = std::get_if<core::Node::Pong>(&output);
  if (pong && pong->round_trip) return g_task_return_int(asked, pong->round_trip->count());
  auto* peer = GST_GENOS_PEER(g_task_get_source_object(asked));
  if (gst_genos_peer_is_present(peer))
    g_task_return_new_error(asked, GST_GENOS_ERROR, GST_GENOS_ERROR_TIMED_OUT, "%s does not answer",
                            gst_genos_peer_get_id(peer));
  else
    g_task_return_new_error(asked, GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE,
                            "%s is not in the room any more", gst_genos_peer_get_id(peer));
}

/**
 * gst_genos_peer_ping_async:
 * @self: a peer
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when the answer came
 * @user_data: for @callback
 *
 * Asks a peer for a sign of life and measures how long it takes.
 */
void gst_genos_peer_ping_async(GstGenosPeer* self, GCancellable* cancellable,
                               GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_PEER(self));
  auto& state = state_of(self);
  auto task = adopt(g_task_new(self, cancellable, callback, user_data));
  g_task_set_source_tag(task.get(), reinterpret_cast<gpointer>(gst_genos_peer_ping_async));
  const auto ping = [&](core::TransferId id) {
    return core::Node::Ping{state.front->token(), state.id, id};
  };
  state.front->ask(task, ping, complete_ping);
}

/**
 * gst_genos_peer_ping_finish:
 * @self: a peer
 * @result: what the callback got
 * @error: set on failure
 *
 * Returns: the round trip in microseconds, -1 on failure
 */
gint64 gst_genos_peer_ping_finish(GstGenosPeer* self, GAsyncResult* result, GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), -1);
  return g_task_propagate_int(G_TASK(result), error);
}

/**
 * gst_genos_peer_drop:
 * @self: a peer
 * @reason: (nullable): for the log
 *
 * Ends the connection to this peer; it may come again.
 */
void gst_genos_peer_drop(GstGenosPeer* self, const gchar* reason) {
  g_return_if_fail(GST_IS_GENOS_PEER(self));
  auto& state = state_of(self);
  state.front->post(core::Node::Forget{state.front->token(), state.id, reason ? reason : ""});
}

/**
 * gst_genos_peer_send_handshake:
 * @self: a peer that the room's `handshake` signal told of
 * @kind: what @payload is
 * @payload: (nullable): the message
 * @error: set when it cannot be sent
 *
 * Says something to a peer before it is let in.
 *
 * Returns: whether it was queued
 */
gboolean gst_genos_peer_send_handshake(GstGenosPeer* self, GstGenosPayload kind, GBytes* payload,
                                       GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_PEER(self), FALSE);
  auto& state = state_of(self);
  auto message = make_message("handshake", kind, payload, nullptr);
  if (!message) {
    g_propagate_error(error, to_gerror(message.error()).release());
    return FALSE;
  }
  if (state.front->post(
          core::Node::HandshakeSend{state.front->token(), state.id, std::move(*message)}))
    return TRUE;
  g_set_error_literal(error, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE, "the room was left");
  return FALSE;
}

/**
 * gst_genos_peer_accept:
 * @self: a peer that the room's `handshake` signal told of
 *
 * Lets it in, as far as we are concerned.
 */
void gst_genos_peer_accept(GstGenosPeer* self) {
  g_return_if_fail(GST_IS_GENOS_PEER(self));
  auto& state = state_of(self);
  state.front->post(core::Node::HandshakeResult{state.front->token(), state.id, std::nullopt});
}

/**
 * gst_genos_peer_refuse:
 * @self: a peer that the room's `handshake` signal told of
 * @reason: why
 *
 * Does not let it in.
 */
void gst_genos_peer_refuse(GstGenosPeer* self, const gchar* reason) {
  g_return_if_fail(GST_IS_GENOS_PEER(self));
  auto& state = state_of(self);
  state.front->post(
      core::Node::HandshakeResult{state.front->token(), state.id, reason ? reason : "refused"});
}
