// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ladder/words.hpp"

#include <gtest/gtest.h>

namespace genos::core {
namespace {

std::string read(std::string_view words) {
  const auto ladder = parse_ladder(words);
  if (!ladder) return ladder.error().detail;
  std::string text;
  for (const auto& rung : *ladder) text += (text.empty() ? "" : ",") + to_words(rung);
  return text;
}

TEST(LadderWords, AreReadAndWrittenAlike) {
  for (const char* words :
       {"720p30:1500k,360p30:500k,180p15:150k", "1080p60:4500k:av1,1080p60:4500k:h264",
        "360p:500k:vp8", "2160p30:12000k", "17p1:1001:vp9"})
    EXPECT_EQ(read(words), words);
}

TEST(LadderWords, AreForgivingInWhatCannotBeMistaken) {
  EXPECT_EQ(read(" 720p30 : 1.5M , 360p30:vp8:500k"), "720p30:1500k,360p30:500k:vp8");
  EXPECT_EQ(read("180p15:150k,720p30:1500k"), "720p30:1500k,180p15:150k");
  EXPECT_EQ(read(" low "), read("low"));
  EXPECT_EQ(read("720p"), "720p:1500k");
  EXPECT_EQ(read("360p15"), "360p15:375k");
}

TEST(LadderWords, HaveNames) {
  EXPECT_EQ(read("low"), "360p30:500k,180p15:150k");
  EXPECT_EQ(read("livestream"), "1080p30:4500k,720p30:2500k,480p30:1200k,360p30:700k");
  EXPECT_EQ(parse_ladder("medium")->size(), 3U);
  EXPECT_EQ(parse_ladder("high")->size(), 4U);
}

TEST(LadderWords, WhatIsWrongIsSaid) {
  EXPECT_NE(read("").find("like 720p30:1500k"), std::string::npos);
  EXPECT_NE(read("720").find("like 720p30:1500k"), std::string::npos);
  EXPECT_NE(read("720p30:1500k,").find("like 720p30"), std::string::npos);
  EXPECT_NE(read("-720p30").find("like 720p30"), std::string::npos);
  EXPECT_NE(read("720p30fps").find("frames a second"), std::string::npos);
  EXPECT_NE(read("720p0").find("1 to 240"), std::string::npos);
  EXPECT_NE(read("8p").find("16 to 8640"), std::string::npos);
  EXPECT_NE(read("720p30:fast").find("'fast' is neither"), std::string::npos);
  EXPECT_NE(read("720p30:1k:2k").find("'2k' is neither"), std::string::npos);
  EXPECT_NE(read("720p30:av1:vp8").find("'vp8' is neither"), std::string::npos);
  EXPECT_NE(read("720p30:0k").find("'0k' is neither"), std::string::npos);
  EXPECT_NE(read("720p30:5000M").find("neither"), std::string::npos);
  EXPECT_NE(read("low,90p").find("low, medium, high"), std::string::npos);
  EXPECT_NE(read("720p30:1500").find("is 1500k meant?"), std::string::npos);
  EXPECT_NE(read("17p1:999").find("is 999k meant?"), std::string::npos);
  EXPECT_NE(read("99999999999p").find("like 720p30"), std::string::npos);
  EXPECT_NE(read("720p30:1M,720p30:1M").find("twice"), std::string::npos);
  std::string many = "16p";
  for (int lines = 17; lines < 33; ++lines) many += "," + std::to_string(lines) + "p";
  EXPECT_NE(read(many).find("at most 16"), std::string::npos);
}

TEST(LadderWords, SoundsToo) {
  const auto sounds = parse_sounds("opus:96k, aac:128k,opus");
  ASSERT_FALSE(sounds) << "opus has 96k by itself";
  EXPECT_NE(sounds.error().detail.find("twice"), std::string::npos);
  const auto two = parse_sounds("opus,aac:128k");
  ASSERT_TRUE(two);
  EXPECT_EQ(to_words(rung_of((*two)[0])), "opus:96k");
  EXPECT_EQ(to_words(rung_of((*two)[1])), "aac:128k");
  for (const char* words : {"opus:24k:dtx", "opus:96k", "aac:128500"})
    EXPECT_EQ(to_words(rung_of(parse_sounds(words)->at(0))), words);
  EXPECT_TRUE(parse_sounds("opus:dtx")->at(0).dtx);
  EXPECT_TRUE(parse_sounds("")->empty());
  EXPECT_NE(parse_sounds("opus:96").error().detail.find("is 96k meant?"), std::string::npos);
  for (const char* wrong : {"mp3", "opus:1k", "opus:900k", "opus:96k:2", "opus:", ",",
                            "aac:96k:dtx", "opus:dtx:96k", "dtx"})
    EXPECT_FALSE(parse_sounds(wrong)) << wrong;
}

TEST(LadderWords, BitratesAreNumbersOrShort) {
  EXPECT_EQ(parse_bitrate("500000"), 500'000U);
  EXPECT_EQ(parse_bitrate("1.25M"), 1'250'000U);
  EXPECT_EQ(parse_bitrate("0.5k"), 500U);
  for (const char* wrong : {"", "k", "M", "1.5G", "-1k", "1,5M", "99999999999", "401M", "1k "})
    EXPECT_EQ(parse_bitrate(wrong), 0U) << wrong;
}

}  // namespace
}  // namespace genos::core
