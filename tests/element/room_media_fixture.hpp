// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines with genosroomsink and genosroomsrc, in a room of their own.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "av1dec/gstgenosav1dec.h"
#include "av1enc/gstgenosav1enc.h"
#include "roomsink/gstgenosroomsink.h"
#include "roomsrc/gstgenosroomsrc.h"
#include "rtpav1depay/gstgenosrtpav1depay.h"
#include "rtpav1pay/gstgenosrtpav1pay.h"
#include "support/test_line.hpp"
#include "support/test_room.hpp"
#include "transcodebin/gstgenostranscodebin.h"

namespace genos {

class RoomMediaTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GST_ELEMENT_REGISTER(genosav1dec, nullptr);
    GST_ELEMENT_REGISTER(genosav1enc, nullptr);
    GST_ELEMENT_REGISTER(genosroomsink, nullptr);
    GST_ELEMENT_REGISTER(genosroomsrc, nullptr);
    GST_ELEMENT_REGISTER(genosrtpav1depay, nullptr);
    GST_ELEMENT_REGISTER(genosrtpav1pay, nullptr);
    GST_ELEMENT_REGISTER(genostranscodebin, nullptr);
  }
  ~RoomMediaTest() override { gst_genos_deinit(); }

  std::string room(const std::string& more = "") const {
    return " app-id=genos-test room=media ice-servers=none signaling=" + relay + " " + more + " ";
  }
  std::string sink_of(const std::string& more = "") const {
    return " genosroomsink name=s" + room(more);
  }
  std::string src_of(const std::string& more = "") const {
    return " genosroomsrc name=r" + room(more);
  }
  static std::string picture(const std::string& more = "is-live=true") {
    return "videotestsrc " + more + " ! video/x-raw,width=64,height=48,framerate=30/1 ! ";
  }
  static std::string sound() { return "audiotestsrc is-live=true ! audio/x-raw,channels=2 ! "; }
  // Watches one picture, decoded.
  std::string watch(const std::string& more = "") const {
    return src_of("media=video " + more) +
           "! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out";
  }
  static std::size_t frames(const TestLine& line) { return line.received().size() / (64 * 48); }
  static bool sees(const TestLine& line, std::size_t more = 15) {
    const auto begun = frames(line);
    return TestLine::until([&] { return frames(line) >= begun + more; });
  }
  static guint viewers(const TestLine& line) {
    guint count = 0;
    g_object_get(line.element("s").get(), "viewers", &count, nullptr);
    return count;
  }
  static Owned<GstStructure> stats_of(GstElement* element) {
    GstStructure* raw = nullptr;
    g_object_get(element, "stats", &raw, nullptr);
    return Owned<GstStructure>(raw);
  }
  // To a sender that plays.
  static void add_sound(const TestLine& sender) {
    const auto source = sink(gst_parse_bin_from_description(
        "audiotestsrc is-live=true ! audio/x-raw,channels=2", TRUE, nullptr));
    gst_object_set_name(GST_OBJECT(source.get()), "sound");
    gst_bin_add(GST_BIN(sender.pipeline()), source.get());
    const auto to = adopt(gst_element_request_pad_simple(sender.element("s").get(), "audio_0"));
    const auto from = adopt(gst_element_get_static_pad(source.get(), "src"));
    ASSERT_EQ(gst_pad_link(from.get(), to.get()), GST_PAD_LINK_OK);
    gst_element_sync_state_with_parent(source.get());
  }
  static void remove_sound(const TestLine& sender) {
    const auto source = sender.element("sound");
    const auto from = adopt(gst_element_get_static_pad(source.get(), "src"));
    const auto to = adopt(gst_pad_get_peer(from.get()));
    gst_element_set_state(source.get(), GST_STATE_NULL);
    gst_pad_unlink(from.get(), to.get());
    gst_element_release_request_pad(sender.element("s").get(), to.get());
    gst_bin_remove(GST_BIN(sender.pipeline()), source.get());
  }

  std::string relay = private_relay();
};

}  // namespace genos
