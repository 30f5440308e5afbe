// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts together what one peer sends in one room, within limits.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/base/result.hpp"
#include "core/channel/message.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {

// One for each (room, peer): destroying it frees all that the peer has half sent.
class Inbox {
 public:
  struct Limits {
    std::size_t message = limits::max_message;
    std::size_t control = limits::max_control_message;
    std::size_t partials = limits::max_partials;
    std::size_t bytes = limits::max_partial_bytes;
  };

  struct Received {
    Message message;
  };
  // After each chunk, the last one too, of application messages that have more than one.
  struct Progress {
    std::string channel;
    std::optional<std::string> meta;
    double fraction;    // as the sender says
    std::size_t bytes;  // of the payload, so far
  };
  // A message that will not come: too large, not UTF-8, not JSON, or pushed out by newer ones.
  struct Refused {
    std::string channel;
    Error error;
  };
  using Output = std::variant<Received, Progress, Refused>;

  Inbox() = default;
  explicit Inbox(Limits limits) : limits_(limits) {}
  void set_limits(Limits limits) { limits_ = limits; }  // for what comes from now on

  void handle(const Chunk& chunk);
  [[nodiscard]] std::optional<Output> poll();

  [[nodiscard]] std::size_t partials() const { return partials_.size(); }
  [[nodiscard]] std::size_t held() const { return held_; }  // bytes of unfinished messages

 private:
  using Key = std::pair<std::string, std::uint16_t>;  // action, nonce

  struct Partial {
    PayloadKind kind = PayloadKind::bytes;
    Bytes data;
    std::optional<std::string> meta;
    std::uint8_t progress = 0;
    std::uint64_t touched = 0;
    bool refused = false;  // said so; the rest of it is ignored
  };

  Partial& open(const Key& key, const Chunk& chunk);
  void append(const Key& key, Partial& partial, const Chunk& chunk);
  [[nodiscard]] std::optional<Error> misfit(const Partial& partial, const Chunk& chunk) const;
  void refuse(const Key& key, Partial& partial, Error error);
  void report(const Partial& partial, const Chunk& chunk);
  void complete(const Key& key);
  void make_room(std::size_t wanted, const Key& keep);
  void drop(const Key& key);

  Limits limits_;
  std::map<Key, Partial> partials_;
  std::size_t held_ = 0;
  std::uint64_t clock_ = 0;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
