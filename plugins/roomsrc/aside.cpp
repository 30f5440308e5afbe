// SPDX-License-Identifier: LGPL-2.1-or-later
#include "aside.hpp"

#include <utility>

namespace genos::element {

void Aside::run(std::function<void()> task) {
  struct Call {
    std::function<void()> task;
    std::shared_ptr<Count> count;
  };
  {
    const std::scoped_lock guard(count_->lock);
    ++count_->tasks;
  }
  gst_element_call_async(
      owner_,
      [](GstElement*, gpointer data) noexcept {
        auto& call = *static_cast<Call*>(data);
        std::exchange(call.task, nullptr)();
        const std::scoped_lock guard(call.count->lock);
        if (--call.count->tasks == 0) call.count->none.notify_all();
      },
      new Call{std::move(task), count_}, [](gpointer data) { delete static_cast<Call*>(data); });
}

void Aside::wait() {
  std::unique_lock guard(count_->lock);
  count_->none.wait(guard, [this] { return count_->tasks == 0; });
}

}  // namespace genos::element
