// SPDX-License-Identifier: LGPL-2.1-or-later
// genosdatachannel: streams of bytes, messages and lines between pipelines, and what goes wrong.
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "datachannel_fixture.hpp"
#include "support/footprint.hpp"

namespace genos {
namespace {

using namespace std::chrono_literals;

// What may be on its way before a writer waits: the window, what the library was handed, what waits
// in the element and in appsrc.
constexpr std::size_t on_the_way = 10u << 20;

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::mt19937 random(7);
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST_F(DataChannel, AStreamOfBytesArrivesWholeAndEndsBoth) {
  TestLine from(writer("framing=bytes")), to(reader("framing=bytes"));
  from.play();
  to.play();
  const auto bytes = noise(3'000'001);
  for (std::size_t at = 0, size = 1; at < bytes.size(); at += size, size = size * 3 % 200'003)
    from.push(bytes.substr(at, size));
  from.end();
  EXPECT_EQ(from.outcome(), "eos");
  EXPECT_EQ(to.outcome(), "eos");
  EXPECT_TRUE(to.received() == bytes);
}

TEST_F(DataChannel, AStreamWithNothingInItEndsToo) {
  TestLine from(writer("framing=bytes")), to(reader("framing=bytes"));
  to.play();
  from.play();
  from.end();
  EXPECT_EQ(from.outcome(), "eos");
  EXPECT_EQ(to.outcome(), "eos");
  EXPECT_EQ(to.received(), "");
}

// Its pipeline is paused, so nothing is read until it plays.
TEST_F(DataChannel, ASlowReaderSlowsTheWriterDown) {
  TestLine from(writer("framing=bytes")), to(reader("framing=bytes"));
  from.play();
  to.play();
  from.push("x");
  ASSERT_TRUE(arrives(to, "x"));
  to.set_state(GST_STATE_PAUSED);
  const std::string block(256 * 1024, 'y');
  auto writing = std::async(std::launch::async, [&] {
    for (int i = 0; i < 120; ++i) from.push(block);  // 30 MiB
    from.end();
  });
  EXPECT_EQ(writing.wait_for(3s), std::future_status::timeout);
  EXPECT_LT(from.pushed(), on_the_way);
  EXPECT_GT(from.pushed(), 4u << 20);
  to.play();
  EXPECT_EQ(from.outcome(), "eos");
  EXPECT_EQ(to.outcome(), "eos");
  EXPECT_EQ(to.received().size(), 1 + 120 * block.size());
}

TEST_F(DataChannel, OneSlowReaderOfMessagesSlowsEverybodyButLosesNothing) {
  TestLine from(writer("min-peers=2")), slow(reader()), fast(reader());
  from.play();
  slow.play();
  fast.play();
  from.push("x");
  ASSERT_TRUE(arrives(slow, "x") && arrives(fast, "x"));
  slow.set_state(GST_STATE_PAUSED);
  const std::string block(256 * 1024, 'y');
  auto writing = std::async(std::launch::async, [&] {
    for (int i = 0; i < 80; ++i) from.push(block);
  });
  EXPECT_EQ(writing.wait_for(2s), std::future_status::timeout);
  EXPECT_LT(from.pushed(), on_the_way);
  slow.play();
  const auto has_all = [&](const TestLine& line) {
    return TestLine::until([&] { return line.received().size() == 1 + 80 * block.size(); }, 60s);
  };
  EXPECT_TRUE(has_all(slow));
  EXPECT_TRUE(has_all(fast));
}

TEST_F(DataChannel, NothingIsSentIntoAnEmptyRoom) {
  TestLine from(writer("min-peers=2"));
  from.play();
  from.push("kept");
  TestLine one(reader());
  one.play();
  ASSERT_TRUE(TestLine::until([&] { return peers(from) == 1; }));
  EXPECT_EQ(one.received(), "");
  TestLine two(reader());
  two.play();
  EXPECT_TRUE(arrives(one, "kept"));
  EXPECT_TRUE(arrives(two, "kept"));
}

TEST_F(DataChannel, AnEndWithoutDataWaitsForNobodyWhoHasLeft) {
  for (const std::string framing : {"lines", "bytes"}) {
    TestLine from(writer("framing=" + framing));
    from.play();
    {
      TestLine to(reader("framing=" + framing));
      to.play();
      EXPECT_TRUE(TestLine::until([&] { return peers(from) == 1; }));
    }
    EXPECT_TRUE(TestLine::until([&] { return peers(from) == 0; }));
    from.end();
    EXPECT_EQ(from.outcome(), "eos") << framing;
  }
}

TEST_F(DataChannel, LinesAreCutAndEnded) {
  TestLine from(both("framing=lines")), to(both("framing=lines"));
  TestRoom room("lines", relay);
  room.channel("data");
  from.play();
  to.play();
  room.join();
  ASSERT_TRUE(TestLine::until([&] { return peers(from) == 2 && peers(to) == 2; }));
  from.push("first\nsec");
  from.push("ond\r\nthe r");
  from.push("est");
  from.end();
  EXPECT_TRUE(arrives(to, "first\nsecond\nthe rest\n"));
  ASSERT_TRUE(context.until([&] { return room.heard.size() == 3; }));
  EXPECT_EQ(room.heard[1].text, "second");
  EXPECT_EQ(room.heard[1].kind, GST_GENOS_PAYLOAD_TEXT);
  room.say("from a program", "data");
  EXPECT_TRUE(arrives(from, "from a program\n"));
}

TEST_F(DataChannel, KindsComeFromCapsAndMetadataFromTheProperty) {
  TestLine text("appsrc name=in caps=text/x-raw,format=utf8 ! " + channel());
  TestLine bytes(writer(R"(meta="{\"unit\":\"K\"}")"));
  TestRoom room("lines", relay);
  room.channel("data");
  room.join();
  text.play();
  bytes.play();
  ASSERT_TRUE(context.until([&] { return peers(bytes) == 2 && peers(text) == 2; }));
  bytes.push("21.5");
  ASSERT_TRUE(context.until([&] { return room.heard.size() == 1; }));
  EXPECT_EQ(room.heard[0].kind, GST_GENOS_PAYLOAD_BYTES);
  EXPECT_EQ(room.heard[0].meta.find(R"({"unit":"K","genos":{"stream":")"), 0u)
      << room.heard[0].meta;
  text.push("hello");
  ASSERT_TRUE(context.until([&] { return room.heard.size() == 2; }));
  EXPECT_EQ(room.heard[1].kind, GST_GENOS_PAYLOAD_TEXT);
}

TEST_F(DataChannel, TargetsAndFromChooseWhoIsMeant) {
  TestRoom ann("lines", relay), ben("lines", relay);
  const std::string id = "benbenbenbenbenbenbe";
  ben.set("self-id", id.c_str());
  for (TestRoom* room : {&ann, &ben}) {
    room->channel("data");
    room->join();
  }
  TestLine line(both("targets=" + id + " from=" + id));
  line.play();
  ASSERT_TRUE(context.until([&] { return ann.peers() == 2 && ben.peers() == 2; }));
  line.push("for ben");
  ASSERT_TRUE(context.until([&] { return ben.heard.size() == 1; }));
  ann.say("not for the line", "data");
  ben.say("for the line", "data");
  EXPECT_TRUE(arrives(line, "for the line"));
  EXPECT_TRUE(ann.heard.empty());
}

TEST_F(DataChannel, WhoComesLateGetsNoPieceOfAStreamOfBytes) {
  TestLine from(writer("framing=bytes")), to(reader("framing=bytes"));
  from.play();
  to.play();
  from.push("beginning ");
  ASSERT_TRUE(arrives(to, "beginning "));
  TestLine late(reader("framing=bytes"));
  late.play();
  TestRoom room("lines", relay);
  room.channel("data");
  room.join();
  ASSERT_TRUE(context.until([&] { return peers(from) == 3; }));
  from.push("and end");
  from.end();
  EXPECT_EQ(to.outcome(), "eos");
  EXPECT_EQ(to.received(), "beginning and end");
  EXPECT_EQ(late.received(), "");
  from.set_state(GST_STATE_NULL);
  ASSERT_TRUE(context.until([&] { return room.left.size() == 1; }));
  EXPECT_TRUE(room.heard.empty());
}

TEST_F(DataChannel, AWriterThatVanishesIsAnError) {
  TestLine to(reader("framing=bytes"));
  to.play();
  {
    TestLine from(writer("framing=bytes"));
    from.play();
    from.push("not all of it");
    ASSERT_TRUE(arrives(to, "not all of it"));
  }
  EXPECT_NE(to.outcome().find("left before the end"), std::string::npos);
}

TEST_F(DataChannel, AStreamThatNobodyTakesAnyMoreIsAnError) {
  TestLine from(writer("framing=bytes"));
  from.play();
  {
    TestLine to(reader("framing=bytes"));
    to.play();
    from.push("some");
    ASSERT_TRUE(arrives(to, "some"));
  }
  EXPECT_EQ(from.outcome(), "error: everybody who was being sent to has left");
}

TEST_F(DataChannel, StatesInAnyOrder) {
  TestLine to(reader()), from(writer());
  to.play();
  const GstState walk[] = {GST_STATE_READY,  GST_STATE_PAUSED,  GST_STATE_READY,  GST_STATE_NULL,
                           GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_NULL};
  for (const auto state : walk) ASSERT_NE(from.set_state(state), GST_STATE_CHANGE_FAILURE);
  std::string all;
  for (const char* text : {"one ", "two ", "three "}) {
    from.play();
    from.push(text);
    all += text;
    ASSERT_TRUE(arrives(to, all));
    from.set_state(GST_STATE_READY);
  }
}

// It waits for a peer that never comes.
TEST_F(DataChannel, AWaitingWriterCanBeStoppedAndFlushed) {
  TestLine from(writer());
  from.play();
  auto writing = std::async(std::launch::async, [&] {
    for (int i = 0; i < 100; ++i) from.push(std::string(64 * 1024, 'x'));
  });
  ASSERT_EQ(writing.wait_for(500ms), std::future_status::timeout);
  const auto pad = adopt(gst_element_get_static_pad(from.element("dc").get(), "sink"));
  EXPECT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_flush_start()));
  EXPECT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_flush_stop(TRUE)));
  from.set_state(GST_STATE_NULL);
  EXPECT_EQ(writing.wait_for(5s), std::future_status::ready);
}

TEST_F(DataChannel, AFlushedStreamOfBytesIsCutOffForItsReader) {
  TestLine from(writer("framing=bytes")), to(reader("framing=bytes"));
  from.play();
  to.play();
  from.push("the beginning");
  ASSERT_TRUE(arrives(to, "the beginning"));
  const auto pad = adopt(gst_element_get_static_pad(from.element("dc").get(), "sink"));
  EXPECT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_flush_start()));
  EXPECT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_flush_stop(TRUE)));
  EXPECT_NE(to.outcome().find("was cut off"), std::string::npos);
}

