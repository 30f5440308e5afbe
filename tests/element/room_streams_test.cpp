// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams through the library: added to a room and removed while all plays, and told of.
#include <gtest/gtest.h>

#include <array>

#include "room_media_fixture.hpp"
#include "support/test_bus.hpp"

namespace genos {
namespace {

class RoomStreamsTest : public RoomMediaTest {
 protected:
  // A pipeline with a picture and sound that nothing takes yet.
  static std::string sources() {
    return picture() + "queue name=camera " + sound() + "queue name=microphone";
  }
  Ref<GstGenosRoom> join_less_room() const {
    auto made = adopt(gst_genos_room_new("genos-test", "media"));
    g_object_set(made.get(), "signaling", relay.c_str(), "ice-servers", "none", nullptr);
    return made;
  }
  static GstElement* add(GstGenosRoom* room, const TestLine& line, const char* meta = nullptr) {
    const auto camera = line.element("camera"), microphone = line.element("microphone");
    std::array<GObject*, 2> all{G_OBJECT(camera.get()), G_OBJECT(microphone.get())};
    Owned<GError> error;
    auto* stream = gst_genos_room_add_stream(room, all.data(), 2, meta, out(error));
    EXPECT_TRUE(stream) << (error ? error->message : "");
    return stream;
  }
  static std::string why_not(GstGenosRoom* room, GObject* source, const char* meta = nullptr) {
    Owned<GError> error;
    EXPECT_FALSE(gst_genos_room_add_stream(room, &source, 1, meta, out(error)));
    return error ? error->message : "";
  }

  TestContext context;
};

// What a room tells of others' streams, and how much of them comes.
struct Watcher {
  explicit Watcher(Ref<GstGenosRoom> mine)
      : room(std::move(mine)), line("fakesrc num-buffers=0 ! fakesink") {
    const auto note = [this](const char* what) {
      return [this, what](auto*, GstGenosPeer* peer, const char* id, const char* meta) {
        told.push_back(std::string(what) + " " + meta);
        whose = gst_genos_peer_get_id(peer);
        stream = id;
      };
    };
    using Told = void(GstGenosRoom*, GstGenosPeer*, const char*, const char*);
    connections.push_back(on<Told>(room.get(), "stream-add", note("add")));
    connections.push_back(on<Told>(room.get(), "stream-remove", note("remove")));
    Owned<GError> error;
    auto* src = gst_genos_room_receive(room.get(), GST_BIN(line.pipeline()), out(error));
    EXPECT_TRUE(src) << (error ? error->message : "");
    connections.push_back(
        on<void(GstElement*, GstPad*)>(src, "pad-added", [this](auto*, GstPad* pad) {
          const auto count = [](GstPad*, GstPadProbeInfo*, gpointer self) noexcept {
            static_cast<Watcher*>(self)->packets++;
            return GST_PAD_PROBE_OK;
          };
          gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count, this, nullptr);
          auto* fake = gst_element_factory_make("fakesink", nullptr);
          g_object_set(fake, "async", FALSE, "sync", FALSE, nullptr);
          gst_bin_add(GST_BIN(line.pipeline()), fake);
          gst_element_sync_state_with_parent(fake);
          const auto to = adopt(gst_element_get_static_pad(fake, "sink"));
          gst_pad_link(pad, to.get());
        }));
  }
  ~Watcher() { line.set_state(GST_STATE_NULL); }

