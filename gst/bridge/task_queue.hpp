// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs closures on the thread of one GMainContext, in the order in which any thread handed them in.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bridge/ready_source.hpp"
#include "bridge/ref.hpp"

namespace genos {

// Thread-safe. One wake-up runs everything that waits. What is still waiting when the queue is
// closed or destroyed is given back or dropped; a closure that runs may destroy the queue.
class TaskQueue {
 public:
  using Task = std::function<void()>;

  explicit TaskQueue(GMainContext* context, int priority = G_PRIORITY_DEFAULT)
      : shared_(std::make_shared<Shared>()) {
    GSource* source = ready_source_new();
    g_source_set_static_name(source, "genos-tasks");
    g_source_set_priority(source, priority);
    g_source_set_callback(source, run, new std::shared_ptr<Shared>(shared_), [](gpointer data) {
      delete static_cast<std::shared_ptr<Shared>*>(data);
    });
    shared_->source = source;
    g_source_attach(source, context);
  }
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  ~TaskQueue() { close(); }

  // False when the queue is closed: the task will not run.
  bool post(Task task) {
    const std::scoped_lock guard(shared_->lock);
    if (!shared_->source) return false;
    shared_->waiting.push_back(std::move(task));
    if (shared_->waiting.size() == 1) g_source_set_ready_time(shared_->source, 0);
    return true;
  }

  // Nothing runs here any more. Returns what was waiting.
  std::vector<Task> close() {
    std::vector<Task> left;
    GSource* source = nullptr;
    {
      const std::scoped_lock guard(shared_->lock);
      left.swap(shared_->waiting);
      source = std::exchange(shared_->source, nullptr);
    }
    if (source) {
      g_source_destroy(source);
      g_source_unref(source);
    }
    return left;
  }

 private:
  struct Shared {
    std::mutex lock;  // guards everything below
    std::vector<Task> waiting;
    GSource* source = nullptr;  // null once the queue is gone
  };

  static gboolean run(gpointer data) noexcept {
    const auto shared = *static_cast<std::shared_ptr<Shared>*>(data);
    std::vector<Task> tasks;
    {
      const std::scoped_lock guard(shared->lock);
      tasks.swap(shared->waiting);
    }
    for (auto& task : tasks) {
      {
        const std::scoped_lock guard(shared->lock);
        if (!shared->source) break;
      }
      task();
      task = nullptr;  // what it captured goes now, on this thread
    }
    return G_SOURCE_CONTINUE;
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace genos
