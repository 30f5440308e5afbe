// SPDX-License-Identifier: LGPL-2.1-or-later
// Media added to a link that stands: from either side, from both at once, by ours and by pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "core/wire/limits.hpp"
#include "link/platform.hpp"
#include "support/media_call.hpp"

namespace genos {
namespace {

using core::Description;
using core::Partner;
using core::Signal;
using test::Call;
using test::LinkSide;
using test::RtpFeed;
using test::under_other_names;
using test::vp8_caps;
using namespace std::chrono_literals;

class LinkMedia : public testing::TestWithParam<Partner> {};

TEST_P(LinkMedia, TheOffererAdds) {
  Call call(GetParam());
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 11, "one"), 11);
  EXPECT_TRUE(call.pair.until([&] { return call.to_b.packets() > 5; })) << call.pair.b.reason;
  EXPECT_EQ(call.pair.a.negotiated, 1);
  EXPECT_EQ(call.pair.b.pads, 1);
  EXPECT_TRUE(call.data_flows());
}

TEST_P(LinkMedia, TheAnswererAdds) {
  Call call(GetParam());
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.b, 12, "one"), 12);
  EXPECT_TRUE(call.pair.until([&] { return call.to_a.packets() > 5; })) << call.pair.a.reason;
  EXPECT_TRUE(call.data_flows());
}

TEST_P(LinkMedia, BothAddAtOnceAndAgain) {
  Call call(GetParam());
  ASSERT_TRUE(call.pair.open());
  call.feed(call.add(call.pair.a, 21, "one"), 21);
  call.feed(call.add(call.pair.b, 22, "two"), 22);
  if (GetParam() == Partner::page && !link::platform().core.forgets_offers) {
    // It could only be answered by an abort of this process.
    ASSERT_TRUE(call.pair.until([&] { return call.pair.b.closed > 0; }));
    EXPECT_EQ(call.pair.b.reason, "offers crossed; the connection is made anew");
    return;
  }
  ASSERT_TRUE(call.pair.until([&] { return call.to_a.packets() > 5 && call.to_b.packets() > 5; }))
      << call.pair.a.reason << call.pair.b.reason;
  call.feed(call.add(call.pair.b, 23, "three"), 23);
  call.feed(call.add(call.pair.a, 24, "four"), 24);
  EXPECT_TRUE(call.pair.until([&] { return call.pair.a.pads == 2 && call.pair.b.pads == 2; }))
      << call.pair.a.reason << call.pair.b.reason;
  EXPECT_TRUE(call.data_flows());
}

// An offer that gives way leaves webrtcbin's pad with caps that no offer has. Whoever feeds the
// line may negotiate at that very moment, and got not-negotiated.
TEST(LinkMediaRules, APadKeepsItsCapsWhileAnOfferGivesWay) {
  Call call(Partner::page);
  ASSERT_TRUE(call.pair.open());
  call.add(call.pair.a, 61, "one");
  const auto pad = call.add(call.pair.b, 62, "two");
  const auto caps = vp8_caps(62), other = test::opus_caps(62);
  int refused = 0;
  EXPECT_TRUE(call.pair.until([&] {
    const auto can = adopt(gst_pad_query_caps(pad.get(), nullptr));
    refused += !gst_caps_can_intersect(can.get(), caps.get()) ||
               !gst_pad_query_accept_caps(pad.get(), caps.get()) ||
               !gst_pad_send_event(pad.get(), gst_event_new_caps(caps.get()));
    EXPECT_FALSE(gst_pad_query_accept_caps(pad.get(), other.get()));
    EXPECT_FALSE(gst_pad_send_event(pad.get(), gst_event_new_caps(other.get())));
    return call.pair.a.negotiated + call.pair.b.negotiated >= 2 || call.pair.b.closed > 0;
  })) << call.pair.a.reason
      << call.pair.b.reason;
  EXPECT_EQ(refused, 0);
}

