// SPDX-License-Identifier: LGPL-2.1-or-later
#include <mutex>

#include "bridge/signal.hpp"
#include "link/peer_link.hpp"
#include "link/reaper.hpp"
#include "link/webrtc_refs.hpp"

namespace genos::link {
namespace {

// GStreamer makes its one RSA certificate of the process when the first transport needs it.
void make_certificate() {
  const auto pipeline = sink(gst_pipeline_new(nullptr));
  GstElement* webrtc = gst_element_factory_make("webrtcbin", nullptr);
  if (!webrtc) return;
  g_object_set(webrtc, "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
  gst_bin_add(GST_BIN(pipeline.get()), webrtc);
  gst_element_set_state(pipeline.get(), GST_STATE_READY);
  GstWebRTCDataChannel* channel = nullptr;
  g_signal_emit_by_name(webrtc, "create-data-channel", "data", nullptr, &channel);
  const auto kept = adopt(channel);
  const auto offer = adopt(gst_promise_new());
  g_signal_emit_by_name(webrtc, "create-offer", nullptr, offer.get());
  gst_promise_wait(offer.get());
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

}  // namespace

void warm_up() {
  static std::once_flag once;
  std::call_once(once, [] { reaper::after({}, make_certificate); });
}

}  // namespace genos::link
