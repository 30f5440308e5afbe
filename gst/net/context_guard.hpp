// SPDX-License-Identifier: LGPL-2.1-or-later
// Asynchronous GIO calls answer on the thread-default context: makes it the one that is meant.
#pragma once

#include <gio/gio.h>

namespace genos::net {

class ContextGuard {
 public:
  explicit ContextGuard(GMainContext* context) : context_(context) {
    g_main_context_push_thread_default(context_);
  }
  ContextGuard(const ContextGuard&) = delete;
  ContextGuard& operator=(const ContextGuard&) = delete;
  ~ContextGuard() { g_main_context_pop_thread_default(context_); }

 private:
  GMainContext* context_;
};

}  // namespace genos::net
