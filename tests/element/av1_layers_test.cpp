// SPDX-License-Identifier: LGPL-2.1-or-later
// Temporal layers of genosav1enc, conformance of its streams, and what the AV1 elements leave.
#include "av1_fixture.hpp"
#include "support/leak_census.hpp"

namespace genos {
namespace {

using element::layer_of;
using Av1Layers = Av1;

// The temporal layer of each frame, "0" where it is not said.
std::string pattern_of(const Buffers& units) {
  std::string pattern;
  for (const auto& unit : units) {
    const auto layer = layer_of(unit.get());
    pattern += char('0' + (layer ? layer->temporal : 0));
  }
  return pattern;
}

TEST_F(Av1Layers, SaysTheLayerOfEachFrame) {
  EXPECT_EQ(pattern_of(stream(8)), "00000000");
  EXPECT_FALSE(layer_of(stream(1).front().get()));
  EXPECT_EQ(pattern_of(stream(8, {{"temporal-layers", "2"}})), "01010101");
  const auto units = stream(9, {{"temporal-layers", "3"}});
  EXPECT_EQ(pattern_of(units), "021202120");
  EXPECT_EQ(layer_of(units[1].get())->temporal_layers, 3U);
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(units[1].get(), GST_BUFFER_FLAG_DROPPABLE));
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(units[2].get(), GST_BUFFER_FLAG_DROPPABLE));
}

TEST_F(Av1Layers, StartsThePatternAgainAtAKeyframe) {
  Rig rig("genosav1enc", {{"temporal-layers", "3"}});
  rig.caps(raw_caps(width, height));
  encode(rig, 0, 3);
  rig.push_upstream(gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  const auto units = encode(rig, 3, 8);
  EXPECT_TRUE(is_key(units[0]));
  EXPECT_EQ(pattern_of(units), "02120");
}

// What is left of a stream without its upper layers is, bit for bit, what it was with them.
class Dropping : public Av1, public testing::WithParamInterface<std::pair<int, int>> {};

TEST_P(Dropping, LeavesTheRestAsItWas) {
  const auto [layers, kept] = GetParam();
  Rig rig("genosav1enc", {{"temporal-layers", layers == 2 ? "2" : "3"}, {"bitrate", "400000"}});
  rig.caps(raw_caps(width, height));
  Buffers units = encode(rig, 0, 21, 30);
  rig.push_upstream(gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  for (auto& unit : encode(rig, 21, 43, 30)) units.push_back(std::move(unit));
  for (const char* decoder : {"genosav1dec", "av1dec"}) {
    const auto all = decode(decoder, units);
    ASSERT_EQ(all.size(), units.size());
    Buffers rest;
    Seen expected;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (int(layer_of(units[i].get())->temporal) > kept) continue;
      rest.push_back(units[i]);
      expected.push_back(all[i]);
    }
    ASSERT_LT(rest.size(), units.size());
    EXPECT_EQ(decode(decoder, rest), expected) << decoder;
  }
}
INSTANTIATE_TEST_SUITE_P(Of, Dropping,
                         testing::Values(std::pair(2, 0), std::pair(3, 1), std::pair(3, 0)));

TEST_F(Av1Layers, MayDropTheUpperFromAnyFrameOnAndTakeThemUpAgain) {
  const auto units = stream(41, {{"temporal-layers", "3"}}, width, height, 30);
  const auto all = decode("genosav1dec", units);
  Buffers rest;
  Seen expected;
  for (std::size_t i = 0; i < units.size(); ++i) {
    // Up again at a frame of layer 0, as the pattern allows.
    const unsigned most = i < 7 ? 2 : i < 20 ? 0 : i < 28 ? 1 : 2;
    if (layer_of(units[i].get())->temporal > most) continue;
    rest.push_back(units[i]);
    expected.push_back(all[i]);
  }
  EXPECT_EQ(decode("genosav1dec", rest), expected);
}

TEST_F(Av1Layers, KeepTheBitrate) {
  for (const char* layers : {"2", "3"}) {
    const auto units =
        stream(90, {{"temporal-layers", layers}, {"bitrate", "800000"}}, width, height, 40);
    EXPECT_NEAR(double(bytes_in(units, 30, 90)), 180'000, 50'000) << layers;
  }
}

TEST_F(Av1Layers, EveryStreamIsTheSameToBothDecoders) {
  const std::vector<Properties> kinds = {{},
                                         {{"speed", "6"}},
                                         {{"speed", "8"}, {"threads", "2"}},
                                         {{"threads", "4"}},
                                         {{"screen-content", "true"}},
                                         {{"temporal-layers", "2"}, {"screen-content", "true"}},
                                         {{"bitrate", "20000"}},
                                         {{"bitrate", "20000000"}, {"min-quantizer", "0"}}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto units = stream(12, kinds[i], 642, 362, 20);
    const auto seen = decode("genosav1dec", units, 642, 362);
    ASSERT_EQ(seen.size(), 12U) << i;
    EXPECT_EQ(seen, decode("av1dec", units, 642, 362)) << i;
    const auto info = info_of(642, 362);
    EXPECT_GT(psnr(pixels(picture(info, 11, 20), info), seen[11]), 24) << i;
  }
}

TEST_F(Av1Layers, NothingIsLeftOfTheElements) {
  ASSERT_TRUE(leaks_are_traced);
  decode("genosav1dec", stream(3, {{"temporal-layers", "3"}}));  // what is made once, is made now
  tell_tracers("activity-start-tracking");
  for (int i = 0; i < 3; ++i) {
    const auto units = stream(20, {{"temporal-layers", "3"}, {"keyframe-interval", "7"}});
    decode("genosav1dec", units);
    Rig torn("genosav1dec", {{"frame-delay", "2"}, {"threads", "2"}});
    torn.caps(av1_caps());
    for (const auto& unit : units) torn.push(unit);  // and gone with pictures inside
  }
  const auto now = census();
  tell_tracers("activity-stop-tracking");
  EXPECT_GT(now.made, 300);  // else nothing is traced
  EXPECT_EQ(now.left, 0);
}

}  // namespace
}  // namespace genos
