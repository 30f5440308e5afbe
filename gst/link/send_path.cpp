// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/send_path.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "link/webrtc_refs.hpp"

namespace genos::link {
namespace {

std::string_view factory_of(GstElement* element) {
  GstElementFactory* factory = gst_element_get_factory(element);
  return factory ? GST_OBJECT_NAME(factory) : "";
}

// Only the parts of webrtcbin's bin for FEC are in it.
bool is_fec(GstElement* element) {
  if (!element || !GST_IS_BIN(element)) return false;
  constexpr std::array<std::string_view, 2> parts = {"rtpulpfecenc", "rtpredenc"};
  bool has_only_parts = GST_BIN_NUMCHILDREN(element) > 0;
  GST_OBJECT_LOCK(element);
  for (GList* each = GST_BIN_CHILDREN(element); each; each = each->next)
    has_only_parts = has_only_parts &&
                     std::ranges::find(parts, factory_of(GST_ELEMENT(each->data))) != parts.end();
  GST_OBJECT_UNLOCK(element);
  return has_only_parts;
}

// False: webrtcbin has not laid the way yet.
bool bypass_fec(GstPad* webrtcbin_sink) {
  const auto entry = adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(webrtcbin_sink)));
  if (!entry) return false;
  const auto sync = adopt(gst_pad_get_parent_element(entry.get()));
  if (!sync || factory_of(sync.get()) != "clocksync") return true;
  const auto from = adopt(gst_element_get_static_pad(sync.get(), "src"));
  const auto fec_in = adopt(gst_pad_get_peer(from.get()));
  const auto fec = fec_in ? adopt(gst_pad_get_parent_element(fec_in.get())) : nullptr;
  if (!is_fec(fec.get())) return true;
  const auto fec_out = adopt(gst_element_get_static_pad(fec.get(), "src"));
  const auto to = fec_out ? adopt(gst_pad_get_peer(fec_out.get())) : nullptr;
  if (!to) return true;
  gst_pad_unlink(from.get(), fec_in.get());
  gst_pad_unlink(fec_out.get(), to.get());
  if (gst_pad_link_full(from.get(), to.get(), GST_PAD_LINK_CHECK_NOTHING) == GST_PAD_LINK_OK)
    return true;
  gst_pad_link_full(fec_out.get(), to.get(), GST_PAD_LINK_CHECK_NOTHING);
  gst_pad_link_full(from.get(), fec_in.get(), GST_PAD_LINK_CHECK_NOTHING);
  return true;
}

GstPadProbeReturn on_data(GstPad* pad, GstPadProbeInfo*, gpointer) noexcept {
  return bypass_fec(pad) ? GST_PAD_PROBE_REMOVE : GST_PAD_PROBE_OK;
}

}  // namespace

void bypass_fec_for(GstPad* webrtcbin_sink) {
  const auto any =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(webrtcbin_sink, any, on_data, nullptr, nullptr);
}

}  // namespace genos::link
