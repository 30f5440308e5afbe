// SPDX-License-Identifier: LGPL-2.1-or-later
// What a fuzz target claims: a false claim ends the process, so that the fuzzer keeps the input.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace genos::fuzz {

inline void require(bool claim, const char* what) {
  if (claim) return;
  std::fprintf(stderr, "not true: %s\n", what);
  std::abort();
}

}  // namespace genos::fuzz

// One input; the fuzzer and the replay of the corpus both call it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
