// SPDX-License-Identifier: LGPL-2.1-or-later
// Recorded session descriptions (tests/core/sdp, made by tests/e2e/record-sdp) and edits of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/negotiation/sdp.hpp"
#include "core/wire/signal.hpp"

namespace genos::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

#ifdef GENOS_TEST_SDP
inline std::string fixture(const std::string& name) {
  return read_file(std::string(GENOS_TEST_SDP) + '/' + name);
}
inline core::Description offer(const std::string& name) {
  return {core::DescriptionType::offer, fixture(name + "-offer.sdp")};
}
inline core::Description answer(const std::string& name) {
  return {core::DescriptionType::answer, fixture(name + "-answer.sdp")};
}
// The media of that browser when it puts another picture into the place of the one that it stopped.
inline core::Description recycled(const std::string& browser, const std::string& mid) {
  auto sdp = *core::Sdp::parse(fixture(browser + "-turned-media-offer.sdp"));
  auto mids = sdp.bundle();
  sdp.media[2].set("mid", mid);
  mids[2] = mid;
  sdp.set_bundle(mids);
  return {core::DescriptionType::offer, sdp.text()};
}
#endif

// Every occurrence; the n-th only when `nth` is 1 or more.
inline std::string replaced(std::string text, std::string_view from, std::string_view to,
                            std::size_t nth = 0) {
  std::size_t seen = 0;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    if (nth == 0 || ++seen == nth) {
      text.replace(at, from.size(), to);
      at += to.size();
    } else {
      at += from.size();
    }
  }
  return text;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

// Drops, doubles, swaps, copies from another description, and spoils characters.
inline std::string mutated(const std::string& text, const std::string& other,
                           std::mt19937& random) {
  auto lines = lines_of(text);
  const auto donors = lines_of(other);
  const auto below = [&](std::size_t n) { return std::size_t{random()} % n; };
  for (std::size_t edits = 1 + below(4); edits > 0 && !lines.empty(); --edits) {
    const auto at = below(lines.size());
    const auto place = lines.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0: lines.erase(place); break;
      case 1: lines.insert(place, lines[below(lines.size())]); break;
      case 2: std::swap(lines[at], lines[below(lines.size())]); break;
      case 3: lines.insert(place, donors[below(donors.size())]); break;
      case 4: lines[at][below(lines[at].size())] = static_cast<char>(random()); break;
      default: lines[at].insert(below(lines[at].size()), std::to_string(random())); break;
    }
  }
  std::string result;
  for (const auto& line : lines) result += line;
  return result;
}

}  // namespace genos::test
