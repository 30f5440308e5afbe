// SPDX-License-Identifier: LGPL-2.1-or-later
// GstHarness, with owners.
#pragma once

#include <gst/check/gstharness.h>

#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "core/base/bytes.hpp"

namespace genos::test {

class Harness {
 public:
  // A line as for gst-launch-1.0. `sink_caps`: what downstream takes.
  explicit Harness(const std::string& line, const char* src_caps = nullptr,
                   const char* sink_caps = nullptr)
      : harness_(gst_harness_new_parse(line.c_str())) {
    if (sink_caps) gst_harness_set_sink_caps_str(harness_, sink_caps);
    if (src_caps) gst_harness_set_src_caps_str(harness_, src_caps);
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;
  ~Harness() { gst_harness_teardown(harness_); }

  [[nodiscard]] GstHarness* get() const { return harness_; }
  [[nodiscard]] Ref<GstElement> find(const char* factory) const {
    return adopt(gst_harness_find_element(harness_, factory));
  }

  GstFlowReturn push(const core::Bytes& bytes, GstClockTime pts, guint flags = 0) {
    GstBuffer* buffer =
        bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = pts;
    GST_BUFFER_FLAG_SET(buffer, flags);
    return gst_harness_push(harness_, buffer);
  }
  bool push_event(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
  // What came out since.
  std::vector<Ref<GstBuffer>> pull() {
    std::vector<Ref<GstBuffer>> all;
    while (auto* buffer = gst_harness_try_pull(harness_)) all.push_back(adopt(buffer));
    return all;
  }
  // The caps that came out last.
  [[nodiscard]] Ref<GstCaps> caps() const {
    return adopt(gst_pad_get_current_caps(harness_->sinkpad));
  }
  // How many requests for a keyframe came out upstream since.
  int keyframe_requests() {
    int count = 0;
    while (auto event = adopt(gst_harness_try_pull_upstream_event(harness_)))
      if (gst_event_has_name(event.get(), "GstForceKeyUnit")) ++count;
    return count;
  }

 private:
  GstHarness* harness_;
};

inline core::Bytes bytes_in(GstBuffer* buffer) {
  const MappedBuffer mapped(buffer);
  return {mapped.bytes().begin(), mapped.bytes().end()};
}

}  // namespace genos::test
