// SPDX-License-Identifier: LGPL-2.1-or-later
// Seeded nonsense: texts and bytes that were well-formed a moment ago, or never.
#pragma once

#include <array>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/random.hpp"

namespace genos::test {

inline std::string random_text(core::Random& random, std::size_t most) {
  std::string text(random.below(most + 1), ' ');
  for (char& c : text) c = static_cast<char>(random.next());
  return text;
}

inline core::Bytes random_bytes(core::Random& random, std::size_t most) {
  const auto text = random_text(random, most - 1) + '\n';
  return {text.begin(), text.end()};
}

inline std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

// Values that a careless reader stumbles over.
inline std::string odd_json(core::Random& random) {
  static const std::array<std::string, 20> values = {"null",
                                                     "true",
                                                     "-1",
                                                     "0",
                                                     "1e308",
                                                     "1e999",
                                                     "-0.0",
                                                     "9007199254740993",
                                                     "2147483648",
                                                     "\"\"",
                                                     "\"\\u0000\"",
                                                     "\"\\ud800\"",
                                                     "{}",
                                                     "[]",
                                                     "[[]]",
                                                     "{\"\":{}}",
                                                     "\"__proto__\"",
                                                     "[null,null]",
                                                     "{\"v\":-1,\"caps\":[]}",
                                                     "{\"v\":1,\"caps\":[1,{},\"send\"]}"};
  const auto pick = random.below(std::uint64_t{values.size()} + 4);
  if (pick < values.size()) return values[pick];
  if (pick == values.size()) return nested(random.below(std::uint64_t{3000}));
  if (pick == values.size() + 1)
    return '"' + std::string(random.below(std::uint64_t{70000}), 'x') + '"';
  if (pick == values.size() + 2) return '"' + random.alphanumerics(20) + '"';
  return '"' + random_text(random, 30) + '"';
}

// Some bytes changed, removed, doubled, or all after them cut off.
inline std::string spoiled(std::string text, core::Random& random) {
  for (auto edits = 1 + random.below(std::uint64_t{4}); edits > 0 && !text.empty(); --edits) {
    const auto at = random.below(std::uint64_t{text.size()});
    const auto length = 1 + random.below(std::uint64_t{16});
    switch (random.below(std::uint64_t{5})) {
      case 0: text[at] = static_cast<char>(random.next()); break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(at, text.substr(at, length)); break;
      case 3: text.insert(at, odd_json(random)); break;
      default:
        if (random.below(std::uint64_t{4}) == 0) text.resize(at);
    }
  }
  return text;
}

}  // namespace genos::test
