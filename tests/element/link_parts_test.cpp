// SPDX-License-Identifier: LGPL-2.1-or-later
// The parts of a link, one at a time.
#include <gtest/gtest.h>

#include "core/wire/limits.hpp"
#include "link/data_port.hpp"
#include "link/description.hpp"
#include "link/ice_agent.hpp"
#include "link/peer_link.hpp"
#include "link/platform.hpp"
#include "link/reaper.hpp"

namespace genos::link {
namespace {

using namespace std::chrono_literals;

struct Channel {
  Channel() : pipeline(sink(gst_pipeline_new(nullptr))) {
    GstElement* webrtc = gst_element_factory_make("webrtcbin", nullptr);
    gst_bin_add(GST_BIN(pipeline.get()), webrtc);
    gst_element_set_state(pipeline.get(), GST_STATE_READY);
    GstWebRTCDataChannel* raw = nullptr;
    g_signal_emit_by_name(webrtc, "create-data-channel", "data", nullptr, &raw);
    channel = adopt(raw);
  }
  ~Channel() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }
  Ref<GstElement> pipeline;
  Ref<GstWebRTCDataChannel> channel;
};

DataEvents nothing() {
  return {[] {}, [](const std::string&) {}, [](const core::Bytes&) {}, [] {}};
}

// A page's send('') comes as data that is NULL, its empty ArrayBuffer as a string that is NULL.
TEST(DataPort, AnEmptyMessageIsNullInEitherCallback) {
  const Channel c;
  std::vector<std::size_t> sizes;
  auto events = nothing();
  events.message = [&](const core::Bytes& bytes) { sizes.push_back(bytes.size()); };
  const DataPort port(c.channel, events);
  g_signal_emit_by_name(c.channel.get(), "on-message-data", nullptr);
  g_signal_emit_by_name(c.channel.get(), "on-message-string", nullptr);
  g_signal_emit_by_name(c.channel.get(), "on-message-string", "abc");
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 0, 3}));
}

TEST(DataPort, RefusesWhatGetsLostOnTheWay) {
  const Channel c;
  DataPort port(c.channel, nothing());
  EXPECT_EQ(port.send({}).error().code, core::Errc::malformed);
  EXPECT_EQ(port.send(core::Bytes(core::limits::max_link_message + 1)).error().code,
            core::Errc::too_large);
  EXPECT_FALSE(port.send(core::Bytes(10)));  // not open: an error, and no signal without one
}

TEST(Description, APromiseIsAskedForItsErrorField) {
  EXPECT_EQ(promise_error(nullptr), "");
  const Owned<GstStructure> fine(gst_structure_new_empty("reply"));
  EXPECT_EQ(promise_error(fine.get()), "");
  const Owned<GError> error(g_error_new_literal(GST_STREAM_ERROR, 1, "bad"));
  const Owned<GstStructure> failed(
      gst_structure_new("reply", "error", G_TYPE_ERROR, error.get(), nullptr));
  EXPECT_EQ(promise_error(failed.get()), "bad");
  const Owned<GstStructure> mute(
      gst_structure_new("reply", "error", G_TYPE_ERROR, nullptr, nullptr));
  EXPECT_NE(promise_error(mute.get()), "");
  EXPECT_FALSE(created_sdp(fine.get(), "offer"));
}

TEST(IceServers, AreWrittenAsWebrtcbinReadsThem) {
  const struct {
    const char *typed, *uri;
  } good[] = {
      {"stun:host:3479", "stun://host:3479"},
      {"stun:host", "stun://host:3478"},
      {"stun://host:1", "stun://host:1"},
      {"stun:[::1]:5", "stun://[::1]:5"},
      {"turn:u:p@host", "turn://u:p@host:3478"},
      {"turn:u:p@host:5?transport=tcp", "turn://u:p@host:5?transport=tcp"},
      {"turns:u:p@host", "turns://u:p@host:5349"},
      {"turn:17%3Ame:a/b@c?d=@host", "turn://17%3Ame:a%2Fb%40c%3Fd%3D@host:3478"},
      {"turn:u:p%40q@host", "turn://u:p%40q@host:3478"},
  };
  for (const auto& each : good) {
    const auto parsed = parse_ice_server(each.typed);
    ASSERT_TRUE(parsed) << each.typed;
    EXPECT_EQ((*parsed).uri, each.uri);
  }
  for (const char* bad :
       {"", "host", "http:host", "stun:", "stun::5", "stun:host:x", "stun:[::1", "turn:host",
        "turn:u@host", "turn:u:p@", "turn:u:p@host?transport=sctp", "stun:host:123456"})
    EXPECT_FALSE(parse_ice_server(bad)) << bad;
}

// What Debian 12 and 13 have: without these the settings of a link would silently do nothing.
TEST(Platform, LibniceHasTheSettingsThatWeMake) {
  EXPECT_TRUE(platform().add_local_ip_address);
  const auto webrtc = sink(gst_element_factory_make("webrtcbin", nullptr));
  configure_ice(webrtc.get(), {});
  GObject *ice = nullptr, *agent = nullptr;
  g_object_get(webrtc.get(), "ice-agent", &ice, nullptr);
  g_object_get(ice, "agent", &agent, nullptr);
  gboolean upnp = TRUE, tcp = TRUE;
  guint pacing = 0;
  g_object_get(agent, "upnp", &upnp, "ice-tcp", &tcp, "stun-pacing-timer", &pacing, nullptr);
  EXPECT_FALSE(upnp || tcp);
  EXPECT_EQ(pacing, 2u);
  g_object_unref(agent);
  g_object_unref(ice);
}

TEST(Reaper, RunsDelayedJobsAndDrains) {
  std::atomic<int> done{0};
  for (int i = 0; i < 20; i++) reaper::after(std::chrono::milliseconds(i), [&] { done++; });
  EXPECT_TRUE(reaper::drain(5s));
  EXPECT_EQ(done, 20);
  reaper::after(200ms, [&] { done++; });
  EXPECT_FALSE(reaper::drain(1ms));
  EXPECT_TRUE(reaper::drain(5s));
}

TEST(WarmUp, EndsAndMayBeCalledAgain) {
  warm_up();
  warm_up();
  EXPECT_TRUE(drain_teardowns(20s));
}

}  // namespace
}  // namespace genos::link