// Of a reader that takes nothing, also tiny messages must not come in such a number that it drops
// their writer.
TEST_F(DataChannel, TinyMessagesWaitForAPausedReader) {
  TestLine from(writer()), to(reader());
  to.play();
  from.play();
  from.push("x");
  ASSERT_TRUE(arrives(to, "x"));
  to.set_state(GST_STATE_PAUSED);
  std::atomic<int> pushed = 0;
  auto writing = std::async(std::launch::async, [&] {
    for (; pushed < 100'000; ++pushed) from.push("y");
  });
  EXPECT_EQ(writing.wait_for(3s), std::future_status::timeout);
  EXPECT_LT(pushed, 65'536 + 16'000);  // appsrc's 64 KiB; 4 MiB of a KiB each, and what waits
  EXPECT_EQ(peers(from), 1u);
  from.set_state(GST_STATE_NULL);
  EXPECT_EQ(writing.wait_for(5s), std::future_status::ready);
}

// A million lines without a letter are a megabyte to their writer, and must not become a gigabyte.
TEST_F(DataChannel, EmptyLinesWaitToo) {
  TestLine from(writer("framing=lines"));
  from.play();
  auto writing = std::async(std::launch::async, [&] {
    for (int i = 0; i < 16; ++i) from.push(std::string(64 * 1024, '\n'));
  });
  EXPECT_EQ(writing.wait_for(1s), std::future_status::timeout);
  from.set_state(GST_STATE_NULL);
  EXPECT_EQ(writing.wait_for(5s), std::future_status::ready);
}

TEST_F(DataChannel, SaysWhatIsWrongWithItsSettings) {
  const std::pair<std::string, std::string> wrong[] = {
      {R"(meta="[1]")", "is not a JSON object"},
      {"channel=" + std::string(33, 'x'), "32"},
      {"signaling=ftp://nowhere", "ftp://nowhere"},
      {"room=\"\"", "room is empty; give it a name"},
      {"identity=/nonexistent/key", "/nonexistent/key"},
  };
  for (const auto& [setting, words] : wrong) {
    TestLine line(writer(setting));
    line.set_state(GST_STATE_PLAYING);
    EXPECT_NE(line.outcome(5s).find(words), std::string::npos) << setting;
  }
}

TEST_F(DataChannel, ElementsWithOnePeerNameAreOnePeer) {
  TestRoom room("lines", relay);
  room.channel("a");
  room.channel("b");
  room.join();
  TestLine one("appsrc name=in ! " + channel("peer=me channel=a"));
  TestLine two("appsrc name=in ! " + channel("peer=me channel=b"));
  one.play();
  two.play();
  one.push("a");
  two.push("b");
  ASSERT_TRUE(context.until([&] { return room.heard.size() == 2; }));
  EXPECT_EQ(room.heard[0].peer, room.heard[1].peer);
  EXPECT_EQ(room.peers(), 1u);
}

TEST_F(DataChannel, ASourceEndsWhenItIsTold) {
  TestLine to(reader());
  to.play();
  gst_element_send_event(to.element("dc").get(), gst_event_new_eos());
  EXPECT_EQ(to.outcome(), "eos");
}

// A program knows nothing of streams and does not wait.
TEST_F(DataChannel, WhoFloodsAPausedPipelineIsDroppedAndNobodyElse) {
  if (test::under_sanitizer) GTEST_SKIP() << "70 MiB take minutes under a sanitizer";
  TestLine to(reader());
  to.play();
  TestRoom flood("lines", relay), good("lines", relay);
  flood.join();
  good.join();
  ASSERT_TRUE(context.until([&] { return peers(to) == 2 && good.peers() == 2; }));
  ASSERT_TRUE(good.say("before", "data"));
  ASSERT_TRUE(arrives(to, "before"));
  to.set_state(GST_STATE_PAUSED);
  const auto block = bytes_from(std::string(1 << 20, 'x'));
  for (int i = 0; i < 70; ++i)
    gst_genos_channel_send_bytes(flood.channel("data"), block.get(), nullptr, nullptr, nullptr);
  ASSERT_TRUE(context.until([&] { return peers(to) == 1; }, 60s));
  good.say("after", "data");
  to.play();
  EXPECT_TRUE(TestLine::until([&] { return to.received().ends_with("after"); }));
  EXPECT_EQ(to.outcome(0s), "");
}

TEST_F(DataChannel, ManyInOneProcess) {
  constexpr int count = test::under_sanitizer ? 4 : 8;
  std::vector<std::unique_ptr<TestLine>> lines;
  for (int i = 0; i < count; ++i)
    lines.push_back(std::make_unique<TestLine>(both("min-peers=" + std::to_string(count - 1))));
  for (const auto& line : lines) line->play();
  for (const auto& line : lines) line->push("x");
  for (const auto& line : lines) EXPECT_TRUE(arrives(*line, std::string(count - 1, 'x')));
}

}  // namespace
}  // namespace genos
