// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests and their answers with one peer in one room, both sides, in Trystero's metadata.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/base/ids.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/wire/json.hpp"
#include "core/wire/message.hpp"

namespace genos::core {

inline constexpr std::string_view response_action = "@_response";

// Sits between Inbox and application: handle() takes every message of the peer and gives back what
// it is. Destroying it forgets all; fail_all() says so first.
class Requests {
 public:
  // Ordinary message, not a request nor an answer.
  struct Plain {
    Message message;
  };
  // The peer asks; `message.meta` is the application's own again. Call accept() or respond() within
  // 500 ms, or the peer hears that nobody answers here.
  struct Asked {
    std::string request;
    Message message;
  };
  // What became of a request of ours.
  struct Answered {
    TransferId id;
    std::optional<Message> message;  // none: failed
    std::string error;
    bool timed_out = false;
  };
  struct Reply {  // to be sent to the peer
    Message message;
  };
  using Output = std::variant<Plain, Asked, Answered, Reply>;

  explicit Requests(Random& random) : random_(&random) {}

  // The message to send for a request of ours. The time counts from now.
  [[nodiscard]] Message ask(TransferId id, Message message, Duration limit, Time now);
  bool cancel(TransferId id);               // no Answered follows
  void fail_all(const std::string& error);  // the peer has gone: Answered for all

  void accept(const std::string& request);  // somebody works on it: no time limit any more
  // Replies follow from poll(). False when nobody waits for it (any more).
  bool respond(const std::string& request, Message answer);
  bool refuse(const std::string& request, const std::string& error);

  void handle(Message message, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const;

 private:
  struct Waiting {
    TransferId id;
    Time until;
  };

  void take_response(Message& message);
  void take_request(const Json& meta, Message message, Time now);

  Random* random_;
  std::map<std::string, Waiting> ours_;  // by request id
  std::map<std::string, Time> theirs_;   // unanswered; until when somebody must accept
  std::deque<Output> outputs_;
};

}  // namespace genos::core
