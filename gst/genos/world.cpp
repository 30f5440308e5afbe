// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/world.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "genos/node_host.hpp"
#include "genos/room_config.hpp"
#include "link/peer_link.hpp"
#include "link/stun_choice.hpp"
#include "net/relay_pool.hpp"
#include "net/signaling_uri.hpp"

namespace genos {
namespace {

// Rooms that do not manage to say goodbye by then are cut off.
constexpr guint farewell_limit_ms = 1500;
// A link to somebody who reads nothing takes 4 s: words that wait, a close that is not answered, a
// writer that has to be interrupted.
constexpr auto teardown_limit = std::chrono::seconds(10);

// Never destroyed: its thread runs until the process ends when nobody calls gst_genos_deinit().
struct Running {
  std::mutex lock;  // guards world
  std::shared_ptr<World> world;
};
Running& running() {
  static auto& the_one = *new Running;
  return the_one;
}

}  // namespace

std::shared_ptr<World> World::start() {
  if (!gst_is_initialized()) gst_init(nullptr, nullptr);
  auto& now = running();
  const std::scoped_lock guard(now.lock);
  if (!now.world) now.world = std::make_shared<World>();
  return now.world;
}

void World::end() {
  std::shared_ptr<World> world;
  {
    auto& now = running();
    const std::scoped_lock guard(now.lock);
    // From the library's own thread (a GstGenosSignaling, say) it would wait for itself.
    if (now.world && g_main_context_is_owner(now.world->context())) {
      g_critical("gst_genos_deinit() must not be called from the library's own thread");
      return;
    }
    world.swap(now.world);
  }
  if (!world) return;
  world->post([raw = world.get()] { raw->wind_up(); });
  world->thread_.join();
  if (!link::drain_teardowns(teardown_limit))
    g_warning("gst_genos_deinit(): a connection has not ended yet, and gst_deinit() may crash");
}

void World::settle() {
  std::future<bool> settled;
  {
    auto& now = running();
    const std::scoped_lock guard(now.lock);
    if (!now.world || g_main_context_is_owner(now.world->context())) return;
    auto settling = std::make_shared<std::promise<bool>>();
    settled = settling->get_future();
    const bool posted = now.world->post([raw = now.world.get(), settling] {
      raw->settling_.push_back(std::move(*settling));
      raw->collect();
    });
    if (!posted) return;
  }
  if (settled.wait_for(teardown_limit) == std::future_status::ready && settled.get())
    link::drain_teardowns(teardown_limit);
}

World::World()
    : context_(adopt(g_main_context_new())),
      loop_(g_main_loop_new(context_.get(), FALSE)),
      tasks_(std::make_unique<TaskQueue>(context_.get())) {
  link::warm_up();
  thread_ = std::thread([this] { run(); });
}

World::~World() { g_main_loop_unref(loop_); }

void World::finish_later(std::function<void()> work) {
  std::erase_if(finishing_, [](const auto& one) {
    return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  finishing_.push_back(std::async(std::launch::async, std::move(work)));
}

void World::run() {
  g_main_context_push_thread_default(context_.get());
  g_main_loop_run(loop_);
  for (const auto& [name, node] : std::exchange(nodes, {})) node->cut_off();
  // Whoever waits for one of these hears that the library has ended.
  for (auto& task : tasks_->close()) task();
  tell_settling(false);
  stun_.clear();
  relays_ = nullptr;
  for (auto& one : finishing_) one.wait();
  g_main_context_pop_thread_default(context_.get());
}

std::shared_ptr<net::RelayPool> World::relays() {
  if (!relays_) relays_ = net::RelayPool::of(context_.get());
  return relays_;
}

void World::connect_early() {
  const char* given = g_getenv("GENOS_SIGNALING");
  if (!given || !*given || ending_) return;
  const auto signaling = net::parse_signaling(given, RoomConfig().app_id);
  if (!signaling) return;  // the first room says what is wrong with it
  for (const auto& uri : (*signaling).relays) relays()->warm_up(uri);
}

link::StunChoice& World::stun(const std::vector<std::string>& servers) {
  auto& choice = stun_[servers];
  if (!choice) choice = std::make_unique<link::StunChoice>(servers);
  return *choice;
}

void World::collect() {
  post([this] {
    std::erase_if(nodes, [](const auto& entry) { return entry.second->idle(); });
    const auto stays = [](const auto& entry) { return entry.second->stays(); };
    if (nodes.empty() || std::ranges::any_of(nodes, stays)) tell_settling(nodes.empty());
    if (ending_ && nodes.empty()) g_main_loop_quit(loop_);
  });
}

void World::tell_settling(bool settled) {
  for (auto& one : std::exchange(settling_, {})) one.set_value(settled);
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
