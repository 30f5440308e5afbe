// SPDX-License-Identifier: LGPL-2.1-or-later
// An element's stay in a room: joins and leaves, on a thread of its own, where what is slow or
// calls the application may run too.
#pragma once

#include <gst/genos/genos.h>

#include <functional>
#include <memory>
#include <vector>

#include "bridge/ref.hpp"
#include "bridge/signal.hpp"
#include "bridge/task_queue.hpp"
#include "genos/object_refs.hpp"

namespace genos::element {

// start() and stop() from one thread at a time, what else is public from any.
class RoomSession {
 public:
  // Where the messages of this element go.
  explicit RoomSession(GstElement* owner);
  RoomSession(const RoomSession&) = delete;
  RoomSession& operator=(const RoomSession&) = delete;
  ~RoomSession();

  [[nodiscard]] GstGenosRoom* room() const { return room_.get(); }
  // What a stay needs from its first moment is said between these two.
  void start();
  void join();
  // Nothing of what was posted runs afterwards.
  void stop();
  void post(TaskQueue::Task task);
  void post_later(guint milliseconds, TaskQueue::Task task);  // from a task

 private:
  static gpointer run(gpointer self) noexcept;
  void enter();
  void leave();
  void report_later();
  void tell(const char* what, GstGenosPeer* peer);
  void fail(const GError& error);

  GstElement* const owner_;  // has us
  Ref<GMainContext> context_;
  Ref<GstGenosRoom> room_;
  GThread* thread_ = nullptr;
  GMainLoop* loop_ = nullptr;
  std::mutex lock_;  // guards tasks_
  std::unique_ptr<TaskQueue> tasks_;
  // Of the thread:
  std::vector<Connection> connections_;
  bool joining_ = false;
  std::shared_ptr<bool> running_;  // what waits for its time holds it weakly
};

}  // namespace genos::element
