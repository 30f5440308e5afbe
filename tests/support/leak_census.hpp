// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left of GStreamer's objects, as its leaks tracer counts them. Include it in one file of a
// program: the tracer looks at everything.
#pragma once

#include <gst/gst.h>

#include "bridge/ref.hpp"

namespace genos {

// Before GStreamer starts, which is when it looks.
inline const bool leaks_are_traced = g_setenv("GST_TRACERS", "leaks", TRUE);

// Objects, buffers and caps that were made since tracking began, or this was asked last, less those
// that have gone since.
struct Census {
  int made = 0, left = 0;
};
inline Census census() {
  Census sum;
  auto* tracers = gst_tracing_get_active_tracers();
  for (auto* at = tracers; at; at = at->next) {
    GstStructure* raw = nullptr;
    g_signal_emit_by_name(at->data, "activity-get-checkpoint", &raw);
    const Owned<GstStructure> told(raw);
    const auto count = [&](const char* name) {
      const auto* list = told ? gst_structure_get_value(told.get(), name) : nullptr;
      return list ? int(gst_value_list_get_size(list)) : 0;
    };
    sum.made += count("objects-created-list");
    sum.left += count("objects-created-list") - count("objects-removed-list");
  }
  g_list_free_full(tracers, gst_object_unref);
  return sum;
}

inline void tell_tracers(const char* what) {
  auto* tracers = gst_tracing_get_active_tracers();
  for (auto* at = tracers; at; at = at->next) g_signal_emit_by_name(at->data, what);
  g_list_free_full(tracers, gst_object_unref);
}

}  // namespace genos
