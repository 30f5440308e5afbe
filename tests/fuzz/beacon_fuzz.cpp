// SPDX-License-Identifier: LGPL-2.1-or-later
// What anybody on the local network can send to the beacon's port.
#include "net/lan.hpp"

#include <algorithm>

#include "require.hpp"

using namespace genos;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const core::ByteView packet(data, size);
  const auto beacon = net::read_beacon(packet);
  if (!beacon) return 0;
  const auto again = net::write_beacon(*beacon);
  fuzz::require(std::equal(again.begin(), again.end(), packet.begin(), packet.end()),
                "a beacon has one form");
  const bool question = (*beacon).kind == net::Beacon::Kind::question;
  fuzz::require(question == ((*beacon).port == 0), "only who holds a relay names a port");
  return 0;
}
