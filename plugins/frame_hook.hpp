// SPDX-License-Identifier: LGPL-2.1-or-later
// The signal `frame` of payloaders and depayloaders: whoever connects gets every encoded frame and
// gives back what takes its place, or nothing, which drops it. End-to-end encryption sits here.
#pragma once

#include <gst/gst.h>

#include "bridge/ref.hpp"

namespace genos::element {

inline guint install_frame_hook(GType type) {
  return g_signal_new("frame", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                      GST_TYPE_BUFFER, 1, GST_TYPE_BUFFER);
}

// Costs nothing when nobody is connected.
inline Ref<GstBuffer> through_frame_hook(gpointer element, guint signal, Ref<GstBuffer> frame) {
  if (!g_signal_has_handler_pending(element, signal, 0, FALSE)) return frame;
  GstBuffer* replaced = nullptr;
  g_signal_emit(element, signal, 0, frame.get(), &replaced);
  return adopt(replaced);
}

}  // namespace genos::element
