// SPDX-License-Identifier: LGPL-2.1-or-later
// genosrtpav1pay: what leaves it.
#include <gst/rtp/gstrtphdrext.h>
#include <gst/video/video.h>

#include "core/rtp/dependency_descriptor.hpp"
#include "layer_meta.hpp"
#include "support/rtp_av1.hpp"

namespace genos {
namespace {

using namespace test;

TEST_F(RtpAv1, AFrameIsOneListOfPacketsOfTheMtu) {
  Harness pay("genosrtpav1pay mtu=300", tu_caps);
  int lists = 0;
  const auto src = adopt(gst_element_get_static_pad(pay.find("genosrtpav1pay").get(), "src"));
  gst_pad_add_probe(
      src.get(), GST_PAD_PROBE_TYPE_BUFFER_LIST,
      [](GstPad*, GstPadProbeInfo*, gpointer count) {
        ++*static_cast<int*>(count);
        return GST_PAD_PROBE_OK;
      },
      &lists, nullptr);
  EXPECT_EQ(pay.push(key_unit(5000).stream(), 0), GST_FLOW_OK);
  EXPECT_EQ(lists, 1);
  auto buffers = pay.pull();
  ASSERT_GE(buffers.size(), 17u);
  const auto first = packet_in(buffers[0].get());
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const auto packet = packet_in(buffers[i].get());
    EXPECT_LE(packet.size, 300u);
    EXPECT_EQ(packet.type, 45u);
    EXPECT_EQ(packet.timestamp, first.timestamp);
    EXPECT_EQ(packet.sequence, static_cast<guint16>(first.sequence + i));
    EXPECT_EQ(packet.marker, i + 1 == buffers.size());
    EXPECT_EQ((packet.payload[0] & 8) != 0, i == 0);
    EXPECT_EQ(GST_BUFFER_PTS(buffers[i].get()), 0u);
    EXPECT_FALSE(GST_BUFFER_FLAG_IS_SET(buffers[i].get(), GST_BUFFER_FLAG_DELTA_UNIT));
  }
  pay.push(delta_unit(50).stream(), GST_SECOND, GST_BUFFER_FLAG_DELTA_UNIT);
  buffers = pay.pull();
  ASSERT_EQ(buffers.size(), 1u);
  EXPECT_EQ(lists, 2);
  EXPECT_EQ(packet_in(buffers[0].get()).timestamp, first.timestamp + 90000);
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(buffers[0].get(), GST_BUFFER_FLAG_DELTA_UNIT));
}

GstRTPHeaderExtension* new_extension(guint id) {
  auto* made = gst_rtp_header_extension_create_from_uri(core::dependency_descriptor_uri);
  gst_rtp_header_extension_set_id(made, id);
  return made;
}

void give_extension(GstElement* pay) {
  const auto made = adopt(GST_ELEMENT(new_extension(3)));
  g_signal_emit_by_name(pay, "add-extension", made.get());
}

GstRTPHeaderExtension* on_request(GstElement*, guint id, const char*, gpointer) {
  return new_extension(id);
}

// Of a keyframe with so many temporal layers as take most; all but the last are as full as may be.
void expect_full_packets(Harness& pay, guint mtu) {
  auto bytes = key_unit(5000).stream();
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  element::set_layer(buffer, {0, 3});
  gst_harness_push(pay.get(), buffer);
  const auto packets = packets_of(pay);
  ASSERT_GT(packets.size(), 10u);
  for (const auto& packet : packets) EXPECT_LE(packet.size, mtu);
  EXPECT_GE(packets[0].size, mtu - 8);
}

TEST_F(RtpAv1, HeaderExtensionsAreInTheMtu) {
  const auto wanted = std::string("application/x-rtp,media=video,extmap-5=(string)\"") +
                      core::dependency_descriptor_uri + "\"";
  Harness negotiated("genosrtpav1pay mtu=300", tu_caps, wanted.c_str());
  expect_full_packets(negotiated, 300);
  Harness asked("genosrtpav1pay mtu=300 auto-header-extension=false", tu_caps, wanted.c_str());
  g_signal_connect(asked.find("genosrtpav1pay").get(), "request-extension", G_CALLBACK(on_request),
                   nullptr);
  expect_full_packets(asked, 300);
  Harness given("genosrtpav1pay mtu=300", tu_caps);
  give_extension(given.find("genosrtpav1pay").get());
  expect_full_packets(given, 300);
  g_signal_emit_by_name(given.find("genosrtpav1pay").get(), "clear-extensions");
  given.push(key_unit(5000).stream(), GST_SECOND);
  EXPECT_EQ(packets_of(given).at(0).size, 300u);
}

TEST_F(RtpAv1, AnMtuWithoutRoomForItsExtensionsCarriesALittle) {
  Harness pay("genosrtpav1pay mtu=28", tu_caps);
  give_extension(pay.find("genosrtpav1pay").get());
  pay.push(key_unit(50).stream(), 0);
  EXPECT_GT(packets_of(pay).size(), 3u);
}

