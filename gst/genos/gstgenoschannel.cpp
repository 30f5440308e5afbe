// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenoschannel
 * @title: GstGenosChannel
 * @short_description: a named stream of messages in a room
 *
 * Channels are known to everybody by their name, of at most 32 bytes of UTF-8: what one peer sends
 * on `chat`, all others receive on `chat`. On a web page that is `room.makeAction('chat')`.
 * Messages of one channel arrive in order; other channels overtake a long message.
 */

#include <new>
#include <vector>

#include "bridge/define_type.hpp"
#include "core/channel/outbox.hpp"
#include "genos/objects.hpp"

using namespace genos;

struct _GstGenosChannel {
  GObject parent;
};

namespace {
struct State {
  std::shared_ptr<RoomFront> front;
  std::string name;
};
enum Prop : guint { prop_none, prop_name, n_props };
GParamSpec* props[n_props];
enum Signal : guint { signal_message, signal_progress, signal_request, n_signals };
guint signals[n_signals];

// The progress callback of one send: called in the room's context, let go in the sender's.
struct ProgressCall {
  GstGenosProgressFunc function = nullptr;
  gpointer data = nullptr;
  GDestroyNotify destroy = nullptr;
  Ref<GMainContext> context;

  ProgressCall() = default;
  ProgressCall(const ProgressCall&) = delete;
  ProgressCall& operator=(const ProgressCall&) = delete;
  ~ProgressCall() {
    if (!destroy) return;
    // A context that never runs again destroys its sources, and so the data.
    GSource* source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(
        source, [](gpointer) noexcept -> gboolean { return G_SOURCE_REMOVE; }, data, destroy);
    g_source_attach(source, context.get());
    g_source_unref(source);
  }
};
}  // namespace
using GstGenosChannelPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosChannel, gst_genos_channel, G_TYPE_OBJECT)

static State& state_of(GstGenosChannel* self) {
  return *static_cast<State*>(gst_genos_channel_get_instance_private(self));
}

static void gst_genos_channel_init(GstGenosChannel* self) { new (&state_of(self)) State(); }

static void gst_genos_channel_finalize(GObject* object) {
  state_of(GST_GENOS_CHANNEL(object)).~State();
  G_OBJECT_CLASS(gst_genos_channel_parent_class)->finalize(object);
}

