// SPDX-License-Identifier: LGPL-2.1-or-later
// genosav1enc as a GstVideoEncoder: keyframes, rates, sizes, times, ends.
#include <atomic>
#include <thread>

#include "av1_fixture.hpp"

namespace genos {
namespace {

using Av1Encoder = Av1;

std::vector<std::size_t> keys_of(const Buffers& units) {
  std::vector<std::size_t> keys;
  for (std::size_t i = 0; i < units.size(); ++i)
    if (is_key(units[i])) keys.push_back(i);
  return keys;
}
using Keys = std::vector<std::size_t>;

TEST_F(Av1Encoder, SaysWhatItMakes) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height, "framerate=30/1,colorimetry=bt709"));
  const auto units = encode(rig, 0, 3);
  ASSERT_EQ(units.size(), 3U);
  EXPECT_EQ(rig.caps_field("stream-format"), "obu-stream");
  EXPECT_EQ(rig.caps_field("alignment"), "tu");
  EXPECT_EQ(rig.caps_field("profile"), "main");
  EXPECT_EQ(rig.caps_field("width"), "320");
  EXPECT_EQ(rig.caps_field("height"), "192");
  EXPECT_EQ(rig.caps_field("framerate"), "30/1");
  EXPECT_EQ(rig.caps_field("codec_data").substr(0, 4), "8100");  // av1C 1, profile 0, level 2.0
  EXPECT_EQ(units[1] ? GST_BUFFER_PTS(units[1].get()) : 0, frame_time);
  EXPECT_EQ(GST_BUFFER_DURATION(units[1].get()), frame_time);
  EXPECT_EQ(gst_harness_query_latency(rig.get()), 0U);
}

TEST_F(Av1Encoder, MakesAKeyframeFirstAndNoOtherUnasked) {
  EXPECT_EQ(keys_of(stream(90, {}, width, height, 60)), Keys{0});
}

TEST_F(Av1Encoder, MakesKeyframesAtAnInterval) {
  EXPECT_EQ(keys_of(stream(35, {{"keyframe-interval", "10"}})), (Keys{0, 10, 20, 30}));
}

TEST_F(Av1Encoder, AnswersARequestFromBelowAtOnce) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height));
  encode(rig, 0, 5);
  rig.push_upstream(gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  EXPECT_EQ(keys_of(encode(rig, 5, 15)), Keys{0});
  rig.push_upstream(gst_video_event_new_upstream_force_key_unit(20 * frame_time, TRUE, 2));
  EXPECT_EQ(keys_of(encode(rig, 15, 30)), Keys{5});
}

TEST_F(Av1Encoder, AnswersARequestFromAboveAtOnce) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height));
  encode(rig, 0, 5);
  rig.push_event(gst_video_event_new_downstream_force_key_unit(5 * frame_time, 5 * frame_time,
                                                               5 * frame_time, TRUE, 1));
  EXPECT_EQ(keys_of(encode(rig, 5, 15)), Keys{0});
}

