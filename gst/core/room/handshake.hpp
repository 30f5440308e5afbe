// SPDX-License-Identifier: LGPL-2.1-or-later
// What two peers of a room exchange before either delivers anything: the proof of the password, the
// application's own questions, and that both are ready.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/wire/message.hpp"

namespace genos::core {

class Handshake {
 public:
  enum class Proof : std::uint8_t {
    one_way,  // Trystero: the initiator asks, the other one proves
    both      // strict rooms: each asks; a proof names prover and asker, so none can be passed on
  };
  struct Options {
    PeerId self;
    PeerId peer;
    Proof proof = Proof::one_way;
    bool application = false;                            // it takes part: finish() is awaited
    std::function<std::string(std::string_view)> prove;  // empty: no password
    Duration limit = std::chrono::seconds(10);
    Random* random = nullptr;  // outlives this object
  };

  struct SendData {  // action "@_hsdata"
    Message message;
  };
  struct SendReady {};  // action "@_hsready"
  struct Ask {};        // action "@_ping": only who is ready answers
  struct Begun {        // the application's turn
    bool initiator;
  };
  struct Deliver {  // to the application
    Message message;
  };
  struct Active {};
  struct Failed {
    std::string why;
  };
  using Output = std::variant<SendData, SendReady, Ask, Begun, Deliver, Active, Failed>;

  Handshake(Options options, Time now);

  void data(Message message);                // "@_hsdata" came
  void ready();                              // "@_hsready" came, or what only follows it
  [[nodiscard]] bool send(Message message);  // of the application; false when it is not its turn
  void finish(std::optional<std::string> failure);  // the application's verdict
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const { return over() ? never : std::min(until_, ask_at_); }
  [[nodiscard]] bool active() const { return step_ == Step::active; }
  [[nodiscard]] bool passed() const { return step_ == Step::passed; }  // and waits for the other

 private:
  enum class Step : std::uint8_t { password, application, passed, active, failed };

  [[nodiscard]] bool over() const { return step_ == Step::active || step_ == Step::failed; }
  [[nodiscard]] bool initiator() const { return options_.self < options_.peer; }
  [[nodiscard]] std::string proof_of(const std::string& challenge, const PeerId& prover,
                                     const PeerId& asker) const;
  void prove(const std::string& challenge);
  void verify(const std::string& proof);
  void next_step();
  void pass();
  void fail(std::string why);

  Options options_;
  Time until_;
  Time ask_at_;
  Step step_ = Step::password;
  std::string challenge_;  // ours, while no proof came
  bool must_prove_ = false;
  bool remote_ready_ = false;
  std::deque<Output> outputs_;
};

}  // namespace genos::core
