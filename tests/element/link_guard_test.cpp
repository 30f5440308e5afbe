// SPDX-License-Identifier: LGPL-2.1-or-later
// What a stranger sends instead of media, or in it, harms nobody.
#include <gtest/gtest.h>

#include "support/media_call.hpp"

namespace genos {
namespace {

using core::Description;
using core::Partner;
using core::Signal;
using test::Call;
using test::LinkPair;
using test::LinkSide;
using namespace std::chrono_literals;

// As it comes from the network, decrypted, to the session of a link.
void receive(LinkPair& pair, const LinkSide& side, const char* name,
             const std::vector<guint8>& packet) {
  const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(side.link->pipeline()), "rtpbin"));
  const auto pad = adopt(gst_element_get_static_pad(rtpbin.get(), name));
  ASSERT_TRUE(pair.until([&] {
    return bool(adopt(gst_pad_get_sticky_event(pad.get(), GST_EVENT_SEGMENT, 0)));
  })) << "nothing came there yet";
  const auto from = adopt(gst_pad_get_peer(pad.get()));
  gst_pad_push(from.get(), gst_buffer_new_memdup(packet.data(), packet.size()));
}

// Without the guard webrtcbin dereferences NULL again: Firefox reports on what it receives with the
// SSRC of the track that it sends later.
TEST(LinkGuard, ReportsBeforeAndGoodbyesAfterAnAnnouncementHarmNobody) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.to_b.packets() > 10; })) << call.pair.b.reason;
  receive(call.pair, call.pair.b, "recv_rtcp_sink_0",
          {0x80, 201, 0, 1, 0, 0, 0, 52, 0x80, 202, 0, 0});
  const auto reported = call.add(call.pair.a, 52, "two");
  call.feed(reported, 52);
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.pads == 2; })) << call.pair.b.reason;
  const auto gone = call.add(call.pair.a, 53, "three");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 3; })) << call.pair.b.reason;
  receive(call.pair, call.pair.b, "recv_rtcp_sink_0",
          {0x80, 201, 0, 1, 0, 0, 0, 53, 0x81, 203, 0, 1, 0, 0, 0, 53});
  call.feed(gone, 53);
  EXPECT_TRUE(call.pair.until([&] { return call.pair.b.pads == 3; })) << call.pair.b.reason;
  const int before = call.to_b.packets();
  EXPECT_TRUE(call.pair.until([&] { return call.to_b.packets() > before + 60; }));
  EXPECT_TRUE(call.data_flows());
}

std::size_t jitterbuffers(const LinkSide& side) {
  std::size_t count = 0;
  GstIterator* all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(side.link->pipeline()),
                                                                 "rtpjitterbuffer");
  while (gst_iterator_foreach(
             all, [](const GValue*, gpointer sum) { ++*static_cast<std::size_t*>(sum); }, &count) ==
         GST_ITERATOR_RESYNC) {
    count = 0;
    gst_iterator_resync(all);
  }
  gst_iterator_free(all);
  return count;
}

// rtpbin makes a jitterbuffer, with two threads, for every SSRC that a sender report names.
TEST(LinkGuard, ReportsOfWhoSendsNothingBringAboutNothing) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.to_b.packets() > 10; })) << call.pair.b.reason;
  for (guint8 ssrc = 100; ssrc < 120; ++ssrc) {
    std::vector<guint8> report(28, 0);
    report[0] = 0x80, report[1] = 200, report[3] = 6, report[7] = ssrc;
    receive(call.pair, call.pair.b, "recv_rtcp_sink_0", report);
    const std::vector<guint8> behind = {0x80, 201, 0, 1, 0, 0, 0, ssrc};
    report[7] = 51;
    report.insert(report.begin(), behind.begin(), behind.end());
    receive(call.pair, call.pair.b, "recv_rtcp_sink_0", report);
  }
  EXPECT_EQ(jitterbuffers(call.pair.b), 1U);
  EXPECT_EQ(call.pair.b.pads, 1);
  EXPECT_TRUE(call.data_flows());
}

