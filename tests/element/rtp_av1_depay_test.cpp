// SPDX-License-Identifier: LGPL-2.1-or-later
// genosrtpav1depay: what arrives, and what is done about what does not.
#include <gst/video/video.h>

#ifdef GENOS_HAVE_AV1
#include "av1dec/gstgenosav1dec.h"
#include "av1enc/gstgenosav1enc.h"
#endif
#include "bridge/signal.hpp"
#include "support/rtp_av1.hpp"
#include "support/test_line.hpp"

namespace genos {
namespace {

using namespace test;

constexpr GstClockTime frame_time = 40 * GST_MSECOND;

// A payloader, a line and a depayloader.
class Way {
 public:
  explicit Way(const std::string& options = "", const char* wanted = nullptr,
               const char* caps = tu_caps, const std::string& pay_options = "")
      : pay("genosrtpav1pay mtu=200 " + pay_options, caps),
        depay("genosrtpav1depay " + options, rtp_caps, wanted) {}

  void send(const Av1Unit& unit, std::vector<std::size_t> lost = {}) {
    pay.push(unit.stream(), frame_time * count++);
    carry(pay, depay, std::move(lost));
  }
  std::vector<core::Bytes> received() {
    std::vector<core::Bytes> all;
    for (const auto& buffer : depay.pull()) all.push_back(bytes_in(buffer.get()));
    return all;
  }

  Harness pay, depay;
  guint count = 0;
};

TEST_F(RtpAv1, UnitsArriveWhole) {
  Way way;
  std::vector<core::Bytes> sent;
  for (std::size_t i = 0; i < 30; ++i) {
    const auto unit = i % 10 == 0 ? key_unit(100 + i * 70) : delta_unit(1 + i * 40);
    sent.push_back(unit.stream());
    way.send(unit);
  }
  const auto buffers = way.depay.pull();
  ASSERT_EQ(buffers.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(bytes_in(buffers[i].get()), sent[i]);
    EXPECT_EQ(GST_BUFFER_PTS(buffers[i].get()), frame_time * i);
    EXPECT_EQ(GST_BUFFER_FLAG_IS_SET(buffers[i].get(), GST_BUFFER_FLAG_DELTA_UNIT), i % 10 != 0);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffers[i].get(), GST_BUFFER_FLAG_MARKER));
  }
  EXPECT_EQ(way.depay.keyframe_requests(), 0);
}

TEST_F(RtpAv1, CapsTellTheVideoAndFollowIt) {
  Way way;
  way.send(key_unit(50));
  const auto expect_size = [&](int width, int height) {
    const auto caps = way.depay.caps();
    ASSERT_TRUE(caps);
    const auto expected =
        std::string(tu_caps) +
        ",profile=main,chroma-format=4:2:0,bit-depth-luma=(uint)8,width=" + std::to_string(width) +
        ",height=" + std::to_string(height);
    const auto wanted = adopt(gst_caps_from_string(expected.c_str()));
    EXPECT_TRUE(gst_caps_is_subset(caps.get(), wanted.get())) << gst_caps_to_string(caps.get());
  };
  expect_size(874, 1076);
  core::Bytes other(std::begin(sequence_payload), std::end(sequence_payload));
  other[5] = 0xd1;  // the width's lowest bits but one
  way.send(Av1Unit().add(core::ObuType::sequence_header, other).add_frame(shown_key, 20));
  expect_size(873, 1076);
  EXPECT_EQ(way.depay.pull().size(), 2u);
}

TEST_F(RtpAv1, DownstreamChoosesTheFormat) {
  const auto unit = std::move(
      Av1Unit().add_sequence_header().add_frame(shown_key, 20, 0).add_frame(shown_delta, 300, 8));
  Way annexb("", annexb_caps);
  annexb.send(unit);
  EXPECT_EQ(annexb.received(), std::vector<core::Bytes>{core::write_annexb(unit.obus())});
  Way frames("", frame_caps);
  frames.send(unit);
  const auto buffers = frames.depay.pull();
  ASSERT_EQ(buffers.size(), 2u);
  auto both = bytes_in(buffers[0].get());
  const auto second = bytes_in(buffers[1].get());
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(both, unit.stream());
  EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(buffers[0].get(), GST_BUFFER_FLAG_MARKER));
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffers[1].get(), GST_BUFFER_FLAG_MARKER));
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffers[1].get(), GST_BUFFER_FLAG_DELTA_UNIT));
}

TEST_F(RtpAv1, AfterALossAKeyframeIsAskedForAndWaitedFor) {
  Way way;
  way.send(key_unit(50));
  way.send(delta_unit(900), {2});
  for (int i = 0; i < 5; ++i) way.send(delta_unit(80));
  EXPECT_EQ(way.received().size(), 1u);
  EXPECT_EQ(way.depay.keyframe_requests(), 1);  // not one for every frame
  way.send(key_unit(700));
  way.send(delta_unit(70));
  EXPECT_EQ(way.received(), (std::vector{key_unit(700).stream(), delta_unit(70).stream()}));
}

