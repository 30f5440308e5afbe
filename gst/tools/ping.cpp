// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos ping`: how long a peer takes to answer.
#include <cstdio>

#include "tools/app.hpp"

namespace genos::tool {
namespace {

constexpr double find_limit = 10, answer_limit = 2;  // seconds

class Ping {
 public:
  Ping(App& app, std::string whom, int count) : app_(app), whom_(std::move(whom)), left_(count) {}

  void joined(GstGenosPeer* peer) {
    if (peer_ || (whom_ != "any" && whom_ != gst_genos_peer_get_id(peer))) return;
    peer_ = retain(peer);
    ask();
  }
  void gone(GstGenosPeer* peer, const char* reason, const char* detail) {
    if (peer_.get() != peer) return;
    complain(describe_leave(peer, reason, detail));
    app_.quit(exit_nobody);
  }

 private:
  static constexpr guint pause_ms = 500;

  void ask() {
    gst_genos_peer_ping_async(
        peer_.get(), nullptr,
        [](GObject* object, GAsyncResult* result, gpointer data) {
          Owned<GError> error;
          const gint64 trip =
              gst_genos_peer_ping_finish(GST_GENOS_PEER(object), result, out(error));
          static_cast<Ping*>(data)->answered(trip, error.get());
        },
        this);
  }

  void answered(gint64 microseconds, const GError* error) {
    if (error) {
      complain(error->message);
      return app_.quit(exit_nobody);
    }
    const double ms = double(microseconds) / 1000;
    char text[64];
    std::snprintf(text, sizeof text, ": %.2f ms", ms);
    const std::string id = gst_genos_peer_get_id(peer_.get());
    Line("pong").add("id", id).add("ms", ms).print(app_.options().json, id + text);
    if (--left_ <= 0) return app_.quit(exit_ok);
    g_timeout_add(
        pause_ms,
        [](gpointer data) -> gboolean {
          static_cast<Ping*>(data)->ask();
          return G_SOURCE_REMOVE;
        },
        this);
  }

  App& app_;
  std::string whom_;
  int left_;
  Ref<GstGenosPeer> peer_;
};

}  // namespace

int ping(std::vector<std::string> args) {
  int count = 4;
  Options options;
  std::vector<std::string> rest;
  if (!parse(args, "ping PEER --room NAME",
             "Asks a peer for a sign of life. PEER is an id, or `any` for the first that comes.",
             options, {{"count", 'n', 0, G_OPTION_ARG_INT, &count, "How often (default: 4)", "N"}},
             &rest))
    return exit_usage;
  // To find the peer, and for each answer.
  if (options.timeout == 0) options.timeout = find_limit + count * answer_limit;
  App app(options);
  if (rest.size() != 1 || count < 1) {
    complain("say whom to ping: `genos ping PEER --room NAME`; `genos peers` lists them");
    return exit_usage;
  }
  Ping ping(app, rest[0], count);
  app.on_join = [&](GstGenosPeer* peer) { ping.joined(peer); };
  app.on_leave = [&](GstGenosPeer* peer, const char* reason, const char* detail) {
    ping.gone(peer, reason, detail);
  };
  return app.run(exit_nobody);
}

}  // namespace genos::tool
