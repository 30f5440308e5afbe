// SPDX-License-Identifier: LGPL-2.1-or-later
#include <chrono>
#include <condition_variable>
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

// Far more than it ever took.
constexpr std::chrono::seconds longest{5};

struct Warming {
  std::mutex lock;
  std::condition_variable ended;
  bool under_way = false;
};
Warming& warming() {
  static auto* const one = new Warming;  // its thread may outlive static objects
  return *one;
}

void set_under_way(bool under_way) {
  auto& now = warming();
  const std::scoped_lock guard(now.lock);
  now.under_way = under_way;
  now.ended.notify_all();
}

}  // namespace

void warm_up() {
  static std::once_flag once;
  std::call_once(once, [] {
    set_under_way(true);
    reaper::after({}, [] {
      make_certificate();
      set_under_way(false);
    });
  });
}

void wait_for_warm_up() {
  auto& now = warming();
  std::unique_lock guard(now.lock);
  if (!now.ended.wait_for(guard, longest, [&now] { return !now.under_way; }))
    now.under_way = false;  // nobody else waits for what never ends
}

}  // namespace genos::link