TEST_F(RtpAv1, RequestsAreRepeatedWhileNoneComes) {
  Way way;
  way.send(delta_unit(80));
  EXPECT_EQ(way.depay.keyframe_requests(), 1);
  EXPECT_TRUE(TestLine::until([&] {
    way.send(delta_unit(80));
    return way.depay.keyframe_requests() == 1;
  }));
}

TEST_F(RtpAv1, BothCanBeTurnedOff) {
  Way way("request-keyframe=false wait-for-keyframe=false");
  way.send(delta_unit(80));
  way.send(delta_unit(900), {2});
  way.send(delta_unit(81));
  EXPECT_EQ(way.received(), (std::vector{delta_unit(80).stream(), delta_unit(81).stream()}));
  EXPECT_EQ(way.depay.keyframe_requests(), 0);
}

TEST_F(RtpAv1, OpaqueFramesPassThroughHooks) {
  const auto flip = [](GstBuffer* frame) {
    auto bytes = bytes_in(frame);
    for (auto& byte : bytes) byte ^= 0xff;
    return gst_buffer_new_memdup(bytes.data(), bytes.size());
  };
  Way way("opaque=true", nullptr, tu_caps, "opaque=true");
  const auto seal = on<GstBuffer*(GstElement*, GstBuffer*)>(
      way.pay.find("genosrtpav1pay").get(), "frame",
      [&](GstElement*, GstBuffer* frame) { return flip(frame); });
  way.send(key_unit(900));
  auto sealed = way.received();
  ASSERT_EQ(sealed.size(), 1u);
  for (auto& byte : sealed[0]) byte ^= 0xff;
  EXPECT_EQ(sealed[0], key_unit(900).stream());
  const auto unseal = on<GstBuffer*(GstElement*, GstBuffer*)>(
      way.depay.find("genosrtpav1depay").get(), "frame",
      [&](GstElement*, GstBuffer* frame) { return flip(frame); });
  way.send(key_unit(901));
  EXPECT_EQ(way.received(), std::vector<core::Bytes>{key_unit(901).stream()});
}

TEST_F(RtpAv1, AHookMayDrop) {
  Way way;
  int seen = 0;
  const auto hook = on<GstBuffer*(GstElement*, GstBuffer*)>(
      way.depay.find("genosrtpav1depay").get(), "frame",
      [&](GstElement*, GstBuffer* frame) { return ++seen == 1 ? gst_buffer_ref(frame) : nullptr; });
  way.send(key_unit(50));
  way.send(delta_unit(50));
  EXPECT_EQ(way.received().size(), 1u);
  EXPECT_EQ(seen, 2);
}

