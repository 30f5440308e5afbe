// SPDX-License-Identifier: LGPL-2.1-or-later
// One joined room of the test peer: obeys the commands that name it, reports what happens there.
#pragma once

#include <gst/genos/genos.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/signal.hpp"
#include "core/wire/json.hpp"
#include "e2e/peer/media.hpp"
#include "e2e/peer/progress.hpp"
#include "genos/objects.hpp"

namespace genos::test {

// Everything runs on the main context; `answer` is called once, then or later.
class Room : public std::enable_shared_from_this<Room> {
 public:
  // Results of a command, or what went wrong.
  using Answer = std::function<void(core::Result<core::Json>)>;

  Room(const std::string& self, const core::Json& command);
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  void join(Answer answer);
  void leave(Answer answer);
  void channel(const core::Json& command, Answer answer);
  void send(const core::Json& command, Answer answer);
  void request(const core::Json& command, Answer answer);
  void ping(const core::Json& command, Answer answer);
  void peers(const core::Json& command, Answer answer);
  void add_media(const core::Json& command, Answer answer);
  void remove_media(const core::Json& command, Answer answer);
  void media_stats(const core::Json& command, Answer answer);

 private:
  struct Channel {
    Ref<GstGenosChannel> object;
    std::vector<Connection> connections;
    std::map<std::string, Progress> receiving;  // by peer
    std::map<std::string, Progress> sending;
    std::string answer;  // how requests are answered; empty: not at all
    std::vector<Ref<GstGenosRequest>> unanswered;
  };

  void report_peers();
  void report_channel(Channel& channel);
  void answer_request(Channel& channel, GstGenosRequest* request);
  [[nodiscard]] core::Json line(const char* name) const { return event(name).set("room", id_); }
  [[nodiscard]] core::Json line(const char* name, const Channel& channel, GstGenosPeer* peer) const;
  Channel* find_channel(const core::Json& command, const Answer& answer);

  std::string id_;
  Ref<GstGenosRoom> room_;
  std::vector<Connection> connections_;
  std::map<std::string, Channel> channels_;
  std::shared_ptr<Media> media_;
};

}  // namespace genos::test
