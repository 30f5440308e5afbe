// SPDX-License-Identifier: LGPL-2.1-or-later
// A session over a GstGenosSignaling that the application brings.
#pragma once

#include <memory>

#include "genos/node_host.hpp"
#include "genos/objects.hpp"
#include "net/session.hpp"

namespace genos {

std::unique_ptr<net::Session> make_signaling_session(Ref<GstGenosSignaling> signaling,
                                                     const RoomConfig& config,
                                                     const RoomSecrets& secrets,
                                                     const core::PeerId& self,
                                                     net::Session::Events events);

}  // namespace genos
