// SPDX-License-Identifier: LGPL-2.1-or-later
// What a node host holds of one of its rooms.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "genos/node_host.hpp"

namespace genos {

// One room: who listens to it and how its peers find each other.
struct NodeHost::Cell {
  RoomConfig config;
  core::RoomToken token;
  std::vector<std::shared_ptr<RoomListener>> listeners;
  std::map<core::PeerId, core::Node::PeerJoined> present;
  std::map<std::string, net::Session::Status> relays;
  std::unique_ptr<net::Session> session;
  std::vector<std::function<void()>> then;  // once it is left
  GSource* lonely_timer = nullptr;
  bool leaving = false;

  ~Cell() { stop_timer(); }
  void stop_timer() {
    if (!lonely_timer) return;
    g_source_destroy(lonely_timer);
    g_source_unref(lonely_timer);
    lonely_timer = nullptr;
  }
};

}  // namespace genos
