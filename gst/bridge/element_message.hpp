// SPDX-License-Identifier: LGPL-2.1-or-later
// What an element tells its application, and its log: an error, a warning, a word. Functions for
// the macros GST_ELEMENT_ERROR and its like, which clang-tidy counts as 23 branches each.
#pragma once

#include <gst/gst.h>

#include <string>

namespace genos {

// Where in the source it is said: the message has it.
struct Spot {
  const char* file;
  const char* function;
  int line;
  static Spot here(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                   int line = __builtin_LINE()) {
    return {file, function, line};
  }
};

// Who says it, and in which category of the log: {self, GST_CAT_DEFAULT}.
struct Speaker {
  gpointer element;
  GstDebugCategory* category;
};

namespace detail {
inline GQuark domain_of(GstCoreError) { return GST_CORE_ERROR; }
inline GQuark domain_of(GstLibraryError) { return GST_LIBRARY_ERROR; }
inline GQuark domain_of(GstResourceError) { return GST_RESOURCE_ERROR; }
inline GQuark domain_of(GstStreamError) { return GST_STREAM_ERROR; }

struct Kind {
  GstMessageType type;
  GstDebugLevel level;
  const char* log_format;
};
constexpr Kind error_kind{GST_MESSAGE_ERROR, GST_LEVEL_WARNING, "error: %s"};
constexpr Kind warning_kind{GST_MESSAGE_WARNING, GST_LEVEL_WARNING, "warning: %s"};
constexpr Kind info_kind{GST_MESSAGE_INFO, GST_LEVEL_INFO, "info: %s"};

inline void log(const Kind& kind, const Speaker& speaker, const char* text, const Spot& spot) {
  gst_debug_log(speaker.category, kind.level, spot.file, spot.function, spot.line,
                G_OBJECT(speaker.element), kind.log_format, text);
}

struct Words {
  const char* text;
  const char* debug;  // or null
};

template <class Code>
void post(const Kind& kind, const Speaker& speaker, Code code, const Words& words, const Spot& spot,
          GstStructure* details = nullptr) {
  log(kind, speaker, words.text, spot);
  if (words.debug) log(kind, speaker, words.debug, spot);
  gst_element_message_full_with_details(GST_ELEMENT(speaker.element), kind.type, domain_of(code),
                                        code, g_strdup(words.text), g_strdup(words.debug),
                                        spot.file, spot.function, spot.line, details);
}
}  // namespace detail

// post_error({self, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_READ, "a buffer could not be read");
template <class Code>
void post_error(const Speaker& speaker, Code code, const std::string& text,
                const char* debug = nullptr, const Spot& spot = Spot::here()) {
  detail::post(detail::error_kind, speaker, code, {text.c_str(), debug}, spot);
}

template <class Code>
void post_warning(const Speaker& speaker, Code code, const std::string& text,
                  const char* debug = nullptr, const Spot& spot = Spot::here()) {
  detail::post(detail::warning_kind, speaker, code, {text.c_str(), debug}, spot);
}

template <class Code>
void post_info(const Speaker& speaker, Code code, const std::string& text,
               const char* debug = nullptr, const Spot& spot = Spot::here()) {
  detail::post(detail::info_kind, speaker, code, {text.c_str(), debug}, spot);
}

// The stream cannot go on as `flow` says.
inline void post_flow_error(const Speaker& speaker, GstFlowReturn flow,
                            const Spot& spot = Spot::here()) {
  const std::string why = std::string("streaming stopped, reason ") + gst_flow_get_name(flow) +
                          " (" + std::to_string(flow) + ")";
  detail::post(detail::error_kind, speaker, GST_STREAM_ERROR_FAILED,
               {"Internal data stream error.", why.c_str()}, spot,
               gst_make_element_message_details("flow-return", G_TYPE_INT, flow, nullptr));
}

}  // namespace genos
