// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/world.hpp"

#include <mutex>

#include "genos/node_host.hpp"
#include "link/peer_link.hpp"
#include "link/stun_choice.hpp"
#include "net/relay_pool.hpp"

namespace genos {
namespace {

// Rooms that do not manage to say goodbye by then are cut off.
constexpr guint farewell_limit_ms = 1500;
constexpr auto teardown_limit = std::chrono::seconds(5);

std::mutex world_lock;  // guards the_world
std::shared_ptr<World> the_world;

}  // namespace

std::shared_ptr<World> World::start() {
  const std::scoped_lock guard(world_lock);
  if (!the_world) the_world = std::make_shared<World>();
  return the_world;
}

void World::end() {
  std::shared_ptr<World> world;
  {
    const std::scoped_lock guard(world_lock);
    world.swap(the_world);
  }
  if (!world) return;
  world->post([raw = world.get()] { raw->wind_up(); });
  world->thread_.join();
  static_cast<void>(link::drain_teardowns(teardown_limit));
}

World::World()
    : context_(adopt(g_main_context_new())),
      loop_(g_main_loop_new(context_.get(), FALSE)),
      tasks_(std::make_unique<TaskQueue>(context_.get())) {
  link::warm_up();
  thread_ = std::thread([this] { run(); });
}

World::~World() {
  if (thread_.joinable()) thread_.detach();  // the process ends without gst_genos_deinit()
  tasks_.reset();
  g_main_loop_unref(loop_);
}

void World::run() {
  g_main_context_push_thread_default(context_.get());
  g_main_loop_run(loop_);
  nodes.clear();
  stun_.clear();
  g_main_context_pop_thread_default(context_.get());
}

std::shared_ptr<net::RelayPool> World::relays() { return net::RelayPool::of(context_.get()); }

link::StunChoice& World::stun(const std::vector<std::string>& servers) {
  auto& choice = stun_[servers];
  if (!choice) choice = std::make_unique<link::StunChoice>(servers);
  return *choice;
}

void World::collect() {
  post([this] {
    std::erase_if(nodes, [](const auto& entry) { return entry.second->idle(); });
    if (ending_ && nodes.empty()) g_main_loop_quit(loop_);
  });
}

void World::wind_up() {
  ending_ = true;
  for (const auto& [name, node] : nodes) node->leave_all();
  collect();
  GSource* limit = g_timeout_source_new(farewell_limit_ms);
  g_source_set_callback(
      limit,
      [](gpointer loop) noexcept -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop*>(loop));
        return G_SOURCE_REMOVE;
      },
      loop_, nullptr);
  g_source_attach(limit, context_.get());
  g_source_unref(limit);
}

}  // namespace genos
