// SPDX-License-Identifier: LGPL-2.1-or-later
// GSources that end with the object that holds them.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <utility>

#include "bridge/ready_source.hpp"
#include "core/base/time.hpp"

namespace genos::net {

// Owns one attached source. The callback may destroy its holder: GLib keeps its data until it
// returns.
class Source {
 public:
  Source() = default;
  explicit Source(GSource* adopted) : source_(adopted) {}
  Source(Source&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
  Source& operator=(Source&& other) noexcept {
    std::swap(source_, other.source_);
    return *this;
  }
  ~Source() {
    if (!source_) return;
    g_source_destroy(source_);
    g_source_unref(source_);
  }
  explicit operator bool() const { return source_ != nullptr; }
  [[nodiscard]] GSource* get() const { return source_; }
  void end() { Source ended = std::exchange(*this, Source()); }

 private:
  GSource* source_ = nullptr;
};

using Task = std::function<void()>;

inline void delete_task(gpointer task) { delete static_cast<Task*>(task); }
inline gboolean run_task(gpointer task) noexcept {
  (*static_cast<Task*>(task))();
  return G_SOURCE_CONTINUE;
}

// Calls once at the time that was set last.
class Timer {
 public:
  Timer(GMainContext* context, Task task) : source_(ready_source_new()) {
    g_source_set_callback(source_.get(), run_task, new Task(std::move(task)), delete_task);
    g_source_attach(source_.get(), context);
  }
  void set(core::Time at) {
    g_source_set_ready_time(source_.get(), at == core::never ? -1 : at.time_since_epoch().count());
  }

 private:
  Source source_;
};

}  // namespace genos::net