TEST_F(RtpAv1, PayloadTypesBelow35AreNone) {
  Harness pay("genosrtpav1pay", tu_caps);
  const auto element = pay.find("genosrtpav1pay");
  auto* spec =
      G_PARAM_SPEC_UINT(g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), "pt"));
  EXPECT_EQ(spec->minimum, 35u);
  EXPECT_EQ(spec->maximum, 127u);
  EXPECT_EQ(spec->default_value, 45u);
  guint type = 0;
  g_object_set(element.get(), "pt", 99u, nullptr);
  g_object_get(element.get(), "pt", &type, nullptr);
  EXPECT_EQ(type, 99u);
  pay.push(key_unit(50).stream(), 0);
  EXPECT_EQ(packets_of(pay).at(0).type, 99u);
}

TEST_F(RtpAv1, PayloadTypesFrom35On) {
  for (const guint type : {35u, 45u, 96u, 127u}) {
    const auto wanted =
        "application/x-rtp,media=video,clock-rate=90000,payload=" + std::to_string(type);
    Harness pay("genosrtpav1pay", tu_caps, wanted.c_str());
    pay.push(key_unit(50).stream(), 0);
    const auto packets = packets_of(pay);
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(packets[0].type, type);
  }
  Harness pay("genosrtpav1pay pt=100", tu_caps);
  pay.push(key_unit(50).stream(), 0);
  EXPECT_EQ(packets_of(pay).at(0).type, 100u);
}

TEST_F(RtpAv1, CapsSayAv1AndNoMore) {
  const auto with_data = std::string(tu_caps) + ",codec_data=(buffer)81000c00,width=320,height=240";
  Harness pay("genosrtpav1pay", with_data.c_str());
  pay.push(key_unit(50).stream(), 0);
  const auto caps = pay.caps();
  const auto* about = gst_caps_get_structure(caps.get(), 0);
  EXPECT_STREQ(gst_structure_get_string(about, "encoding-name"), "AV1");
  EXPECT_STREQ(gst_structure_get_string(about, "media"), "video");
  EXPECT_FALSE(gst_structure_has_field(about, "codec_data"));
}

TEST_F(RtpAv1, OfFramesTheOneThatIsShownEndsTheUnit) {
  Harness pay("genosrtpav1pay", frame_caps);
  const auto hidden = std::move(Av1Unit().add_sequence_header().add_frame(hidden_key, 60));
  pay.push(hidden.stream(), 0);
  pay.push(delta_unit(60).stream(), 0);
  const auto packets = packets_of(pay);
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_FALSE(packets[0].marker);
  EXPECT_TRUE(packets[1].marker);
}

TEST_F(RtpAv1, BothFormatsMakeTheSamePackets) {
  const auto unit = key_unit(3000);
  Harness one("genosrtpav1pay mtu=500", tu_caps), other("genosrtpav1pay mtu=500", annexb_caps);
  one.push(unit.stream(), 0);
  other.push(core::write_annexb(unit.obus()), 0);
  const auto a = packets_of(one), b = packets_of(other);
  ASSERT_EQ(a.size(), b.size());
  ASSERT_GT(a.size(), 5u);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].payload, b[i].payload);
}

TEST_F(RtpAv1, WhatIsNotAv1IsDropped) {
  Harness pay("genosrtpav1pay", tu_caps);
  EXPECT_EQ(pay.push({0x80, 1, 2, 3}, 0), GST_FLOW_OK);
  EXPECT_EQ(pay.push({}, 0), GST_FLOW_OK);
  EXPECT_EQ(pay.push({0x12, 0x00}, 0), GST_FLOW_OK);
  EXPECT_TRUE(pay.pull().empty());
  pay.push(key_unit(50).stream(), GST_SECOND);
  EXPECT_EQ(pay.pull().size(), 1u);
}

TEST_F(RtpAv1, KeyframeRequestsGoUpstream) {
  Harness pay("genosrtpav1pay", tu_caps);
  pay.keyframe_requests();
  gst_harness_push_upstream_event(
      pay.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 1));
  EXPECT_EQ(pay.keyframe_requests(), 1);
}

TEST_F(RtpAv1, CapsMayChange) {
  Harness pay("genosrtpav1pay", tu_caps);
  pay.push(key_unit(50).stream(), 0);
  gst_harness_set_src_caps_str(pay.get(), annexb_caps);
  const auto unit = key_unit(60);
  pay.push(core::write_annexb(unit.obus()), GST_SECOND);
  const auto packets = packets_of(pay);
  ASSERT_EQ(packets.size(), 2u);
  EXPECT_EQ(static_cast<guint16>(packets[0].sequence + 1), packets[1].sequence);
}

}  // namespace
}  // namespace genos
