// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crypto/sodium.hpp"

#include <algorithm>
#include <cstdlib>

namespace genos::crypto {

void make_sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

std::string to_base64(core::ByteView bytes, Base64 variant) {
  const int kind = static_cast<int>(variant);
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kind), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kind);
  text.pop_back();  // the terminator counts
  return text;
}

bool from_base64(std::string_view text, Base64 variant, core::Bytes& out) {
  // libsodium 1.0.18 takes some bytes above 127 for digits where char is signed.
  const auto foreign = [](char c) { return static_cast<unsigned char>(c) > 127; };
  if (std::any_of(text.begin(), text.end(), foreign)) return false;
  out.resize(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  const bool good = sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr,
                                      &size, &end, static_cast<int>(variant)) == 0 &&
                    end == text.data() + text.size();
  out.resize(good ? size : 0);
  return good;
}

}  // namespace genos::crypto
