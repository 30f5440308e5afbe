// SPDX-License-Identifier: LGPL-2.1-or-later
// A Nostr relay on sockets: libsoup speaks HTTP, core/relay decides, WebSocket frames are ours.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/relay/limits.hpp"
#include "core/relay/statistics.hpp"

namespace genos::net {

// Lives on the thread of one GMainContext; nothing in it blocks. Destroying it closes everything
// at once; stop() says goodbye first.
class RelayHost {
 public:
  enum class Reach { loopback, anyone };  // loopback: other addresses and host names are refused
  enum class Scheme { plain, secure };    // ws and http, or wss and https
  enum class Service { relay, relay_and_metrics };

  struct Endpoint {
    std::string address = "127.0.0.1";  // of an interface; 0.0.0.0 and :: for all
    guint port = 0;                     // 0: any free one
    Scheme scheme = Scheme::plain;
  };
  struct Page {
    std::string type;  // of its content
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {};  // beside the usual ones
  };
  struct Options {
    std::string address = "127.0.0.1";
    guint port = 0;
    Scheme scheme = Scheme::plain;
    Reach reach = Reach::loopback;
    GTlsCertificate* certificate = nullptr;  // needed by secure endpoints; a reference is taken
    // Pages that may connect beside those of this machine ("https://app.example"); "*" for all.
    // Programs send no Origin and are not asked for one.
    std::vector<std::string> origins;
    Service service = Service::relay;
    core::RelayLimits limits = core::RelayLimits::for_loopback();
    std::string name = "genos";  // of the NIP-11 document
    std::string version = GENOS_VERSION;
    // What a GET of a path shows; the relay itself answers /health and /metrics.
    std::function<std::optional<Page>(std::string_view path)> page;
    core::Duration ping_interval = std::chrono::seconds(20);  // three unanswered ones end it
  };

  virtual ~RelayHost() = default;

  // Errc::refused: the port is taken. Errc::failed: anything else, with the reason.
  // The thread that runs `context` must have it as its thread default.
  static core::Result<std::unique_ptr<RelayHost>> listen(const Options& options,
                                                         GMainContext* context);

  // One more address for the same rooms. Returns its port.
  virtual core::Result<guint> add(const Endpoint& endpoint) = 0;

  [[nodiscard]] virtual guint port() const = 0;  // of the first endpoint
  [[nodiscard]] virtual core::RelayStatistics statistics() const = 0;

  // Listens no longer and sends a close frame to all; `done` once the last connection is gone, at
  // most two seconds later.
  virtual void stop(std::function<void()> done) = 0;
};

}  // namespace genos::net
