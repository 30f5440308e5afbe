// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/candidate.hpp"

#include "core/base/bytes.hpp"
#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::Candidate candidate;
  candidate.candidate = core::text_of({data, size});
  const auto parsed = core::parse_candidate(candidate.candidate);
  if (parsed) {
    const auto again = core::parse_candidate(core::to_line(*parsed));
    fuzz::require(again && *again == *parsed, "a candidate survives a round trip");
  }
  const auto sorted = core::sort_candidate(candidate, {.tcp = true, .mdns = true});
  const bool kept = sorted.verdict == core::Verdict::keep;
  fuzz::require(kept == !sorted.line.empty(), "what is kept has a line");
  if (kept) fuzz::require(parsed.has_value(), "what is kept was understood");
  return 0;
}
