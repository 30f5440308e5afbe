// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/sdp.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/wire/limits.hpp"
#include "support/sdp_fixtures.hpp"

namespace genos::core {
namespace {

using test::fixture;

TEST(Sdp, WritesEveryRecordedDescriptionAsItCame) {
  std::size_t read = 0;
  for (const auto& file : std::filesystem::directory_iterator(GENOS_TEST_SDP)) {
    if (file.path().extension() != ".sdp") continue;
    const auto text = test::read_file(file.path().string());
    const auto sdp = Sdp::parse(text);
    ASSERT_TRUE(sdp) << file.path() << sdp.error().detail;
    EXPECT_EQ((*sdp).text(), text) << file.path();
    ++read;
  }
  EXPECT_GE(read, 50u);
}

TEST(Sdp, TakesLinesThatEndInLineFeedOnly) {
  const auto text = fixture("chromium-media-offer.sdp");
  const auto sdp = Sdp::parse(test::replaced(text, "\r\n", "\n"));
  ASSERT_TRUE(sdp);
  EXPECT_EQ((*sdp).text(), text);
}

TEST(Sdp, FindsSessionWideAttributesAndStaysInsideASection) {
  const auto sdp = Sdp::parse(fixture("firefox-removed-offer.sdp"));
  ASSERT_TRUE(sdp);
  const auto& [application, audio, video] =
      std::tie((*sdp).media[0], (*sdp).media[1], (*sdp).media[2]);
  EXPECT_EQ(application.kind(), MediaKind::application);
  EXPECT_FALSE(audio.has("fingerprint"));
  EXPECT_TRUE((*sdp).find(audio, "fingerprint")->starts_with("sha-256 "));
  EXPECT_EQ((*sdp).direction(application), Direction::sendrecv);
  EXPECT_EQ((*sdp).direction(audio), Direction::recvonly);
  EXPECT_EQ(video.mid(), "2");
  EXPECT_EQ((*sdp).bundle(), (std::vector<std::string>{"0", "1", "2"}));
}

TEST(Sdp, FallsBackToTheDirectionOfTheSession) {
  const auto sdp =
      Sdp::parse("v=0\r\na=recvonly\r\nm=audio 9 P 0\r\nm=video 9 P 0\r\na=sendonly\r\n");
  ASSERT_TRUE(sdp);
  EXPECT_EQ((*sdp).direction((*sdp).media[0]), Direction::recvonly);
  EXPECT_EQ((*sdp).direction((*sdp).media[1]), Direction::sendonly);
}

TEST(Sdp, EditsInPlace) {
  auto sdp =
      Sdp::parse("v=0\r\nm=audio 9 P 0\r\na=x:1\r\na=sendrecv\r\na=x:2\r\na=y\r\na=inactive\r\n");
  ASSERT_TRUE(sdp);
  auto& section = (*sdp).media[0];
  section.set("x", "3");
  section.set_direction(Direction::recvonly);
  section.remove("y");
  section.add("z");
  EXPECT_EQ((*sdp).text(), "v=0\r\nm=audio 9 P 0\r\na=x:3\r\na=recvonly\r\na=z\r\n");
  (*sdp).set_bundle({"a", "b"});
  (*sdp).set_bundle({"a"});
  EXPECT_EQ((*sdp).session.lines.back().value, "group:BUNDLE a");
}

TEST(Sdp, TellsARejectedLineFromOneThatIsBundleOnly) {
  const auto sdp = Sdp::parse("v=0\r\nm=audio 0 P 0\r\nm=video 0 P 0\r\na=bundle-only\r\n");
  ASSERT_TRUE(sdp);
  EXPECT_TRUE((*sdp).media[0].rejected());
  EXPECT_FALSE((*sdp).media[1].rejected());
}

struct Bad {
  const char* what;
  std::string text;
};

TEST(Sdp, RefusesWhatIsNoDescription) {
  const std::string good = "v=0\r\nm=audio 9 P 0\r\n";
  std::string many_lines = "v=0\r\n", many_sections = "v=0\r\n",
              many_formats = "v=0\r\nm=audio 9 P";
  for (std::size_t i = 0; i < limits::max_sdp_lines; ++i) many_lines += "a=x\n";
  for (std::size_t i = 0; i <= limits::max_sdp_sections; ++i) many_sections += "m=audio 9 P 0\n";
  for (std::size_t i = 0; i <= limits::max_sdp_formats; ++i) many_formats += " 0";
  const Bad cases[] = {
      {"nothing", ""},
      {"another version", "v=1\r\n"},
      {"no version", "o=- 1 1 IN IP4 0.0.0.0\r\n"},
      {"an empty line", "v=0\r\n\r\n"},
      {"no equals sign", "v=0\r\nab\r\n"},
      {"upper-case type", "v=0\r\nA=b\r\n"},
      {"a NUL", std::string("v=0\r\na=b\0c\r\n", 12)},
      {"a carriage return inside", "v=0\r\na=b\rm=audio 9 P 0\r\n"},
      {"a tab", "v=0\r\na=b\tc\r\n"},
      {"no UTF-8", "v=0\r\na=\xc3\x28\r\n"},
      {"an m-line without formats", "v=0\r\nm=audio 9 P\r\n"},
      {"two blanks in an m-line", "v=0\r\nm=audio  9 P 0\r\n"},
      {"a port too large", "v=0\r\nm=audio 65536 P 0\r\n"},
      {"a number of ports", "v=0\r\nm=audio 9/2 P 0\r\n"},
      {"a negative port", "v=0\r\nm=audio -9 P 0\r\n"},
      {"too long a line", "v=0\r\na=" + std::string(limits::max_sdp_line, 'x') + "\r\n"},
      {"too many lines", many_lines},
      {"too many m-lines", many_sections},
      {"too many formats", many_formats},
      {"too long", good + std::string(limits::max_sdp, '\n')},
  };
  ASSERT_TRUE(Sdp::parse(good));
  for (const auto& bad : cases) EXPECT_FALSE(Sdp::parse(bad.text)) << bad.what;
}

TEST(Number, IsDigitsOnlyAndBounded) {
  EXPECT_EQ(number("0", 10), 0u);
  EXPECT_EQ(number("18446744073709551615", ~std::uint64_t{0}), ~std::uint64_t{0});
  for (const auto text : {"", "+1", "-1", " 1", "1 ", "0x1", "18446744073709551616"})
    EXPECT_FALSE(number(text, ~std::uint64_t{0})) << text;
  EXPECT_FALSE(number("11", 10));
  EXPECT_FALSE(number("5", 4));
}

TEST(Direction, TurnsRound) {
  EXPECT_EQ(reversed(Direction::sendonly), Direction::recvonly);
  EXPECT_EQ(reversed(Direction::sendrecv), Direction::sendrecv);
  EXPECT_EQ(opposite(Setup::active), Setup::passive);
  EXPECT_EQ(opposite(Setup::actpass), Setup::actpass);
  EXPECT_FALSE(setup_of("holdconn"));
}

}  // namespace
}  // namespace genos::core
