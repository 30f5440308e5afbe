// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams over a channel: places, windows, ends, and what a lost writer means.
#include "core/channel/stream.hpp"

#include <gtest/gtest.h>

#include "core/wire/json.hpp"

namespace genos::core {
namespace {

using namespace std::chrono_literals;
using Verdict = StreamReader::Verdict;
using Loss = StreamReader::Loss;

const PeerId anna{"anna"}, ben{"ben"};
constexpr Time start{};

StreamPlace at(std::uint64_t offset, const char* stream = "s") { return {stream, offset}; }
StreamEnd end_at(std::uint64_t offset) { return {"s", offset, false}; }

struct Writing {
  StreamWriter writer{{"s", 1000, 2s}};
  Writing() { writer.add(anna); }
};

TEST(StreamWire, APlaceStandsBesideWhatTheApplicationSays) {
  const auto meta = with_place(R"({"title":"x","n":[1]})", {"s1", 77});
  EXPECT_EQ(meta, R"({"title":"x","n":[1],"genos":{"stream":"s1","at":77}})");
  EXPECT_EQ(place_in(meta), (StreamPlace{"s1", 77}));
  EXPECT_EQ(place_in(with_place(std::nullopt, at(5))), at(5));
  EXPECT_EQ(place_in(with_place("[1]", at(5))), at(5));  // nothing that a place could stand beside
}

TEST(StreamWire, WhatIsNoPlaceIsNone) {
  for (const char* text :
       {"", "{", "[]", R"({"genos":1})", R"({"genos":{"stream":"s"}})",
        R"({"genos":{"stream":"","at":1}})", R"({"genos":{"stream":"s","at":-1}})",
        R"({"genos":{"stream":"s","at":1.5}})", R"({"genos":{"stream":7,"at":1}})"})
    EXPECT_FALSE(place_in(std::string(text))) << text;
  EXPECT_FALSE(place_in(std::nullopt));
  EXPECT_FALSE(place_in("{\"genos\":{\"at\":1,\"stream\":\"" + std::string(65, 's') + "\"}}"));
}

TEST(StreamWire, ReportsComeBackAsTheyWere) {
  for (const StreamReport& report :
       {StreamReport{"s", 0, false}, StreamReport{"s", 1u << 31, true}})
    EXPECT_EQ(report_in(report_text(report)), report);
  for (const char* text : {"", "7", R"({"taken":1})", R"({"stream":"s","taken":-1})"})
    EXPECT_FALSE(report_in(text)) << text;
  EXPECT_EQ(end_in(end_text(end_at(99))), end_at(99));
  for (const char* text : {"", "7", R"({"end":1})", R"({"stream":"s","end":-1})"})
    EXPECT_FALSE(end_in(text)) << text;
}

TEST(StreamWriter, WaitsForTheSlowestWhoReports) {
  StreamWriter writer({"s", 1000, 2s});
  writer.add(anna);
  writer.add(ben);
  EXPECT_EQ(writer.write(3000), at(0));
  EXPECT_TRUE(writer.may_write());  // nobody has said that it reports
  writer.report(anna, {"s", 3000, false});
  EXPECT_TRUE(writer.may_write());
  writer.report(ben, {"s", 2000, false});
  EXPECT_FALSE(writer.may_write());
  writer.report(ben, {"s", 2001, false});
  EXPECT_TRUE(writer.may_write());
  EXPECT_EQ(writer.write(999), at(3000));
  EXPECT_FALSE(writer.may_write());
  writer.forget(ben);
  EXPECT_TRUE(writer.may_write());
}

TEST(StreamWriter, BelievesNoReportBeyondWhatWasWritten) {
  Writing one;
  one.writer.write(100);
  one.writer.report(anna, {"s", 1u << 30, true});
  one.writer.write(1000);
  EXPECT_FALSE(one.writer.may_write());
  one.writer.report(anna, {"other", 1100, true});
  one.writer.report(ben, {"s", 1100, true});
  EXPECT_FALSE(one.writer.may_write());
  EXPECT_EQ(one.writer.end(start), end_at(1100));
  EXPECT_FALSE(one.writer.finished(start + 1h));  // "done" came before the end: not believed
}

TEST(StreamWriter, IsFinishedWhenAllWhoReportHaveAll) {
  Writing one;
  one.writer.write(10);
  EXPECT_EQ(one.writer.deadline(), never);
  one.writer.report(anna, {"s", 10, false});
  one.writer.end(start);
  EXPECT_FALSE(one.writer.finished(start));
  EXPECT_FALSE(one.writer.finished(start + 1h));
  one.writer.report(anna, {"s", 10, true});
  EXPECT_TRUE(one.writer.finished(start));
}

TEST(StreamWriter, WaitsAWhileForWhoNeverReports) {
  Writing one;
  one.writer.end(start);
  EXPECT_EQ(one.writer.deadline(), start + 2s);
  EXPECT_FALSE(one.writer.finished(start + 1999ms));
  EXPECT_TRUE(one.writer.finished(start + 2s));
  one.writer.report(anna, {"s", 0, false});  // it does after all
  EXPECT_FALSE(one.writer.finished(start + 2s));
  one.writer.forget(anna);
  EXPECT_TRUE(one.writer.finished(start));
}

TEST(StreamReader, BytesAreOneStreamFromItsBeginningToItsEnd) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(ben, at(50, "late"), 10), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(ben, at(0, "other"), 10), Verdict::ignore);
  EXPECT_EQ(reader.handle(ben, StreamEnd{"other", 10, false}), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, at(0, "second"), 10), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, std::nullopt, 10), Verdict::ignore);
  EXPECT_EQ(reader.forget(ben), Loss::none);
  EXPECT_EQ(reader.handle(anna, end_at(10)), Verdict::last);
  EXPECT_EQ(reader.handle(anna, at(10), 1), Verdict::ignore);
  EXPECT_EQ(reader.passed(anna, at(0), 10), (StreamReport{"s", 10, true}));
  EXPECT_EQ(reader.forget(anna), Loss::none);
}