TEST_F(Av1Encoder, FollowsTheBitrateWithoutAKeyframe) {
  Rig rig("genosav1enc", {{"bitrate", "1000000"}});
  rig.caps(raw_caps(width, height));
  Buffers all = encode(rig, 0, 60, 40);
  g_object_set(rig.element(), "bitrate", 250'000U, nullptr);
  for (auto& unit : encode(rig, 60, 120, 40)) all.push_back(std::move(unit));
  g_object_set(rig.element(), "bitrate", 1'000'000U, nullptr);
  for (auto& unit : encode(rig, 120, 180, 40)) all.push_back(std::move(unit));
  ASSERT_EQ(all.size(), 180U);
  EXPECT_EQ(keys_of(all), Keys{0});
  // The last second of each, in bytes. libaom stays below with noise, which no two frames share.
  EXPECT_NEAR(double(bytes_in(all, 30, 60)), 105'000, 25'000);
  EXPECT_NEAR(double(bytes_in(all, 90, 120)), 27'000, 7'000);
  EXPECT_NEAR(double(bytes_in(all, 150, 180)), 105'000, 25'000);
}

TEST_F(Av1Encoder, FollowsTheFramerateWithoutAKeyframe) {
  Rig rig("genosav1enc", {{"bitrate", "600000"}});
  rig.caps(raw_caps(width, height));
  const auto fast = encode(rig, 0, 60, 40);
  rig.caps(raw_caps(width, height, "framerate=10/1"));
  for (unsigned i = 20; i < 50; ++i) {
    auto shown = picture(info_of(width, height), i, 40);
    GST_BUFFER_PTS(shown.get()) = 3 * i * frame_time;
    GST_BUFFER_DURATION(shown.get()) = 3 * frame_time;
    ASSERT_EQ(rig.push(std::move(shown)), GST_FLOW_OK);
  }
  const auto slow = rig.pull();
  ASSERT_EQ(slow.size(), 30U);
  EXPECT_EQ(keys_of(slow), Keys{});
  EXPECT_EQ(rig.caps_field("framerate"), "10/1");
  EXPECT_NEAR(double(bytes_in(fast, 30, 60)), 62'000, 15'000);   // a second
  EXPECT_NEAR(double(bytes_in(slow, 10, 30)), 125'000, 30'000);  // two
}

TEST_F(Av1Encoder, FollowsASizeWithAKeyframe) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height));
  Buffers all = encode(rig, 0, 5);
  for (const auto& [wide, high] : {std::pair(160, 96), std::pair(641, 359)}) {
    rig.caps(raw_caps(wide, high));
    const auto units = encode(rig, 5, 10, 0, info_of(wide, high));
    ASSERT_EQ(units.size(), 5U);
    EXPECT_EQ(keys_of(units), Keys{0});
    EXPECT_EQ(rig.caps_field("width"), std::to_string(wide));
    EXPECT_EQ(decode("genosav1dec", units, wide, high).size(), 5U);
  }
}

TEST_F(Av1Encoder, TakesAnySize) {
  for (const auto& [wide, high] : {std::pair(321, 179), std::pair(1, 1), std::pair(16, 16),
                                   std::pair(17, 33), std::pair(1000, 2)}) {
    const auto units = stream(4, {{"bitrate", "3000000"}}, wide, high);
    const auto seen = decode("genosav1dec", units, wide, high);
    ASSERT_EQ(seen.size(), 4U) << wide << "x" << high;
    EXPECT_EQ(seen, decode("av1dec", units, wide, high)) << wide << "x" << high;
    const auto info = info_of(wide, high);
    EXPECT_GT(psnr(pixels(picture(info, 3), info), seen[3]), 25) << wide << "x" << high;
  }
}

TEST_F(Av1Encoder, KeepsTimesOfSparseInput) {
  Rig rig("genosav1enc", {{"bitrate", "300000"}});
  rig.caps(raw_caps(width, height, "framerate=0/1"));
  const std::vector<GstClockTime> times = {0,           33'000'000,  900'000'000,
                                           901'000'000, 901'000'001, 12 * GST_SECOND};
  Buffers units;
  for (unsigned i = 0; i < times.size(); ++i) {
    auto shown = picture(info_of(width, height), i, 40);
    GST_BUFFER_PTS(shown.get()) = times[i];
    GST_BUFFER_DURATION(shown.get()) = GST_CLOCK_TIME_NONE;
    ASSERT_EQ(rig.push(std::move(shown)), GST_FLOW_OK);
    for (auto& unit : rig.pull()) units.push_back(std::move(unit));
    ASSERT_EQ(units.size(), i + 1);  // nothing is kept back
    EXPECT_EQ(GST_BUFFER_PTS(units.back().get()), times[i]);
  }
  EXPECT_EQ(decode("genosav1dec", units), decode("av1dec", units));
}

TEST_F(Av1Encoder, DoesNotSpendAPauseOnOnePicture) {
  Rig rig("genosav1enc", {{"bitrate", "100000"}});
  rig.caps(raw_caps(width, height));
  const auto before = encode(rig, 0, 60, 60);
  auto after = picture(info_of(width, height), 60, 60);
  GST_BUFFER_PTS(after.get()) = 20 * GST_SECOND;
  ASSERT_EQ(rig.push(std::move(after)), GST_FLOW_OK);
  EXPECT_LT(bytes_in(rig.pull(), 0, 1), 4 * bytes_in(before, 30, 60) / 30);
}