static void gst_genos_channel_get_property(GObject* object, guint id, GValue* value,
                                           GParamSpec* pspec) {
  if (id == prop_name)
    g_value_set_string(value, gst_genos_channel_get_name(GST_GENOS_CHANNEL(object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void gst_genos_channel_class_init(GstGenosChannelClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->finalize = gst_genos_channel_finalize;
  object_class->get_property = gst_genos_channel_get_property;
  /**
   * GstGenosChannel:name:
   *
   * What the channel is called.
   */
  props[prop_name] = g_param_spec_string("name", "Name", "What the channel is called", nullptr,
                                         GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_properties(object_class, n_props, props);
  const GType type = G_TYPE_FROM_CLASS(klass);
  /**
   * GstGenosChannel::message:
   * @channel: the channel
   * @peer: who sent it
   * @kind: what @payload is
   * @payload: the message
   * @meta: (nullable): its metadata, as JSON text
   *
   * A message has arrived.
   */
  signals[signal_message] =
      g_signal_new("message", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 4,
                   GST_TYPE_GENOS_PEER, GST_TYPE_GENOS_PAYLOAD, G_TYPE_BYTES, G_TYPE_STRING);
  /**
   * GstGenosChannel::progress:
   * @channel: the channel
   * @peer: who sends
   * @fraction: how much of a message is here, 0 to 1
   * @bytes: how many bytes of it are here
   * @meta: (nullable): its metadata, as JSON text
   *
   * Some of a message has arrived.
   */
  signals[signal_progress] =
      g_signal_new("progress", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE,
                   4, GST_TYPE_GENOS_PEER, G_TYPE_DOUBLE, G_TYPE_UINT64, G_TYPE_STRING);
  /**
   * GstGenosChannel::request:
   * @channel: the channel
   * @request: what is asked
   *
   * A message has arrived whose sender waits for an answer.
   */
  signals[signal_request] = g_signal_new("request", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr,
                                         nullptr, G_TYPE_NONE, 1, GST_TYPE_GENOS_REQUEST);
}

namespace genos {

Ref<GstGenosChannel> make_channel(std::shared_ptr<RoomFront> front, const std::string& name) {
  auto channel = adopt(GST_GENOS_CHANNEL(g_object_new(GST_TYPE_GENOS_CHANNEL, nullptr)));
  state_of(channel.get()).front = std::move(front);
  state_of(channel.get()).name = name;
  return channel;
}

void channel_received(GstGenosChannel* channel, GstGenosPeer* peer,
                      const core::Node::Received& received) {
  auto& state = state_of(channel);
  if (!received.request.empty()) {
    // Nobody listens: the peer hears so in half a second.
    if (!g_signal_has_handler_pending(channel, signals[signal_request], 0, TRUE))
      return state.front->consumed(received.peer, received.message.payload->size());
    state.front->post(core::Node::Accept{received.room, received.peer, received.request});
    auto request = make_request(state.front, peer, received);
    g_signal_emit(channel, signals[signal_request], 0, request.get());
  } else {
    auto payload = to_gbytes(received.message.payload);
    const auto& meta = received.message.meta;
    g_signal_emit(channel, signals[signal_message], 0, peer, to_c(received.message.kind),
                  payload.get(), meta ? meta->c_str() : nullptr);
  }
  state.front->consumed(received.peer, received.message.payload->size());
}

void channel_progress(GstGenosChannel* channel, GstGenosPeer* peer,
                      const core::Node::Progress& progress) {
  g_signal_emit(channel, signals[signal_progress], 0, peer, progress.fraction,
                static_cast<guint64>(progress.bytes),
                progress.meta ? progress.meta->c_str() : nullptr);
}

}  // namespace genos

/**
 * gst_genos_channel_get_name:
 * @self: a channel
 *
 * Returns: what it is called
 */
const gchar* gst_genos_channel_get_name(GstGenosChannel* self) {
  g_return_val_if_fail(GST_IS_GENOS_CHANNEL(self), nullptr);
  return state_of(self).name.c_str();
}

static std::vector<core::PeerId> peers_from(const gchar* const* targets) {
  std::vector<core::PeerId> peers;
  for (; targets && *targets; ++targets) peers.push_back({*targets});
  return peers;
}

static void report_progress(const std::shared_ptr<RoomFront>& front,
                            const std::shared_ptr<ProgressCall>& progress, GTask* task,
                            const core::Node::SendProgress& some) {
  if (!progress->function) return;
  front->on_app([progress, held = retain(task), some](GstGenosRoom*) {
    auto* channel = GST_GENOS_CHANNEL(g_task_get_source_object(held.get()));
    progress->function(channel, some.peer.value.c_str(), some.fraction, progress->data);
  });
}

static void complete_send(GTask* task, const core::Node::Sent& sent) {
  if (sent.failed.empty()) {
    g_task_return_boolean(task, TRUE);
    return;
  }
  std::string who;
  for (const auto& peer : sent.failed) who += (who.empty() ? "" : ", ") + peer.value;
  g_task_return_new_error(task, GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE, "not delivered to %s",
                          who.c_str());
}

/**
 * gst_genos_channel_send_async:
 * @self: a channel
 * @kind: what @payload is
 * @payload: (nullable): the message
 * @meta: (nullable): metadata as JSON text; arrives before the payload
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all
 * @progress: (nullable) (scope notified) (closure progress_data) (destroy progress_destroy): tells
 * how far it has come
 * @progress_data: for @progress
 * @progress_destroy: for @progress_data
 * @cancellable: (nullable): takes it back as far as it has not left
 * @callback: (scope async): called when it has left for all
 * @user_data: for @callback
 *
 * Sends a message. The payload is not copied for each peer. @progress is called in the context of
 * the room, @callback in that of the caller, as always. With
 * %GST_GENOS_OVERFLOW_WAIT, call this again only when @callback came, and a slow peer slows you
 * down instead of filling memory.
 */
void gst_genos_channel_send_async(GstGenosChannel* self, GstGenosPayload kind, GBytes* payload,
                                  const gchar* meta, const gchar* const* targets,
                                  GstGenosProgressFunc progress, gpointer progress_data,
                                  GDestroyNotify progress_destroy, GCancellable* cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_CHANNEL(self));
  auto& state = state_of(self);
  auto call = std::make_shared<ProgressCall>();
  call->context = adopt(g_main_context_ref_thread_default());
  call->function = progress;
  call->data = progress_data;
  call->destroy = progress_destroy;
  auto task = adopt(g_task_new(self, cancellable, callback, user_data));
  auto message = make_message(state.name, kind, payload, meta);
  if (!message) {
    g_task_return_error(task.get(), to_gerror(message.error()).release());
    return;
  }
  const auto send = [&](core::TransferId id) {
    return core::Node::Send{id, state.front->token(), peers_from(targets), std::move(*message)};
  };
  state.front->ask(
      task, send,
      [front = std::weak_ptr(state.front), call](GTask* asked, const core::Node::Output& output) {
        const auto* some = std::get_if<core::Node::SendProgress>(&output);
        const auto alive = front.lock();
        if (some && alive) report_progress(alive, call, asked, *some);
        if (const auto* sent = std::get_if<core::Node::Sent>(&output)) complete_send(asked, *sent);
      });
}

/**
 * gst_genos_channel_send_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: set on failure
 *
 * Returns: whether the message has left for all it was meant for
 */
gboolean gst_genos_channel_send_finish(GstGenosChannel* self, GAsyncResult* result,
                                       GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), FALSE);
  return g_task_propagate_boolean(G_TASK(result), error);
}

static gboolean send_now(GstGenosChannel* self, core::Result<core::Message> message,
                         const gchar* const* targets, GError** error) {
  auto& state = state_of(self);
  const auto wrong = message ? core::Outbox::check(*message) : message.error();
  if (wrong) {
    g_propagate_error(error, to_gerror(*wrong).release());
    return FALSE;
  }
  if (state.front->post(
          core::Node::Send{{}, state.front->token(), peers_from(targets), std::move(*message)}))
    return TRUE;
  g_set_error_literal(error, GST_GENOS_ERROR, GST_GENOS_ERROR_STATE,
                      "not in the room: join it before sending");
  return FALSE;
}

/**
 * gst_genos_channel_send_text:
 * @self: a channel
 * @text: UTF-8 text
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all
 * @error: set when it cannot be sent
 *
 * Sends a text without waiting.
 *
 * Returns: whether it was queued
 */
gboolean gst_genos_channel_send_text(GstGenosChannel* self, const gchar* text,
                                     const gchar* const* targets, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_CHANNEL(self) && text, FALSE);
  auto payload = adopt(g_bytes_new(text, strlen(text)));
  auto message = make_message(state_of(self).name, GST_GENOS_PAYLOAD_TEXT, payload.get(), nullptr);
  return send_now(self, std::move(message), targets, error);
}

/**
 * gst_genos_channel_send_json:
 * @self: a channel
 * @json: JSON text
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all
 * @error: set when it cannot be sent
 *
 * Sends a JSON value without waiting; a page gets it as a JavaScript value.
 *
 * Returns: whether it was queued
 */
gboolean gst_genos_channel_send_json(GstGenosChannel* self, const gchar* json,
                                     const gchar* const* targets, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_CHANNEL(self) && json, FALSE);
  auto payload = adopt(g_bytes_new(json, strlen(json)));
  auto message = make_message(state_of(self).name, GST_GENOS_PAYLOAD_JSON, payload.get(), nullptr);
  return send_now(self, std::move(message), targets, error);
}

