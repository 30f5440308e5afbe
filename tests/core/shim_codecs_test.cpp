// SPDX-License-Identifier: LGPL-2.1-or-later
// The codecs of a line on which both sides send, and which are two lines to webrtcbin.
#include <algorithm>

#include "support/shim_side.hpp"

namespace genos::core {
namespace {

using test::reach_reuse;
using test::Side;

class ShimCodecs : public testing::TestWithParam<const char*> {
 protected:
  const std::string browser = GetParam();
};

// Only this codec and what repairs it.
void keep(SdpMedia& section, const std::string& name) {
  std::string codec, repair;
  for (const auto line : section.all("rtpmap"))
    if (codec.empty() && line.find(' ' + name + '/') != std::string_view::npos)
      codec = line.substr(0, line.find(' '));
  for (const auto line : section.all("fmtp"))
    if (line.substr(line.find(' ') + 1) == "apt=" + codec) repair = line.substr(0, line.find(' '));
  section.formats = {codec};
  if (!repair.empty()) section.formats.push_back(repair);
  std::erase_if(section.lines, [&](const SdpLine& line) {
    const auto format = line.argument().substr(0, line.argument().find(' '));
    const bool is_about_one =
        line.name() == "rtpmap" || line.name() == "fmtp" || line.name() == "rtcp-fb";
    return is_about_one && format != codec && format != repair;
  });
}

TEST_P(ShimCodecs, SaysFirstWhatIsReceivedOnAReusedLine) {
  Side side(test::v122);
  reach_reuse(side, browser);
  const auto made =
      side.webrtcbin_answer({Direction::sendrecv, Direction::sendonly, Direction::recvonly});
  auto answered = *Sdp::parse(made.sdp);
  keep(answered.media[1], "VP8");
  keep(answered.media[2], "VP9");
  const auto ours = answered.media[1].formats, theirs = answered.media[2].formats;
  ASSERT_EQ(theirs.size(), 2u);
  side.make({DescriptionType::answer, answered.text()});
  auto both = theirs;
  both.insert(both.end(), ours.begin(), ours.end());
  EXPECT_EQ(side.wire.media[1].formats, both);
  EXPECT_EQ(side.wire.media[1].count("rtpmap"), both.size());

  // The next offer says both, too, and of the answer each line of webrtcbin sees its own.
  for (auto& section : answered.media)
    if (section.has("setup")) section.set("setup", "actpass");
  side.make({DescriptionType::offer, answered.text()});
  EXPECT_EQ(side.wire.media[1].formats, both);
  auto agreed = side.remote.sdp;
  agreed.media[1].formats = both;
  for (auto& section : agreed.media)
    if (section.has("setup")) section.set("setup", "active");
  side.receive({DescriptionType::answer, agreed.text()});
  EXPECT_EQ(side.shown.media[1].formats, ours);
  EXPECT_EQ(side.shown.media[2].formats, theirs);
}

INSTANTIATE_TEST_SUITE_P(Recorded, ShimCodecs, testing::Values("firefox", "chromium"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace genos::core