TEST_F(Av1Encoder, EndsWithAllThatCameIn) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height));
  for (unsigned i = 0; i < 7; ++i) rig.push(picture(info_of(width, height), i));
  EXPECT_TRUE(rig.push_event(gst_event_new_eos()));
  EXPECT_EQ(rig.pull().size(), 7U);
  GstEventType last = GST_EVENT_UNKNOWN;
  while (auto event = adopt(gst_harness_try_pull_event(rig.get())))
    last = GST_EVENT_TYPE(event.get());
  EXPECT_EQ(last, GST_EVENT_EOS);
}

TEST_F(Av1Encoder, GoesOnAfterAFlushWithAKeyframe) {
  Rig rig("genosav1enc");
  rig.caps(raw_caps(width, height));
  encode(rig, 0, 5);
  rig.push_event(gst_event_new_flush_start());
  rig.push_event(gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  rig.push_event(gst_event_new_segment(&segment));
  const auto units = encode(rig, 2, 8);  // from an earlier time
  EXPECT_EQ(keys_of(units), Keys{0});
  EXPECT_EQ(decode("genosav1dec", units).size(), 6U);
}

TEST_F(Av1Encoder, DropsWhatIsTooLateWhenAsked) {
  Rig rig("genosav1enc", {{"qos", "true"}});
  rig.caps(raw_caps(width, height));
  encode(rig, 0, 5);
  rig.push_upstream(
      gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, 30 * GST_MSECOND, 7 * frame_time));
  const auto units = encode(rig, 5, 20);
  ASSERT_FALSE(units.empty());
  EXPECT_LT(units.size(), 15U);
  EXPECT_GT(GST_BUFFER_PTS(units.front().get()), 7 * frame_time);
}

TEST_F(Av1Encoder, RefusesOtherFormatsByCaps) {
  Rig rig("genosav1enc");
  const auto accepts = [&](const char* format) {
    const auto caps =
        adopt(gst_caps_from_string(raw_caps(width, height, "framerate=30/1", format).c_str()));
    const auto pad = adopt(gst_element_get_static_pad(rig.element(), "sink"));
    return bool(gst_pad_query_accept_caps(pad.get(), caps.get()));
  };
  EXPECT_TRUE(accepts("I420"));
  for (const char* other : {"Y444", "Y42B", "I420_10LE", "RGB", "NV12"})
    EXPECT_FALSE(accepts(other)) << other;
}

TEST_F(Av1Encoder, RefusesInterlacedPicturesWithAHint) {
  Rig rig("genosav1enc");
  auto bus = adopt(gst_bus_new());
  gst_element_set_bus(rig.element(), bus.get());
  rig.caps(raw_caps(width, height, "framerate=30/1,interlace-mode=interleaved"));
  EXPECT_NE(rig.push(picture(info_of(width, height), 0)), GST_FLOW_OK);
  const auto message = adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  Owned<GError> error;
  gst_message_parse_error(message.get(), out(error), nullptr);
  EXPECT_NE(std::string(error->message).find("deinterlace"), std::string::npos);
  gst_element_set_bus(rig.element(), nullptr);
}

TEST_F(Av1Encoder, TakesEverySettingWhilePlaying) {
  Rig rig("genosav1enc", {{"min-quantizer", "63"}, {"max-quantizer", "0"}});
  rig.caps(raw_caps(width, height));
  Buffers all = encode(rig, 0, 3, 30);
  const Properties changes = {
      {"speed", "6"},           {"threads", "2"},       {"screen-content", "1"},
      {"temporal-layers", "3"}, {"min-quantizer", "2"}, {"max-quantizer", "40"},
      {"temporal-layers", "1"}, {"threads", "1"},       {"keyframe-interval", "2"}};
  unsigned at = 3;
  for (const auto& [name, value] : changes) {
    gst_util_set_object_arg(G_OBJECT(rig.element()), name, value);
    for (auto& unit : encode(rig, at, at + 3, 30)) all.push_back(std::move(unit));
    at += 3;
  }
  const auto seen = decode("genosav1dec", all);
  EXPECT_EQ(seen.size(), at);
  EXPECT_EQ(seen, decode("av1dec", all));
}

