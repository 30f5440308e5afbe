// SPDX-License-Identifier: LGPL-2.1-or-later
// Sealed text from strangers, and text of our own that a stranger touched on its way.
#include "crypto/sealing.hpp"

#include <utility>

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = crypto::room_key("secret", "app", "room");
  const std::string_view text = core::text_of({data, size});
  // Nothing of the corpus is sealed with this key by accident but what says so.
  if (const auto open = crypto::unseal(key, text))
    fuzz::require(*open == "sealed for the corpus", "only who has the key seals");

  static constexpr crypto::Iv iv{1, 2, 3};
  auto wire = crypto::seal_with(key, iv, text);
  const auto again = crypto::unseal(key, wire);
  fuzz::require(again && *again == text, "what was sealed opens");
  if (size == 0) return 0;
  const std::size_t at = data[0] % wire.size();
  const char before = std::exchange(wire[at], static_cast<char>(data[size - 1]));
  if (wire[at] != before)
    fuzz::require(!crypto::unseal(key, wire), "what was altered does not open");
  return 0;
}
