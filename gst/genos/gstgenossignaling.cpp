// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:gstgenossignaling
 * @title: GstGenosSignaling
 * @short_description: an application's own way for peers to find each other
 *
 * Implement it, and give an object of its own to each room, with
 * gst_genos_room_set_signaling_object(). The peers of such a room are all of this library; web
 * pages need a relay. Passwords and identities work as over relays: what is carried is sealed and
 * signed.
 */

#include <gst/genos/genos.h>

#include <mutex>

#include "bridge/define_type.hpp"
#include "genos/mailbox.hpp"

G_DEFINE_INTERFACE(GstGenosSignaling, gst_genos_signaling, G_TYPE_OBJECT)

static void gst_genos_signaling_default_init(GstGenosSignalingInterface*) {}

namespace genos {
namespace {

std::mutex mailboxes_lock;  // guards the data below on every object

GQuark mailbox_quark() {
  static const GQuark quark = g_quark_from_static_string("genos-mailbox");
  return quark;
}

std::shared_ptr<Mailbox> mailbox_of(GstGenosSignaling* signaling) {
  const std::scoped_lock guard(mailboxes_lock);
  auto* found = static_cast<std::shared_ptr<Mailbox>*>(
      g_object_get_qdata(G_OBJECT(signaling), mailbox_quark()));
  return found ? *found : nullptr;
}

void drop(GstGenosSignaling* signaling, Letter letter) {
  const auto mailbox = mailbox_of(signaling);
  if (!mailbox) return;
  mailbox->queue.post([weak = std::weak_ptr(mailbox), letter = std::move(letter)] {
    const auto open = weak.lock();
    if (open && open->read) open->read(letter);
  });
}

}  // namespace

std::shared_ptr<Mailbox> open_mailbox(GstGenosSignaling* signaling, GMainContext* context,
                                      std::function<void(const Letter&)> read) {
  auto mailbox = std::make_shared<Mailbox>(context);
  mailbox->read = std::move(read);
  const std::scoped_lock guard(mailboxes_lock);
  const auto* used = static_cast<std::shared_ptr<Mailbox>*>(
      g_object_get_qdata(G_OBJECT(signaling), mailbox_quark()));
  if (used && (*used)->in_use) return nullptr;
  g_object_set_qdata_full(
      G_OBJECT(signaling), mailbox_quark(), new std::shared_ptr<Mailbox>(mailbox),
      [](gpointer data) { delete static_cast<std::shared_ptr<Mailbox>*>(data); });
  return mailbox;
}

void close_mailbox(Mailbox& mailbox) {
  mailbox.read = nullptr;
  mailbox.in_use = false;
}

}  // namespace genos

using genos::drop;
using genos::Letter;

/**
 * gst_genos_signaling_joined:
 * @self: a signaling object
 *
 * For implementations: joining is done. From any thread, as the four below.
 */
void gst_genos_signaling_joined(GstGenosSignaling* self) {
  g_return_if_fail(GST_IS_GENOS_SIGNALING(self));
  drop(self, {Letter::Kind::joined, {}, {}, {}});
}

/**
 * gst_genos_signaling_peer_seen:
 * @self: a signaling object
 * @peer_id: who is in the room
 *
 * For implementations: a peer is in the room.
 */
void gst_genos_signaling_peer_seen(GstGenosSignaling* self, const gchar* peer_id) {
  g_return_if_fail(GST_IS_GENOS_SIGNALING(self) && peer_id);
  drop(self, {Letter::Kind::seen, peer_id, {}, {}});
}

/**
 * gst_genos_signaling_peer_gone:
 * @self: a signaling object
 * @peer_id: who left the room
 *
 * For implementations: a peer is no longer in the room.
 */
void gst_genos_signaling_peer_gone(GstGenosSignaling* self, const gchar* peer_id) {
  g_return_if_fail(GST_IS_GENOS_SIGNALING(self) && peer_id);
  drop(self, {Letter::Kind::gone, peer_id, {}, {}});
}

/**
 * gst_genos_signaling_receive:
 * @self: a signaling object
 * @peer_id: who sent it
 * @kind: as it was given to `send` on the other side
 * @payload: as it was given to `send` on the other side
 *
 * For implementations: a peer has sent something.
 */
void gst_genos_signaling_receive(GstGenosSignaling* self, const gchar* peer_id, const gchar* kind,
                                 const gchar* payload) {
  g_return_if_fail(GST_IS_GENOS_SIGNALING(self) && peer_id && kind && payload);
  drop(self, {Letter::Kind::signal, peer_id, kind, payload});
}

/**
 * gst_genos_signaling_ended:
 * @self: a signaling object
 * @reason: why
 *
 * For implementations: nobody can be found any more.
 */
void gst_genos_signaling_ended(GstGenosSignaling* self, const GError* reason) {
  g_return_if_fail(GST_IS_GENOS_SIGNALING(self));
  drop(self, {Letter::Kind::ended, {}, {}, reason ? reason->message : "ended"});
}
