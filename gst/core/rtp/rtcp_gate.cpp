// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/rtcp_gate.hpp"

#include <optional>

#include "core/rtp/limits.hpp"

namespace genos::core {
namespace {

constexpr std::uint8_t sender_report = 200, receiver_report = 201, description = 202;
constexpr std::size_t word = 4, header = 4, named = 8;
constexpr std::size_t sender_info = 20;  // what a sender report has and a receiver report has not

std::size_t words_at(ByteView packet) { return std::size_t(packet[2]) << 8 | packet[3]; }

// One packet of a compound.
struct Part {
  std::uint8_t type = 0;
  std::size_t size = 0;
  bool reports = false;  // rtpsession makes a record of the SSRC behind its header
};

// Nothing of what does not hold what it says that it holds, or describes several: only mixers do.
std::optional<Part> part_of(ByteView rest) {
  if (rest.size() < header || rest[0] >> 6 != 2) return {};
  Part part{rest[1], header + words_at(rest) * word};
  const unsigned count = rest[0] & 0x1f;
  if (part.size > rest.size() || (part.type == description && count > 1)) return {};
  part.reports = part.type == sender_report || part.type == receiver_report ||
                 (part.type == description && count == 1);
  const std::size_t least = named + (part.type == sender_report ? sender_info : 0);
  if (part.reports && part.size < least) return {};
  return part;
}

std::uint32_t ssrc_at(ByteView packet) {
  std::uint32_t ssrc = 0;
  for (std::size_t i = header; i < named; ++i) ssrc = ssrc << 8 | packet[i];
  return ssrc;
}

void make_receiver_report(Bytes& compound, std::size_t at) {
  const std::size_t words = words_at(ByteView(compound).subspan(at)) - sender_info / word;
  compound[at + 1] = receiver_report;
  compound[at + 2] = std::uint8_t(words >> 8);
  compound[at + 3] = std::uint8_t(words);
  const auto info = compound.begin() + std::ptrdiff_t(at + named);
  compound.erase(info, info + std::ptrdiff_t(sender_info));
}

}  // namespace

bool RtcpGate::admits(std::uint32_t ssrc, bool is_sender) {
  if (is_sender || others_.contains(ssrc)) return true;
  if (others_.size() == limits::max_reporters) return false;
  others_.insert(ssrc);
  return true;
}

RtcpGate::Verdict RtcpGate::check(Bytes& compound, const IsSender& sends) {
  if (compound.size() > limits::max_rtcp) return Verdict::drop;
  auto verdict = Verdict::pass;
  bool begins_with_sender = false;  // the first one is who rtpbin takes all of it for
  std::size_t next = 0;
  do {
    const auto at = next;
    const auto rest = ByteView(compound).subspan(at);
    const auto part = part_of(rest);
    if (!part) return Verdict::drop;
    next = at + part->size;
    if (!part->reports) continue;
    const auto ssrc = ssrc_at(rest);
    const bool is_sender = sends(ssrc), says_so = part->type == sender_report;
    if (!admits(ssrc, is_sender)) return Verdict::drop;
    if (at == 0) begins_with_sender = says_so && is_sender;
    const bool may = is_sender && begins_with_sender;
    if (!says_so || may) continue;
    make_receiver_report(compound, at);
    next -= sender_info;
    verdict = Verdict::changed;
  } while (next < compound.size());
  return verdict;
}

}  // namespace genos::core
