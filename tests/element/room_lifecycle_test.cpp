// SPDX-License-Identifier: LGPL-2.1-or-later
// Joining, leaving, dropping and cancelling rooms in every order.
#include <gtest/gtest.h>

#include <thread>

#include "support/test_bus.hpp"

namespace genos {
namespace {

// Nothing listens there, and nothing is started there: not a loopback address of this machine's.
constexpr char nowhere[] = "ws://192.0.2.1:9";

class RoomLifecycle : public testing::Test {
 protected:
  ~RoomLifecycle() override { gst_genos_deinit(); }
  TestContext context;
  std::string relay = private_relay();
};

bool met(const TestRoom& one, const TestRoom& other) {
  return one.peers() == 1 && other.peers() == 1;
}

TEST_F(RoomLifecycle, TwoRoomsMeetAndPart) {
  TestRoom a("meet", relay), b("meet", relay);
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
  EXPECT_EQ(a.self(), "");
  a.join();
  b.join();
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_JOINING);
  ASSERT_TRUE(context.until([&] { return met(a, b); }));
  ASSERT_TRUE(a.join_outcome);
  EXPECT_FALSE(a.join_error());
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_INSIDE);
  EXPECT_EQ(a.joined, std::vector{b.self()});
  EXPECT_TRUE(gst_genos_peer_is_genos(a.peer(b.self()).get()));
  a.leave();
  ASSERT_TRUE(context.until([&] { return a.leave_outcome && b.left.size() == 1; }));
  EXPECT_EQ(b.reasons, std::vector<int>{GST_GENOS_LEAVE_REASON_SAID_GOODBYE});
  ASSERT_TRUE(context.until([&] { return a.left.size() == 1; }));
  EXPECT_EQ(a.reasons, std::vector<int>{GST_GENOS_LEAVE_REASON_LOCAL});
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
  EXPECT_EQ(b.peers(), 0u);
  EXPECT_FALSE(b.peer(a.self()));
}

TEST_F(RoomLifecycle, JoinsAgainAtOnceWhileLeaving) {
  TestRoom a("again", relay), b("again", relay);
  a.join();
  b.join();
  ASSERT_TRUE(context.until([&] { return met(a, b); }));
  // Or the library, on its own thread, would now and then be done before the state is looked at.
  TestBus bus;
  const auto way = bus.attach();
  TestRoom c("door", relay);
  gst_genos_room_set_signaling_object(c.room.get(), way.get());
  std::unique_lock held(bus.door);
  c.join();
  ASSERT_TRUE(context.until([&] { return bus.at_door.load(); }));
  for (int i = 0; i < 3; ++i) {
    a.leave();
    EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_LEAVING);
    a.join_outcome = Outcome();
    a.join();
    EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_JOINING);
  }
  held.unlock();
  ASSERT_TRUE(context.until([&] { return a.leave_outcome && a.join_outcome; }));
  EXPECT_FALSE(a.join_error());
  ASSERT_TRUE(context.until([&] { return met(a, b) && b.joined.size() == 2; }));
}

TEST_F(RoomLifecycle, LeavesWhileJoining) {
  TestRoom a("early", nowhere);
  a.join();
  gst_genos_room_leave(a.room.get());
  ASSERT_TRUE(context.until([&] { return bool(a.join_outcome); }));
  EXPECT_TRUE(g_error_matches(a.join_error().get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE));
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
}

TEST_F(RoomLifecycle, ASecondJoinIsRefusedAndHarmless) {
  TestRoom a("twice", relay), b("twice", relay);
  a.join();
  Outcome second;
  gst_genos_room_join_async(a.room.get(), nullptr, Outcome::take, second.data());
  ASSERT_TRUE(context.until([&] { return bool(second); }));
  Owned<GError> error;
  EXPECT_FALSE(gst_genos_room_join_finish(a.room.get(), second.get(), out(error)));
  EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE));
  b.join();
  EXPECT_TRUE(context.until([&] { return met(a, b); }));
}

TEST_F(RoomLifecycle, CancellingGivesUpJoining) {
  TestRoom a("cancel", nowhere);
  const auto cancellable = adopt(g_cancellable_new());
  a.join(cancellable.get());
  g_cancellable_cancel(cancellable.get());
  ASSERT_TRUE(context.until([&] { return bool(a.join_outcome); }));
  EXPECT_TRUE(g_error_matches(a.join_error().get(), G_IO_ERROR, G_IO_ERROR_CANCELLED));
  ASSERT_TRUE(context.until([&] { return a.state() == GST_GENOS_ROOM_STATE_OUTSIDE; }));
  a.join_outcome = Outcome();
  a.join(cancellable.get());  // cancelled already
  ASSERT_TRUE(context.until([&] { return bool(a.join_outcome); }));
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
}

