// SPDX-License-Identifier: LGPL-2.1-or-later
// One WebSocket client of the relay host: bytes in and out, keep-alive, a bounded goodbye.
#pragma once

#include <string>
#include <string_view>

#include "core/relay/subscriptions.hpp"
#include "core/relay/websocket.hpp"
#include "net/soup_refs.hpp"
#include "net/source.hpp"

namespace genos::net {

// Never blocks. Reads a bounded piece per turn, so that one fast writer does not keep the others
// waiting; writes when flushed, and then as the client reads.
class RelaySocket {
 public:
  class Owner {
   public:
    virtual void text(core::ConnectionId from, std::string_view text) = 0;
    virtual void touched(core::ConnectionId connection) = 0;  // has something to flush()
    virtual void closing(core::ConnectionId connection) = 0;  // drop() it if it does not end soon
    virtual void gone(core::ConnectionId connection) = 0;  // destroys it in settle(), not at once
    virtual void settle() = 0;  // a turn has ended; the socket may be destroyed in here

   protected:
    ~Owner() = default;
  };

  RelaySocket(Ref<GIOStream> stream, Ref<GSocket> socket, GMainContext* context,
              core::ConnectionId id, std::size_t message_size, Owner& owner);
  RelaySocket(const RelaySocket&) = delete;
  RelaySocket& operator=(const RelaySocket&) = delete;

  void start();
  void send(std::string_view head, std::string_view body);
  void flush();
  [[nodiscard]] std::size_t queued() const { return out_.size() - written_; }
  void pause() { readable_.end(); }
  void resume();
  // Sends a close frame; the client's answer ends it.
  void close(std::uint16_t code, std::string_view reason);
  void drop();
  // Once per ping interval: asks whether the client is there, and gives up when it has not answered
  // `patience` times.
  void keep_alive(unsigned patience);
  [[nodiscard]] core::ConnectionId id() const { return id_; }

 private:
  void read();
  void read_piece();
  void said(const core::WebSocketReader::Input& input);
  void touch();
  void say_goodbye(std::uint16_t code, std::string_view reason);
  void hear_goodbye(std::uint16_t code, std::string_view reason);
  void wait_until_writable();

  Ref<GIOStream> stream_;
  Ref<GSocket> socket_;
  Ref<GMainContext> context_;
  core::ConnectionId id_;
  Owner& owner_;
  core::WebSocketReader reader_;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  unsigned unanswered_ = 0;  // pings
  bool touched_ = false;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool gone_ = false;
  Source readable_;
  Source writable_;
};

}  // namespace genos::net
