// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a room's front that elements with media reach the library through.
#include "genos/room_front.hpp"

namespace genos {

void RoomFront::with_link(const core::PeerId& peer, std::function<void(link::PeerLink*)> use) {
  const auto running = world();
  if (!running) return;
  running->post([self = shared_from_this(), peer, use = std::move(use)] {
    use(self->host_ ? self->host_->link_of(peer) : nullptr);
  });
}

void RoomFront::on_library(std::function<void(NodeMedia*)> task) {
  const auto running = world() ? world() : World::start();
  running->post([self = shared_from_this(), task = std::move(task)] {
    task(self->host_ ? &self->host_->media() : nullptr);
  });
}

void RoomFront::attach(const std::shared_ptr<RoomMedia>& media) {
  on_library([self = shared_from_this(), media](NodeMedia* node) {
    self->media_.push_back(media);
    if (node) node->attach(self->entered_token_, media);
  });
}

void RoomFront::detach(const std::shared_ptr<RoomMedia>& media) {
  on_library([self = shared_from_this(), media](NodeMedia* node) {
    if (node) node->detach(*media);
    std::erase(self->media_, media);
  });
}

}  // namespace genos
