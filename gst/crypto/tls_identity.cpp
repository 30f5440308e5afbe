// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/tls_identity.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace genos::crypto {

namespace {

template <auto free> struct Freed {
  template <class T> void operator()(T* p) const { free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

constexpr long day = 24L * 60 * 60;

core::Error failed() { return {core::Errc::failed, "OpenSSL could not make a certificate"}; }

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// Host names of the system could hold what OpenSSL's mini language gives a meaning to.
bool is_plain(const std::string& name) {
  static constexpr const char* allowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-_";
  return !name.empty() && name.find_first_not_of(allowed) == std::string::npos;
}

bool extend(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool describe(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, int days) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), serial.size()) != 1) return false;
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(serial.data(), serial.size(), nullptr));
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* common = reinterpret_cast<const unsigned char*>("Genos signalling");
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -day) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), day * days) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         [&] {
           std::string alternatives;
           for (const auto& n : names)
             if (is_plain(n))
               alternatives += (alternatives.empty() ? "" : ",") +
                               std::string(is_address(n) ? "IP:" : "DNS:") + n;
           return !alternatives.empty() && extend(certificate, NID_subject_alt_name, alternatives);
         }() &&
         extend(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         extend(certificate, NID_ext_key_usage, "serverAuth");
}

}  // namespace

core::Result<TlsIdentity> make_tls_identity(const std::vector<std::string>& names, int days) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (!key || !certificate || !describe(certificate.get(), key.get(), names, days) ||
      X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return failed();
  const Memory public_part(BIO_new(BIO_s_mem()));
  const Memory secret_part(BIO_new(BIO_s_mem()));
  if (!public_part || !secret_part ||
      PEM_write_bio_X509(public_part.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret_part.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return failed();
  return TlsIdentity{text_of(public_part.get()), text_of(secret_part.get())};
}

}  // namespace genos::crypto
