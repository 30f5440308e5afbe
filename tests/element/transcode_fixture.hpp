// SPDX-License-Identifier: LGPL-2.1-or-later
// A line with a genostranscodebin, and what comes out of each of its pads.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "transcodebin/gstgenostranscodebin.h"

namespace genos {

// A line with a transcoder called "t"; whatever pads it makes are read here.
class Transcoding {
 public:
  explicit Transcoding(const std::string& text) {
    Owned<GError> error;
    pipeline_ = sink(gst_parse_launch(text.c_str(), out(error)));
    EXPECT_FALSE(error) << (error ? error->message : "");
    t_ = adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "t"));
    g_signal_connect(t_.get(), "pad-added", G_CALLBACK(on_pad), this);
  }
  Transcoding(const Transcoding&) = delete;
  Transcoding& operator=(const Transcoding&) = delete;
  ~Transcoding() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  Transcoding& leave_unread(const std::string& pad) {
    unread_.insert(pad);
    return *this;
  }
  // 20 frames a second.
  Transcoding& read_slowly(const std::string& pad) {
    slow_.insert(pad);
    return *this;
  }
  Transcoding& play() {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    return *this;
  }
  // "eos", "error: …", or "" when neither comes in time. Element messages are kept by name.
  std::string outcome(std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto bus = adopt(gst_element_get_bus(pipeline_.get()));
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      const auto message = adopt(gst_bus_timed_pop_filtered(
          bus.get(), 100 * GST_MSECOND,
          GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT)));
      if (!message) continue;
      if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS) return "eos";
      if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) return text_of(message.get());
      messages.insert(gst_structure_get_name(gst_message_get_structure(message.get())));
    }
    return "";
  }
  struct Frame {
    guint64 at;  // running time
    bool key;
    std::size_t size;
  };
  std::vector<Frame> frames(const std::string& pad) const {
    const std::scoped_lock guard(lock_);
    const auto found = frames_.find(pad);
    return found == frames_.end() ? std::vector<Frame>() : found->second;
  }
  std::vector<guint64> keys(const std::string& pad) const {
    std::vector<guint64> at;
    for (const auto& frame : frames(pad))
      if (frame.key) at.push_back(frame.at / GST_MSECOND);
    return at;
  }
  std::string caps(const std::string& pad) const {
    const std::scoped_lock guard(lock_);
    const auto found = caps_.find(pad);
    return found == caps_.end() ? "" : found->second;
  }
  std::size_t pads() const {
    const std::scoped_lock guard(lock_);
    return caps_.size();
  }
  Owned<GstStructure> stats(const char* pad) const {
    GstStructure* all = nullptr;
    g_object_get(t_.get(), "stats", &all, nullptr);
    const Owned<GstStructure> whole(all);
    GstStructure* one = nullptr;
    gst_structure_get(whole.get(), pad, GST_TYPE_STRUCTURE, &one, nullptr);
    return Owned<GstStructure>(one);
  }
  // Of a pad; null: it has none.
  Ref<GstElement> encoder(const std::string& pad) const {
    const auto rung = adopt(gst_bin_get_by_name(GST_BIN(t_.get()), ("rung-" + pad).c_str()));
    return rung ? adopt(gst_bin_get_by_name(GST_BIN(rung.get()), "encoder")) : Ref<GstElement>();
  }
  GstElement* t() const { return t_.get(); }
  GstElement* pipeline() const { return pipeline_.get(); }

  std::set<std::string> messages;

 private:
  static std::string text_of(GstMessage* message) {
    Owned<GError> error;
    {
      Out<GError> slot(error);
      gst_message_parse_error(message, slot, nullptr);
    }
    return std::string("error: ") + error->message;
  }
  static void on_pad(GstElement*, GstPad* pad, gpointer data) {
    if (!GST_PAD_IS_SRC(pad)) return;
    auto& self = *static_cast<Transcoding*>(data);
    const Owned<char> name(gst_pad_get_name(pad));
    {
      const std::scoped_lock guard(self.lock_);
      self.caps_[name.get()];
    }
    if (self.unread_.contains(name.get())) return;
    auto* end = gst_element_factory_make("fakesink", nullptr);
    g_object_set(end, "sync", FALSE, "async", FALSE, nullptr);
    gst_bin_add(GST_BIN(self.pipeline_.get()), end);
    gst_element_sync_state_with_parent(end);
    const auto entry = adopt(gst_element_get_static_pad(end, "sink"));
    gst_pad_add_probe(entry.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &self, nullptr);
    EXPECT_EQ(gst_pad_link(pad, entry.get()), GST_PAD_LINK_OK);
  }
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer data) noexcept {
    auto& self = *static_cast<Transcoding*>(data);
    auto* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    const auto peer = adopt(gst_pad_get_peer(pad));
    const Owned<char> name(gst_pad_get_name(peer.get()));
    const auto segment = adopt(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
    const GstSegment* at = nullptr;
    gst_event_parse_segment(segment.get(), &at);
    const auto caps = adopt(gst_pad_get_current_caps(pad));
    const Owned<char> text(gst_caps_to_string(caps.get()));
    if (self.slow_.contains(name.get())) g_usleep(G_USEC_PER_SEC / 20);
    const std::scoped_lock guard(self.lock_);
    self.caps_[name.get()] = text.get();
    self.frames_[name.get()].push_back(
        {gst_segment_to_running_time(at, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)),
         !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT), gst_buffer_get_size(buffer)});
    return GST_PAD_PROBE_OK;
  }

  Ref<GstElement> pipeline_, t_;
  std::set<std::string> unread_, slow_;
  mutable std::mutex lock_;
  std::map<std::string, std::vector<Frame>> frames_;
  std::map<std::string, std::string> caps_;
};

class TranscodeBin : public testing::Test {
 protected:
  static void SetUpTestSuite() { GST_ELEMENT_REGISTER(genostranscodebin, nullptr); }
};

inline std::string picture(int width, int height, int frames = 90, const std::string& more = "") {
  return "videotestsrc num-buffers=" + std::to_string(frames) + " " + more +
         " ! video/x-raw,framerate=30/1,width=" + std::to_string(width) +
         ",height=" + std::to_string(height) + " ! ";
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace genos
