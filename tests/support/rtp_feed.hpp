// SPDX-License-Identifier: LGPL-2.1-or-later
// Made-up RTP packets, pushed into a pad of a link from a thread of their own.
#pragma once

#include <array>
#include <atomic>
#include <string>

#include "bridge/ref.hpp"

namespace genos::test {

inline Ref<GstCaps> vp8_caps(guint ssrc) {
  const std::string text =
      "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=96,ssrc=(uint)" +
      std::to_string(ssrc);
  return adopt(gst_caps_from_string(text.c_str()));
}

inline Ref<GstCaps> opus_caps(guint ssrc) {
  const std::string text =
      "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=111,"
      "encoding-params=(string)2,ssrc=(uint)" +
      std::to_string(ssrc);
  return adopt(gst_caps_from_string(text.c_str()));
}

class RtpFeed {
 public:
  enum class Shape { buffers, lists };

  // The packets say `ssrc`, whatever the caps of the pad say.
  RtpFeed(GstPad* sink, GstCaps* caps, guint ssrc, Shape shape = Shape::buffers)
      : src_(genos::sink(gst_pad_new("feed", GST_PAD_SRC))), ssrc_(ssrc), shape_(shape) {
    gst_pad_set_active(src_.get(), TRUE);
    gst_pad_push_event(src_.get(), gst_event_new_stream_start("feed"));
    gst_pad_push_event(src_.get(), gst_event_new_caps(caps));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(src_.get(), gst_event_new_segment(&segment));
    gst_pad_link(src_.get(), sink);
    thread_ = g_thread_new("rtp-feed", run, this);
  }
  RtpFeed(const RtpFeed&) = delete;
  RtpFeed& operator=(const RtpFeed&) = delete;
  ~RtpFeed() {
    stop_ = true;
    gst_pad_set_active(src_.get(), FALSE);
    g_thread_join(thread_);
  }

 private:
  static gpointer run(gpointer data) noexcept {
    auto& self = *static_cast<RtpFeed*>(data);
    for (guint16 n = 0; !self.stop_; n++) {
      if (self.shape_ == Shape::buffers) {
        gst_pad_push(self.src_.get(), self.packet(n).release());
      } else {
        GstBufferList* list = gst_buffer_list_new();
        gst_buffer_list_add(list, self.packet(n).release());
        gst_buffer_list_add(list, self.packet(++n).release());
        gst_pad_push_list(self.src_.get(), list);
      }
      g_usleep(5000);
    }
    return nullptr;
  }

  Ref<GstBuffer> packet(guint16 n) const {
    std::array<guint8, 100> bytes{0x80, 96};
    GST_WRITE_UINT16_BE(bytes.data() + 2, n);
    GST_WRITE_UINT32_BE(bytes.data() + 4, n * 450u);
    GST_WRITE_UINT32_BE(bytes.data() + 8, ssrc_);
    auto buffer = adopt(gst_buffer_new_allocate(nullptr, bytes.size(), nullptr));
    gst_buffer_fill(buffer.get(), 0, bytes.data(), bytes.size());
    GST_BUFFER_PTS(buffer.get()) = n * 5 * GST_MSECOND;
    return buffer;
  }

  Ref<GstPad> src_;
  const guint ssrc_;
  const Shape shape_;
  std::atomic<bool> stop_{false};
  GThread* thread_ = nullptr;
};

// Counts what arrives on the pads of a side.
class Arrivals {
 public:
  void count(GstPad* pad) {
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer self) noexcept {
          static_cast<Arrivals*>(self)->packets_++;
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  [[nodiscard]] int packets() const { return packets_; }

 private:
  std::atomic<int> packets_{0};
};

}  // namespace genos::test