// A page's track that is on our line and that it cannot offer; this one never sends it, however
// often it is asked.
TEST(LinkMediaRules, ATrackThatAPageHoldsIsAskedForAndNotForEver) {
  if (link::platform().core.direction_changes) GTEST_SKIP() << "only webrtcbin 1.22 is helped";
  Call call(Partner::page);
  ASSERT_TRUE(call.pair.open());
  call.pair.b.on_the_way = [](Signal signal) {
    auto* description = std::get_if<Description>(&signal);
    const bool answer = description && description->type == core::DescriptionType::answer;
    const std::string held = "a=msid:stream track\r\n";
    for (std::size_t at = 0;
         answer && (at = description->sdp.find("a=recvonly", at)) != std::string::npos;
         at += held.size() + 1)
      description->sdp.insert(at, held);
    return under_other_names(std::move(signal));
  };
  call.feed(call.add(call.pair.a, 63, "one"), 63);
  const int rounds = 1 + int{core::limits::link_tracks_asked};
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated >= 2; })) << call.pair.a.reason;
  const auto& last = std::get<Description>(call.pair.a.sent.back());
  EXPECT_NE(last.sdp.find("a=sendrecv"), std::string::npos);
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated >= rounds; }));
  call.pair.run(300ms);
  EXPECT_EQ(call.pair.a.negotiated, rounds);
  const int before = call.to_b.packets();
  EXPECT_TRUE(call.pair.until([&] { return call.to_b.packets() > before + 5; }));
  EXPECT_TRUE(call.data_flows());
}

// The channels of a codec are a part of its name: without them the next offer names another one,
// and the other side takes its sound away.
TEST_P(LinkMedia, SoundThatIsReceivedSurvivesAnOfferOfOurs) {
  Call call(GetParam());
  ASSERT_TRUE(call.pair.open());
  ASSERT_TRUE(call.pair.b.link->add_media(test::opus_caps(25).get(), "sound"));
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 1; })) << call.pair.b.reason;
  call.add(call.pair.a, 26, "picture");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated == 2; })) << call.pair.b.reason;
  const auto offer = std::find_if(call.pair.a.sent.rbegin(), call.pair.a.sent.rend(), [](auto& s) {
    const auto* description = std::get_if<core::Description>(&s);
    return description && description->type == core::DescriptionType::offer;
  });
  ASSERT_NE(offer, call.pair.a.sent.rend());
  EXPECT_NE(std::get<core::Description>(*offer).sdp.find("OPUS/48000/2"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(With, LinkMedia, testing::Values(Partner::genos, Partner::page),
                         [](const auto& each) {
                           return each.param == Partner::genos ? "Ours" : "Page";
                         });

TEST(LinkMediaRules, OneStreamARoundTowardsPages) {
  Call call(Partner::page);
  ASSERT_TRUE(call.pair.open());
  call.add(call.pair.a, 31, "one");
  call.add(call.pair.a, 32, "one");
  EXPECT_FALSE(call.pair.a.link->add_media(vp8_caps(33).get(), "two"));
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated == 1; }));
  EXPECT_TRUE(call.pair.a.link->add_media(vp8_caps(33).get(), "two"));
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated == 2; }));
}

TEST(LinkMediaRules, CapsThatCannotBeNegotiatedAreRefused) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  for (const char* text : {"video/x-raw", "application/x-rtp,media=video",
                           "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000"}) {
    const auto caps = adopt(gst_caps_from_string(text));
    EXPECT_FALSE(call.pair.a.link->add_media(caps.get(), "s")) << text;
  }
  EXPECT_FALSE(call.pair.a.link->add_media(nullptr, "s"));
}

// Counts the pairs of packets that come together to the sockets of a link.
struct Socket {
  explicit Socket(GstElement* pipeline) {
    GstIterator* all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), "nicesink");
    const auto watch = [](const GValue* item, gpointer self) noexcept {
      auto* element = static_cast<GstElement*>(g_value_get_object(item));
      const auto pad = adopt(gst_element_get_static_pad(element, "sink"));
      gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER_LIST, count, self, nullptr);
    };
    gst_iterator_foreach(all, watch, this);
    gst_iterator_free(all);
  }
  static GstPadProbeReturn count(GstPad*, GstPadProbeInfo* info, gpointer self) noexcept {
    const guint size = gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
    static_cast<Socket*>(self)->together += size == 2;
    return GST_PAD_PROBE_OK;
  }
  std::atomic<int> together{0};
};

