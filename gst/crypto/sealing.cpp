// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/sealing.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <memory>

#include "crypto/sodium.hpp"

namespace genos::crypto {
namespace {

constexpr std::size_t tag_size = 16;
constexpr std::size_t max_iv = 64;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

enum class Way : int { open = 0, seal = 1 };

// A context that awaits its text; empty when OpenSSL has no memory.
Context begin(Way way, const Key& key, core::ByteView iv) {
  Context context(EVP_CIPHER_CTX_new());
  auto* raw = context.get();
  const int direction = static_cast<int>(way);
  if (!raw ||
      EVP_CipherInit_ex(raw, EVP_aes_256_gcm(), nullptr, nullptr, nullptr, direction) != 1 ||
      EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv.size()), nullptr) !=
          1 ||
      EVP_CipherInit_ex(raw, nullptr, nullptr, key.bytes().data(), iv.data(), direction) != 1)
    return nullptr;
  return context;
}

std::string iv_text(core::ByteView iv) {
  std::string text;
  for (const auto byte : iv) {
    if (!text.empty()) text += ',';
    text += std::to_string(byte);
  }
  return text;
}

bool read_iv(std::string_view text, core::Bytes& iv) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::uint8_t byte = 0;
    const auto [next, error] = std::from_chars(at, end, byte);  // refuses 256
    if (error != std::errc() || iv.size() == max_iv) return false;
    iv.push_back(byte);
    at = next;
    if (at == end) return true;
    if (*at++ != ',') return false;
  }
  return false;
}

}  // namespace

std::string seal(const Key& key, std::string_view plaintext) {
  make_sodium_ready();
  Iv iv;
  randombytes_buf(iv.data(), iv.size());
  return seal_with(key, iv, plaintext);
}

std::string seal_with(const Key& key, const Iv& iv, std::string_view plaintext) {
  const Context context = begin(Way::seal, key, iv);
  if (!context) return {};
  core::Bytes out(plaintext.size() + tag_size);
  int size = 0;
  int rest = 0;
  const auto in = core::bytes_of(plaintext);
  if (EVP_CipherUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) !=
          1 ||
      EVP_CipherFinal_ex(context.get(), out.data() + size, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size,
                          out.data() + plaintext.size()) != 1)
    return {};
  return iv_text(iv) + '$' + to_base64(out, Base64::standard);
}

core::Result<std::string> unseal(const Key& key, std::string_view wire) {
  if (wire.size() > max_sealed) return core::Error{core::Errc::too_large, "sealed text too long"};
  const auto dollar = wire.find('$');
  core::Bytes iv;
  core::Bytes sealed;
  if (dollar == std::string_view::npos || !read_iv(wire.substr(0, dollar), iv) ||
      !from_base64(wire.substr(dollar + 1), Base64::standard, sealed) || sealed.size() < tag_size)
    return core::Error{core::Errc::malformed, "not a sealed text"};
  const Context context = begin(Way::open, key, iv);
  if (!context) return core::Error{core::Errc::failed, "OpenSSL has no AES-256-GCM"};
  const std::size_t length = sealed.size() - tag_size;
  std::string plaintext(length, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plaintext.data());
  int size = 0;
  int rest = 0;
  const bool good =
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, sealed.data() + length) ==
          1 &&
      EVP_CipherUpdate(context.get(), out, &size, sealed.data(), static_cast<int>(length)) == 1 &&
      EVP_CipherFinal_ex(context.get(), out + size, &rest) == 1;
  if (!good) return core::Error{core::Errc::refused, "sealed with another key"};
  return plaintext;
}

}  // namespace genos::crypto