// rtpsession makes a record of everybody whom a packet names as mixed into it.
TEST(LinkGuard, WhatNamesOthersIsNotTaken) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.to_b.packets() > 10; })) << call.pair.b.reason;
  call.add(call.pair.a, 52, "two");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 2; })) << call.pair.b.reason;
  const auto pads_after = [&](std::vector<guint8> mixed) {
    for (guint8 number = 0; number < 50; ++number) {
      std::vector<guint8> packet = {0x80, 96, 1, number, 0, 0, number, 0, 0, 0, 0, 52};
      packet[0] |= mixed.empty() ? 0 : 1;
      packet.insert(packet.end(), mixed.begin(), mixed.end());
      packet.insert(packet.end(), {1, 2, 3, 4});
      receive(call.pair, call.pair.b, "recv_rtp_sink_0", packet);
    }
    call.pair.run(400ms);
    return call.pair.b.pads;
  };
  EXPECT_EQ(pads_after({0, 0, 0, 99}), 1);
  EXPECT_EQ(pads_after({}), 2);
  EXPECT_TRUE(call.data_flows());
}

// More SSRCs than one on a line, and payload types that no line has.
TEST(LinkGuard, OtherNamesAndTypesOnALineHarmNobody) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.to_b.packets() > 10; })) << call.pair.b.reason;
  call.pair.a.on_the_way = [](Signal signal) -> std::optional<Signal> {
    if (auto* description = std::get_if<Description>(&signal))
      description->sdp += "a=ssrc:53 cname:other\r\na=ssrc:54 cname:other\r\n";
    return signal;
  };
  call.add(call.pair.a, 52, "two");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 2; })) << call.pair.b.reason;
  guint8 number = 0;
  for (const auto& [ssrc, payload] : std::vector<std::pair<guint8, guint8>>{{53, 96},
                                                                            {52, 96},
                                                                            {54, 96},
                                                                            {52, 127},
                                                                            {53, 0},
                                                                            {54, 35},
                                                                            {52, 97},
                                                                            {51, 127},
                                                                            {52, 96}})
    for (int i = 0; i < 20; ++i, ++number)
      receive(call.pair, call.pair.b, "recv_rtp_sink_0",
              {0x80, payload, 1, number, 0, 0, number, 0, 0, 0, 0, ssrc, 1, 2, 3, 4});
  const int before = call.to_b.packets();
  EXPECT_TRUE(call.pair.until([&] { return call.to_b.packets() > before + 60; }));
  EXPECT_TRUE(call.pair.until([&] { return call.pair.b.pads >= 4; })) << "52, 53 and 54 came in";
  EXPECT_EQ(call.pair.b.closed, 0) << call.pair.b.reason;
  EXPECT_TRUE(call.data_flows());
}

// webrtcbin has no way for its media.
TEST(LinkGuard, NothingComesOnALineThatIsRefused) {
  Call call(Partner::genos);
  call.pair.options(call.pair.b).codecs = [] { return std::vector<std::string>{"vp8"}; };
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.to_b.packets() > 10; })) << call.pair.b.reason;
  call.pair.a.on_the_way = [](Signal signal) -> std::optional<Signal> {
    auto* description = std::get_if<Description>(&signal);
    const auto at = description ? description->sdp.rfind("VP8/90000") : std::string::npos;
    if (at != std::string::npos) description->sdp.replace(at, 3, "VP9");
    return signal;
  };
  call.add(call.pair.a, 52, "two");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 2; })) << call.pair.b.reason;
  for (guint8 number = 0; number < 50; ++number)
    receive(call.pair, call.pair.b, "recv_rtp_sink_0",
            {0x80, 96, 1, number, 0, 0, number, 0, 0, 0, 0, 52, 1, 2, 3, 4});
  call.pair.run(400ms);
  EXPECT_EQ(call.pair.b.pads, 1);
  EXPECT_TRUE(call.data_flows());
}

}  // namespace
}  // namespace genos
