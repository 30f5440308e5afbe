// SPDX-License-Identifier: LGPL-2.1-or-later
// What takes as long as somebody stands still who reads: it ends beside the thread that does
// everything else.
#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace genos::element {

class Aside {
 public:
  explicit Aside(GstElement* owner) : owner_(owner) {}
  void run(std::function<void()> task);
  void wait();  // for all of them

 private:
  struct Count {
    std::mutex lock;  // guards what follows
    std::condition_variable none;
    unsigned tasks = 0;
  };

  GstElement* const owner_;  // has us
  const std::shared_ptr<Count> count_ = std::make_shared<Count>();
};

}  // namespace genos::element