// webrtcbin takes lists apart for its encoder of FEC, also where there is none: the whole way to
// the socket then runs for each packet, which doubled what a viewer costs.
TEST_P(LinkMedia, AFramesPacketsLeaveTogether) {
  Call call(GetParam());
  ASSERT_TRUE(call.pair.open());
  // With a choice of codecs webrtcbin lays the way later than without.
  const auto other = adopt(gst_caps_copy(vp8_caps(71).get()));
  gst_caps_set_simple(other.get(), "encoding-name", G_TYPE_STRING, "H264", "payload", G_TYPE_INT,
                      99, nullptr);
  const auto pad = call.add(call.pair.b, 71, "one", other.get());
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 1; })) << call.pair.b.reason;
  Socket socket(call.pair.b.link->pipeline());
  call.feed(pad, 71, RtpFeed::Shape::lists);
  EXPECT_TRUE(call.pair.until([&] { return call.to_a.packets() > 10; })) << call.pair.a.reason;
  EXPECT_GE(socket.together, 5);
  // Another line afterwards leaves the way as it is.
  call.feed(call.add(call.pair.b, 72, "two"), 72, RtpFeed::Shape::lists);
  EXPECT_TRUE(call.pair.until([&] { return call.pair.a.pads == 2; })) << call.pair.a.reason;
  const int before = call.to_a.packets();
  EXPECT_TRUE(call.pair.until([&] { return call.to_a.packets() > before + 20; }));
  EXPECT_GE(socket.together, 15);
  call.feeds.clear();
}

// Takes every eighth packet of VP8 away before the session of the receiving side sees it.
class Thief {
 public:
  explicit Thief(GstElement* pipeline) {
    const auto rtpbin = adopt(gst_bin_get_by_name(GST_BIN(pipeline), "rtpbin"));
    const auto pad = adopt(gst_element_get_static_pad(rtpbin.get(), "recv_rtp_sink_0"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, take, new std::shared_ptr(loot_),
                      [](gpointer data) { delete static_cast<std::shared_ptr<Loot>*>(data); });
  }
  int seen() const { return loot_->seen; }
  int taken() const { return loot_->taken; }
  int repairs_of(guint ssrc) const {
    const std::scoped_lock guard(loot_->lock);
    return loot_->others[ssrc];
  }

 private:
  struct Loot {  // the probe outlives the thief
    std::atomic<int> seen{0}, taken{0};
    std::mutex lock;
    std::map<guint, int> others;  // packets by SSRC; guarded by lock
  };
  static GstPadProbeReturn take(GstPad*, GstPadProbeInfo* info, gpointer data) noexcept {
    auto& loot = **static_cast<std::shared_ptr<Loot>*>(data);
    std::array<guint8, 12> start{};
    gst_buffer_extract(GST_PAD_PROBE_INFO_BUFFER(info), 0, start.data(), start.size());
    const bool is_picture = (start[1] & 0x7f) == 96;
    const bool takes = is_picture && ++loot.seen % 8 == 0 && loot.seen < 400;
    loot.taken += takes;
    const std::scoped_lock guard(loot.lock);
    if (!is_picture) loot.others[GST_READ_UINT32_BE(start.data() + 8)]++;
    return takes ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  }
  const std::shared_ptr<Loot> loot_ = std::make_shared<Loot>();
};

// A receiver that reports as seldom as rtpsession wants it to cannot say what it misses in time;
// and webrtcbin asks for nothing of the pictures where sound is the last line of that side.
TEST(LinkMediaRules, WhatIsLostComesAgain) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.pair.a.link->set_jitter(400ms);
  const auto pad = call.add(call.pair.b, 81, "one");
  ASSERT_TRUE(call.pair.b.link->add_media(test::opus_caps(82).get(), "one"));
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 1; })) << call.pair.b.reason;
  const Thief thief(call.pair.a.link->pipeline());
  call.feed(pad, 81);
  ASSERT_TRUE(call.pair.until([&] { return thief.seen() > 600; }));
  EXPECT_EQ(thief.taken(), 49);
  EXPECT_LE(thief.seen() - call.to_a.packets(), 8) << "half of them are missing otherwise";
}

