// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos peers`: who is in a room.
#include "tools/app.hpp"

namespace genos::tool {

int peers(std::vector<std::string> args) {
  gboolean watch = FALSE;
  Options options;
  if (!parse(args, "peers --room NAME",
             "Tells who comes and goes, for five seconds (--timeout) or until stopped (--watch).",
             options,
             {{"watch", 'w', 0, G_OPTION_ARG_NONE, &watch, "Until Ctrl-C, or for --timeout",
               nullptr}}))
    return exit_usage;
  if (!watch && options.timeout == 0) options.timeout = 5;
  App app(options);
  bool anybody = false;
  app.on_join = [&](GstGenosPeer* peer) {
    anybody = true;
    const char* key = gst_genos_peer_get_identity(peer);
    Line line("peer-join");
    line.add("id", gst_genos_peer_get_id(peer)).add("genos", bool(gst_genos_peer_is_genos(peer)));
    if (const char* name = gst_genos_peer_get_name(peer)) line.add("name", name);
    if (key) line.add("identity", key);
    line.print(options.json, (watch ? "+ " : "") + describe(peer));
  };
  app.on_leave = [&](GstGenosPeer* peer, const char* reason, const char* detail) {
    Line("peer-leave")
        .add("id", gst_genos_peer_get_id(peer))
        .add("reason", reason)
        .add("detail", detail)
        .print(options.json, describe_leave(peer, reason, detail));
  };
  const int code = app.run(exit_ok);
  return code == exit_ok && !anybody ? int(exit_nobody) : code;
}

}  // namespace genos::tool
