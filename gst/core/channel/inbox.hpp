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
#include "core/wire/frame.hpp"
#include "core/wire/limits.hpp"
#include "core/wire/message.hpp"

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

  [[nodiscard]] std::size_t partials() const { return live_; }
  [[nodiscard]] std::size_t held() const { return held_; }  // bytes of unfinished messages

 private:
  using Key = std::pair<std::string, std::uint16_t>;  // action, nonce

  struct Partial {
    PayloadKind kind = PayloadKind::bytes;
    Bytes data;
    std::optional<std::string> meta;
    std::uint8_t progress = 0;
    std::uint64_t touched = 0;
    bool refused =
        false;  // said so and freed; kept so that the rest of it is not taken for a message
  };
  using Partials = std::map<Key, Partial>;

  Partials::iterator open(const Key& key, const Chunk& chunk);
  [[nodiscard]] std::optional<Error> misfit(const Partial& partial, const Chunk& chunk) const;
  void append(Partials::iterator it, const Chunk& chunk);
  void complete(Partials::iterator it);
  void refuse(Partials::iterator it, Error error);
  void erase(Partials::iterator it);
  [[nodiscard]] Partials::iterator stalest(bool refused, const Partial* except = nullptr);

  Limits limits_;
  Partials partials_;
  std::size_t live_ = 0;  // of them not refused
  std::size_t held_ = 0;
  std::uint64_t touches_ = 0;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
