// SPDX-License-Identifier: LGPL-2.1-or-later
// Chance as the core sees it: handed in, so that a test can repeat it.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/time.hpp"

namespace genos::core {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // 64 uniform bits

  // Uniform in [0, bound) but for a bias below 2^-32 for the bounds used here.
  std::uint64_t below(std::uint64_t bound) { return bound ? next() % bound : 0; }
  Duration below(Duration bound) {
    return Duration(static_cast<Duration::rep>(below(static_cast<std::uint64_t>(bound.count()))));
  }
  // `length` characters of 0-9, A-Z, a-z: the alphabet of Trystero's ids.
  std::string alphanumerics(std::size_t length) {
    static constexpr char alphabet[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text(length, '0');
    for (char& c : text) c = alphabet[below(62)];
    return text;
  }
};

// For tests and simulations: the same seed, the same numbers, on every machine (splitmix64).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace genos::core
