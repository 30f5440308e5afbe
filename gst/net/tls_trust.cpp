// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/tls_trust.hpp"

#include <cstdlib>

#include "bridge/gio_refs.hpp"
#include "crypto/room_keys.hpp"
#include "net/soup_refs.hpp"

namespace genos {
template <> struct Free<GByteArray> {
  void operator()(GByteArray* p) const { g_byte_array_unref(p); }
};
}  // namespace genos

namespace genos::net {
namespace {

bool has_pin(GTlsCertificate* certificate, const std::string& pin) {
  GByteArray* raw = nullptr;
  g_object_get(certificate, "certificate", &raw, nullptr);
  const Owned<GByteArray> der(raw);
  return der && core::to_hex(crypto::sha256({der->data, der->len})) == pin;
}

bool known_to_file(const RelayUri& uri, GTlsCertificate* certificate, const char* path) {
  Owned<GError> error;
  GList* authorities = g_tls_certificate_list_new_from_file(path, out(error));
  if (error) g_warning("GENOS_TLS_CA: cannot read '%s': %s", path, error->message);
  const auto identity = adopt(g_network_address_new(uri.host.c_str(), uri.port));
  bool known = false;
  for (GList* entry = authorities; entry && !known; entry = entry->next)
    known =
        g_tls_certificate_verify(certificate, identity.get(), G_TLS_CERTIFICATE(entry->data)) == 0;
  g_list_free_full(authorities, g_object_unref);
  return known;
}

}  // namespace

bool trusts(const RelayUri& uri, GTlsCertificate* certificate) {
  if (uri.trust.kind == TlsTrust::Kind::anything) return true;
  if (uri.trust.kind == TlsTrust::Kind::pinned) return has_pin(certificate, uri.trust.pin);
  const char* path = std::getenv("GENOS_TLS_CA");
  return path && *path && known_to_file(uri, certificate, path);
}

}  // namespace genos::net
