// SPDX-License-Identifier: LGPL-2.1-or-later
// One library, used from several threads at once: rooms that meet, talk, leave, and its end in the
// middle of it. Not under TSan, which does not see GLib's locks.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/test_room.hpp"

namespace genos {
namespace {

constexpr int members = 3;

template <class Work> void at_once(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < members; ++i) threads.emplace_back([=] { work(i); });
  for (auto& thread : threads) thread.join();
}

class RoomThreads : public testing::Test {
 protected:
  ~RoomThreads() override { gst_genos_deinit(); }
  const std::string relay = private_relay();
};

// Each on a thread and a context of its own.
TEST_F(RoomThreads, RoomsOfSeveralThreadsMeet) {
  std::atomic<int> through{0};
  at_once([&](int) {
    TestContext context;
    TestRoom room("threads", relay);
    room.channel();
    room.join();
    EXPECT_TRUE(
        context.until([&] { return room.peers() == members - 1; }, std::chrono::minutes(1)));
    EXPECT_TRUE(room.say("hello"));
    EXPECT_TRUE(context.until([&] { return room.heard.size() == members - 1; }));
    EXPECT_EQ(room.thread, g_thread_self());
    ++through;
    context.until([&] { return through == members; });
    room.leave();
    EXPECT_TRUE(context.until([&] { return bool(room.leave_outcome); }));
  });
}

// One room, asked and told by all.
TEST_F(RoomThreads, ARoomIsUsedFromSeveralThreads) {
  TestContext context;
  TestRoom a("shared", relay), b("shared", relay);
  auto* channel = a.channel();
  b.channel();
  a.join();
  b.join();
  ASSERT_TRUE(
      context.until([&] { return a.peers() == 1 && b.peers() == 1; }, std::chrono::minutes(1)));
  constexpr int messages = 100;
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < members; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < messages; ++j) {
        EXPECT_TRUE(gst_genos_channel_send_text(channel, "text", nullptr, nullptr));
        EXPECT_EQ(a.peers(), 1u);
        EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_INSIDE);
        EXPECT_FALSE(a.self().empty());
      }
      ++ended;
    });
  EXPECT_TRUE(
      context.until([&] { return ended == members && b.heard.size() == members * messages; },
                    std::chrono::minutes(1)));
  for (auto& thread : threads) thread.join();
}

TEST_F(RoomThreads, TheLibraryEndsAndBeginsUnderItsUsers) {
  std::atomic<bool> stop{false};
  std::thread ender([&] {
    while (!stop) {
      gst_genos_deinit();
      g_usleep(20000);
    }
  });
  at_once([&](int) {
    TestContext context;
    for (int i = 0; i < 10; ++i) {
      TestRoom room("ends", relay);
      room.join();
      EXPECT_TRUE(context.until([&] { return bool(room.join_outcome); }));
      room.leave();
      EXPECT_TRUE(context.until([&] { return bool(room.leave_outcome); }));
    }
  });
  stop = true;
  ender.join();
}

}  // namespace
}  // namespace genos
