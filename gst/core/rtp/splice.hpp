// SPDX-License-Identifier: LGPL-2.1-or-later
// RTP streams of one clock as one: whoever receives them sees numbers and times that go on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace genos::core {

// What is numbered in the payload too.
enum class PictureIds { none, vp8, vp9 };

struct RtpPlace {
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint16_t picture = 0;  // 15 bits
  std::uint32_t ssrc = 0;     // only to add

  bool operator==(const RtpPlace&) const = default;
};

// Nothing of what is no packet, or one without the picture id that it should have.
std::optional<RtpPlace> place_of(std::span<const std::uint8_t> packet, PictureIds ids);
// Adds to a packet that has such a place.
void shift(std::span<std::uint8_t> packet, PictureIds ids, const RtpPlace& by);

// Of one receiver.
class RtpSplice {
 public:
  // Who encodes less is faster: a frame that is older than the last of the other stream goes so
  // much (1 ms at 90 kHz) after that, and those behind it, until they are in time again.
  static constexpr std::uint32_t least_step = 90;

  // The stream whose packet this is goes on where the last one ended.
  void change_over(const RtpPlace& first);
  // What is to be added to packets in order, the first and the last of them being these.
  RtpPlace take(const RtpPlace& first, const RtpPlace& last);

 private:
  [[nodiscard]] std::uint32_t lateness(const RtpPlace& first) const;

  RtpPlace by_;
  std::uint32_t frame_ = 0;       // the time of the last one, in its own stream
  std::optional<RtpPlace> last_;  // in the receiver's numbers
};

}  // namespace genos::core