// What a browser was told to expect repairs under holds for it, whatever is agreed on later.
TEST(LinkMediaRules, RepairsComeUnderTheNumberThatWasToldFirst) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.pair.a.link->set_jitter(400ms);
  const auto pad = call.add(call.pair.b, 91, "one");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 1; })) << call.pair.b.reason;
  call.add(call.pair.a, 92, "two");  // what b answers names its repairs again
  call.add(call.pair.b, 93, "three");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.b.negotiated == 3; })) << call.pair.b.reason;
  std::set<std::string> told;
  for (const auto& signal : call.pair.b.sent)
    if (const auto* description = std::get_if<Description>(&signal))
      for (std::size_t at = 0; (at = description->sdp.find("FID 91 ", at)) != std::string::npos;
           at++)
        told.insert(description->sdp.substr(at + 7, description->sdp.find('\r', at) - at - 7));
  ASSERT_EQ(told.size(), 1U);
  const Thief thief(call.pair.a.link->pipeline());
  call.feed(pad, 91);
  ASSERT_TRUE(call.pair.until([&] { return thief.seen() > 100; }));
  EXPECT_GT(thief.repairs_of(std::stoul(*told.begin())), 8);
}

// Without the guard webrtcbin dereferences NULL: m-line 0 is the data channel.
TEST(LinkMediaRules, PacketsThatNobodyAnnouncedAreDropped) {
  for (const auto shape : {RtpFeed::Shape::buffers, RtpFeed::Shape::lists}) {
    Call call(Partner::genos);
    ASSERT_TRUE(call.pair.open());
    const auto pad = call.add(call.pair.a, 41, "one");
    ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated && call.pair.b.negotiated; }));
    call.feeds.push_back(std::make_unique<RtpFeed>(pad.get(), vp8_caps(41).get(), 4242, shape));
    call.pair.run(400ms);
    EXPECT_EQ(call.to_b.packets(), 0);
    EXPECT_TRUE(call.data_flows());
  }
}

// webrtcbin sends on although the answer says that nobody wants it.
TEST(LinkMediaRules, NothingIsSentThatTheAnswerDeclines) {
  Call call(Partner::genos);
  ASSERT_TRUE(call.pair.open());
  call.pair.b.on_the_way = [](Signal signal) -> std::optional<Signal> {
    auto* description = std::get_if<Description>(&signal);
    for (std::size_t at;
         description && (at = description->sdp.find("a=recvonly")) != std::string::npos;)
      description->sdp.replace(at, 10, "a=inactive");
    return signal;
  };
  call.feed(call.add(call.pair.a, 51, "one"), 51);
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.negotiated == 1; })) << call.pair.a.reason;
  call.pair.run(400ms);
  EXPECT_EQ(call.to_b.packets(), 0);
}

TEST(LinkMediaRules, ARoundThatIsNotAnsweredEndsTheLink) {
  Call call(Partner::genos);
  call.pair.options(call.pair.a).step_limit = 300ms;
  ASSERT_TRUE(call.pair.open());
  call.pair.b.on_the_way = [](const Signal&) { return std::nullopt; };
  call.add(call.pair.a, 61, "one");
  ASSERT_TRUE(call.pair.until([&] { return call.pair.a.closed == 1; }, 3s));
  EXPECT_NE(call.pair.a.reason.find("did not answer"), std::string::npos) << call.pair.a.reason;
}

}  // namespace
}  // namespace genos
