// SPDX-License-Identifier: LGPL-2.1-or-later
// One element's part in a channel of a room: writes a stream to the others and reads theirs.
#pragma once

#include <gst/genos/genos.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bridge/ref.hpp"
#include "bridge/signal.hpp"
#include "bridge/task_queue.hpp"
#include "core/channel/stream.hpp"
#include "genos/object_refs.hpp"

namespace genos::element {

// Runs on a thread of its own between start() and stop(). What is public may be called from any
// thread; start() and stop() from one at a time.
class Talk {
 public:
  struct Options {
    std::string channel;
    bool reads = true;   // somebody is there for what others send
    bool bytes = false;  // a stream of bytes: whole, to those who are here when it begins
    bool fresh = false;  // at once or not at all
    std::set<std::string> targets, from;  // ids or identities; all when empty
    std::string meta;                     // a JSON object, or empty
    guint min_peers = 1;
  };
  struct Item {
    Ref<GBytes> bytes;
    std::string peer;
    std::optional<core::StreamPlace> place;
    bool last = false;  // nothing follows, from anybody
  };
  // Called on the talk's thread; must not wait.
  struct Events {
    std::function<bool(Item)> received;  // false: too much of this peer waits already
    std::function<void(const GError&)> failed;
    std::function<void(const std::string&)> noticed;
    std::function<void(GstStructure*)> told;  // somebody came or went
    std::function<void()> written;            // all that was written, to its end, was passed on
  };

  explicit Talk(Events events);
  ~Talk();
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  [[nodiscard]] GstGenosRoom* room() const { return room_.get(); }

  void start(Options options);
  void stop();  // leaves the room; what was written has left before that

  // Waits while the readers are slow. False when it was flushed or has failed.
  bool write(Ref<GBytes> bytes, GstGenosPayload kind);
  bool end();
  void flush(bool flushing);  // true: write() waits no more, and what waits is dropped
  void passed(Item item);     // the item has been passed on

 private:
  struct Outgoing {
    Ref<GBytes> bytes;
    GstGenosPayload kind = GST_GENOS_PAYLOAD_BYTES;
    bool end = false;
  };
  static gpointer run(gpointer self) noexcept;
  void enter();
  void leave();
  void on_peer_join(GstGenosPeer* peer);
  void on_peer_leave(GstGenosPeer* peer);
  [[nodiscard]] bool listens_to(GstGenosPeer* peer) const;
  void on_message(GstGenosPeer* peer, GBytes* payload, const char* meta);
  void on_aside(GstGenosPeer* peer, GBytes* payload);
  void deliver(core::StreamReader::Verdict verdict, Item item);
  void send_aside(const std::vector<std::string>& peers, const std::string& json);
  void fail(const GError& error);
  void fail(GstGenosError code, const std::string& why);

  bool push(Outgoing outgoing);
  std::optional<Outgoing> next();
  void pump();
  [[nodiscard]] bool may_send() const;
  [[nodiscard]] bool next_is_end() const;
  void begin();
  void send(const Outgoing& outgoing);
  void send_end();
  void pump_fresh();
  [[nodiscard]] std::vector<std::string> readers(bool ours) const;
  void send_to(const std::vector<std::string>& peers, const Outgoing& outgoing,
               const std::string& meta);
  void on_sent(GAsyncResult* result, std::size_t size);
  void check_written();
  void new_stream();

  const Events events_;
  Options options_;
  Ref<GMainContext> context_;
  Ref<GstGenosRoom> room_;
  GThread* thread_ = nullptr;
  GMainLoop* loop_ = nullptr;
  std::unique_ptr<TaskQueue> tasks_;

  mutable std::mutex lock_;  // guards what follows
  std::condition_variable space_;
  std::deque<Outgoing> outgoing_;
  std::size_t waiting_ = 0;
  bool flushing_ = true;
  bool failed_ = false;

  // Of the talk's thread:
  std::vector<Connection> connections_;
  Ref<GstGenosChannel> channel_, aside_;
  std::map<std::string, Ref<GstGenosPeer>> peers_;  // whom we write to
  std::set<std::string> audience_;                  // who was here when the stream began
  std::optional<core::StreamWriter> writer_;
  std::optional<core::StreamReader> reader_;
  GSource* deadline_ = nullptr;  // the writer's
  std::size_t in_flight_ = 0;
  std::size_t calls_ = 0;  // that have not ended
  bool begun_ = false, ended_ = false, written_ = false;
  bool met_ = false;  // as many were here at once as were asked for
};

}  // namespace genos::element
