// SPDX-License-Identifier: LGPL-2.1-or-later
// The first byte chooses between packets of a stranger and a stream of our own, cut and delivered.
#include "core/rtp/av1_depacketizer.hpp"

#include <algorithm>

#include "core/rtp/av1_packetizer.hpp"
#include "require.hpp"

using namespace genos;
using core::Av1Depacketizer;

namespace {

Av1Depacketizer::Options options_of(unsigned choice) {
  return {choice & 1 ? Av1Depacketizer::Content::opaque : Av1Depacketizer::Content::obus,
          choice & 2 ? Av1Depacketizer::Resume::anywhere : Av1Depacketizer::Resume::at_keyframe};
}

// Packets: what is to be skipped and the marker, the size, as many bytes.
void from_a_stranger(unsigned choice, core::ByteView bytes) {
  Av1Depacketizer depacketizer(options_of(choice));
  Av1Depacketizer::Packet packet;
  std::size_t fed = 0;
  while (bytes.size() >= 2) {
    const auto size = std::min<std::size_t>(bytes[1], bytes.size() - 2);
    packet.sequence = static_cast<std::uint16_t>(packet.sequence + 1 + (bytes[0] >> 4 & 3));
    packet.timestamp += bytes[0] >> 1 & 1;
    packet.marker = (bytes[0] & 1) != 0;
    packet.payload = bytes.subspan(2, size);
    fed += size;
    bytes = bytes.subspan(2 + size);
    depacketizer.handle(packet);
    while (const auto output = depacketizer.poll()) {
      const auto* unit = std::get_if<Av1Depacketizer::Unit>(&*output);
      if (!unit) continue;
      fuzz::require(!unit->bytes.empty() && unit->bytes.size() <= fed, "units are of what came in");
      for (const auto& obu : unit->obus)
        fuzz::require(
            core::is_carried(obu.type) && obu.payload.data() >= unit->bytes.data() &&
                obu.payload.data() + obu.payload.size() <= unit->bytes.data() + unit->bytes.size(),
            "OBUs lie in their unit");
    }
  }
  depacketizer.finish();
}

void deliver(Av1Depacketizer& depacketizer, const std::vector<core::Av1Packet>& packets,
             std::size_t max_payload) {
  std::uint16_t sequence = 65535;
  for (const auto& packet : packets) {
    const auto bytes = packet.bytes();
    fuzz::require(bytes.size() <= max_payload, "a packet is no larger than allowed");
    depacketizer.handle({sequence++, 7, &packet == &packets.back(), bytes});
  }
}

void from_ourselves(unsigned choice, core::ByteView bytes) {
  auto options = options_of(choice);
  options.resume = Av1Depacketizer::Resume::anywhere;
  Av1Depacketizer depacketizer(options);
  const auto max_payload = core::min_av1_payload + (choice >> 2);
  if (options.content == Av1Depacketizer::Content::opaque) {
    deliver(depacketizer, packetize_opaque(bytes, core::FrameKind::delta, max_payload),
            max_payload);
    const auto output = depacketizer.poll();
    const auto* unit = output ? std::get_if<Av1Depacketizer::Unit>(&*output) : nullptr;
    fuzz::require(bytes.empty() ? !unit
                                : unit && std::equal(bytes.begin(), bytes.end(),
                                                     unit->bytes.begin(), unit->bytes.end()),
                  "an opaque frame survives");
    return;
  }
  auto obus = core::split_obu_stream(bytes);
  if (!obus) return;
  deliver(depacketizer, core::packetize_av1(*obus, max_payload), max_payload);
  std::erase_if(*obus, [](const auto& obu) { return !core::is_carried(obu.type); });
  const auto output = depacketizer.poll();
  const auto* unit = output ? std::get_if<Av1Depacketizer::Unit>(&*output) : nullptr;
  fuzz::require((*obus).empty()
                    ? !unit
                    : unit && core::write_obu_stream(unit->obus) == core::write_obu_stream(*obus),
                "a temporal unit survives");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const core::ByteView bytes{data, size};
  if (data[0] & 1)
    from_a_stranger(data[0] >> 1, bytes.subspan(1));
  else
    from_ourselves(data[1], bytes.subspan(2));
  return 0;
}
