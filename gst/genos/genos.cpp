// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/genos/genos.h>

#include "crypto/identity.hpp"
#include "genos/room_front.hpp"
#include "genos/world.hpp"

/**
 * gst_genos_warm_up:
 *
 * Does early what takes long: makes the certificate of this process, starts the library's thread
 * and, when `$GENOS_SIGNALING` is set, connects to the relays that it names; those connections wait
 * a minute for a room. Without it the first room does so.
 */
void gst_genos_warm_up(void) {
  const auto world = genos::World::start();
  world->post([raw = world.get()] { raw->connect_early(); });
}

/**
 * gst_genos_deinit:
 *
 * Leaves every room and ends the library's thread. The library may be used again afterwards.
 */
void gst_genos_deinit(void) { genos::World::end(); }

/**
 * gst_genos_version_string:
 *
 * Returns: (transfer full): the library's version
 */
gchar* gst_genos_version_string(void) { return g_strdup(GENOS_VERSION); }

/**
 * gst_genos_identity_create:
 * @path: where to
 * @overwrite: whether a file that is there may go
 * @public_key: (out) (optional) (transfer full): the key by which others know this identity
 * @error: set on failure
 *
 * Makes an Ed25519 key and writes it to a file that only its owner may read.
 *
 * Returns: whether it was written
 */
gboolean gst_genos_identity_create(const gchar* path, gboolean overwrite, gchar** public_key,
                                   GError** error) {
  g_return_val_if_fail(path, FALSE);
  using genos::crypto::Identity;
  const auto identity = Identity::generate();
  const auto saved =
      identity.save(path, overwrite ? Identity::Existing::overwrite : Identity::Existing::keep);
  if (!saved) {
    g_propagate_error(error, genos::to_gerror(saved.error()).release());
    return FALSE;
  }
  if (public_key) *public_key = g_strdup(identity.public_text().c_str());
  return TRUE;
}

/**
 * gst_genos_identity_read:
 * @path: a file made by gst_genos_identity_create()
 * @error: set on failure
 *
 * Returns: (transfer full): the key by which others know this identity, %NULL on failure
 */
gchar* gst_genos_identity_read(const gchar* path, GError** error) {
  g_return_val_if_fail(path, nullptr);
  const auto identity = genos::crypto::Identity::load(path);
  if (identity) return g_strdup((*identity).public_text().c_str());
  g_propagate_error(error, genos::to_gerror(identity.error()).release());
  return nullptr;
}

/**
 * gst_genos_identity_fingerprint:
 * @public_key: an identity's key
 *
 * Returns: (transfer full): the key in a form that people can compare
 */
gchar* gst_genos_identity_fingerprint(const gchar* public_key) {
  g_return_val_if_fail(public_key, nullptr);
  return g_strdup(genos::crypto::fingerprint_of(public_key).c_str());
}