  Ref<GstGenosRoom> room;
  std::vector<std::string> told;
  std::string whose, stream;
  std::atomic<int> packets{0};
  std::vector<Connection> connections;
  TestLine line;
};

TEST_F(RoomStreamsTest, AStreamIsAddedRemovedAndAddedAgain) {
  const auto room = join_less_room();
  TestLine sender(sources());
  auto* first = add(room.get(), sender, R"({"title":"door"})");
  ASSERT_TRUE(first);
  Watcher watcher(join_less_room());
  gst_genos_room_join_async(watcher.room.get(), nullptr, nullptr, nullptr);
  sender.play();
  watcher.line.play();
  ASSERT_TRUE(context.until([&] { return watcher.told.size() == 1 && watcher.packets > 30; }));
  EXPECT_EQ(watcher.told[0], R"(add {"title":"door"})");
  gst_genos_room_remove_stream(room.get(), first);
  ASSERT_TRUE(context.until([&] { return watcher.told.size() == 2; }));
  EXPECT_EQ(watcher.told[1], R"(remove {"title":"door"})");
  // The sources went on, and may be shown again.
  EXPECT_EQ(sender.outcome(std::chrono::seconds(0)), "");
  const int before = watcher.packets;
  ASSERT_TRUE(add(room.get(), sender));
  EXPECT_TRUE(
      context.until([&] { return watcher.told.size() == 3 && watcher.packets > before + 30; }));
  EXPECT_EQ(watcher.told[2], "add ");
  EXPECT_EQ(sender.outcome(std::chrono::seconds(0)), "");
}

TEST_F(RoomStreamsTest, PadsAreAddedAsElementsAre) {
  const auto room = join_less_room();
  TestLine sender(sources());
  const auto camera = sender.element("camera"), microphone = sender.element("microphone");
  const auto picture = adopt(gst_element_get_static_pad(camera.get(), "src"));
  const auto sound = adopt(gst_element_get_static_pad(microphone.get(), "src"));
  std::array<GObject*, 2> pads{G_OBJECT(picture.get()), G_OBJECT(sound.get())};
  Owned<GError> error;
  auto* stream = gst_genos_room_add_stream(room.get(), pads.data(), 2, nullptr, out(error));
  ASSERT_TRUE(stream) << (error ? error->message : "");
  Watcher watcher(join_less_room());
  gst_genos_room_join_async(watcher.room.get(), nullptr, nullptr, nullptr);
  sender.play();
  watcher.line.play();
  EXPECT_TRUE(context.until([&] { return watcher.packets > 60; }));
  gst_genos_room_remove_stream(room.get(), stream);
  EXPECT_TRUE(context.until([&] { return watcher.told.size() == 2; }));
  EXPECT_FALSE(gst_pad_is_linked(picture.get()));
  EXPECT_FALSE(gst_pad_is_linked(sound.get()));
}

// Both of a call, each one peer of three: a room, a sink, a source.
TEST_F(RoomStreamsTest, TwoCallEachOther) {
  TestLine mine(sources()), theirs(sources());
  Watcher one(join_less_room()), other(join_less_room());
  add(one.room.get(), mine, R"({"title":"one"})");
  add(other.room.get(), theirs, R"({"title":"other"})");
  for (auto* watcher : {&one, &other})
    gst_genos_room_join_async(watcher->room.get(), nullptr, nullptr, nullptr);
  for (auto* line : {&mine, &theirs, &one.line, &other.line}) line->play();
  ASSERT_TRUE(context.until([&] { return one.packets > 60 && other.packets > 60; }));
  EXPECT_TRUE(context.until([&] { return one.told.size() == 1 && other.told.size() == 1; }));
  EXPECT_EQ(one.whose, gst_genos_room_get_self_id(other.room.get()));
  EXPECT_EQ(other.whose, gst_genos_room_get_self_id(one.room.get()));
  GList* peers = gst_genos_room_get_peers(one.room.get());
  EXPECT_EQ(g_list_length(peers), 1U);  // not three
  g_list_free_full(peers, g_object_unref);
}

TEST_F(RoomStreamsTest, WhatCannotBeShownIsRefusedAndChangesNothing) {
  const auto room = join_less_room();
  TestLine line(sources());
  const auto camera = line.element("camera");
  const auto children = GST_BIN_NUMCHILDREN(line.pipeline());
  const auto text = sink(gst_element_factory_make("fakesrc", nullptr));
  EXPECT_NE(why_not(room.get(), G_OBJECT(text.get())).find("in a pipeline"), std::string::npos);
  EXPECT_NE(why_not(room.get(), G_OBJECT(camera.get()), "[1]").find("JSON object"),
            std::string::npos);
  TestLine taken(sources() + " ! fakesink");
  EXPECT_NE(why_not(room.get(), G_OBJECT(taken.element("microphone").get())).find("not linked yet"),
            std::string::npos);
  TestLine odd("fakesrc ! application/x-odd ! queue name=odd");
  EXPECT_NE(why_not(room.get(), G_OBJECT(odd.element("odd").get())).find("neither pictures"),
            std::string::npos);
  EXPECT_EQ(GST_BIN_NUMCHILDREN(odd.pipeline()), 3);
  EXPECT_EQ(GST_BIN_NUMCHILDREN(line.pipeline()), children);
  // A peer without a name has nothing in common with an element.
  const auto joined = join_less_room();
  gst_genos_room_join(joined.get(), nullptr, nullptr);
  EXPECT_NE(why_not(joined.get(), G_OBJECT(camera.get())).find("`peer`"), std::string::npos);
  EXPECT_FALSE(gst_genos_room_receive(joined.get(), GST_BIN(line.pipeline()), nullptr));
  gst_genos_room_leave(joined.get());
}

// What a sink said of its streams, as a line hears of them on its bus.
std::vector<std::string> heard(const TestLine& line, std::size_t count) {
  std::vector<std::string> all;
  const auto bus = adopt(gst_element_get_bus(line.pipeline()));
  EXPECT_TRUE(TestLine::until([&] {
    const auto message = adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ELEMENT));
    if (!message || !gst_message_has_name(message.get(), "genos-stream-add")) return false;
    const auto* news = gst_message_get_structure(message.get());
    const auto text = [&](const char* field) {
      const char* said = gst_structure_get_string(news, field);
      return std::string(said ? said : "-");
    };
    all.push_back(text("title") + "|" + text("kind") + "|" + text("meta"));
    return all.size() == count;
  }));
  std::ranges::sort(all);
  return all;
}