TEST_F(RoomLifecycle, BlockingJoinCanBeCancelled) {
  TestRoom a("cancel", nowhere);
  const auto cancellable = adopt(g_cancellable_new());
  std::thread other([&] { g_cancellable_cancel(cancellable.get()); });
  Owned<GError> error;
  EXPECT_FALSE(gst_genos_room_join(a.room.get(), cancellable.get(), out(error)));
  EXPECT_TRUE(g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED));
  other.join();
}

TEST_F(RoomLifecycle, ADroppedRoomLeaves) {
  TestRoom a("drop", relay), b("drop", relay);
  a.join();
  b.join();
  ASSERT_TRUE(context.until([&] { return met(a, b) && a.join_outcome; }));
  auto* raw = G_OBJECT(a.room.get());
  gpointer watch = raw;
  g_object_add_weak_pointer(raw, &watch);
  a.connections.clear();
  a.join_outcome = Outcome();
  a.room = nullptr;
  EXPECT_EQ(watch, nullptr);
  EXPECT_TRUE(context.until([&] { return b.left.size() == 1; }));
}

TEST_F(RoomLifecycle, NothingKeepsARoomWhoseContextNeverRuns) {
  auto room = adopt(gst_genos_room_new("genos-test", "idle"));
  gpointer watch = room.get();
  g_object_add_weak_pointer(G_OBJECT(room.get()), &watch);
  auto channel = adopt(gst_genos_room_channel(room.get(), "one", nullptr));
  gpointer channel_watch = channel.get();
  g_object_add_weak_pointer(G_OBJECT(channel.get()), &channel_watch);
  room = nullptr;
  EXPECT_EQ(watch, nullptr);
  channel = nullptr;
  EXPECT_EQ(channel_watch, nullptr);
}

TEST_F(RoomLifecycle, DeinitEndsRoomsAndTheLibraryStartsAgain) {
  TestRoom a("deinit", relay), b("deinit", relay), lost("deinit", nowhere);
  a.join();
  b.join();
  lost.join();
  ASSERT_TRUE(context.until([&] { return met(a, b); }));
  Outcome ping;
  auto peer = a.peer(b.self());
  gst_genos_deinit();
  EXPECT_EQ(a.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
  gst_genos_room_leave(a.room.get());  // does not wait for a thread that has gone
  gst_genos_peer_ping_async(peer.get(), nullptr, Outcome::take, ping.data());
  EXPECT_FALSE(a.say("into nothing"));
  ASSERT_TRUE(context.until([&] { return ping && lost.join_outcome && a.left.size() == 1; }));
  EXPECT_TRUE(lost.join_error());
  gst_genos_deinit();
  a.joined.clear();
  a.join();
  b.join();
  EXPECT_TRUE(context.until([&] { return met(a, b); }));
  EXPECT_EQ(a.joined.size(), 1u);
}

TEST_F(RoomLifecycle, SignalsComeInTheContextOfTheCreator) {
  TestRoom b("thread", relay);
  b.join();
  GThread* creator = nullptr;
  GThread* told = nullptr;
  std::atomic<bool> done{false};
  std::thread worker([&] {
    TestContext own;
    TestRoom a("thread", relay);
    a.channel();
    a.join();
    creator = g_thread_self();
    own.until([&] { return !a.joined.empty() && !a.heard.empty(); });
    told = a.thread;
    done = true;
  });
  context.until([&] {
    if (b.peers() == 1 && b.heard.empty()) b.say("hello");
    return done.load();
  });
  worker.join();
  ASSERT_TRUE(told);
  EXPECT_EQ(told, creator);
}

TEST_F(RoomLifecycle, AloneItSaysOnceWhereItLooked) {
  TestRoom a("alone", relay);
  a.join();
  ASSERT_TRUE(context.until([&] { return !a.hints.empty(); }));
  EXPECT_NE(a.hints[0].find("'alone'"), std::string::npos) << a.hints[0];
  EXPECT_NE(a.hints[0].find(relay), std::string::npos) << a.hints[0];
  EXPECT_NE(a.hints[0].find("signaling=lan"), std::string::npos) << a.hints[0];
}

}  // namespace
}  // namespace genos
