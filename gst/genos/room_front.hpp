// SPDX-License-Identifier: LGPL-2.1-or-later
// Between a GstGenosRoom and the library's thread: where the room stands, what goes in either
// direction, and what waits for an answer.
#pragma once

#include <gst/genos/genos.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bridge/gio_refs.hpp"
#include "bridge/signal.hpp"
#include "bridge/task_queue.hpp"
#include "genos/node_host.hpp"
#include "genos/object_refs.hpp"
#include "genos/on_cancel.hpp"
#include "genos/room_config.hpp"
#include "genos/room_files.hpp"
#include "genos/room_media.hpp"

namespace genos {

// Made with its room, on the application's side. Everything public may be called from any thread,
// what RoomListener asks for on the library's thread only. Every GTask that is given here is
// returned, whatever happens: the room is left, or the library ends.
class RoomFront : public RoomListener, public std::enable_shared_from_this<RoomFront> {
 public:
  // `tell` runs on `app`'s thread for each output, in order, and only while the room lives.
  using Tell = std::function<void(GstGenosRoom*, const core::Node::Output&)>;
  using TellFile = std::function<void(GstGenosRoom*, const FileNews&)>;
  RoomFront(GstGenosRoom* room, GMainContext* app, Tell tell, TellFile tell_file);
  ~RoomFront() override;

  // Not joined yet, or being left: wrong_state otherwise.
  void join(const RoomConfig& config, SessionFactory factory, const Ref<GTask>& task);
  void leave(const std::string& reason, const Ref<GTask>& task);  // task may be empty
  [[nodiscard]] GstGenosRoomState state() const;
  // False when the room is not joined: nothing is sent.
  bool post(core::Node::Input input);

  // Posts what `input` makes and calls `complete` once for the answer, on the library's thread;
  // when there is none (the room is left, the task cancelled) the task gets the error instead.
  // Progress comes in between, and is not an answer.
  using Input = std::function<core::Node::Input(core::TransferId)>;
  using Answer = std::function<void(GTask*, const core::Node::Output&)>;
  void ask(const Ref<GTask>& task, const Input& input, Answer complete);

  [[nodiscard]] std::string self_id() const;
  [[nodiscard]] core::RoomToken token() const;
  // Hands a task to the application's thread; `task` gets the room while it lives.
  void on_app(std::function<void(GstGenosRoom*)> task);
  // The application has taken `bytes` of what a peer sent.
  void consumed(const core::PeerId& peer, std::size_t bytes);
  // Null until the room was joined once.
  [[nodiscard]] std::shared_ptr<RoomFiles> files() const;
  // The library's own users (elements, tests) reach a peer's link here, on the library's thread.
  void with_link(const core::PeerId& peer, std::function<void(link::PeerLink*)> use);
  // An element's media: to those of the room once it is joined.
  void attach(const std::shared_ptr<RoomMedia>& media);
  void detach(const std::shared_ptr<RoomMedia>& media);
  // On the library's thread, with null when the room is not joined.
  void on_library(std::function<void(NodeMedia*)> task);

  void output(const core::Node::Output& output) override;
  void status(const net::Session::Status& status) override;
  void ended(const core::Error& error) override;
  void lonely(const std::string& hint) override;

 private:
  // Joining, leaving and joining again overlap: each join is an attempt of its own, and what
  // belongs to an older one is not taken for the newer one's.
  using Attempt = std::uint64_t;
  struct Joining {
    Ref<GTask> task;
    OnCancel on_cancel;
  };
  struct Pending {
    Ref<GTask> task;
    Answer complete;
    OnCancel on_cancel;
  };

  void prepare(const RoomConfig& config, SessionFactory factory, Attempt attempt);
  void enter(const RoomConfig& config, const RoomSecrets& secrets, const SessionFactory& factory,
             Attempt attempt);
  void join_failed(Attempt attempt, const GError* error);
  void cancel_join(Attempt attempt);
  void join_done(const GError* error);
  void left();
  void answer(core::TransferId id, const core::Node::Output& output);
  void give_up(core::TransferId id, const GError* error);
  void open_files(const RoomConfig& config);
  bool admit(const core::Node::Received& received);
  void set_state(GstGenosRoomState state);  // with the lock held
  std::shared_ptr<World> world() const;

  Weak<GstGenosRoom> room_;
  TaskQueue app_;
  Tell tell_;
  TellFile tell_file_;
  // On the library's thread:
  std::shared_ptr<NodeHost> host_;
  Attempt entered_ = 0;  // the attempt that host_ serves
  core::RoomToken entered_token_;
  std::vector<std::shared_ptr<RoomMedia>> media_;
  std::function<void()> after_left_;  // a newer attempt, once host_ is left

  mutable std::mutex lock_;  // guards what follows
  std::shared_ptr<World> world_;
  core::RoomToken token_;
  GstGenosRoomState state_ = GST_GENOS_ROOM_STATE_OUTSIDE;
  Attempt attempt_ = 0;
  bool inside_ = false;  // the library knows of us: what is posted now goes to this room
  std::string self_id_;
  std::shared_ptr<RoomFiles> files_;
  Joining joining_;
  std::vector<Ref<GTask>> leave_tasks_;
  std::map<core::TransferId, Pending> pending_;
  std::map<core::PeerId, std::size_t> unread_;
};

Owned<GError> to_gerror(const core::Error& error);

}  // namespace genos