/**
 * gst_genos_channel_send_bytes:
 * @self: a channel
 * @bytes: any bytes
 * @meta: (nullable): metadata as JSON text
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all
 * @error: set when it cannot be sent
 *
 * Sends bytes without waiting.
 *
 * Returns: whether they were queued
 */
gboolean gst_genos_channel_send_bytes(GstGenosChannel* self, GBytes* bytes, const gchar* meta,
                                      const gchar* const* targets, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_CHANNEL(self) && bytes, FALSE);
  return send_now(self, make_message(state_of(self).name, GST_GENOS_PAYLOAD_BYTES, bytes, meta),
                  targets, error);
}

/**
 * gst_genos_channel_send_fresh:
 * @self: a channel
 * @kind: what @payload is
 * @payload: (nullable): the message, at most 16,348 bytes
 * @targets: (nullable) (array zero-terminated=1): ids of the peers it is for; %NULL for all
 * @error: set when it cannot be sent
 *
 * Sends what is good only now, as a position or a measurement: it waits for nothing, arrives once
 * or not at all, perhaps in another order, and only at peers that are not web pages.
 *
 * Returns: whether it could be sent
 */
gboolean gst_genos_channel_send_fresh(GstGenosChannel* self, GstGenosPayload kind, GBytes* payload,
                                      const gchar* const* targets, GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_CHANNEL(self), FALSE);
  auto message = make_message(state_of(self).name, kind, payload, nullptr);
  if (message) (*message).fresh = true;
  return send_now(self, std::move(message), targets, error);
}

