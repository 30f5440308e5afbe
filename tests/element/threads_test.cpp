// SPDX-License-Identifier: LGPL-2.1-or-later
// Where threads of ours meet: the queue towards a context, the links' mailbox, the reaper and the
// media guard. Made for TSan (gst/tools/dev sanitize thread); elsewhere it counts.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <thread>

#include "link/mailbox.hpp"
#include "link/media_guard.hpp"
#include "link/reaper.hpp"
#include "signaling/main_context.hpp"

namespace genos::link {
namespace {

constexpr int writers = 4;
constexpr int rounds = 500;

template <class Work> std::vector<std::thread> start(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) threads.emplace_back([=] { work(i); });
  return threads;
}
void join(std::vector<std::thread>& threads) {
  for (auto& thread : threads) thread.join();
}

TEST(Threads, AQueueRunsEverythingInTheOrderOfEachThread) {
  TestContext context;
  TaskQueue queue(context.get());
  int done = 0;
  std::vector<int> last(writers, -1);
  auto threads = start([&](int who) {
    for (int i = 0; i < rounds; ++i)
      queue.post([&, who, i] {
        EXPECT_EQ(std::exchange(last[static_cast<std::size_t>(who)], i), i - 1);
        ++done;
      });
  });
  EXPECT_TRUE(context.until([&] { return done == writers * rounds; }));
  join(threads);
}

TEST(Threads, AQueueThatIsClosedMeanwhileLosesNothing) {
  TestContext context;
  for (int i = 0; i < 50; ++i) {
    TaskQueue queue(context.get());
    int ran = 0;
    std::atomic<int> taken{0};
    auto threads = start([&](int) {
      for (int j = 0; j < 20; ++j) taken += queue.post([&] { ++ran; });
    });
    while (taken < 10) g_main_context_iteration(context.get(), FALSE);
    const auto left = queue.close();
    join(threads);
    EXPECT_EQ(taken, ran + static_cast<int>(left.size()));
    EXPECT_FALSE(queue.post([] {}));
  }
}

TEST(Threads, AMailboxOutlivesItsOwner) {
  TestContext context;
  struct Owner {
    int heard = 0;
  };
  auto owner = std::make_shared<Owner>();
  auto box = std::make_shared<Mailbox<Owner>>(context.get(), owner);
  auto threads = start([box](int) {
    for (int i = 0; i < rounds; ++i) box->post([](Owner& self) { ++self.heard; });
  });
  EXPECT_TRUE(context.until([&] { return owner->heard > 0; }));
  owner.reset();
  box.reset();  // the last thread ends it
  join(threads);
}

TEST(Threads, TheReaperTakesJobsFromEverywhere) {
  std::atomic<int> done{0};
  auto threads = start([&](int) {
    for (int i = 0; i < 50; ++i)
      reaper::after(std::chrono::milliseconds(i % 5), [&] {
        ++done;
        reaper::after({}, [&] { ++done; });
      });
  });
  EXPECT_TRUE(reaper::drain(std::chrono::seconds(10)));
  join(threads);
  EXPECT_TRUE(reaper::drain(std::chrono::seconds(10)));
  EXPECT_EQ(done, writers * 50 * 2);
}

// A webrtcbin as far as the guard looks into it: RTP that comes in on threads of its own.
struct Streams {
  Streams() { gst_bin_add(GST_BIN(webrtcbin.get()), rtpbin.get()); }
  ~Streams() {
    for (auto& pad : pads) gst_pad_set_active(pad.get(), FALSE);
  }
  GstPad* add() {
    auto pad =
        sink(gst_pad_new(("recv_rtp_sink_" + std::to_string(pads.size())).c_str(), GST_PAD_SINK));
    gst_pad_set_chain_function(pad.get(), [](GstPad*, GstObject*, GstBuffer* buffer) {
      gst_buffer_unref(buffer);
      return GST_FLOW_OK;
    });
    gst_pad_set_active(pad.get(), TRUE);
    gst_element_add_pad(rtpbin.get(), pad.get());
    gst_pad_send_event(pad.get(), gst_event_new_stream_start("rtp"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_send_event(pad.get(), gst_event_new_segment(&segment));
    pads.push_back(std::move(pad));
    return pads.back().get();
  }

  Ref<GstElement> webrtcbin = sink(gst_bin_new("webrtcbin"));
  Ref<GstElement> rtpbin = sink(gst_element_factory_make("rtpbin", "rtpbin"));
  std::vector<Ref<GstPad>> pads;
};

GstBuffer* packet(std::uint8_t ssrc) {
  const std::uint8_t header[12] = {0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, ssrc};
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, sizeof header, nullptr);
  gst_buffer_fill(buffer, 0, header, sizeof header);
  return buffer;
}

TEST(Threads, TheGuardLearnsWhileMediaComesIn) {
  Streams streams;
  const auto guard = std::make_shared<MediaGuard>([] {});
  const auto watching = guard->watch(streams.webrtcbin.get(), streams.webrtcbin.get());
  std::vector<GstPad*> pads;
  for (int i = 0; i < writers; ++i) pads.push_back(streams.add());
  auto threads = start([pads](int who) {
    for (int i = 0; i < rounds; ++i)
      gst_pad_chain(pads[static_cast<std::size_t>(who)], packet(static_cast<std::uint8_t>(i % 8)));
  });
  core::RemoteMedia line;
  for (std::uint32_t ssrc = 0; ssrc < 8; ++ssrc) {
    line.ssrcs = {ssrc};
    guard->announce({line});
    if (ssrc == 4) guard->verified();
    std::this_thread::yield();
  }
  join(threads);
  const auto refused = guard->refused();
  EXPECT_LE(refused, static_cast<std::size_t>(writers * rounds));
  gst_pad_chain(pads[0], packet(7));
  EXPECT_EQ(guard->refused(), refused);
  gst_pad_chain(pads[0], packet(8));
  EXPECT_EQ(guard->refused(), refused + 1);
}

}  // namespace
}  // namespace genos::link
