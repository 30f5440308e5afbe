// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/rtcp_gate.hpp"

#include "require.hpp"

using namespace genos;

namespace {

bool is_media(std::uint32_t ssrc) { return ssrc % 2 == 1; }

// By another way than the gate's own.
void reports_as_media(core::ByteView compound) {
  while (compound.size() >= 8) {
    if (compound[1] == 200)
      fuzz::require(is_media(compound[7]), "who sends nothing does not say so");
    compound = compound.subspan(4 + 4 * std::size_t(compound[2] << 8 | compound[3]));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  core::RtcpGate gate;
  core::Bytes packet(data, data + size);
  const auto verdict = gate.check(packet, is_media);
  if (verdict == core::RtcpGate::Verdict::drop) return 0;
  fuzz::require(verdict == core::RtcpGate::Verdict::changed
                    ? packet.size() < size
                    : packet == core::Bytes(data, data + size),
                "it is what it was, or shorter");
  reports_as_media(packet);
  auto again = packet;
  fuzz::require(gate.check(again, is_media) == core::RtcpGate::Verdict::pass && again == packet,
                "what passed passes again");
  return 0;
}
