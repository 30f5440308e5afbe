// SPDX-License-Identifier: LGPL-2.1-or-later
// One end of a bare webrtcbin connection with a data channel and nothing else: how long ICE, DTLS
// and SCTP take when signalling takes no time. Argument: offer or answer. What stands on stdout
// ("sdp BASE64", "ice TEXT") is a line for the other end's stdin; "go" makes the offer; "sent T"
// and "open T" tell the monotonic time of the first description and of a message of the other side;
// "send BYTES" sends so many, "expect BYTES" has "come T" told when they are here.
#include <gst/gst.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>

#include "bridge/signal.hpp"
#include "link/description.hpp"
#include "link/ice_agent.hpp"
#include "link/webrtc_refs.hpp"

namespace genos {
namespace {

void tell(const char* what) {
  std::printf("%s %" G_GINT64_FORMAT "\n", what, g_get_monotonic_time());
  std::fflush(stdout);
}

class End {
 public:
  explicit End(bool offers) : offers_(offers) {
    pipeline_ = sink(gst_pipeline_new(nullptr));
    webrtc_ = sink(gst_element_factory_make("webrtcbin", nullptr));
    g_object_set(webrtc_.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
    link::configure_ice(webrtc_.get(), {});
    gst_bin_add(GST_BIN(pipeline_.get()), webrtc_.get());
    candidates_ = on<void(GstElement*, guint, char*)>(webrtc_.get(), "on-ice-candidate",
                                                      [](auto*, guint, char* text) {
                                                        if (!text || !*text) return;
                                                        std::printf("ice %s\n", text);
                                                        std::fflush(stdout);
                                                      });
    prepared_ = on<void(GstElement*, GstWebRTCDataChannel*, gboolean)>(
        webrtc_.get(), "prepare-data-channel",
        [this](auto*, GstWebRTCDataChannel* channel, gboolean) { watch(channel); });
    gst_element_set_state(pipeline_.get(), GST_STATE_READY);
    if (offers) {
      GstWebRTCDataChannel* raw = nullptr;
      g_signal_emit_by_name(webrtc_.get(), "create-data-channel", "data", nullptr, &raw);
      made_ = adopt(raw);
    }
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    // The certificate, so that it is not what is measured.
    if (!offers) return;
    offer_ = create("create-offer", "offer");
  }
  ~End() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  void obey(const std::string& line) {
    if (line == "go")
      show(core::DescriptionType::offer, offer_);
    else if (line.starts_with("ice "))
      g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", 0u, line.c_str() + 4);
    else if (line.starts_with("expect "))
      expected_ = std::stoull(line.substr(7));
    else if (line.starts_with("send "))
      send(std::stoull(line.substr(5)));
    else if (line.starts_with("sdp "))
      described(line.substr(4));
  }

 private:
  void watch(GstWebRTCDataChannel* channel) {
    channel_ = retain(channel);
    const auto greet = [](GstWebRTCDataChannel* open) {
      const auto word = adopt(g_bytes_new_static("x", 1));
      gst_webrtc_data_channel_send_data_full(open, word.get(), nullptr);
    };
    opened_ = on<void(GstWebRTCDataChannel*)>(channel, "on-open", greet);
    arrived_ = on<void(GstWebRTCDataChannel*, GBytes*)>(
        channel, "on-message-data",
        [this](auto*, GBytes* bytes) { came(g_bytes_get_size(bytes)); });
  }
  void came(std::size_t size) {
    if (size == 1) return tell("open");
    bytes_ += size;
    if (bytes_ == expected_) tell("come");
  }
  // Messages as long as ours, and as many under way as usrsctp's own buffer takes.
  void send(std::size_t total) {
    constexpr std::size_t size = 16 * 1024;
    for (std::size_t given = 0; given < total; given += size) {
      guint64 buffered = 0;
      while (g_object_get(channel_.get(), "buffered-amount", &buffered, nullptr),
             buffered > 16 * size)
        g_usleep(50);
      const auto bytes = adopt(g_bytes_new_take(g_malloc0(size), size));
      gst_webrtc_data_channel_send_data_full(channel_.get(), bytes.get(), nullptr);
    }
  }
  std::string create(const char* action, const char* field) {
    const auto reply = adopt(gst_promise_new());
    g_signal_emit_by_name(webrtc_.get(), action, nullptr, reply.get());
    gst_promise_wait(reply.get());
    const auto made = link::created_sdp(gst_promise_get_reply(reply.get()), field);
    return made ? *made : std::string();
  }
  void apply(const char* action, core::DescriptionType type, const std::string& sdp) {
    const auto done = adopt(gst_promise_new());
    const auto description = link::to_webrtc({type, sdp});
    if (description) g_signal_emit_by_name(webrtc_.get(), action, (*description).get(), done.get());
    gst_promise_wait(done.get());
  }
  void show(core::DescriptionType type, const std::string& sdp) {
    const Owned<char> coded(
        g_base64_encode(reinterpret_cast<const guchar*>(sdp.data()), sdp.size()));
    if (offers_) tell("sent");
    std::printf("sdp %s\n", coded.get());
    std::fflush(stdout);
    apply("set-local-description", type, sdp);
  }
  void described(const std::string& coded) {
    gsize size = 0;
    const Owned<char> sdp(reinterpret_cast<char*>(g_base64_decode(coded.c_str(), &size)));
    apply("set-remote-description",
          offers_ ? core::DescriptionType::answer : core::DescriptionType::offer,
          std::string(sdp.get(), size));
    if (!offers_) show(core::DescriptionType::answer, create("create-answer", "answer"));
  }

  const bool offers_;
  std::string offer_;
  std::atomic<std::size_t> bytes_{0}, expected_{0};
  Ref<GstElement> pipeline_, webrtc_;
  Ref<GstWebRTCDataChannel> made_, channel_;
  Connection candidates_, prepared_, opened_, arrived_;
};

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  { const genos::End certificate(true); }
  genos::End end(argc > 1 && std::string(argv[1]) == "offer");
  genos::tell("ready");
  for (std::string line; std::getline(std::cin, line);) end.obey(line);
}
