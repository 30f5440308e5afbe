// SPDX-License-Identifier: LGPL-2.1-or-later
// What may be lost, over a data channel that sends nothing again: in pieces of one packet each, and
// no more of it under way than was heard of lately.
//
// With GStreamer 1.22 (later ones were not tried) 3,000 messages of 12 kB at 5 % loss bring the
// whole association to a standstill for good, as if usrsctp leaked the receiver's window with each
// unordered message of several packets that is given up. A message of one packet leaves nothing
// behind. And usrsctp keeps a megabyte that nobody can see or take back: five seconds of a bad
// line.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {

class FreshSender {
 public:
  // Of at most limits::max_pieces pieces; none when it is better not sent: too much is under way.
  std::vector<Bytes> send(ByteView message, Time now);
  // What a FreshReceiver answered.
  void handle(ByteView answer);

 private:
  struct Sent {
    std::uint32_t number;
    std::size_t size;
    Time at;
  };
  [[nodiscard]] bool may_send(std::size_t size, Time now);

  std::uint32_t number_ = 0;
  std::deque<Sent> under_way_;
  std::size_t bytes_under_way_ = 0;
};

class FreshReceiver {
 public:
  struct Heard {
    std::optional<Bytes> message;  // that this piece completes
    Bytes answer;                  // may be lost as well; empty when there is nothing to say
  };
  // What is malformed, too old or contradicts what came before is dropped: it may be lost anyway.
  Heard handle(ByteView piece);

 private:
  struct Partial {
    std::uint32_t number = 0;
    std::vector<std::optional<Bytes>> pieces;  // empty: nothing of this number came, or all did
    bool used = false;
  };
  Partial* place_of(std::uint32_t number, std::size_t count);
  std::optional<Bytes> join(Partial& partial, std::size_t index, ByteView body);

  std::array<Partial, limits::max_partial_messages> partials_;
};

}  // namespace genos::core
