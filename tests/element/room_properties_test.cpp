// SPDX-License-Identifier: LGPL-2.1-or-later
// What may be said about a room, and what is said back when that cannot be.
#include <gtest/gtest.h>

#include "support/test_room.hpp"

namespace genos {
namespace {

class RoomProperties : public testing::Test {
 protected:
  ~RoomProperties() override { gst_genos_deinit(); }

  // The error of joining, as the person sees it.
  Owned<GError> refused(TestRoom& room) {
    room.join();
    if (!context.until([&] { return bool(room.join_outcome); })) return nullptr;
    return room.join_error();
  }
  TestContext context;
  std::string relay = private_relay();
};

TEST_F(RoomProperties, EachHasADefaultAndASentence) {
  auto room = adopt(gst_genos_room_new(nullptr, "x"));
  guint count = 0;
  GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(room.get()), &count);
  EXPECT_EQ(count, 22u);
  for (guint i = 0; i < count; ++i) {
    const char* blurb = g_param_spec_get_blurb(specs[i]);
    EXPECT_GT(strlen(blurb ? blurb : ""), 10u) << specs[i]->name;
    if (!strcmp(specs[i]->name, "app-id") || !strcmp(specs[i]->name, "id")) continue;
    GValue value = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(room.get()), specs[i]->name, &value);
    const bool text = G_VALUE_HOLDS_STRING(&value);
    if (text) {
      EXPECT_STREQ(g_value_get_string(&value), "") << specs[i]->name;
    } else if (!G_VALUE_HOLDS_BOXED(&value)) {
      EXPECT_TRUE(g_param_value_defaults(specs[i], &value)) << specs[i]->name;
    }
    g_value_unset(&value);
  }
  g_free(specs);
  char* app = nullptr;
  g_object_get(room.get(), "app-id", &app, nullptr);
  EXPECT_STREQ(app, "genos");
  g_free(app);
}

TEST_F(RoomProperties, TextsComeBackAsTheyWereSet) {
  auto room = adopt(gst_genos_room_new("app", "room"));
  for (const char* name : {"password", "signaling", "ice-servers", "peer", "name-hint"}) {
    g_object_set(room.get(), name, "something", nullptr);
    Owned<char> back;
    g_object_get(room.get(), name, static_cast<char**>(out(back)), nullptr);
    EXPECT_STREQ(back.get(), "something") << name;
    g_object_set(room.get(), name, nullptr, nullptr);
  }
  const char* words[] = {"key", "id", nullptr};
  char** back = nullptr;
  g_object_set(room.get(), "trusted", words, nullptr);
  g_object_get(room.get(), "trusted", &back, nullptr);
  EXPECT_EQ(g_strv_length(back), 2u);
  g_strfreev(back);
}

struct Wrong {
  const char* property;
  const char* value;
  const char* word;  // that the message must have
};

TEST_F(RoomProperties, WhatCannotBeIsRefusedWithAReason) {
  const std::string long_name(1025, 'x');
  const Wrong wrongs[] = {
      {"id", "", "room"},
      {"id", long_name.c_str(), "1024"},
      {"app-id", "", "app-id"},
      {"self-id", "short", "20 letters"},
      {"signaling", "http://example.org", "ws"},
      {"ice-servers", "nonsense", "stun:HOST:PORT"},
      {"identity", "/nowhere/at/all.key", "/nowhere/at/all.key"},
  };
  for (const auto& wrong : wrongs) {
    TestRoom room("wrong", relay);
    room.set(wrong.property, wrong.value);
    const auto error = refused(room);
    ASSERT_TRUE(error) << wrong.property;
    EXPECT_NE(std::string(error->message).find(wrong.word), std::string::npos) << error->message;
    EXPECT_EQ(room.state(), GST_GENOS_ROOM_STATE_OUTSIDE);
  }
  TestRoom trusting("wrong", relay);
  const char* words[] = {"mistyped", nullptr};
  trusting.set("trusted", words);
  const auto mistyped = refused(trusting);
  ASSERT_TRUE(mistyped);
  EXPECT_NE(std::string(mistyped->message).find("'mistyped' is neither"), std::string::npos);
  TestRoom strict("wrong", relay);
  strict.set("strict", TRUE);
  const auto error = refused(strict);
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->message).find("genos identity new"), std::string::npos);
}

