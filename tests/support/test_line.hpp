// SPDX-License-Identifier: LGPL-2.1-or-later
// A gst-launch line under test.
#pragma once

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "bridge/ref.hpp"

namespace genos {

class TestLine {
 public:
  explicit TestLine(const std::string& text) {
    Owned<GError> error;
    pipeline_ = sink(gst_parse_launch(text.c_str(), out(error)));
    EXPECT_FALSE(error) << (error ? error->message : "");
    if (auto in = element("in")) g_object_set(in.get(), "block", TRUE, nullptr);
    if (auto end = element("out")) {
      g_object_set(end.get(), "signal-handoffs", TRUE, "sync", FALSE, "async", FALSE, nullptr);
      g_signal_connect(end.get(), "handoff", G_CALLBACK(note), this);
    }
  }
  TestLine(const TestLine&) = delete;
  TestLine& operator=(const TestLine&) = delete;
  ~TestLine() { set_state(GST_STATE_NULL); }

  GstStateChangeReturn set_state(GstState state) {
    return gst_element_set_state(pipeline_.get(), state);
  }
  TestLine& play() {
    EXPECT_NE(set_state(GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    return *this;
  }
  [[nodiscard]] GstElement* pipeline() const { return pipeline_.get(); }
  [[nodiscard]] Ref<GstElement> element(const char* name) const {
    return adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }
  // Into the appsrc called "in"; waits as chain() waits.
  void push(const std::string& bytes) {
    const auto buffer = adopt(gst_buffer_new_memdup(bytes.data(), bytes.size()));
    GstFlowReturn flow{};
    g_signal_emit_by_name(element("in").get(), "push-buffer", buffer.get(), &flow);
    if (flow == GST_FLOW_OK) pushed_ += bytes.size();
  }
  void end() {
    GstFlowReturn flow{};
    g_signal_emit_by_name(element("in").get(), "end-of-stream", &flow);
  }
  // What came to the fakesink called "out".
  std::string received() const {
    const std::scoped_lock guard(lock_);
    return received_;
  }
  std::size_t pushed() const { return pushed_; }

  // "eos", "error: …", or "" when neither comes in time.
  std::string outcome(std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
    const auto message = adopt(
        gst_bus_timed_pop_filtered(bus.get(), static_cast<GstClockTime>(limit.count()) * GST_SECOND,
                                   GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    if (!message) return "";
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS) return "eos";
    Owned<GError> error;
    {
      Out<GError> slot(error);
      gst_message_parse_error(message.get(), slot, nullptr);
    }
    return std::string("error: ") + error->message;
  }
  // Until `done()`; nothing else moves it on.
  template <class Done>
  static bool until(Done done, std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

 private:
  static void note(GstElement*, GstBuffer* buffer, GstPad*, gpointer self) {
    const MappedBuffer mapped(buffer);
    const auto bytes = mapped.bytes();
    auto& line = *static_cast<TestLine*>(self);
    const std::scoped_lock guard(line.lock_);
    line.received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  Ref<GstElement> pipeline_;
  std::atomic<std::size_t> pushed_ = 0;
  mutable std::mutex lock_;  // guards received_
  std::string received_;
};

}  // namespace genos
