// SPDX-License-Identifier: LGPL-2.1-or-later
// Drives one sans-IO machine from one GMainContext.
#pragma once

#include "bridge/ready_source.hpp"
#include "bridge/ref.hpp"
#include "core/base/time.hpp"

namespace genos {

inline core::Time monotonic_now() { return core::Time(core::Duration(g_get_monotonic_time())); }

// Invariant: after every change the machine is drained, then the timer is set
// to its deadline. All calls come from the thread that runs `context`.
template <class Machine, class Act> class Pump {
 public:
  Pump(GMainContext* context, Machine machine, Act act)
      : machine_(std::move(machine)), act_(std::move(act)) {
    timer_ = ready_source_new();
    g_source_set_callback(timer_, on_timer, this, nullptr);
    g_source_attach(timer_, context);
    settle();
  }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;
  ~Pump() {
    g_source_destroy(timer_);
    g_source_unref(timer_);
  }

  void feed(typename Machine::Input input) {
    machine_.handle(std::move(input), monotonic_now());
    settle();
  }

 private:
  void settle() {
    if (std::exchange(settling_, true)) return;  // act_ called feed(): the loop below goes on
    while (auto output = machine_.poll()) act_(*output);
    settling_ = false;
    const core::Time deadline = machine_.deadline();
    g_source_set_ready_time(timer_,
                            deadline == core::never ? -1 : deadline.time_since_epoch().count());
  }

  static gboolean on_timer(gpointer data) noexcept {
    auto& self = *static_cast<Pump*>(data);
    self.machine_.advance(monotonic_now());
    self.settle();
    return G_SOURCE_CONTINUE;
  }

  Machine machine_;
  Act act_;
  GSource* timer_ = nullptr;
  bool settling_ = false;
};

}  // namespace genos
