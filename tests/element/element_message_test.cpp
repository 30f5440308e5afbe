// SPDX-License-Identifier: LGPL-2.1-or-later
// What an element posts, and what its log gets, are as the macros of GStreamer make them.
#include "bridge/element_message.hpp"

#include <gtest/gtest.h>

#include "bridge/ref.hpp"

GST_DEBUG_CATEGORY_STATIC(element_message_debug);

namespace genos {
namespace {

struct Told {
  std::string type, domain, text, debug, details;
  int code = 0;
};

Told told_in(GstMessage* message) {
  const auto* words = gst_message_get_structure(message);
  GError* raw_error = nullptr;
  char* raw_debug = nullptr;
  gst_structure_get(words, "gerror", G_TYPE_ERROR, &raw_error, "debug", G_TYPE_STRING, &raw_debug,
                    nullptr);
  const Owned<GError> error(raw_error);
  const Owned<char> debug(raw_debug);
  const auto* details = gst_structure_get_value(words, "details");
  const Owned<char> more(details ? gst_structure_to_string(gst_value_get_structure(details))
                                 : g_strdup(""));
  return {GST_MESSAGE_TYPE_NAME(message),
          g_quark_to_string(error->domain),
          error->message,
          debug.get(),
          more.get(),
          error->code};
}

class ElementMessage : public testing::Test {
 protected:
  void SetUp() override {
    GST_DEBUG_CATEGORY_INIT(element_message_debug, "element-message-test", 0, "");
    speaker.category = element_message_debug;
    gst_debug_category_set_threshold(element_message_debug, GST_LEVEL_INFO);
    gst_debug_add_ring_buffer_logger(16 * 1024, 60);
    gst_element_set_bus(element.get(), bus.get());
  }
  ~ElementMessage() override {
    gst_debug_remove_ring_buffer_logger();
    gst_element_set_bus(element.get(), nullptr);
  }

  Told last() {
    const auto message = adopt(gst_bus_pop(bus.get()));
    return message ? told_in(message.get()) : Told();
  }
  // Whether a line has all of it: its level, the place of this test, the words.
  static bool log_has(const std::string& level, const std::string& words) {
    gchar** logs = gst_debug_ring_buffer_logger_get_logs();
    const Owned<char> all(g_strjoinv("", logs));
    g_strfreev(logs);
    const std::string pattern =
        level + " +element-message-test [^ ]*element_message_test.cpp:\\d+:TestBody:<.*> " + words +
        "$";
    return g_regex_match_simple(pattern.c_str(), all.get(), G_REGEX_MULTILINE, GRegexMatchFlags(0));
  }

  Ref<GstBus> bus = adopt(gst_bus_new());
  Ref<GstElement> element = sink(gst_element_factory_make("identity", "teller"));
  Speaker speaker{element.get(), nullptr};
};

bool is_from_here(const std::string& debug) {
  return g_regex_match_simple("element_message_test\\.cpp\\(\\d+\\): TestBody \\(\\): /",
                              debug.c_str(), GRegexCompileFlags(0), GRegexMatchFlags(0));
}

TEST_F(ElementMessage, AnErrorIsPostedAndLogged) {
  post_error(speaker, GST_RESOURCE_ERROR_SETTINGS, "100 % wrong");
  const auto told = last();
  EXPECT_EQ(told.type, "error");
  EXPECT_EQ(told.domain, "gst-resource-error-quark");
  EXPECT_EQ(told.code, GST_RESOURCE_ERROR_SETTINGS);
  EXPECT_EQ(told.text, "100 % wrong");
  EXPECT_TRUE(is_from_here(told.debug)) << told.debug;
  EXPECT_EQ(told.details, "");
  EXPECT_TRUE(log_has("WARN", "error: 100 % wrong"));
}

TEST_F(ElementMessage, WordsForDebuggingFollow) {
  post_warning(speaker, GST_STREAM_ERROR_FORMAT, "odd", "a % sign");
  const auto told = last();
  EXPECT_EQ(told.type, "warning");
  EXPECT_EQ(told.domain, "gst-stream-error-quark");
  EXPECT_EQ(told.code, GST_STREAM_ERROR_FORMAT);
  EXPECT_TRUE(is_from_here(told.debug) && told.debug.ends_with("\na % sign")) << told.debug;
  EXPECT_TRUE(log_has("WARN", "warning: odd"));
  EXPECT_TRUE(log_has("WARN", "warning: a % sign"));
}

TEST_F(ElementMessage, AWordIsNoWarningInTheLog) {
  post_info(speaker, GST_LIBRARY_ERROR_INIT, "so it is");
  const auto told = last();
  EXPECT_EQ(told.type, "info");
  EXPECT_EQ(told.domain, "gst-library-error-quark");
  EXPECT_EQ(told.text, "so it is");
  EXPECT_TRUE(log_has("INFO", "info: so it is"));
}

TEST_F(ElementMessage, TheErrorOfAFlowNamesIt) {
  post_flow_error(speaker, GST_FLOW_NOT_LINKED);
  const auto told = last();
  EXPECT_EQ(told.domain, "gst-stream-error-quark");
  EXPECT_EQ(told.code, GST_STREAM_ERROR_FAILED);
  EXPECT_EQ(told.text, "Internal data stream error.");
  EXPECT_TRUE(told.debug.ends_with("\nstreaming stopped, reason not-linked (-1)")) << told.debug;
  EXPECT_NE(told.details.find("flow-return=(int)-1"), std::string::npos) << told.details;
}

}  // namespace
}  // namespace genos
