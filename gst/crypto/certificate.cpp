// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/certificate.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

namespace genos::crypto {
namespace {

using core::Errc;
using core::Error;

const EVP_MD* algorithm(std::string_view hash) {
  if (hash == "sha-256") return EVP_sha256();
  if (hash == "sha-384") return EVP_sha384();
  if (hash == "sha-512") return EVP_sha512();
  return nullptr;
}

// OpenSSL (3.5) frees at exit() what threads of GLib's pool, which end when they like, free for
// themselves at that moment: "double free". Said before anything else of it is used; the system
// takes the memory back all the same.
[[maybe_unused]] const int leave_it_to_the_system =
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Bio reader(std::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

Certificate first_certificate(std::string_view pem) {
  const Bio bio = reader(pem);
  return {bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, X509_free};
}

}  // namespace

core::Result<std::string> certificate_fingerprint(std::string_view pem, std::string_view hash) {
  const EVP_MD* md = algorithm(hash);
  if (!md) return Error{Errc::malformed, "unknown hash " + std::string(hash)};
  const Certificate certificate = first_certificate(pem);
  if (!certificate) return Error{Errc::malformed, "not a certificate in PEM"};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), md, digest.data(), &size) != 1)
    return Error{Errc::failed, "the certificate could not be hashed"};
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(std::size_t{size} * 3);
  for (unsigned i = 0; i < size; i++) {
    if (i > 0) text += ':';
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

bool key_fits(std::string_view pem, std::string_view key) {
  const Certificate certificate = first_certificate(pem);
  const Bio bio = reader(key);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> owned(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr, EVP_PKEY_free);
  return certificate && owned && X509_check_private_key(certificate.get(), owned.get()) == 1;
}

}  // namespace genos::crypto
