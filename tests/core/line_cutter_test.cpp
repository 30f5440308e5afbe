// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/line_cutter.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace genos::core {
namespace {

std::vector<std::string> all(LineCutter& cutter) {
  std::vector<std::string> lines;
  while (auto line = cutter.next()) lines.push_back(*line);
  return lines;
}

TEST(LineCutter, CutsHoweverThePiecesFall) {
  const std::string text = "one\ntwo\r\n\n\r\nthree\rfour\nand the rest";
  const std::vector<std::string> expected = {"one", "two", "", "", "three\rfour"};
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    LineCutter cutter;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
      const auto piece = text.substr(at, 1 + random() % 7);
      ASSERT_TRUE(cutter.add(bytes_of(piece)));
      for (auto& line : all(cutter)) lines.push_back(line);
      at += piece.size();
    }
    EXPECT_EQ(lines, expected);
    EXPECT_EQ(cutter.rest(), "and the rest");
    EXPECT_FALSE(cutter.rest());
  }
}

TEST(LineCutter, RefusesALineWithoutAnEnd) {
  LineCutter cutter;
  const std::string piece(LineCutter::limit / 4, 'x');
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(cutter.add(bytes_of(piece)));
    ASSERT_FALSE(cutter.next());
  }
  EXPECT_FALSE(cutter.add(bytes_of("x")));
  cutter.clear();
  EXPECT_TRUE(cutter.add(bytes_of("short\n")));
  EXPECT_EQ(cutter.next(), "short");
}

}  // namespace
}  // namespace genos::core
