// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes temporal units of AV1 out of RTP packets (RTP Payload Format For AV1, version 1.0).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "core/rtp/obu.hpp"

namespace genos::core {

// Packets come in order; what is missing counts as lost, and what comes again or late is ignored.
// A unit that misses something is dropped whole and, by default, everything up to the next one that
// can be decoded by itself.
class Av1Depacketizer {
 public:
  enum class Content { obus, opaque };          // opaque: as by packetize_opaque()
  enum class Resume { at_keyframe, anywhere };  // after a loss, and at the beginning
  struct Options {
    Content content = Content::obus;
    Resume resume = Resume::at_keyframe;
  };
  struct Packet {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    bool marker = false;
    ByteView payload;  // empty in packets that only fill the line
  };

  // A temporal unit, or an opaque frame.
  struct Unit {
    Unit() = default;
    Unit(Unit&&) noexcept = default;
    Unit& operator=(Unit&&) noexcept = default;
    Unit(const Unit&) = delete;  // `obus` looks into `bytes`
    Unit& operator=(const Unit&) = delete;
    ~Unit() = default;

    Bytes bytes;            // of an opaque frame: the frame
    std::vector<Obu> obus;  // of a temporal unit: what it consists of, all of it carried
    bool keyframe = false;  // it begins a coded video sequence
    std::uint32_t timestamp = 0;
  };
  // Said when something is lost, and of every unit that is dropped for want of a keyframe.
  struct KeyframeNeeded {};
  using Output = std::variant<Unit, KeyframeNeeded>;

  struct Counts {
    std::uint64_t units = 0;      // given out
    std::uint64_t dropped = 0;    // of which something was missing, or what they refer to
    std::uint64_t malformed = 0;  // packets
    std::uint64_t gaps = 0;
  };

  explicit Av1Depacketizer(Options options);

  void handle(const Packet& packet);
  void finish();  // no more packets come: what is whole is given out
  void reset();   // what comes next has nothing to do with what came before
  std::optional<Output> poll();
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  enum class Order { next, gap, late };
  Order follow(std::uint16_t sequence);
  void begin(const Packet& packet);
  void lose();
  bool append(ByteView payload);
  bool append_elements(ByteView rest, unsigned count);
  bool append_element(ByteView element);
  void complete();
  bool make_obus(Unit& unit) const;

  Options options_;
  Counts counts_;
  std::deque<Output> outputs_;
  std::optional<std::uint16_t> expected_;
  bool after_gap_ = false;  // whether the next unit's beginning was lost is not known
  bool waiting_ = false;    // for a keyframe

  // The unit that is coming in:
  bool gathering_ = false;
  bool sound_ = false;            // nothing of it is missing so far
  bool open_ = false;             // its last element is not whole yet
  bool begins_sequence_ = false;  // as its first packet says
  std::uint32_t timestamp_ = 0;
  Bytes bytes_;                    // all elements
  std::vector<std::size_t> ends_;  // of each, in bytes_
};

}  // namespace genos::core