TEST(StreamReader, AnEndThatOvertakesWaitsForTheRest) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(anna, end_at(30)), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, at(10), 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(anna, at(20), 10), Verdict::last);
  EXPECT_EQ(reader.passed(anna, at(10), 10), (StreamReport{"s", 20, false}));
  EXPECT_EQ(reader.passed(anna, at(20), 10), (StreamReport{"s", 30, true}));
}

TEST(StreamReader, AStreamMayBeEmpty) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, StreamEnd{"tail of another", 7, false}), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, end_at(0)), Verdict::last);
  EXPECT_EQ(reader.passed(anna, at(0), 0), (StreamReport{"s", 0, true}));
}

TEST(StreamReader, BytesThatAreMissingBreakIt) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(anna, at(11), 10), Verdict::broken);
  EXPECT_EQ(reader.handle(anna, at(10), 10), Verdict::ignore);
  StreamReader other(StreamReader::Kind::bytes);
  EXPECT_EQ(other.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(other.handle(anna, end_at(9)), Verdict::broken);  // it said more than it has
}

TEST(StreamReader, AStreamThatIsGivenUpIsBroken) {
  const StreamEnd cut{"s", 10, true};
  EXPECT_EQ(end_in(end_text(cut)), cut);
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(ben, StreamEnd{"s", 10, true}), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, cut), Verdict::broken);
  EXPECT_EQ(reader.handle(anna, at(0, "again"), 10), Verdict::ignore);
}

TEST(StreamReader, AWriterThatVanishesCutsItOff) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, at(0), 10), Verdict::deliver);
  EXPECT_EQ(reader.forget(anna), Loss::truncated);
  EXPECT_EQ(reader.forget(anna), Loss::none);
}

TEST(StreamReader, OfAPageTheLeavingIsTheEnd) {
  StreamReader reader(StreamReader::Kind::bytes);
  EXPECT_EQ(reader.handle(anna, std::nullopt, 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(anna, std::nullopt, 10), Verdict::deliver);
  EXPECT_EQ(reader.handle(ben, std::nullopt, 10), Verdict::ignore);
  EXPECT_EQ(reader.forget(anna), Loss::ended);
}

TEST(StreamReader, MessagesOfAllAreDeliveredAndReported) {
  StreamReader reader(StreamReader::Kind::messages);
  EXPECT_EQ(reader.handle(anna, at(5000), 10), Verdict::deliver);  // it came late
  EXPECT_EQ(reader.handle(ben, std::nullopt, 10), Verdict::deliver);
  EXPECT_EQ(reader.passed(anna, at(5000), 10), (StreamReport{"s", 5010, false}));
  EXPECT_FALSE(reader.passed(anna, at(5010), 10));
  EXPECT_EQ(reader.passed(anna, at(300000), 10), (StreamReport{"s", 300010, false}));
  EXPECT_EQ(reader.handle(anna, end_at(300020)), Verdict::ignore);
  EXPECT_EQ(reader.handle(anna, at(300010), 10), Verdict::deliver);
  EXPECT_EQ(reader.passed(anna, at(300010), 10), (StreamReport{"s", 300020, true}));
  EXPECT_EQ(reader.handle(anna, at(0, "next"), 1), Verdict::deliver);  // it began again
  EXPECT_EQ(reader.passed(anna, at(0, "next"), 1), (StreamReport{"next", 1, false}));
  EXPECT_EQ(reader.forget(anna), Loss::none);
  EXPECT_FALSE(reader.passed(anna, at(1, "next"), 1));  // nobody to tell
}

TEST(StreamReader, AnEndOfMessagesIsAnsweredAlsoByWhoGotNone) {
  StreamReader reader(StreamReader::Kind::messages);
  EXPECT_EQ(reader.handle(anna, end_at(500)), Verdict::deliver);
  EXPECT_EQ(reader.passed(anna, at(500), 0), (StreamReport{"s", 500, true}));
}

}  // namespace
}  // namespace genos::core