TEST_F(RtpAv1, AFlushBeginsAnew) {
  Way way;
  way.send(key_unit(50));
  way.pay.push(delta_unit(900).stream(), GST_SECOND);
  auto packets = way.pay.pull();
  gst_harness_push(way.depay.get(), packets[0].release());
  EXPECT_TRUE(way.depay.push_event(gst_event_new_flush_start()));
  EXPECT_TRUE(way.depay.push_event(gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  way.depay.push_event(gst_event_new_segment(&segment));
  way.received();
  way.send(delta_unit(51));
  EXPECT_TRUE(way.received().empty());
  way.send(key_unit(52));
  EXPECT_EQ(way.received().size(), 1u);
}

TEST_F(RtpAv1, AUnitWithoutAMarkerComesWithTheNextOrTheEnd) {
  Way way("", nullptr, frame_caps);
  const auto hidden = std::move(Av1Unit().add_sequence_header().add_frame(shown_key, 60));
  way.pay.push(hidden.stream(), 0);
  for (auto& buffer : way.pay.pull()) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    buffer = adopt(gst_buffer_make_writable(buffer.release()));
    gst_rtp_buffer_map(buffer.get(), GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_marker(&rtp, FALSE);
    gst_rtp_buffer_unmap(&rtp);
    gst_harness_push(way.depay.get(), buffer.release());
  }
  EXPECT_TRUE(way.received().empty());
  EXPECT_TRUE(way.depay.push_event(gst_event_new_eos()));
  const auto buffers = way.depay.pull();
  ASSERT_EQ(buffers.size(), 1u);
  EXPECT_EQ(GST_BUFFER_PTS(buffers[0].get()), 0u);
}

TEST_F(RtpAv1, AnotherSourceIsAnotherStream) {
  Way way;
  way.send(key_unit(50));
  way.received();
  Harness other("genosrtpav1pay ssrc=77", tu_caps);
  other.push(delta_unit(60).stream(), GST_SECOND);
  carry(other, way.depay);
  EXPECT_TRUE(way.received().empty());
  other.push(key_unit(61).stream(), GST_SECOND);
  carry(other, way.depay);
  EXPECT_EQ(way.received().size(), 1u);
}

TEST_F(RtpAv1, WhatDownstreamSaysComesBack) {
  Way way;
  way.send(key_unit(50));
  gst_pad_set_active(way.depay.get()->sinkpad, FALSE);
  way.pay.push(key_unit(50).stream(), GST_SECOND);
  for (auto& buffer : way.pay.pull())
    EXPECT_EQ(gst_harness_push(way.depay.get(), buffer.release()), GST_FLOW_FLUSHING);
}

TEST_F(RtpAv1, NoPacketDoesHarm) {
  Harness depay("genosrtpav1depay", rtp_caps);
  guint32 random = 1;
  const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 8; };
  for (guint16 i = 0; i < 5000; ++i) {
    const guint size = next() % 40;
    GstBuffer* buffer = gst_rtp_buffer_new_allocate(size, 0, 0);
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gst_rtp_buffer_map(buffer, GST_MAP_READWRITE, &rtp);
    gst_rtp_buffer_set_seq(&rtp, i);
    gst_rtp_buffer_set_timestamp(&rtp, i / 3);
    gst_rtp_buffer_set_marker(&rtp, next() % 3 == 0);
    auto* payload = static_cast<guint8*>(gst_rtp_buffer_get_payload(&rtp));
    for (guint at = 0; at < size; ++at) payload[at] = static_cast<guint8>(next());
    gst_rtp_buffer_unmap(&rtp);
    ASSERT_EQ(gst_harness_push(depay.get(), buffer), GST_FLOW_OK);
  }
}

// What libaom made, over small packets, in every format: each frame decodes to the same picture.
// (A size without padding between lines, which av1dec leaves as it finds it.)
TEST_F(RtpAv1, RealVideoDecodesToTheSamePictures) {
  const std::string video =
      "videotestsrc num-buffers=40 pattern=ball ! video/x-raw,format=I420,width=320,height=180 ! "
      "av1enc usage-profile=realtime cpu-used=8 min-quantizer=4 max-quantizer=56 "
      "keyframe-max-dist=15 ! ";
  const auto pictures = [](const std::string& text) {
    TestLine line(text + "av1dec ! fakesink name=out");
    line.play();
    EXPECT_EQ(line.outcome(), "eos");
    return line.received();
  };
  const auto expected = pictures(video);
  EXPECT_EQ(expected.size(), 40u * 320 * 180 * 3 / 2);
  const std::string way = "genosrtpav1pay mtu=300 ! genosrtpav1depay ! ";
  EXPECT_TRUE(pictures(video + way) == expected);
  EXPECT_TRUE(pictures(video + way + "video/x-av1,alignment=frame ! " + way) == expected);
  EXPECT_TRUE(pictures(video + way + "video/x-av1,stream-format=annexb ! " + way) == expected);
  TestLine recorded(video + way + "webmmux ! fakesink name=out");
  recorded.play();
  EXPECT_EQ(recorded.outcome(), "eos");
  EXPECT_TRUE(pictures(video + "genosrtpav1pay opaque=true ! genosrtpav1depay opaque=true ! ") ==
              expected);
}

#ifdef GENOS_HAVE_AV1
// An encoder that heeds requests: each loss costs a few frames, whatever it hits.
TEST_F(RtpAv1, ALossyLineRecovers) {
  GST_ELEMENT_REGISTER(genosav1enc, nullptr);
  GST_ELEMENT_REGISTER(genosav1dec, nullptr);
  TestLine line(
      "videotestsrc is-live=true num-buffers=180 pattern=ball ! "
      "video/x-raw,format=I420,width=320,height=184,framerate=60/1 ! genosav1enc ! "
      "genosrtpav1pay mtu=400 ! identity name=way ! genosrtpav1depay ! genosav1dec ! "
      "fakesink name=out");
  struct Loss {
    int packets = 0, lost = 0;
  } loss;
  const auto way = adopt(gst_element_get_static_pad(line.element("way").get(), "src"));
  gst_pad_add_probe(
      way.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer data) {
        auto& seen = *static_cast<Loss*>(data);
        if (++seen.packets % 40 != 0) return GST_PAD_PROBE_OK;
        ++seen.lost;
        return GST_PAD_PROBE_DROP;
      },
      &loss, nullptr);
  line.play();
  EXPECT_EQ(line.outcome(), "eos");
  EXPECT_GT(loss.lost, 2);
  const auto frames = line.received().size() / (320 * 184 * 3 / 2);
  RecordProperty("frames", static_cast<int>(frames));
  EXPECT_LT(frames, 180u);
  EXPECT_GT(frames, 90u);
}
#endif

TEST_F(RtpAv1, StatesInAnyOrder) {
  TestLine line(
      "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=64,framerate=100/1 ! "
      "av1enc usage-profile=realtime cpu-used=8 min-quantizer=4 max-quantizer=56 ! "
      "genosrtpav1pay ! genosrtpav1depay ! fakesink name=out");
  const GstState walk[] = {GST_STATE_READY,   GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_NULL,
                           GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_NULL};
  for (const auto state : walk) ASSERT_NE(line.set_state(state), GST_STATE_CHANGE_FAILURE);
  for (int i = 0; i < 3; ++i) {
    const auto before = line.received().size();
    line.play();
    EXPECT_TRUE(TestLine::until([&] { return line.received().size() > before; }));
    line.set_state(GST_STATE_READY);
  }
}

}  // namespace
}  // namespace genos
