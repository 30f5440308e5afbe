// SPDX-License-Identifier: LGPL-2.1-or-later
// Between a GstGenosRoom and the library's thread: what goes in either direction, and what waits
// for an answer.
#pragma once

#include <gst/genos/genos.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "bridge/signal.hpp"
#include "bridge/task_queue.hpp"
#include "genos/node_host.hpp"
#include "genos/room_config.hpp"

namespace genos {
template <> struct RefOps<GTask> : ObjectOps {};
template <> struct RefOps<GCancellable> : ObjectOps {};
template <> struct RefOps<GstGenosRoom> : ObjectOps {};
template <> struct RefOps<GstGenosPeer> : ObjectOps {};
template <> struct RefOps<GstGenosChannel> : ObjectOps {};
template <> struct RefOps<GstGenosRequest> : ObjectOps {};
template <> struct RefOps<GstGenosSignaling> : ObjectOps {};

// Made with its room, on the application's side. Everything public may be called from any thread.
class RoomFront : public RoomListener, public std::enable_shared_from_this<RoomFront> {
 public:
  // `tell` runs on `app`'s thread for each output, in order, and only while the room lives.
  using Tell = std::function<void(GstGenosRoom*, const core::Node::Output&)>;
  RoomFront(GstGenosRoom* room, GMainContext* app, Tell tell);
  ~RoomFront() override;

  void join(const RoomConfig& config, SessionFactory factory, Ref<GTask> task);
  void leave(const std::string& reason, Ref<GTask> task);  // task may be empty
  void post(core::Node::Input input);

  // `complete` is called once, on the library's thread, with what answers `id`, or with an error.
  using Answer = std::function<void(const core::Node::Output*, const GError*)>;
  core::TransferId begin(Answer complete);
  void abandon(core::TransferId id);  // it is not called any more

  [[nodiscard]] std::string self_id() const;
  [[nodiscard]] const core::RoomToken& token() const { return token_; }
  // Hands a task to the application's thread; `task` gets the room while it lives.
  void on_app(std::function<void(GstGenosRoom*)> task);
  // The application has taken `bytes` of what a peer sent.
  void consumed(const core::PeerId& peer, std::size_t bytes);
  // The library's own users (elements, tests) reach a peer's link here, on the library's thread.
  void with_link(const core::PeerId& peer, std::function<void(link::PeerLink*)> use);

  void output(const core::Node::Output& output) override;
  void status(const net::Session::Status& status) override;
  void ended(const core::Error& error) override;
  void lonely(const std::string& hint) override;

 private:
  void enter(const RoomConfig& config, const RoomSecrets& secrets, SessionFactory factory);
  void joined(const GError* error);
  void answer(core::TransferId id, const core::Node::Output& output);
  bool admit(const core::Node::Received& received);
  void fail_pending(const GError* error);

  Weak<GstGenosRoom> room_;
  TaskQueue app_;
  Tell tell_;
  std::shared_ptr<World> world_;
  std::shared_ptr<NodeHost> host_;  // library thread only
  core::RoomToken token_;

  mutable std::mutex lock_;  // guards what follows
  std::string self_id_;
  Ref<GTask> join_task_;
  Ref<GTask> leave_task_;
  std::map<core::TransferId, Answer> pending_;
  std::map<core::PeerId, std::size_t> unread_;
};

Owned<GError> to_gerror(const core::Error& error);

}  // namespace genos