/**
 * gst_genos_channel_request_async:
 * @self: a channel
 * @peer_id: whom to ask
 * @kind: what @payload is
 * @payload: (nullable): the question
 * @meta: (nullable): metadata as JSON text
 * @timeout_ms: how long to wait for the answer: milliseconds
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called with the answer
 * @user_data: for @callback
 *
 * Asks one peer, as `action.request()` does on a page.
 */
void gst_genos_channel_request_async(GstGenosChannel* self, const gchar* peer_id,
                                     GstGenosPayload kind, GBytes* payload, const gchar* meta,
                                     guint timeout_ms, GCancellable* cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data) {
  g_return_if_fail(GST_IS_GENOS_CHANNEL(self) && peer_id);
  auto& state = state_of(self);
  auto task = adopt(g_task_new(self, cancellable, callback, user_data));
  auto message = make_message(state.name, kind, payload, meta);
  if (!message) {
    g_task_return_error(task.get(), to_gerror(message.error()).release());
    return;
  }
  const auto request = [&](core::TransferId id) {
    return core::Node::Request{id,
                               state.front->token(),
                               {peer_id},
                               std::move(*message),
                               std::chrono::milliseconds(timeout_ms)};
  };
  state.front->ask(task, request, [](GTask* asked, const core::Node::Output& output) {
    const auto* answered = std::get_if<core::Node::Answered>(&output);
    if (!answered) return;
    if (answered->message)
      g_task_return_pointer(asked, new core::Message(*answered->message),
                            [](gpointer data) { delete static_cast<core::Message*>(data); });
    else
      g_task_return_error(asked, to_gerror({answered->code, answered->error}).release());
  });
}

/**
 * gst_genos_channel_request_finish:
 * @self: a channel
 * @result: what the callback got
 * @kind: (out) (optional): what the answer is
 * @meta: (out) (optional) (nullable) (transfer full): its metadata as JSON text
 * @error: set on failure
 *
 * Returns: (transfer full): the answer, %NULL on failure
 */
GBytes* gst_genos_channel_request_finish(GstGenosChannel* self, GAsyncResult* result,
                                         GstGenosPayload* kind, gchar** meta, GError** error) {
  g_return_val_if_fail(g_task_is_valid(result, self), nullptr);
  const std::unique_ptr<core::Message> message(
      static_cast<core::Message*>(g_task_propagate_pointer(G_TASK(result), error)));
  if (!message) return nullptr;
  if (kind) *kind = to_c(message->kind);
  if (meta) *meta = message->meta ? g_strdup(message->meta->c_str()) : nullptr;
  return to_gbytes(message->payload).release();
}