TEST_F(RoomProperties, ConflictsNameTheProperty) {
  TestRoom first("one", relay);
  first.set("peer", "me").set("password", "secret").join();
  ASSERT_TRUE(context.until([&] { return bool(first.join_outcome); }));

  const auto conflict = [&](const char* room, const char* property, auto value) {
    TestRoom second(room, relay);
    second.set("peer", "me").set("password", "secret").set(property, value);
    const auto error = refused(second);
    ASSERT_TRUE(error) << property;
    EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_CONFLICT));
    EXPECT_NE(std::string(error->message).find(std::string("`") + property + "`"),
              std::string::npos)
        << error->message;
  };
  conflict("one", "password", "other");
  conflict("one", "passive", TRUE);
  conflict("one", "handshake", TRUE);
  conflict("one", "activity", GST_GENOS_ACTIVITY_SEND);
  conflict("two", "ice-servers", "stun:127.0.0.1:3478");
  conflict("two", "queue-limit", guint64(1) << 20);
  conflict("two", "overflow", GST_GENOS_OVERFLOW_DROP_PEER);
  conflict("two", "self-id", "abcdefghijklmnopqrst");

  TestRoom alone("one", relay);  // another peer may say what it wants
  alone.set("password", "other").join();
  EXPECT_TRUE(context.until([&] { return bool(alone.join_outcome); }));
  EXPECT_FALSE(alone.join_error());
}

// The links of who has left close for a while yet; that is nothing to be in the way of.
TEST_F(RoomProperties, WhoHasLeftMayComeWithOtherServers) {
  TestRoom other("servers", relay);
  other.join();
  const auto meets = [&](TestRoom& room, const char* servers) {
    room.set("peer", "me").set("ice-servers", servers).join();
    EXPECT_TRUE(context.until([&] { return bool(room.join_outcome); }));
    if (!room.join_outcome) return;
    if (const auto error = room.join_error()) ADD_FAILURE() << error->message;
    EXPECT_TRUE(context.until([&] { return room.joined.size() == 1; }));
  };
  TestRoom first("servers", relay), second("servers", relay), third("servers", relay);
  meets(first, "none");
  first.leave();  // the next one waits for that
  meets(second, "stun:127.0.0.1:9");
  second.leave();
  ASSERT_TRUE(context.until([&] { return bool(second.leave_outcome); }));
  meets(third, "none");
}

TEST_F(RoomProperties, NamesOfChannels) {
  TestRoom room("names", relay);
  const std::string name32(32, 'x'), name33(33, 'x');
  const char* good[] = {"a", "\xc3\xa4\xe2\x82\xac", name32.c_str(), "genos", "@"};
  const char* bad[] = {"", name33.c_str(), "@_hidden", "genos:heart", "\xff"};
  for (const char* name : good) {
    auto one = adopt(gst_genos_room_channel(room.room.get(), name, nullptr));
    auto two = adopt(gst_genos_room_channel(room.room.get(), name, nullptr));
    ASSERT_TRUE(one) << name;
    EXPECT_EQ(one.get(), two.get());
    EXPECT_STREQ(gst_genos_channel_get_name(one.get()), name);
  }
  for (const char* name : bad) {
    Owned<GError> error;
    EXPECT_FALSE(adopt(gst_genos_room_channel(room.room.get(), name, out(error)))) << name;
    ASSERT_TRUE(error);
    EXPECT_TRUE(g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID));
    EXPECT_TRUE(g_utf8_validate(error->message, -1, nullptr));
  }
}

}  // namespace
}  // namespace genos
