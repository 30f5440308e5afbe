// SPDX-License-Identifier: LGPL-2.1-or-later
// Several rooms that are one peer, room objects that share a room, passive rooms, and rooms whose
// peers find each other by a way of the application's own.
#include <gtest/gtest.h>

#include "support/test_bus.hpp"

namespace genos {
namespace {

class RoomSharing : public testing::Test {
 protected:
  ~RoomSharing() override { gst_genos_deinit(); }

  TestContext context;
  std::string relay = private_relay();
};

TEST_F(RoomSharing, TwoRoomsOfOnePeerAreOnePeer) {
  TestRoom a1("one", relay), a2("two", relay), b1("one", relay), b2("two", relay);
  for (auto* room : {&a1, &a2}) room->set("peer", "a").join();
  for (auto* room : {&b1, &b2}) room->set("peer", "b").join();
  ASSERT_TRUE(context.until(
      [&] { return a1.peers() == 1 && a2.peers() == 1 && b1.peers() == 1 && b2.peers() == 1; }));
  EXPECT_EQ(a1.self(), a2.self());
  EXPECT_NE(a1.self(), b1.self());
  b1.channel();
  b2.channel();
  a1.say("to one");
  a2.say("to two");
  ASSERT_TRUE(context.until([&] { return b1.heard.size() == 1 && b2.heard.size() == 1; }));
  EXPECT_EQ(b1.heard[0].text, "to one");
  EXPECT_EQ(b2.heard[0].text, "to two");
  gst_genos_room_leave(a1.room.get());
  ASSERT_TRUE(context.until([&] { return b1.peers() == 0; }));
  a2.say("still here");
  ASSERT_TRUE(context.until([&] { return b2.heard.size() == 2; }));
}

TEST_F(RoomSharing, TwoObjectsShareARoom) {
  TestRoom a1("same", relay), a2("same", relay), b("same", relay);
  a1.set("peer", "a").join();
  b.join();
  ASSERT_TRUE(context.until([&] { return a1.peers() == 1; }));
  a2.set("peer", "a").join();
  ASSERT_TRUE(context.until([&] { return a2.peers() == 1 && a2.join_outcome; }));
  ASSERT_TRUE(context.until([&] { return b.peers() == 1; }));  // the other side may be first
  a1.channel();
  a2.channel();
  b.say("to both");
  ASSERT_TRUE(context.until([&] { return a1.heard.size() == 1 && a2.heard.size() == 1; }));
  gst_genos_room_leave(a1.room.get());
  EXPECT_EQ(a1.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
  b.say("to the other");
  ASSERT_TRUE(context.until([&] { return a2.heard.size() == 2; }));
  EXPECT_TRUE(b.left.empty());
  EXPECT_EQ(b.joined.size(), 1u);
  ASSERT_TRUE(context.until([&] { return a1.left.size() == 1; }));
  a1.join();
  a2.leave();
  ASSERT_TRUE(context.until([&] { return a1.peers() == 1 && a2.leave_outcome; }));
}

TEST_F(RoomSharing, PassiveRoomsMeetActiveOnesOnly) {
  TestRoom a("quiet", relay), b("quiet", relay), c("quiet", relay);
  a.set("passive", TRUE).join();
  b.set("passive", TRUE).join();
  c.join();
  ASSERT_TRUE(
      context.until([&] { return c.peers() == 2 && !a.joined.empty() && !b.joined.empty(); }));
  EXPECT_EQ(a.joined, std::vector{c.self()});
  EXPECT_EQ(b.joined, std::vector{c.self()});
}

TEST_F(RoomSharing, AnOwnSignalingBringsPeersTogether) {
  TestBus bus;
  TestRoom a("bus", relay), b("bus", relay);
  for (auto* room : {&a, &b}) {
    const auto way = bus.attach();
    gst_genos_room_set_signaling_object(room->room.get(), way.get());
    room->set("password", "sealed").join();
  }
  ASSERT_TRUE(context.until([&] { return a.peers() == 1 && b.peers() == 1; }));
  b.channel();
  a.say("without any relay");
  ASSERT_TRUE(context.until([&] { return b.heard.size() == 1; }));
  EXPECT_EQ(bus.readable(), 0u) << "descriptions must be sealed";
  gst_genos_room_leave(a.room.get());
  ASSERT_TRUE(context.until([&] { return b.peers() == 0; }));
}

TEST_F(RoomSharing, ASignalingObjectServesOneRoom) {
  TestBus bus;
  TestRoom a("bus", relay), b("bus", relay);
  const auto way = bus.attach();
  gst_genos_room_set_signaling_object(a.room.get(), way.get());
  gst_genos_room_set_signaling_object(b.room.get(), way.get());
  a.join();
  ASSERT_TRUE(context.until([&] { return bool(a.join_outcome); }));
  b.join();
  ASSERT_TRUE(context.until([&] { return bool(b.join_outcome); }));
  const auto error = b.join_error();
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->message).find("serves another room"), std::string::npos);
}

TEST_F(RoomSharing, WhenASignalingEndsTheRoomSaysSo) {
  TestBus bus;
  TestRoom a("bus", relay);
  const auto way = bus.attach();
  gst_genos_room_set_signaling_object(a.room.get(), way.get());
  a.join();
  ASSERT_TRUE(context.until([&] { return bool(a.join_outcome); }));
  const Owned<GError> why(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, "the bus stops"));
  gst_genos_signaling_ended(way.get(), why.get());
  ASSERT_TRUE(context.until([&] { return a.ended.size() == 1; }));
  EXPECT_EQ(a.ended[0], "the bus stops");
}

}  // namespace
}  // namespace genos
