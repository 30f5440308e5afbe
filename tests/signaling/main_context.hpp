// SPDX-License-Identifier: LGPL-2.1-or-later
// A GMainContext that a test runs by itself, until something is true.
#pragma once

#include <gio/gio.h>

#include <functional>

#include "core/base/time.hpp"

namespace genos {

class TestContext {
 public:
  TestContext() : context_(g_main_context_new()) { g_main_context_push_thread_default(context_); }
  TestContext(const TestContext&) = delete;
  TestContext& operator=(const TestContext&) = delete;
  ~TestContext() {
    while (g_main_context_iteration(context_, FALSE)) {
    }
    g_main_context_pop_thread_default(context_);
    g_main_context_unref(context_);
  }
  GMainContext* get() const { return context_; }

  // True as soon as `done` is; false when that takes longer than `limit`.
  bool until(const std::function<bool()>& done,
             core::Duration limit = std::chrono::seconds(10)) const {
    const gint64 end = g_get_monotonic_time() + limit.count();
    GSource* wake = g_timeout_source_new(5);  // `done` may look at another process
    g_source_set_callback(
        wake, [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
    g_source_attach(wake, context_);
    bool met = done();
    while (!met && g_get_monotonic_time() < end) {
      g_main_context_iteration(context_, TRUE);
      met = done();
    }
    g_source_destroy(wake);
    g_source_unref(wake);
    return met;
  }

 private:
  GMainContext* context_;
};

}  // namespace genos
