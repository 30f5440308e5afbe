// SPDX-License-Identifier: LGPL-2.1-or-later
// The library's one thread: every room, relay and negotiation of this process runs there.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bridge/ref.hpp"
#include "bridge/task_queue.hpp"
#include "crypto/random.hpp"

namespace genos::net {
class RelayPool;
}  // namespace genos::net
namespace genos::link {
class StunChoice;
}  // namespace genos::link

namespace genos {

class NodeHost;

// Started by the first room, ended by gst_genos_deinit(). What is static and `post` may be called
// from any thread, everything else from the library's own.
class World {
 public:
  static std::shared_ptr<World> start();  // the running one, else a new one
  static void end();                      // leaves every room and joins the thread
  // Waits until every connection has ended, if nobody is in a room any more: gst_deinit() crashes
  // or hangs meanwhile.
  static void settle();

  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // False when the library has ended meanwhile: the task will not run.
  bool post(TaskQueue::Task task) { return tasks_->post(std::move(task)); }
  [[nodiscard]] bool ending() const { return ending_; }

  [[nodiscard]] GMainContext* context() const { return context_.get(); }
  [[nodiscard]] core::Random& random() { return random_; }
  // One connection to each relay for all rooms; made by the first that asks.
  [[nodiscard]] std::shared_ptr<net::RelayPool> relays();
  // To the relays of $GENOS_SIGNALING, before there is a room.
  void connect_early();

  // Which STUN server of a list answers; asked once for each list.
  link::StunChoice& stun(const std::vector<std::string>& servers);

  // Every node lives here until it has said its goodbyes: by (app id, peer name), or by a name that
  // nobody else can know for those that are not shared.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<NodeHost>> nodes;
  // Runs what may take long on a thread of its own; end() waits for it.
  void finish_later(std::function<void()> work);
  void collect();  // drops idle nodes, on the next turn of the loop

 private:
  void run();
  void wind_up();
  void tell_settling(bool settled);

  Ref<GMainContext> context_;
  GMainLoop* loop_;
  crypto::SecureRandom random_;
  std::unique_ptr<TaskQueue> tasks_;
  std::map<std::vector<std::string>, std::unique_ptr<link::StunChoice>> stun_;
  std::shared_ptr<net::RelayPool> relays_;
  bool ending_ = false;
  std::vector<std::future<void>> finishing_;
  std::vector<std::promise<bool>> settling_;  // true: the last node has gone; false: one stays
  std::thread thread_;
};

}  // namespace genos
