// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/media_inlet.hpp"

namespace genos::link {
namespace {

using Flag = std::shared_ptr<std::atomic<bool>>;

// An answer that says `inactive` does not stop webrtcbin's sender (1.22, 1.26).
GstPadProbeReturn unless_accepted(GstPad*, GstPadProbeInfo*, gpointer data) noexcept {
  return **static_cast<Flag*>(data) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

bool fits(GstPad* pad, GstCaps* caps) {
  return gst_caps_can_intersect(caps, static_cast<GstCaps*>(pad->querydata));
}

gboolean answer(GstPad* pad, GstObject* parent, GstQuery* query) noexcept {
  auto* own = static_cast<GstCaps*>(pad->querydata);
  GstCaps* asked = nullptr;
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS: {
      gst_query_parse_caps(query, &asked);
      const auto common = asked
                              ? adopt(gst_caps_intersect_full(asked, own, GST_CAPS_INTERSECT_FIRST))
                              : retain(own);
      gst_query_set_caps_result(query, common.get());
      return TRUE;
    }
    case GST_QUERY_ACCEPT_CAPS:
      gst_query_parse_accept_caps(query, &asked);
      gst_query_set_accept_caps_result(query, fits(pad, asked));
      return TRUE;
    default: return gst_pad_query_default(pad, parent, query);
  }
}

// webrtcbin's pad hears of caps from MediaLines only.
gboolean take(GstPad* pad, GstObject* parent, GstEvent* event) noexcept {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return gst_pad_event_default(pad, parent, event);
  const auto owned = adopt(event);
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  return fits(pad, caps);
}

}  // namespace

Ref<GstPad> make_media_inlet(const std::string& name, GstCaps* caps, const Flag& accepted) {
  auto pad = sink(gst_ghost_pad_new_no_target(name.c_str(), GST_PAD_SINK));
  gst_pad_set_query_function_full(pad.get(), answer, gst_caps_ref(caps), [](gpointer data) {
    gst_caps_unref(static_cast<GstCaps*>(data));
  });
  gst_pad_set_event_function(pad.get(), take);
  const auto any =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad.get(), any, unless_accepted, new Flag(accepted),
                    [](gpointer data) { delete static_cast<Flag*>(data); });
  gst_pad_set_active(pad.get(), TRUE);
  return pad;
}

}  // namespace genos::link
