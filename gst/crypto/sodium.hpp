// SPDX-License-Identifier: LGPL-2.1-or-later
// libsodium made ready, and its base64 as values.
#pragma once

#include <sodium.h>

#include <string>
#include <string_view>

#include "core/base/bytes.hpp"

namespace genos::crypto {

// Picks the fast implementations and opens the random source; any thread, any number of times.
// Aborts when the system has no source of randomness: nothing here may go on without one.
void make_sodium_ready();

enum class Base64 : int {
  standard = sodium_base64_VARIANT_ORIGINAL,
  url = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};
std::string to_base64(core::ByteView bytes, Base64 variant);
bool from_base64(std::string_view text, Base64 variant, core::Bytes& out);

}  // namespace genos::crypto
