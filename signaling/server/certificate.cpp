// SPDX-License-Identifier: LGPL-2.1-or-later
#include "certificate.hpp"

#include <glib/gstdio.h>

#include <cerrno>

#include "bridge/gio_refs.hpp"
#include "crypto/certificate.hpp"
#include "crypto/tls_identity.hpp"

namespace genos::signald {

namespace {

// The longest that Apple's systems take.
constexpr int days_valid = 825;
constexpr int days_before_renewal = 7;

bool is_fresh(GTlsCertificate* certificate) {
  auto end = adopt(g_tls_certificate_get_not_valid_after(certificate));
  auto now = adopt(g_date_time_new_now_utc());
  return end &&
         g_date_time_difference(end.get(), now.get()) > days_before_renewal * G_TIME_SPAN_DAY;
}

std::string text_of(GTlsCertificate* certificate, const char* property) {
  gchar* text = nullptr;
  g_object_get(certificate, property, &text, nullptr);
  const Owned<char> kept(text);
  return text ? text : "";
}

}  // namespace

core::Result<Ref<GTlsCertificate>> load_certificate(const std::string& certificate,
                                                    const std::string& key) {
  Owned<GError> error;
  auto loaded = adopt(
      key.empty() ? g_tls_certificate_new_from_file(certificate.c_str(), out(error))
                  : g_tls_certificate_new_from_files(certificate.c_str(), key.c_str(), out(error)));
  if (!loaded) return core::Error{core::Errc::not_found, certificate + ": " + error->message};
  // Otherwise nobody would hear of it before the first handshake.
  const std::string owner = text_of(loaded.get(), "private-key-pem");
  if (owner.empty())
    return core::Error{core::Errc::not_found,
                       certificate + ": there is no key in it; name its file with --tls-key"};
  if (!crypto::key_fits(text_of(loaded.get(), "certificate-pem"), owner))
    return core::Error{core::Errc::not_found, certificate + ": the key in " +
                                                  (key.empty() ? certificate : key) +
                                                  " is of another certificate"};
  return loaded;
}

core::Result<Ref<GTlsCertificate>> own_certificate(const std::vector<std::string>& names) {
  const std::string folder = std::string(g_get_user_state_dir()) + "/genos-signald";
  const std::string file = folder + "/tls.pem";
  if (auto kept = load_certificate(file, ""); kept && is_fresh(kept->get())) return kept;
  auto made = crypto::make_tls_identity(names, days_valid);
  if (!made) return made.error();
  const std::string pem = made->certificate + made->key;
  Owned<GError> error;
  if (g_mkdir_with_parents(folder.c_str(), 0700) != 0)
    return core::Error{core::Errc::failed, folder + ": " + g_strerror(errno)};
  if (!g_file_set_contents_full(file.c_str(), pem.data(), static_cast<gssize>(pem.size()),
                                G_FILE_SET_CONTENTS_CONSISTENT, 0600, out(error)))
    return core::Error{core::Errc::failed, file + ": " + error->message};
  return load_certificate(file, "");
}

std::string fingerprint_of(GTlsCertificate* certificate) {
  const auto text =
      crypto::certificate_fingerprint(text_of(certificate, "certificate-pem"), "sha-256");
  return text ? *text : std::string();
}

}  // namespace genos::signald
