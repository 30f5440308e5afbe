// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes a copy of the RTP packets that pass a pad, in a pipeline of its own, and counts.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <string>

#include "bridge/ref.hpp"

namespace genos::test {

class Decoder : public std::enable_shared_from_this<Decoder> {
 public:
  // Any thread. The pad's packets go on as they would; without a decoder for them they are counted.
  static std::shared_ptr<Decoder> watch(GstPad* pad);
  ~Decoder();

  std::string kind;   // "video" or "audio"
  std::string codec;  // "video/VP8"
  std::atomic<std::int64_t> packets{0};
  std::atomic<std::int64_t> frames{0};
  std::atomic<std::int64_t> last_packet{0};  // g_get_monotonic_time()
  std::atomic<double> energy{0};
  std::atomic<int> width{0};
  std::atomic<int> height{0};

 private:
  void start(GstCaps* caps);
  void take(GstBuffer* buffer);
  void decoded(GstPad* pad, GstBuffer* buffer);

  Ref<GstElement> pipeline_;
  Ref<GstElement> input_;
};

}  // namespace genos::test
