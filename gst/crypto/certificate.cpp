// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/certificate.hpp"

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

}  // namespace

core::Result<std::string> certificate_fingerprint(std::string_view pem, std::string_view hash) {
  const EVP_MD* md = algorithm(hash);
  if (!md) return Error{Errc::malformed, "unknown hash " + std::string(hash)};
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  if (!bio) return Error{Errc::failed, "out of memory"};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!certificate) return Error{Errc::malformed, "not a certificate in PEM"};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), md, digest.data(), &size) != 1)
    return Error{Errc::failed, "the certificate could not be hashed"};
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(size * 3);
  for (unsigned i = 0; i < size; i++) {
    if (i > 0) text += ':';
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace genos::crypto
