// SPDX-License-Identifier: LGPL-2.1-or-later
// Rooms as URIs.
#include <gtest/gtest.h>

#include "room_media_fixture.hpp"

namespace genos {
namespace {

class RoomUriTest : public RoomMediaTest {
 protected:
  static Ref<GstElement> make(const char* uri, std::string& why) {
    Owned<GError> error;
    auto made = sink(gst_element_make_from_uri(GST_URI_SRC, uri, nullptr, out(error)));
    why = error ? error->message : "";
    return made;
  }
  std::string uri() const {
    const Owned<char> at(g_uri_escape_string(relay.c_str(), nullptr, FALSE));
    return "\"genos://media/live?app-id=genos-test&ice-servers=none&latency=50&signaling=" +
           std::string(at.get()) + "\"";
  }
};

// Its sound is linked and then taken by nobody, which is no error.
TEST_F(RoomUriTest, WhatDecodesUrisWatchesARoom) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine watcher("uridecodebin uri=" + uri() +
                   " ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out");
  sender.play();
  watcher.play();
  EXPECT_TRUE(sees(watcher, 30));
  EXPECT_EQ(watcher.outcome(std::chrono::seconds(0)), "");
}

TEST_F(RoomUriTest, PlaybinShowsBoth) {
  TestLine sender(picture() + "s.video_0 " + sound() + "s.audio_0" + sink_of());
  TestLine watcher("playbin name=p uri=" + uri() +
                   " video-sink=\"fakesink name=v\" audio-sink=\"fakesink name=a\"");
  sender.play();
  watcher.play();
  const auto count = [&](const char* name) {
    guint64 rendered = 0;
    GstStructure* stats = nullptr;
    if (const auto end = watcher.element(name)) g_object_get(end.get(), "stats", &stats, nullptr);
    if (!stats) return rendered;
    gst_structure_get_uint64(stats, "rendered", &rendered);
    gst_structure_free(stats);
    return rendered;
  };
  EXPECT_TRUE(TestLine::until([&] { return count("v") > 20 && count("a") > 20; }));
  EXPECT_EQ(watcher.outcome(std::chrono::seconds(0)), "");
}

TEST_F(RoomUriTest, AUriSetsWhatIsTheElementsOwn) {
  std::string why;
  const auto made = make(
      "genos://my%20room?latency=33&password=a%26b&codecs=vp8&quality=low&end-with-last=true", why);
  ASSERT_TRUE(made) << why;
  gchar *room = nullptr, *password = nullptr, *codecs = nullptr;
  guint latency = 0;
  g_object_get(made.get(), "room", &room, "password", &password, "codecs", &codecs, "latency",
               &latency, nullptr);
  EXPECT_STREQ(Owned<char>(room).get(), "my room");
  EXPECT_STREQ(Owned<char>(password).get(), "a&b");
  EXPECT_STREQ(Owned<char>(codecs).get(), "vp8");
  EXPECT_EQ(latency, 33U);
}

TEST_F(RoomUriTest, WhatIsNoRoomIsRefusedWithAReason) {
  for (const char* uri : {"genos:", "genos:///live", "genos://room/other", "genos://room?%zz=1"}) {
    std::string why;
    EXPECT_FALSE(make(uri, why)) << uri;
    EXPECT_NE(why.find("genos://ROOM/live"), std::string::npos) << uri << ": " << why;
  }
  for (const char* name : {"identity", "name", "message-forward", "stats", "nonsense"}) {
    std::string why;
    EXPECT_FALSE(make((std::string("genos://room?") + name + "=x").c_str(), why)) << name;
    EXPECT_NE(why.find(name), std::string::npos) << why;
  }
  for (const char* said : {"latency=abc", "latency=99999", "quality=ultra", "media=smell"}) {
    std::string why;
    EXPECT_FALSE(make((std::string("genos://room?") + said).c_str(), why)) << said;
    EXPECT_NE(why.find("is no value of"), std::string::npos) << why;
  }
}

}  // namespace
}  // namespace genos
