// SPDX-License-Identifier: LGPL-2.1-or-later
// genosav1dec as a GstVideoDecoder: delay, loss, damage, formats, ends.
#include <random>

#include "av1_fixture.hpp"

namespace genos {
namespace {

using Av1Decoder = Av1;

Ref<GstBuffer> with_bytes(const Ref<GstBuffer>& unit, std::vector<std::uint8_t> bytes) {
  auto buffer = adopt(gst_buffer_new_memdup(bytes.data(), bytes.size()));
  gst_buffer_copy_into(buffer.get(), unit.get(),
                       GstBufferCopyFlags(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0,
                       gsize(-1));
  return buffer;
}
std::vector<std::uint8_t> bytes_of(const Ref<GstBuffer>& unit) {
  const MappedBuffer mapped(unit.get());
  return {mapped.bytes().begin(), mapped.bytes().end()};
}
Ref<GstBuffer> after_loss(const Ref<GstBuffer>& unit) {
  auto buffer = adopt(gst_buffer_copy(unit.get()));
  GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  return buffer;
}
bool is_corrupted(const Ref<GstBuffer>& shown) {
  return GST_BUFFER_FLAG_IS_SET(shown.get(), GST_BUFFER_FLAG_CORRUPTED);
}

TEST_F(Av1Decoder, ShowsEachPictureAtOnceWhenLive) {
  const auto units = stream(5);
  Rig rig("genosav1dec", {{"threads", "4"}});
  gst_harness_set_live(rig.get(), TRUE);
  rig.caps(av1_caps());
  for (std::size_t i = 0; i < units.size(); ++i) {
    ASSERT_EQ(rig.push(units[i]), GST_FLOW_OK);
    const auto shown = rig.pull();
    ASSERT_EQ(shown.size(), 1U) << i;
    EXPECT_EQ(GST_BUFFER_PTS(shown[0].get()), i * frame_time);
    EXPECT_EQ(GST_BUFFER_DURATION(shown[0].get()), frame_time);
  }
  EXPECT_EQ(gst_harness_query_latency(rig.get()), 0U);
  EXPECT_EQ(rig.keys_asked(), 0);
}

TEST_F(Av1Decoder, SaysHowLateFrameThreadsAreAndDrainsThem) {
  const auto units = stream(20);
  const auto expected = decode("av1dec", units);
  Rig rig("genosav1dec", {{"threads", "3"}, {"frame-delay", "3"}});
  rig.caps(av1_caps());
  EXPECT_EQ(rig.push(units[0]), GST_FLOW_OK);
  EXPECT_EQ(gst_harness_query_latency(rig.get()), 2 * frame_time);
  EXPECT_TRUE(rig.pull().empty());
  for (std::size_t i = 1; i < units.size(); ++i) EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
  rig.push_event(gst_event_new_eos());
  Seen seen;
  for (const auto& shown : rig.pull()) {
    EXPECT_EQ(GST_BUFFER_PTS(shown.get()), seen.size() * frame_time);
    seen.push_back(pixels(shown, info_of(width, height)));
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(Av1Decoder, AsksForAKeyframeWhenItJoinsLate) {
  const auto units = stream(30, {{"keyframe-interval", "20"}});
  const auto all = decode("av1dec", units);
  Rig rig("genosav1dec");
  rig.caps(av1_caps());
  int asked = 0;
  for (std::size_t i = 5; i < 20; ++i) {
    EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
    asked += rig.keys_asked();
  }
  EXPECT_EQ(asked, 2);  // at once, and a quarter of a second later: not for each frame
  EXPECT_TRUE(rig.pull().empty());
  for (std::size_t i = 20; i < 30; ++i) EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
  const auto shown = rig.pull();
  ASSERT_EQ(shown.size(), 10U);
  EXPECT_EQ(pixels(shown[9], info_of(width, height)), all[29]);
  EXPECT_EQ(rig.keys_asked(), 0);
}

// Frames 7 and 8 are lost, and so is the answer to the request; the next keyframe is 20.
Buffers after_a_loss(const Buffers& units, const Properties& properties) {
  Rig rig("genosav1dec", properties);
  rig.caps("video/x-av1,stream-format=obu-stream,alignment=tu,framerate=30/1");
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (i == 7 || i == 8) continue;
    EXPECT_EQ(rig.push(i == 9 ? after_loss(units[i]) : units[i]), GST_FLOW_OK);
    EXPECT_EQ(rig.keys_asked(), i == 9 || i == 17 ? 1 : 0) << i;  // at once, and again
  }
  return rig.pull();
}

TEST_F(Av1Decoder, ShowsTheLastGoodPictureAfterALoss) {
  const auto units = stream(30, {{"keyframe-interval", "20"}});
  const auto all = decode("av1dec", units);
  const auto shown = after_a_loss(units, {});
  ASSERT_EQ(shown.size(), 17U);
  for (const auto& picture : shown) {
    const auto number = GST_BUFFER_PTS(picture.get()) / frame_time;
    EXPECT_FALSE(is_corrupted(picture)) << number;
    EXPECT_EQ(pixels(picture, info_of(width, height)), all[number]) << number;
  }
}

TEST_F(Av1Decoder, ShowsWhatIsDoubtfulWhereThatIsAskedFor) {
  const auto units = stream(30, {{"keyframe-interval", "20"}});
  const auto shown = after_a_loss(units, {{"discard-corrupted-frames", "false"}});
  ASSERT_GT(shown.size(), 17U);
  for (const auto& picture : shown) {
    const auto number = GST_BUFFER_PTS(picture.get()) / frame_time;
    EXPECT_EQ(is_corrupted(picture), number >= 9 && number < 20) << number;
  }
}

// What comes after `broken` in place of frame 5: never an end, and right from the next keyframe.
void expect_recovery(const Buffers& units, const Seen& all, std::vector<std::uint8_t> broken) {
  Rig rig("genosav1dec");
  rig.caps("video/x-av1,stream-format=obu-stream,alignment=tu,framerate=30/1");
  for (std::size_t i = 0; i < units.size(); ++i)
    ASSERT_EQ(rig.push(i == 5 ? with_bytes(units[i], broken) : units[i]), GST_FLOW_OK);
  const auto shown = rig.pull();
  ASSERT_GE(shown.size(), 9U);
  EXPECT_EQ(pixels(shown.back(), info_of(320, 192)), all.back());
  EXPECT_FALSE(is_corrupted(shown.back()));
}

TEST_F(Av1Decoder, SurvivesFramesThatWereCutOff) {
  const auto units = stream(14, {{"keyframe-interval", "10"}}, width, height, 8);
  const auto all = decode("av1dec", units);
  const auto whole = bytes_of(units[5]);
  for (std::size_t size = 1; size < whole.size(); size += whole.size() / 40 + 1)
    expect_recovery(units, all, {whole.begin(), whole.begin() + std::ptrdiff_t(size)});
}

TEST_F(Av1Decoder, SurvivesNoise) {
  const auto units = stream(14, {{"keyframe-interval", "10"}}, width, height, 8);
  const auto all = decode("av1dec", units);
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    auto bytes = bytes_of(units[round % 3 == 0 ? 0 : 5]);  // a sequence header, too
    for (int i = 0; i < 1 + round / 4; ++i)
      bytes[random() % bytes.size()] ^= std::uint8_t(1U << random() % 8);
    SCOPED_TRACE(round);
    Rig rig("genosav1dec");
    rig.caps(av1_caps());
    for (std::size_t i = 0; i < units.size(); ++i)
      ASSERT_EQ(rig.push(i == 5 ? with_bytes(units[i], bytes) : units[i]), GST_FLOW_OK);
    const auto shown = rig.pull();
    ASSERT_FALSE(shown.empty());
    EXPECT_EQ(pixels(shown.back(), info_of(width, height)), all.back());
  }
}

TEST_F(Av1Decoder, AsksForAKeyframeAfterDamage) {
  const auto units = stream(8);
  Rig rig("genosav1dec");
  rig.caps(av1_caps());
  for (std::size_t i = 0; i < 4; ++i) rig.push(units[i]);
  EXPECT_EQ(rig.keys_asked(), 0);
  EXPECT_EQ(rig.push(with_bytes(units[4], {0x32, 0x7F, 0xFF, 0xFF})), GST_FLOW_OK);
  EXPECT_EQ(rig.keys_asked(), 1);
  EXPECT_EQ(rig.push(with_bytes(units[5], {0x12, 0x00})), GST_FLOW_OK);  // nothing but its start
  rig.push(adopt(gst_buffer_new()));                                     // and nothing at all
  EXPECT_EQ(rig.pull().size(), 4U);
}

// A keyframe of 320x192, with a sequence header that says 65536x65536 (AV1 specification, 5.5).
std::vector<std::uint8_t> claiming_the_largest(const std::vector<std::uint8_t>& key) {
  const std::size_t size = key[3];  // of the sequence header, after delimiter and type
  std::vector<bool> bits;
  for (std::size_t i = 0; i < size * 8; ++i) bits.push_back(key[4 + i / 8] >> (7 - i % 8) & 1);
  // Profile to level: 29 bits; then two widths less one, of 4 bits each; then 9 bits for 320, 8 for
  // 192.
  std::vector<bool> larger(bits.begin(), bits.begin() + 29);
  larger.insert(larger.end(), 8 + 32, true);
  larger.insert(larger.end(), bits.begin() + 29 + 8 + 17, bits.end());
  larger.resize((larger.size() + 7) / 8 * 8);
  std::vector<std::uint8_t> bytes = {0x12, 0x00, 0x0A, std::uint8_t(larger.size() / 8)};
  for (std::size_t i = 0; i < larger.size(); i += 8) {
    std::uint8_t byte = 0;
    for (std::size_t j = 0; j < 8; ++j) byte = std::uint8_t(byte << 1 | int(larger[i + j]));
    bytes.push_back(byte);
  }
  bytes.insert(bytes.end(), key.begin() + 4 + std::ptrdiff_t(size), key.end());
  return bytes;
}

TEST_F(Av1Decoder, RefusesPicturesThatNobodyHasMemoryFor) {
  static std::string said;
  gst_debug_set_threshold_for_name("genosav1dec", GST_LEVEL_DEBUG);
  const GstLogFunction listen = [](GstDebugCategory*, GstDebugLevel, const gchar*, const gchar*,
                                   gint, GObject*, GstDebugMessage* message,
                                   gpointer) noexcept { said += gst_debug_message_get(message); };
  // In brackets: GStreamer's macros of these names are no C++.
  (gst_debug_remove_log_function)(gst_debug_log_default);
  (gst_debug_add_log_function)(listen, nullptr, nullptr);
  const auto unit = stream(1).front();
  Rig rig("genosav1dec");
  rig.caps(av1_caps());
  EXPECT_EQ(rig.push(with_bytes(unit, claiming_the_largest(bytes_of(unit)))), GST_FLOW_OK);
  EXPECT_TRUE(rig.pull().empty());
  EXPECT_EQ(rig.push(unit), GST_FLOW_OK);
  EXPECT_EQ(rig.pull().size(), 1U);
  (gst_debug_remove_log_function)(listen);
  (gst_debug_add_log_function)(gst_debug_log_default, nullptr, nullptr);
  gst_debug_unset_threshold_for_name("genosav1dec");
  EXPECT_NE(said.find("65536x65536 exceeds limit"), std::string::npos) << said;
}

TEST_F(Av1Decoder, FollowsTheSizeOfTheStream) {
  Buffers units = stream(3);
  for (auto& unit : stream(3, {}, 161, 99)) units.push_back(std::move(unit));
  for (const char* delay : {"1", "2"}) {
    Rig rig("genosav1dec", {{"threads", "2"}, {"frame-delay", delay}});
    rig.caps(av1_caps());
    for (const auto& unit : units) rig.push(unit);
    rig.push_event(gst_event_new_eos());
    EXPECT_EQ(rig.pull().size(), 6U);
    EXPECT_EQ(rig.caps_field("width"), "161");
    EXPECT_EQ(rig.caps_field("height"), "99");
    EXPECT_EQ(rig.caps_field("framerate"), "30/1");
  }
}

// What waits comes out before what is said of the next.
TEST_F(Av1Decoder, TakesOtherCapsInMidStream) {
  const auto first = stream(3), second = stream(3, {}, 161, 99);
  const auto before = decode("av1dec", first), after = decode("av1dec", second, 161, 99);
  for (const char* delay : {"1", "2"}) {
    Rig rig("genosav1dec", {{"threads", "2"}, {"frame-delay", delay}});
    rig.caps(av1_caps("alignment=tu,width=320,height=192"));
    for (const auto& unit : first) EXPECT_EQ(rig.push(unit), GST_FLOW_OK);
    const std::string small =
        "video/x-av1,stream-format=obu-stream,alignment=tu,width=161,height=99,framerate=";
    rig.caps(small + "10/1");
    auto shown = rig.pull();
    ASSERT_EQ(shown.size(), 3U) << delay;
    EXPECT_EQ(rig.caps_field("width"), "320");
    EXPECT_EQ(rig.caps_field("framerate"), "30/1");
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(pixels(shown[i], info_of(width, height)), before[i]) << i;
    for (const char* rate : {"10/1", "25/1"}) {
      rig.caps(small + rate);
      for (const auto& unit : second) EXPECT_EQ(rig.push(unit), GST_FLOW_OK);
      rig.push_event(gst_event_new_stream_start("another"));
      shown = rig.pull();
      ASSERT_EQ(shown.size(), 3U) << delay;
      EXPECT_EQ(rig.caps_field("width"), "161");
      EXPECT_EQ(rig.caps_field("framerate"), rate);
      for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(pixels(shown[i], info_of(161, 99)), after[i]) << i;
    }
    EXPECT_EQ(rig.keys_asked(), 0);
  }
}

TEST_F(Av1Decoder, DrainsBeforeAnotherStreamAndGoesOn) {
  const auto units = stream(8);
  const auto all = decode("av1dec", units);
  Rig rig("genosav1dec", {{"threads", "2"}, {"frame-delay", "2"}});
  rig.caps(av1_caps());
  Seen seen;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (i == 4) {
      rig.push_event(gst_event_new_stream_start("another"));
      const auto shown = rig.pull();
      ASSERT_EQ(shown.size(), 4U);
      for (const auto& one : shown) seen.push_back(pixels(one, info_of(width, height)));
    }
    EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
  }
  rig.push_event(gst_event_new_eos());
  for (const auto& one : rig.pull()) seen.push_back(pixels(one, info_of(width, height)));
  EXPECT_EQ(seen, all);
}

// A picture is there before the gap behind it, however far away the next one is.
TEST_F(Av1Decoder, ShowsSparsePicturesBeforeTheirGaps) {
  const auto units = stream(4);
  const auto all = decode("av1dec", units);
  for (const char* delay : {"1", "2"}) {
    Rig rig("genosav1dec", {{"threads", "2"}, {"frame-delay", delay}});
    rig.caps(av1_caps());
    rig.push_event(gst_event_new_gap(0, GST_SECOND));
    for (std::size_t i = 0; i < units.size(); ++i) {
      const GstClockTime at = (1 + i * i * 20) * GST_SECOND;
      auto unit = adopt(gst_buffer_copy(units[i].get()));
      GST_BUFFER_PTS(unit.get()) = at;
      EXPECT_EQ(rig.push(std::move(unit)), GST_FLOW_OK);
      EXPECT_TRUE(rig.push_event(gst_event_new_gap(at + frame_time, 20 * GST_SECOND)));
      const auto shown = rig.pull();
      ASSERT_EQ(shown.size(), 1U) << delay << ", " << i;
      EXPECT_EQ(GST_BUFFER_PTS(shown[0].get()), at);
      EXPECT_EQ(pixels(shown[0], info_of(width, height)), all[i]) << i;
    }
    int gaps = 0;
    while (auto event = adopt(gst_harness_try_pull_event(rig.get())))
      gaps += GST_EVENT_TYPE(event.get()) == GST_EVENT_GAP;
    EXPECT_EQ(gaps, 5);
    EXPECT_EQ(rig.caps_field("width"), "320");
    EXPECT_EQ(rig.keys_asked(), 0);
  }
}

TEST_F(Av1Decoder, SaysTheColoursOfTheStream) {
  for (const char* colours : {"bt709", "bt601", "1:1:5:4", "bt2020"}) {
    Rig rig("genosav1enc");
    rig.caps(raw_caps(width, height, std::string("framerate=30/1,colorimetry=") + colours));
    Rig back("genosav1dec");
    back.caps(av1_caps());
    back.push(encode(rig, 0, 1).front());
    EXPECT_EQ(back.caps_field("colorimetry"), rig.caps_field("colorimetry")) << colours;
    EXPECT_EQ(back.caps_field("format"), "I420");
  }
}

TEST_F(Av1Decoder, LendsItsPicturesToWhoReadsStrides) {
  const auto units = stream(12, {}, 330, 190);
  const auto expected = decode("av1dec", units, 330, 190);
  Buffers shown;
  {
    Rig rig("genosav1dec", {{"threads", "2"}});
    gst_harness_add_propose_allocation_meta(rig.get(), GST_VIDEO_META_API_TYPE, nullptr);
    rig.caps(av1_caps());
    for (const auto& unit : units) rig.push(unit);
    rig.push_event(gst_event_new_eos());
    shown = rig.pull();
  }
  // The decoder is gone; its pictures are not.
  ASSERT_EQ(shown.size(), units.size());
  EXPECT_TRUE(gst_buffer_get_video_meta(shown[0].get()));
  GstMapInfo map;
  EXPECT_FALSE(gst_memory_map(gst_buffer_peek_memory(shown[0].get(), 0), &map, GST_MAP_WRITE));
  for (std::size_t i = 0; i < shown.size(); ++i)
    EXPECT_EQ(pixels(shown[i], info_of(330, 190)), expected[i]) << i;
}

TEST_F(Av1Decoder, GoesOnAfterAFlush) {
  const auto units = stream(10, {{"keyframe-interval", "5"}});
  const auto all = decode("av1dec", units);
  for (const char* delay : {"1", "2"}) {
    Rig rig("genosav1dec", {{"threads", "2"}, {"frame-delay", delay}});
    rig.caps(av1_caps());
    for (std::size_t i = 0; i < 3; ++i) rig.push(units[i]);
    rig.pull();
    rig.push_event(gst_event_new_flush_start());
    rig.push_event(gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    rig.push_event(gst_event_new_segment(&segment));
    for (std::size_t i = 3; i < 5; ++i) EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
    EXPECT_TRUE(rig.pull().empty());  // what these build on is forgotten
    for (std::size_t i = 5; i < 10; ++i) EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
    rig.push_event(gst_event_new_eos());
    const auto shown = rig.pull();
    ASSERT_EQ(shown.size(), 5U);
    EXPECT_EQ(GST_BUFFER_PTS(shown[0].get()), 5 * frame_time);
    EXPECT_EQ(pixels(shown[4], info_of(width, height)), all[9]);
  }
}

TEST_F(Av1Decoder, TakesFramesOneByOne) {
  const auto units = stream(6);
  Rig rig("genosav1dec");
  rig.caps(av1_caps("alignment=frame"));
  for (const auto& unit : units) {
    // The delimiter alone, then the rest: a buffer that shows nothing is no loss.
    auto bytes = bytes_of(unit);
    EXPECT_EQ(rig.push(with_bytes(unit, {bytes.begin(), bytes.begin() + 2})), GST_FLOW_OK);
    EXPECT_EQ(rig.push(with_bytes(unit, {bytes.begin() + 2, bytes.end()})), GST_FLOW_OK);
  }
  EXPECT_EQ(rig.pull().size(), 6U);
  EXPECT_EQ(rig.keys_asked(), 0);
}

TEST_F(Av1Decoder, DropsPicturesThatAreTooLate) {
  const auto units = stream(30);
  Rig rig("genosav1dec");
  rig.caps(av1_caps());
  for (std::size_t i = 0; i < 5; ++i) rig.push(units[i]);
  rig.pull();
  rig.push_upstream(
      gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, 30 * GST_MSECOND, 7 * frame_time));
  for (std::size_t i = 5; i < 30; ++i) EXPECT_EQ(rig.push(units[i]), GST_FLOW_OK);
  const auto shown = rig.pull();
  EXPECT_LT(shown.size(), 25U);
  ASSERT_FALSE(shown.empty());
  EXPECT_EQ(pixels(shown.back(), info_of(width, height)), decode("av1dec", units).back());
}

TEST_F(Av1Decoder, EndsWithAnErrorOnlyWhereThatIsAskedFor) {
  const auto units = stream(3);
  Rig rig("genosav1dec", {{"max-errors", "2"}});
  auto bus = adopt(gst_bus_new());
  gst_element_set_bus(rig.element(), bus.get());
  rig.caps(av1_caps());
  rig.push(units[0]);
  GstFlowReturn flow = GST_FLOW_OK;
  for (int i = 0; i < 5 && flow == GST_FLOW_OK; ++i)
    flow = rig.push(with_bytes(units[1], {0x32, 0x7F, 0xFF}));
  EXPECT_EQ(flow, GST_FLOW_ERROR);
  EXPECT_TRUE(adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR)));
  gst_element_set_bus(rig.element(), nullptr);
}

}  // namespace
}  // namespace genos
