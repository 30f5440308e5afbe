// SPDX-License-Identifier: LGPL-2.1-or-later
// What waits to be written to one link: cuts messages into frames, lazily and fairly.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/wire/message.hpp"

namespace genos::core {

// Numbers the transmissions of each action of one room: one number for all targets of one send.
class NonceBook {
 public:
  std::uint16_t next(const std::string& action) { return next_[action]++; }

 private:
  std::map<std::string, std::uint16_t> next_;  // wraps at 65,536, as Trystero's
};

// Control actions go first, in the order given. Everything else shares the link chunk by chunk, one
// chunk of each (room, channel) in turn, so a small message never waits for a big one of another
// channel; within one channel of a room messages go one after the other, so they complete in order.
class Outbox {
 public:
  struct Progress {
    TransferId id;
    double fraction;
  };
  struct Sent {
    TransferId id;
  };
  using Output = std::variant<Progress, Sent>;

  // None when the message can be sent at all: name, metadata, size.
  [[nodiscard]] static std::optional<Error> check(const Message& message);

  // The message has passed check(), once for all its peers. Id 0: nobody asks what becomes of it
  // (control actions); no output names it.
  void send(TransferId id, const RoomToken& room, Message message, std::uint16_t nonce);

  // The next frame for the link; empty when nothing waits. Call it only while the link has room.
  // Bulk, which may have to wait for everything else, are the frames of large messages.
  enum class Bulk : std::uint8_t { goes, waits };
  struct Frame {
    Bytes bytes;
    bool bulk = false;
  };
  [[nodiscard]] std::optional<Frame> next(Bulk bulk = Bulk::goes);
  [[nodiscard]] std::optional<Output> poll();

  // False when it is not here (any more). A transfer that has begun leaves a part at the receiver,
  // which drops it when it wants the space: Trystero has no way to call it back.
  bool cancel(TransferId id);
  // Another link takes over: what has begun begins again there, because the part that was sent may
  // be lost; protocol actions were about the old link and are dropped.
  void rewind();
  void forget(const RoomToken& room);  // all that waits for this room, control actions too

  // Drops the oldest application message that has not begun; empty when there is none.
  std::optional<TransferId> drop_oldest();

  [[nodiscard]] bool empty() const { return transfers_.empty(); }
  [[nodiscard]] std::size_t queued() const { return queued_; }  // bytes of payload and metadata
  [[nodiscard]] std::size_t transfers() const { return transfers_.size(); }

 private:
  using Lane = std::pair<RoomToken, std::string>;  // room and channel; both empty: control
  using Serial = std::uint64_t;                    // in the order of send()

  struct Transfer {
    TransferId id;
    RoomToken room;
    Message message;
    std::uint16_t nonce = 0;
    std::size_t chunk = 0;   // index of the next one
    std::size_t chunks = 1;  // in all
    std::size_t left = 0;    // bytes still to be cut
  };

  [[nodiscard]] static bool is_bulk(const Transfer& transfer);
  Bytes cut(Transfer& transfer);
  void report(const Transfer& transfer);
  void remove(std::map<Serial, Transfer>::iterator it);

  std::map<Serial, Transfer> transfers_;
  std::map<Lane, std::deque<Serial>> lanes_;  // none empty
  std::deque<Lane> turns_;                    // all lanes but that of control
  Serial last_ = 0;
  std::size_t queued_ = 0;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