TEST_F(Av1Encoder, TheLowestQuantizersDoNotAbort) {
  for (const char* layers : {"1", "3"}) {
    Rig rig("genosav1enc",
            {{"temporal-layers", layers}, {"min-quantizer", "0"}, {"max-quantizer", "0"}});
    rig.caps(raw_caps(width, height));
    Buffers all = encode(rig, 0, 20, 30);
    g_object_set(rig.element(), "bitrate", 20'000, "max-quantizer", 1, nullptr);
    for (auto& unit : encode(rig, 20, 40, 30)) all.push_back(std::move(unit));
    EXPECT_EQ(decode("genosav1dec", all), decode("av1dec", all)) << layers;
    EXPECT_EQ(all.size(), 40U) << layers;
  }
}

struct Step {
  int width, height, rate;
  guint bitrate;
};
constexpr Step steps[] = {{320, 192, 30, 600'000}, {320, 192, 30, 100'000},
                          {320, 192, 10, 100'000}, {162, 98, 10, 100'000},
                          {640, 360, 25, 900'000}, {320, 192, 30, 600'000}};
constexpr std::size_t in_a_step = 8;

// Bitrates, rates and sizes change in one stream, which both decoders show as it was.
TEST_F(Av1Encoder, AnyChangeIsTheSameToBothDecoders) {
  for (const char* layers : {"1", "2"}) {
    Rig rig("genosav1enc", {{"temporal-layers", layers}});
    Buffers units, lower;
    GstClockTime at = 0;
    for (const auto& step : steps) {
      g_object_set(rig.element(), "bitrate", step.bitrate, nullptr);
      rig.caps(raw_caps(step.width, step.height, "framerate=" + std::to_string(step.rate) + "/1"));
      for (std::size_t i = 0; i < in_a_step; ++i) {
        auto shown = picture(info_of(step.width, step.height), unsigned(units.size()), 20);
        GST_BUFFER_PTS(shown.get()) = std::exchange(at, at + GST_SECOND / guint64(step.rate));
        EXPECT_EQ(rig.push(std::move(shown)), GST_FLOW_OK);
        for (auto& unit : rig.pull()) units.push_back(std::move(unit));
      }
    }
    EXPECT_EQ(keys_of(units), (Keys{0, 24, 32, 40})) << "only another size needs one";
    const auto seen = views("genosav1dec", units);
    ASSERT_EQ(seen.size(), std::size(steps) * in_a_step);
    EXPECT_TRUE(seen == views("av1dec", units)) << layers;
    Views expected;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const auto& step = steps[i / in_a_step];
      ASSERT_EQ(seen[i].first, std::pair(step.width, step.height)) << i;
      const auto info = info_of(step.width, step.height);
      EXPECT_GT(psnr(pixels(picture(info, unsigned(i), 20), info), seen[i].second), 22) << i;
      const auto layer = element::layer_of(units[i].get());
      if (layer && layer->temporal > 0) continue;
      lower.push_back(units[i]);
      expected.push_back(seen[i]);
    }
    EXPECT_EQ(lower.size() < units.size(), layers[0] == '2');
    EXPECT_TRUE(views("genosav1dec", lower) == expected) << layers;
  }
}

TEST_F(Av1Encoder, TakesAnotherBitrateFromAnotherThreadAtAnyTime) {
  Rig rig("genosav1enc", {{"temporal-layers", "2"}});
  rig.caps(raw_caps(width, height));
  std::atomic<bool> done = false;
  std::thread changer([&] {
    for (guint i = 0; !done; ++i) {
      g_object_set(rig.element(), "bitrate", 50'000 + i % 20 * 100'000, "speed", 8 + i % 3,
                   nullptr);
      guint now = 0;
      g_object_get(rig.element(), "bitrate", &now, nullptr);
    }
  });
  const auto units = encode(rig, 0, 120, 30);
  done = true;
  changer.join();
  EXPECT_EQ(keys_of(units), Keys{0});
  EXPECT_EQ(decode("genosav1dec", units).size(), 120U);
}

}  // namespace
}  // namespace genos
