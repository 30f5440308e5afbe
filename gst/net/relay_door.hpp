// SPDX-License-Identifier: LGPL-2.1-or-later
// The listening sockets of a relay host, and the visitors that have not become clients yet.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "net/relay_host.hpp"
#include "net/soup_refs.hpp"
#include "net/source.hpp"

namespace genos::net {

// libsoup bounds neither the number nor the time of the connections it serves, and spins when there
// is no file descriptor left. So we accept, and lend it the connections for a while.
class RelayDoor {
 public:
  struct Visitor {
    Ref<GSocket> socket;
    core::Time leaves_at;  // at the latest, unless it becomes a client
  };

  RelayDoor(GMainContext* context, SoupServer* server, RelayHost::Reach reach);
  ~RelayDoor() { shut(); }

  // Returns the port. Errc::refused: it is taken.
  core::Result<guint> open(const RelayHost::Endpoint& endpoint, GTlsCertificate* certificate);
  void shut();

  // The visitor who sent this request becomes a client: its socket.
  [[nodiscard]] Ref<GSocket> admit(SoupServerMessage* message);
  [[nodiscard]] std::size_t visitors() const { return waiting_->size(); }

 private:
  // By order of arrival. Shared with the marks on the visitors' addresses, which end with them.
  using Waiting = std::map<std::uint64_t, Visitor>;
  struct Mark;
  struct Listener {
    Ref<GSocket> socket;
    Ref<GTlsCertificate> certificate;  // none: plain
    Source source;
  };

  void watch(Listener& listener);
  void accept(Listener& listener);
  void welcome(Ref<GSocket> socket, GTlsCertificate* certificate);
  void send_away_late();

  Ref<GMainContext> context_;
  Ref<SoupServer> server_;
  RelayHost::Reach reach_;
  std::list<Listener> listeners_;
  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  std::uint64_t visitors_so_far_ = 0;
  Timer late_;
  Timer reopen_;
};

}  // namespace genos::net
