// SPDX-License-Identifier: LGPL-2.1-or-later
// What one m-line of a remote description says, once its grammar has been found good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/negotiation/sdp.hpp"

namespace genos::core {

struct RemoteCodec {
  std::uint8_t payload = 0;
  std::string name;  // as written: opus, OPUS; compare with is()
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string parameters;               // fmtp, empty when there is none
  std::optional<std::uint8_t> repairs;  // RTX: the payload type that it retransmits (apt)
  bool operator==(const RemoteCodec&) const = default;
  [[nodiscard]] bool is(std::string_view codec) const { return same_word(name, codec); }
};

struct RemoteMedia {
  std::string mid;
  MediaKind kind = MediaKind::application;
  bool rejected = false;
  Direction direction = Direction::sendrecv;  // as the remote says it
  // What the remote may send with; empty unless it sends. The SSRC guard lets nothing else in.
  std::vector<std::uint32_t> ssrcs;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> retransmissions;  // FID: main, rtx
  std::vector<std::string> streams;  // ids of the MediaStreams, braces of Firefox included
  std::string track;
  std::vector<RemoteCodec> codecs;  // in the order of preference, auxiliary ones included
  std::uint8_t twcc_extension = 0;  // 0: not offered. Copy it into the codec-preferences
  std::uint8_t mid_extension = 0;   // 0: none
  bool operator==(const RemoteMedia&) const = default;
  // It has a track on this line and may not send it: the direction of an answer is bound by the
  // offer, its a=msid is not (RFC 8829 section 5.3.1).
  [[nodiscard]] bool holds_track() const {
    return !rejected && direction == Direction::recvonly && !track.empty();
  }
  // The same on a line that was offered as inactive.
  [[nodiscard]] bool holds_track_in_vain() const {
    return !rejected && direction == Direction::inactive && !track.empty();
  }
};

inline constexpr std::string_view twcc_uri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr std::string_view mid_uri = "urn:ietf:params:rtp-hdrext:sdes:mid";

// Audio and video that GStreamer has a depayloader for.
[[nodiscard]] bool is_known_codec(MediaKind kind, std::string_view name);
[[nodiscard]] bool is_token(std::string_view text, std::size_t most);  // RFC 8866: a word of an SDP

struct Extmap {
  std::uint8_t id = 0;
  std::string_view uri;
};
// `ID[/direction] URI [attributes]`
[[nodiscard]] std::optional<Extmap> extmap_of(std::string_view argument);

[[nodiscard]] Result<RemoteMedia> read_media(const Sdp& sdp, const SdpMedia& section);

}  // namespace genos::core
