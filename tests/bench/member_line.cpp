// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-launch-1.0 for a member of `bench meeting`: a line, and whatever else its element `others`
// brings is taken too, and not decoded. bench_member_line LINE...
#include <gst/gst.h>

#include "bridge/signal.hpp"
#include "link/webrtc_refs.hpp"

namespace genos {
namespace {

void take(GstElement* others, GstPad* pad) {
  const auto pipeline = adopt(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(others))));
  auto* fake = gst_element_factory_make("fakesink", nullptr);
  g_object_set(fake, "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline.get()), fake);
  gst_element_sync_state_with_parent(fake);
  const auto to = adopt(gst_element_get_static_pad(fake, "sink"));
  gst_pad_link(pad, to.get());
}

int run(const char** words) {
  const auto pipeline = sink(gst_parse_launchv(words, nullptr));
  if (!pipeline) return 1;
  const auto others = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "others"));
  Connection came;
  if (others)
    came = on<void(GstElement*, GstPad*)>(others.get(), "pad-added", [](auto* element, auto* pad) {
      const Owned<char> name(gst_pad_get_name(pad));
      if (g_str_has_prefix(name.get(), "audio")) take(element, pad);
    });
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto bus = adopt(gst_element_get_bus(pipeline.get()));
  const auto last = adopt(gst_bus_timed_pop_filtered(
      bus.get(), GST_CLOCK_TIME_NONE, GstMessageType(GST_MESSAGE_ERROR | GST_MESSAGE_EOS)));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return GST_MESSAGE_TYPE(last.get()) == GST_MESSAGE_EOS ? 0 : 1;
}

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return genos::run(const_cast<const char**>(argv + 1));
}
