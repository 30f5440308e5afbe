// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/base/bytes.hpp"

namespace genos::core {
namespace {

std::string round(std::string_view text) {
  const auto value = parse_json(text);
  return value ? to_text(*value) : "error: " + value.error().detail;
}

TEST(Json, WritesNumbersAsJavaScriptDoes) {
  // JSON.stringify(JSON.parse(text)) of V8.
  static constexpr struct {
    const char* text;
    const char* written;
  } table[] = {{"0", "0"},
               {"-0", "0"},
               {"-0.0", "0"},
               {"1", "1"},
               {"-1", "-1"},
               {"42", "42"},
               {"1.5", "1.5"},
               {"-2.25", "-2.25"},
               {"0.1", "0.1"},
               {"1e21", "1e+21"},
               {"1e20", "100000000000000000000"},
               {"123456789012345680000", "123456789012345680000"},
               {"1.7976931348623157e308", "1.7976931348623157e+308"},
               {"5e-324", "5e-324"},
               {"1e-6", "0.000001"},
               {"1e-7", "1e-7"},
               {"1.5e-7", "1.5e-7"},
               {"123e-20", "1.23e-18"},
               {"9007199254740993", "9007199254740992"},
               {"9007199254740992", "9007199254740992"},
               {"-9007199254740993", "-9007199254740992"},
               {"1e3", "1000"},
               {"1E+2", "100"},
               {"0.000001234", "0.000001234"},
               {"4.35", "4.35"},
               {"100000000000000000000000", "1e+23"},
               {"3.0", "3"},
               {"2e-3", "0.002"},
               {"1795216000", "1795216000"}};
  for (const auto& row : table) EXPECT_EQ(round(row.text), row.written) << row.text;
}

TEST(Json, EscapesAsJavaScriptDoes) {
  const std::string raw("\0\b\t\n\v\f\r\x1f\x7f\"\\/\u00e4\u00e9\u2728\U0001f600\u2028</script>",
                        35);
  std::string written;
  append_json_string(written, raw);
  EXPECT_EQ(written,
            "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\\\"\\\\/"
            "\u00e4\u00e9\u2728\U0001f600\u2028</script>\"");
  const auto back = parse_json(written);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back->as_string(), raw);
}

TEST(Json, ReadsEveryKind) {
  const auto value = parse_json(" {\"a\":[1,2.5,\"x\",true,false,null],\"b\":{}}\r\n\t");
  ASSERT_TRUE(value);
  const auto* items = value->array_at("a");
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 6u);
  EXPECT_EQ((*items)[0].as_integer(), 1);
  EXPECT_EQ((*items)[1].as_number(), 2.5);
  EXPECT_FALSE((*items)[1].as_integer());
  EXPECT_EQ(*(*items)[2].as_string(), "x");
  EXPECT_EQ((*items)[3].as_bool(), true);
  EXPECT_EQ((*items)[4].as_bool(), false);
  EXPECT_TRUE((*items)[5].is_null());
  EXPECT_TRUE(value->find("b")->as_object());
  EXPECT_FALSE(value->find("c"));
  EXPECT_FALSE(value->string_at("a"));
  EXPECT_FALSE(Json(1).find("a"));
}

TEST(Json, LastOfADoubledNameWinsInTheFirstPlace) {
  EXPECT_EQ(round(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  EXPECT_EQ(round(R"({"a":1,"b":2,"b":4,"c":5,"a":3,"a":6})"), R"({"a":6,"b":4,"c":5})");
}

TEST(Json, ReadsEscapesAndSurrogates) {
  EXPECT_EQ(round(R"("\u0041\u00e9\u2728\ud83d\ude00\/\"")"), "\"A\u00e9\u2728\U0001f600/\\\"\"");
  EXPECT_EQ(round(R"("\ud83d")"), "\"\ufffd\"");
  EXPECT_EQ(round(R"("\ude00")"), "\"\ufffd\"");
  EXPECT_EQ(round(R"("\ud83dx")"), "\"\ufffdx\"");
  EXPECT_EQ(round(R"("\ud83d\n")"), "\"\ufffd\\n\"");
  EXPECT_EQ(round(R"("\ud83d\ud83d\ude00")"), "\"\ufffd\U0001f600\"");
  EXPECT_EQ(round(R"("\ud83d\u0041")"), "\"\ufffdA\"");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "[1,]",
                                      "[,1]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{\"a\"}",
                                      "{\"a\" 1}",
                                      "{1:2}",
                                      "'a'",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\\u123\"",
                                      "\"\t\"",
                                      "01",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "NaN",
                                      "Infinity",
                                      "tru",
                                      "nullx",
                                      "1 2",
                                      "[1 2]",
                                      "// a",
                                      "\xef\xbb\xbf{}",
                                      "\"\xff\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xc0\xaf\"",
                                      "\v1",
                                      "1e400",
                                      "-1e400",
                                      "\"\\ud83d\\x\"",
                                      "\"\\ud83d\\u12\"",
                                      "[1}",
                                      "{\"a\":1]"}) {
    EXPECT_FALSE(parse_json(text)) << text;
    EXPECT_TRUE(check_json(text)) << text;
  }
  EXPECT_FALSE(parse_json(std::string_view("1\0", 2)));
}

TEST(Json, KeepsItsLimits) {
  const JsonLimits tight{20, 2, 4};
  EXPECT_TRUE(parse_json("[[1,2]]", tight));
  EXPECT_EQ(parse_json("[[[]]]", tight).error().code, Errc::too_large);
  EXPECT_EQ(parse_json("{\"a\":{\"a\":{}}}", tight).error().code, Errc::too_large);
  EXPECT_EQ(parse_json("[1,2,3,4]", tight).error().code, Errc::too_large);
  EXPECT_EQ(parse_json("                    1", tight).error().code, Errc::too_large);
  EXPECT_TRUE(parse_json("                   1", tight));
  EXPECT_FALSE(check_json("[[1,2]]", tight));
  EXPECT_EQ(check_json("[1,2,3,4]", tight)->code, Errc::too_large);
}

TEST(Json, ADeepTextDoesNotExhaustTheStack) {
  const std::string deep(limits::max_json_size, '[');
  EXPECT_EQ(parse_json(deep).error().code, Errc::too_large);
}

TEST(Json, AnObjectOfManyNamesIsNotQuadratic) {
  std::string text = "{\"x\":0";
  for (int i = 0; i < 100'000; ++i) text += ",\"" + std::to_string(i) + "\":1";
  text += '}';
  const auto value = parse_json(text, {text.size(), 2, 200'000});
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_object()->size(), 100'001u);
}

TEST(Json, SetsInOrderAndInPlace) {
  auto object = Json::object();
  object.set("z", 1).set("a", "b").set("z", Json::array().push(true));
  EXPECT_EQ(to_text(object), R"({"z":[true],"a":"b"})");
  EXPECT_EQ(to_text(Json(0.0 / 1.0)), "0");
  EXPECT_EQ(to_text(Json(1e308 * 10)), "null");
}

}  // namespace
}  // namespace genos::core
