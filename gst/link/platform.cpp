// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/platform.hpp"

#include "link/webrtc_refs.hpp"

namespace genos::link {
namespace {

Platform ask() {
  Platform found;
  guint micro = 0, nano = 0;
  gst_version(&found.core.major, &found.core.minor, &micro, &nano);
  const auto webrtc = sink(gst_element_factory_make("webrtcbin", nullptr));
  if (!webrtc) return found;
  auto* factory = gst_element_get_factory(webrtc.get());
  // The refusal is compiled out since 1.24.0; nothing but the version tells.
  found.core.direction_changes =
      gst_plugin_feature_check_version(GST_PLUGIN_FEATURE(factory), 1, 24, 0);
  found.core.forgets_offers = !found.core.direction_changes;  // came with the same rewrite
  found.reuse_source_pads =
      g_object_class_find_property(G_OBJECT_GET_CLASS(webrtc.get()), "reuse-source-pads");
  found.request_post_rtp_aux_sender =
      g_signal_lookup("request-post-rtp-aux-sender", G_OBJECT_TYPE(webrtc.get()));
  GObject* raw = nullptr;
  g_object_get(webrtc.get(), "ice-agent", &raw, nullptr);
  const auto ice = adopt(raw);
  if (ice)
    found.add_local_ip_address = g_signal_lookup("add-local-ip-address", G_OBJECT_TYPE(ice.get()));
  return found;
}

}  // namespace

const Platform& platform() {
  static const Platform found = ask();
  return found;
}

}  // namespace genos::link
