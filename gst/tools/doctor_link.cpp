// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be seen from inside: elements, and whether two rooms of this process meet.
#include <cstdio>

#include "tools/doctor.hpp"

namespace genos::tool {
namespace {

struct Element {
  const char* name;
  const char* package;
  Verdict when_missing;
};

constexpr Element elements[] = {
    {"webrtcbin", "gstreamer1.0-plugins-bad", Verdict::failure},
    {"nicesrc", "gstreamer1.0-nice", Verdict::failure},
    {"dtlsdec", "gstreamer1.0-plugins-bad", Verdict::failure},
    {"srtpenc", "gstreamer1.0-plugins-bad", Verdict::failure},
    {"sctpenc", "gstreamer1.0-plugins-bad", Verdict::failure},
    {"rtpbin", "gstreamer1.0-plugins-good", Verdict::failure},
    {"opusenc", "gstreamer1.0-plugins-base", Verdict::warning},
    {"vp8enc", "gstreamer1.0-plugins-good", Verdict::warning},
};

// Two rooms with one name; done when they see each other.
class Meeting {
 public:
  Meeting(const Options& options, bool relay_only) : loop_(g_main_loop_new(nullptr, FALSE)) {
    const Owned<char> name(g_uuid_string_random());
    for (auto& room : rooms_) {
      room = adopt(gst_genos_room_new("genos-doctor", name.get()));
      g_object_set(room.get(), "signaling", options.signaling.c_str(), "ice-servers",
                   options.ice_servers.c_str(), "ice-transport-policy",
                   relay_only ? GST_GENOS_ICE_POLICY_RELAY : GST_GENOS_ICE_POLICY_ALL, nullptr);
      connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*)>(
          room.get(), "peer-join", [this](auto*, auto*) { end(true); }));
      connections_.push_back(on<void(GstGenosRoom*, const char*, const char*, const char*)>(
          room.get(), "signaling-status",
          [this](auto*, const char* uri, const char* status, const char* detail) {
            if (std::string(status) == "open") {
              if (!relay_open_) open_uri_ = uri;
              relay_open_ = true;
            }
            last_ =
                std::string(uri) + " is " + status + (*detail ? std::string(": ") + detail : "");
          }));
    }
  }

  bool run(double seconds) {
    const guint late = g_timeout_add(
        guint(seconds * 1000),
        [](gpointer data) -> gboolean {
          static_cast<Meeting*>(data)->end(false);
          return G_SOURCE_CONTINUE;
        },
        this);
    const gint64 begun = g_get_monotonic_time();
    for (auto& room : rooms_) {
      gst_genos_room_join_async(
          room.get(), nullptr,
          [](GObject* object, GAsyncResult* result, gpointer data) {
            auto* self = static_cast<Meeting*>(data);
            Owned<GError> error;
            if (gst_genos_room_join_finish(GST_GENOS_ROOM(object), result, out(error))) return;
            if (self->ended_) return;
            self->last_ = error->message;
            self->end(false);
          },
          this);
    }
    if (!ended_) g_main_loop_run(loop_.get());
    took_ = double(g_get_monotonic_time() - begun) / 1e3;
    g_source_remove(late);
    for (auto& room : rooms_) gst_genos_room_leave(room.get());
    while (g_main_context_iteration(nullptr, FALSE)) {
    }
    return met_;
  }

  [[nodiscard]] double took_ms() const { return took_; }
  [[nodiscard]] bool relay_open() const { return relay_open_; }
  [[nodiscard]] const std::string& last() const { return last_; }
  [[nodiscard]] const std::string& open_uri() const { return open_uri_; }

 private:
  void end(bool met) {
    if (std::exchange(ended_, true)) return;
    met_ = met;
    g_main_loop_quit(loop_.get());
  }

  Owned<GMainLoop> loop_;
  Ref<GstGenosRoom> rooms_[2];
  bool ended_ = false, met_ = false, relay_open_ = false;
  double took_ = 0;
  std::string last_ = "no relay was tried", open_uri_;
  std::vector<Connection> connections_;
};

}  // namespace

void check_elements(const Report& report) {
  std::string missing;
  for (const auto& element : elements) {
    GstElementFactory* factory = gst_element_factory_find(element.name);
    if (factory) {
      gst_object_unref(factory);
      continue;
    }
    missing += missing.empty() ? element.name : std::string(", ") + element.name;
    report({element.when_missing, "elements", std::string(element.name) + " is missing",
            std::string("install ") + element.package + ", or check GST_PLUGIN_PATH (now '" +
                (g_getenv("GST_PLUGIN_PATH") ? g_getenv("GST_PLUGIN_PATH") : "") + "')"});
  }
  const Owned<char> version(gst_version_string());
  if (missing.empty()) report({Verdict::ok, "elements", version.get(), ""});
}

bool check_link(const Options& options, bool relay_only, const Report& report) {
  const char* name = relay_only ? "turn" : "link";
  Meeting meeting(options, relay_only);
  const bool met = meeting.run(options.timeout);
  if (meeting.relay_open() && !relay_only)
    report({Verdict::ok, "relay", meeting.open_uri() + " answers", ""});
  if (met) {
    char text[96];
    std::snprintf(text, sizeof text, "two peers on this machine met in %.0f ms%s",
                  meeting.took_ms(), relay_only ? ", over TURN only" : "");
    report({Verdict::ok, name, text, ""});
    return true;
  }
  if (!meeting.relay_open()) {
    report({Verdict::failure, "relay", meeting.last(),
            "check the address and that the relay runs; without --signaling this machine is its "
            "own relay"});
    return false;
  }
  report({Verdict::failure, name, "two peers on this machine found each other but were not linked",
          relay_only
              ? "check the TURN server's address, user and password, and that UDP (or "
                "?transport=tcp) reaches it"
              : "a firewall may drop UDP on this machine: allow it on the interfaces in use"});
  return false;
}

}  // namespace genos::tool
