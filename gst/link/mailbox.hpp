// SPDX-License-Identifier: LGPL-2.1-or-later
// The way from webrtcbin's threads to an object that lives on the context's thread.
#pragma once

#include <functional>
#include <memory>

#include "bridge/task_queue.hpp"

namespace genos::link {

// Handlers on any thread hold the mailbox, never its owner: whatever is posted after the owner went
// is dropped, and the owner is never destroyed on a thread of webrtcbin. One wake-up of the context
// delivers everything that was posted meanwhile.
template <class Owner> class Mailbox {
 public:
  Mailbox(GMainContext* context, std::weak_ptr<Owner> owner)
      : owner_(std::move(owner)), context_(retain(context)), queue_(context) {}

  void post(std::function<void(Owner&)> task) {
    queue_.post([owner = owner_, task = std::move(task)] {
      if (const auto alive = owner.lock()) task(*alive);
    });
  }

 private:
  const std::weak_ptr<Owner> owner_;
  // GLib (2.74) loses a source that is destroyed while its context goes, and the last mailbox of a
  // link may go on any thread.
  const Ref<GMainContext> context_;
  TaskQueue queue_;
};

}  // namespace genos::link
