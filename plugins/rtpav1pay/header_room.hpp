// SPDX-License-Identifier: LGPL-2.1-or-later
// What a packet's header takes: the base class adds extensions to packets that are cut already, and
// has no list of them (GStreamer 1.22).
#pragma once

#include <gst/rtp/gstrtpbasepayload.h>
#include <gst/rtp/gstrtphdrext.h>

#include <mutex>
#include <vector>

#include "bridge/ref.hpp"

namespace genos::element {

// Lives in its payloader, whose extensions it hears of by signals.
class HeaderRoom {
 public:
  void watch(GstRTPBasePayload* payloader);
  // The most that a payload of a packet of this frame may be; at least `floor`, whatever the MTU.
  [[nodiscard]] guint payload_of(GstRTPBasePayload* payloader, GstBuffer* frame, guint floor) const;

 private:
  static GstRTPHeaderExtension* on_request(GstElement* payloader, guint id, const char* uri,
                                           gpointer self) noexcept;
  static void on_add(GstElement*, GstRTPHeaderExtension* extension, gpointer self) noexcept;
  static void on_clear(GstElement*, gpointer self) noexcept;
  void keep(GstRTPHeaderExtension* extension);
  guint extensions_of(const GstBuffer* frame) const;

  bool asking_ = false;      // of the thread that negotiates
  mutable std::mutex lock_;  // guards what follows: an application adds some
  std::vector<Ref<GstElement>> extensions_;
};

}  // namespace genos::element
