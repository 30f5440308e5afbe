// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenosrequest
 * @title: GstGenosRequest
 * @short_description: a message that waits for an answer
 *
 * Comes with #GstGenosChannel::request. Answer with gst_genos_request_respond() or
 * gst_genos_request_fail(), now or later; when the last reference goes without an answer, the peer
 * is told so.
 */

#include <atomic>
#include <new>

#include "bridge/define_type.hpp"
#include "genos/objects.hpp"

using namespace genos;

struct _GstGenosRequest {
  GObject parent;
};

namespace {
struct State {
  std::shared_ptr<RoomFront> front;
  Ref<GstGenosPeer> peer;
  core::Node::Received received;
  Ref<GBytes> payload;
  std::atomic<bool> answered{false};
};
}  // namespace
using GstGenosRequestPrivate = State;
G_DEFINE_FINAL_TYPE_WITH_PRIVATE(GstGenosRequest, gst_genos_request, G_TYPE_OBJECT)

static State& state_of(GstGenosRequest* self) {
  return *static_cast<State*>(gst_genos_request_get_instance_private(self));
}

static void answer(GstGenosRequest* self, core::Message message, std::optional<std::string> error) {
  auto& state = state_of(self);
  if (state.answered.exchange(true)) return;
  state.front->post(core::Node::Respond{state.received.room, state.received.peer,
                                        state.received.request, std::move(message),
                                        std::move(error)});
}

static void gst_genos_request_init(GstGenosRequest* self) { new (&state_of(self)) State(); }

static void gst_genos_request_finalize(GObject* object) {
  auto* self = GST_GENOS_REQUEST(object);
  answer(self, {}, "nobody answered the request");
  state_of(self).~State();
  G_OBJECT_CLASS(gst_genos_request_parent_class)->finalize(object);
}

static void gst_genos_request_class_init(GstGenosRequestClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = gst_genos_request_finalize;
}

namespace genos {

Ref<GstGenosRequest> make_request(std::shared_ptr<RoomFront> front, GstGenosPeer* peer,
                                  const core::Node::Received& received) {
  auto request = adopt(GST_GENOS_REQUEST(g_object_new(GST_TYPE_GENOS_REQUEST, nullptr)));
  auto& state = state_of(request.get());
  state.front = std::move(front);
  state.peer = retain(peer);
  state.received = received;
  state.payload = to_gbytes(received.message.payload);
  return request;
}

}  // namespace genos

/**
 * gst_genos_request_get_peer:
 * @self: a request
 *
 * Returns: (transfer none): who asks
 */
GstGenosPeer* gst_genos_request_get_peer(GstGenosRequest* self) {
  g_return_val_if_fail(GST_IS_GENOS_REQUEST(self), nullptr);
  return state_of(self).peer.get();
}

/**
 * gst_genos_request_get_kind:
 * @self: a request
 *
 * Returns: what the payload is
 */
GstGenosPayload gst_genos_request_get_kind(GstGenosRequest* self) {
  g_return_val_if_fail(GST_IS_GENOS_REQUEST(self), GST_GENOS_PAYLOAD_BYTES);
  return to_c(state_of(self).received.message.kind);
}

/**
 * gst_genos_request_get_payload:
 * @self: a request
 *
 * Returns: (transfer none): what is asked
 */
GBytes* gst_genos_request_get_payload(GstGenosRequest* self) {
  g_return_val_if_fail(GST_IS_GENOS_REQUEST(self), nullptr);
  return state_of(self).payload.get();
}

/**
 * gst_genos_request_get_meta:
 * @self: a request
 *
 * Returns: (nullable): the metadata as JSON text
 */
const gchar* gst_genos_request_get_meta(GstGenosRequest* self) {
  g_return_val_if_fail(GST_IS_GENOS_REQUEST(self), nullptr);
  const auto& meta = state_of(self).received.message.meta;
  return meta ? meta->c_str() : nullptr;
}

/**
 * gst_genos_request_respond:
 * @self: a request
 * @kind: what @payload is
 * @payload: (nullable): the answer
 * @error: set when @payload is not what @kind says; the request can still be answered
 *
 * Answers. Only the first answer counts.
 *
 * Returns: whether it can be sent
 */
gboolean gst_genos_request_respond(GstGenosRequest* self, GstGenosPayload kind, GBytes* payload,
                                   GError** error) {
  g_return_val_if_fail(GST_IS_GENOS_REQUEST(self), FALSE);
  auto message = make_message("@_response", kind, payload, nullptr);
  if (!message) {
    g_propagate_error(error, to_gerror(message.error()).release());
    return FALSE;
  }
  answer(self, std::move(*message), std::nullopt);
  return TRUE;
}

/**
 * gst_genos_request_fail:
 * @self: a request
 * @message: why there is no answer
 *
 * Answers with an error.
 */
void gst_genos_request_fail(GstGenosRequest* self, const gchar* message) {
  g_return_if_fail(GST_IS_GENOS_REQUEST(self));
  answer(self, {}, message ? message : "failed");
}
