// SPDX-License-Identifier: LGPL-2.1-or-later
// The floors of `bench viewers` and `bench meeting`: what one writes with webrtcbin alone, a queue
// and a webrtcbin for each of N. Arguments: a role and N.
//   send      offers pictures, encoded once
//   encode    the same with an encoder for each
//   receive   takes what the other end sends
//   call      offers sound, encoded once, and takes the other's
//   answer    the other end of that
// What stands on stdout ("sdp K BASE64", "ice K TEXT") is a line for the other end's stdin.
#include <gst/gst.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/signal.hpp"
#include "link/description.hpp"
#include "link/ice_agent.hpp"
#include "link/webrtc_refs.hpp"

namespace genos {
namespace {

// The picture, sound, bitrates and packets of the benches.
constexpr const char* raw_source =
    "videotestsrc is-live=true pattern=zone-plate kx2=20 ky2=20 kt=1 ! "
    "video/x-raw,width=640,height=360,framerate=30/1";
constexpr const char* encoder =
    "vp8enc deadline=1 cpu-used=8 end-usage=cbr target-bitrate=1000000 keyframe-max-dist=300 ! "
    "rtpvp8pay mtu=1200 picture-id-mode=15-bit ! "
    "application/x-rtp,media=video,encoding-name=VP8,payload=96";
constexpr const char* sound =
    "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000 ! opusenc ! rtpopuspay ! "
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97";

struct Role {
  std::string_view name;
  bool offers;
  std::string source;   // that all share; empty for who only takes
  const char* of_each;  // behind its queue, if anything is
};

std::optional<Role> role_of(std::string_view name) {
  const std::string one = std::string(raw_source) + " ! " + encoder;
  static const std::string each_encodes = std::string(" ! ") + encoder;
  const Role roles[] = {{"send", true, one, ""},
                        {"encode", true, raw_source, each_encodes.c_str()},
                        {"receive", false, "", ""},
                        {"call", true, sound, ""},
                        {"answer", false, sound, ""}};
  for (const auto& role : roles)
    if (role.name == name) return role;
  return std::nullopt;
}

class End {
 public:
  End(GstElement* pipeline, unsigned number, const Role& role, GstElement* tee)
      : number_(number), offers_(role.offers) {
    webrtc_ = sink(gst_element_factory_make("webrtcbin", nullptr));
    g_object_set(webrtc_.get(), "bundle-policy", GST_WEBRTC_BUNDLE_POLICY_MAX_BUNDLE, nullptr);
    link::configure_ice(webrtc_.get(), {});
    gst_bin_add(GST_BIN(pipeline), webrtc_.get());
    candidates_ = on<void(GstElement*, guint, char*)>(webrtc_.get(), "on-ice-candidate",
                                                      [this](auto*, guint, char* text) {
                                                        if (text && *text) say("ice", text);
                                                      });
    needed_ = on<void(GstElement*)>(webrtc_.get(), "on-negotiation-needed", [this](auto*) {
      if (offers_ && !std::exchange(offered_, true)) describe("create-offer", "offer");
    });
    pads_ =
        on<void(GstElement*, GstPad*)>(webrtc_.get(), "pad-added", [pipeline](auto*, GstPad* pad) {
          auto* fake = gst_element_factory_make("fakesink", nullptr);
          g_object_set(fake, "sync", FALSE, "async", FALSE, nullptr);
          gst_bin_add(GST_BIN(pipeline), fake);
          gst_element_sync_state_with_parent(fake);
          const auto to = adopt(gst_element_get_static_pad(fake, "sink"));
          gst_pad_link(pad, to.get());
        });
    if (!tee) return;
    const std::string line = std::string("queue") + role.of_each;
    auto* branch = gst_parse_bin_from_description(line.c_str(), TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline), branch);
    gst_element_link(branch, webrtc_.get());
    gst_element_link(tee, branch);
  }

  void take(const std::string& what, const std::string& text) {
    if (what == "ice")
      return g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", 0u, text.c_str());
    gsize size = 0;
    const Owned<char> sdp(reinterpret_cast<char*>(g_base64_decode(text.c_str(), &size)));
    const auto type = offers_ ? core::DescriptionType::answer : core::DescriptionType::offer;
    apply("set-remote-description", type, std::string(sdp.get(), size));
    if (!offers_) describe("create-answer", "answer");
  }

 private:
  void say(const char* what, const char* text) const {
    std::printf("%s %u %s\n", what, number_, text);
    std::fflush(stdout);
  }

  // webrtcbin calls this from a thread of its own, so the answer to it comes by a promise.
  void describe(const char* action, const char* field) {
    struct Wait {
      End* end;
      const char* field;
    };
    const auto made = [](GstPromise* promise, gpointer data) noexcept {
      const auto owned = adopt(promise);
      const auto& [end, name] = *static_cast<Wait*>(data);
      const auto sdp = link::created_sdp(gst_promise_get_reply(promise), name);
      if (!sdp) return;
      const auto type = end->offers_ ? core::DescriptionType::offer : core::DescriptionType::answer;
      const auto description = link::to_webrtc({type, *sdp});
      g_signal_emit_by_name(end->webrtc_.get(), "set-local-description", (*description).get(),
                            nullptr);
      const Owned<char> coded(
          g_base64_encode(reinterpret_cast<const guchar*>((*sdp).data()), (*sdp).size()));
      end->say("sdp", coded.get());
    };
    const auto done = [](gpointer data) { delete static_cast<Wait*>(data); };
    g_signal_emit_by_name(webrtc_.get(), action, nullptr,
                          gst_promise_new_with_change_func(made, new Wait{this, field}, done));
  }

  void apply(const char* action, core::DescriptionType type, const std::string& sdp) const {
    const auto done = adopt(gst_promise_new());
    const auto description = link::to_webrtc({type, sdp});
    if (!description) return;
    g_signal_emit_by_name(webrtc_.get(), action, (*description).get(), done.get());
    gst_promise_wait(done.get());
  }

  const unsigned number_;
  const bool offers_;
  bool offered_ = false;
  Ref<GstElement> webrtc_;
  Connection candidates_, needed_, pads_;
};

int run(const Role& role, unsigned count) {
  const std::string shared = role.source + " ! tee name=tee allow-not-linked=true";
  const auto pipeline = sink(role.source.empty() ? gst_pipeline_new(nullptr)
                                                 : gst_parse_launch(shared.c_str(), nullptr));
  const auto tee = adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "tee"));
  std::vector<std::unique_ptr<End>> ends;
  for (unsigned k = 0; k < count; k++)
    ends.push_back(std::make_unique<End>(pipeline.get(), k, role, tee.get()));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what, text;
    unsigned number = 0;
    words >> what >> number >> std::ws;
    std::getline(words, text);
    if (number < ends.size()) ends[number]->take(what, text);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return 0;
}

}  // namespace
}  // namespace genos

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  const auto role = genos::role_of(argc == 3 ? argv[1] : "");
  return role ? genos::run(*role, static_cast<unsigned>(std::stoul(argv[2]))) : 2;
}
