// SPDX-License-Identifier: LGPL-2.1-or-later
// What an application's GstGenosSignaling tells from any thread, brought to the library's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "bridge/task_queue.hpp"
#include "genos/objects.hpp"

namespace genos {

struct Letter {
  enum class Kind { joined, seen, gone, signal, ended } kind;
  std::string peer;
  std::string action;
  std::string payload;
};

struct Mailbox {
  explicit Mailbox(GMainContext* context) : queue(context) {}
  std::function<void(const Letter&)> read;  // library thread only; empty once closed
  std::atomic<bool> in_use{true};
  TaskQueue queue;
};

// Null when the object serves a room already.
std::shared_ptr<Mailbox> open_mailbox(GstGenosSignaling* signaling, GMainContext* context,
                                      std::function<void(const Letter&)> read);
void close_mailbox(Mailbox& mailbox);

}  // namespace genos
