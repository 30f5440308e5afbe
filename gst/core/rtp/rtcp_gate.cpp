// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/rtcp_gate.hpp"

#include "core/rtp/limits.hpp"

namespace genos::core {
namespace {

constexpr std::uint8_t sender_report = 200, receiver_report = 201, description = 202;
constexpr std::size_t word = 4, header = 4, named = 8;
constexpr std::size_t sender_info = 20;  // what a sender report has and a receiver report has not

std::size_t words_at(ByteView packet) { return std::size_t(packet[2]) << 8 | packet[3]; }

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

bool RtcpGate::admits(std::uint32_t ssrc) {
  if (others_.contains(ssrc)) return true;
  if (others_.size() == limits::max_reporters) return false;
  others_.insert(ssrc);
  return true;
}

RtcpGate::Verdict RtcpGate::check(Bytes& compound, const IsSender& sends) {
  if (compound.size() > limits::max_rtcp) return Verdict::drop;
  auto verdict = Verdict::pass;
  bool begins_with_sender = false;  // the first one is who rtpbin takes all of it for
  for (std::size_t at = 0, next = 0; at < compound.size(); at = next) {
    const auto rest = ByteView(compound).subspan(at);
    if (rest.size() < header || rest[0] >> 6 != 2) return Verdict::drop;
    const std::size_t size = header + words_at(rest) * word;
    if (size > rest.size()) return Verdict::drop;
    next = at + size;
    const auto type = rest[1];
    const unsigned count = rest[0] & 0x1f;
    const bool is_sender_report = type == sender_report;
    // Only mixers describe several.
    if (type == description && count > 1) return Verdict::drop;
    const bool names =
        is_sender_report || type == receiver_report || (type == description && count == 1);
    if (!names) continue;
    if (size < named + (is_sender_report ? sender_info : 0)) return Verdict::drop;
    const auto ssrc = ssrc_at(rest);
    const bool is_sender = sends(ssrc);
    if (!is_sender && !admits(ssrc)) return Verdict::drop;
    if (at == 0) begins_with_sender = is_sender_report && is_sender;
    if (!is_sender_report || (is_sender && begins_with_sender)) continue;
    make_receiver_report(compound, at);
    next -= sender_info;
    verdict = Verdict::changed;
  }
  return compound.empty() ? Verdict::drop : verdict;
}

}  // namespace genos::core
