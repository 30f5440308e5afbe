// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls a function when a GCancellable is cancelled, for as long as the object lives.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <utility>

#include "bridge/gio_refs.hpp"
#include "bridge/ref.hpp"

namespace genos {

// `then` is called on the thread that cancels, or at once when that has happened already. The
// destructor waits for a call that runs, so `then` must only hand the news to another thread, and
// no lock that it needs may be held while this is destroyed.
class OnCancel {
 public:
  OnCancel() = default;
  OnCancel(GCancellable* cancellable, std::function<void()> then)
      : cancellable_(retain(cancellable)) {
    if (!cancellable) return;
    using Then = std::function<void()>;
    id_ = g_cancellable_connect(
        cancellable,
        G_CALLBACK(+[](GCancellable*, gpointer data) { (*static_cast<Then*>(data))(); }),
        new Then(std::move(then)), [](gpointer data) { delete static_cast<Then*>(data); });
  }
  OnCancel(OnCancel&& other) noexcept
      : cancellable_(std::move(other.cancellable_)), id_(std::exchange(other.id_, 0)) {}
  OnCancel& operator=(OnCancel&& other) noexcept {
    std::swap(cancellable_, other.cancellable_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~OnCancel() {
    if (id_ != 0) g_cancellable_disconnect(cancellable_.get(), id_);
  }

 private:
  Ref<GCancellable> cancellable_;
  gulong id_ = 0;
};

}  // namespace genos