TEST_F(RoomStreamsTest, EachStreamSaysWhatItIs) {
  TestLine sender(picture() + "s.video_0 " + picture() + "s.video_1 " + sound() + "s.audio_1" +
                  sink_of("title=Door kind=camera meta={\\\"floor\\\":1} video_1::title=Slides "
                          "audio_1::kind=screen audio_1::meta={\\\"page\\\":7}"));
  TestLine watcher(src_of() + "! fakesink");
  sender.play();
  watcher.play();
  const std::vector<std::string> said = {
      R"(Door|camera|{"floor":1,"title":"Door","kind":"camera"})",
      R"(Slides|screen|{"floor":1,"title":"Slides","kind":"screen","page":7})"};
  EXPECT_EQ(heard(watcher, 2), said);
}

TEST_F(RoomStreamsTest, APadWhoseWordsAreNoneLeavesThoseOfItsElement) {
  TestLine sender(picture() + "s.video_0" + sink_of("title=Door video_0::meta=seven"));
  TestLine watcher(src_of() + "! fakesink");
  sender.play();
  watcher.play();
  EXPECT_EQ(heard(watcher, 1), std::vector<std::string>{R"(Door||{"title":"Door"})"});
  const auto bus = adopt(gst_element_get_bus(sender.pipeline()));
  const auto warning = adopt(gst_bus_timed_pop_filtered(bus.get(), 0, GST_MESSAGE_WARNING));
  EXPECT_TRUE(warning);
}

// How many there are in the list of this name in the figures that an element posts, at last.
guint posted(const TestLine& line, const char* list) {
  const auto bus = adopt(gst_element_get_bus(line.pipeline()));
  guint count = 0;
  while (const auto message = adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ELEMENT)))
    if (gst_message_has_name(message.get(), "application/x-genos-room-stats"))
      count = gst_value_list_get_size(
          gst_structure_get_value(gst_message_get_structure(message.get()), list));
  return count;
}

TEST_F(RoomStreamsTest, FiguresAreToldOnTheBus) {
  TestLine sender(picture() + "s.video_0" + sink_of());
  TestLine watcher(src_of() + "! fakesink");
  sender.play();
  watcher.play();
  EXPECT_TRUE(TestLine::until([&] { return posted(sender, "pictures") == 1; }));
  EXPECT_TRUE(TestLine::until([&] { return posted(watcher, "tracks") == 1; }));
}

// Before anything starts: gst-launch-1.0 would miss it later, and stand still.
TEST_F(RoomStreamsTest, ARoomWithoutANameIsAnErrorAtOnce) {
  for (const char* words : {"videotestsrc ! genosroomsink", "genosroomsrc ! fakesink"}) {
    TestLine line(words);
    EXPECT_EQ(gst_element_set_state(line.pipeline(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_EQ(line.outcome(), "error: room is empty; give it a name") << words;
  }
}

TEST_F(RoomStreamsTest, ItsPadsAreChildrenOfASink) {
  TestLine sender(picture() + "s.video_0" + sink_of("video_0::kind=screen"));
  const auto element = sender.element("s");
  auto* proxy = GST_CHILD_PROXY(element.get());
  GValue kind = G_VALUE_INIT;
  gst_child_proxy_get_property(proxy, "video_0::kind", &kind);
  EXPECT_STREQ(g_value_get_string(&kind), "screen");
  g_value_unset(&kind);
  const guint count = gst_child_proxy_get_children_count(proxy);
  ASSERT_GE(count, 1U);
  auto* last = gst_child_proxy_get_child_by_index(proxy, count - 1);
  ASSERT_TRUE(GST_IS_PAD(last));
  g_object_unref(last);
  EXPECT_EQ(gst_child_proxy_get_child_by_index(proxy, count), nullptr);
  EXPECT_EQ(gst_child_proxy_get_child_by_name(proxy, "video_7"), nullptr);
}

}  // namespace
}  // namespace genos
