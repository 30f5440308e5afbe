// SPDX-License-Identifier: LGPL-2.1-or-later
// What a person, or a request to a server, calls a ladder.
#include "core/base/bytes.hpp"
#include "core/ladder/plan.hpp"
#include "core/ladder/words.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto words = core::text_of({data, size});
  if (const auto ladder = core::parse_ladder(words)) {
    std::string again;
    for (const auto& rung : *ladder) again += (again.empty() ? "" : ",") + core::to_words(rung);
    const auto second = core::parse_ladder(again);
    fuzz::require(second && *second == *ladder, "a ladder survives a round trip");
    for (const auto& planned : core::plan_sizes(*ladder, {1919, 1079, 4, 3}))
      fuzz::require(!planned || (planned->width <= 1919 && planned->height <= 1079),
                    "no rung is larger than the picture");
  }
  (void)core::parse_sounds(words);
  return 0;
}
