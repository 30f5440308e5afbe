// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/reaper.hpp"

#include <gst/gst.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

namespace genos::link::reaper {
namespace {

// steady_clock drives the condition variable and nothing else.
using Clock = std::chrono::steady_clock;

// One pipeline takes 5 to 20 ms to end, most of it waiting for threads: two keep up with a room of
// a hundred that breaks up.
constexpr int max_threads = 2;

struct Pool {
  std::mutex lock;  // guards everything below
  std::condition_variable changed;
  std::multimap<Clock::time_point, std::function<void()>> waiting;
  int threads = 0;
  int running = 0;
};

// Never destroyed: its threads may outlive main().
Pool& pool() {
  static Pool* const the = new Pool;
  return *the;
}

gpointer work(gpointer) noexcept {
  Pool& p = pool();
  std::unique_lock guard(p.lock);
  for (;;) {
    if (p.waiting.empty()) {
      p.changed.wait(guard);
      continue;
    }
    const auto due = p.waiting.begin()->first;
    if (Clock::now() < due) {
      p.changed.wait_until(guard, due);
      continue;
    }
    auto job = std::move(p.waiting.extract(p.waiting.begin()).mapped());
    p.running++;
    guard.unlock();
    job();
    job = nullptr;
    guard.lock();
    p.running--;
    p.changed.notify_all();
  }
  return nullptr;
}

void start_thread(Pool& p) {
  GThread* thread = g_thread_try_new("genos-reaper", work, nullptr, nullptr);
  if (!thread) return;  // the ones that run will get to it
  g_thread_unref(thread);
  p.threads++;
}

}  // namespace

void after(core::Duration delay, std::function<void()> job) {
  Pool& p = pool();
  const std::scoped_lock guard(p.lock);
  p.waiting.emplace(Clock::now() + delay, std::move(job));
  if (p.threads < max_threads) start_thread(p);
  p.changed.notify_all();
}

bool drain(core::Duration limit) {
  Pool& p = pool();
  std::unique_lock guard(p.lock);
  return p.changed.wait_for(guard, limit, [&] { return p.waiting.empty() && p.running == 0; });
}

}  // namespace genos::link::reaper
