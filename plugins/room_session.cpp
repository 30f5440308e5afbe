// SPDX-License-Identifier: LGPL-2.1-or-later
#include "room_session.hpp"

#include "bridge/element_message.hpp"
#include "bridge/gio_refs.hpp"

namespace genos::element {
namespace {

constexpr guint report_interval = 1000;  // milliseconds between messages with our figures

}  // namespace

RoomSession::RoomSession(GstElement* owner) : owner_(owner), context_(adopt(g_main_context_new())) {
  // The room's signals come to the thread that runs this context.
  g_main_context_push_thread_default(context_.get());
  room_ = adopt(gst_genos_room_new(nullptr, ""));
  g_main_context_pop_thread_default(context_.get());
}

RoomSession::~RoomSession() { stop(); }

void RoomSession::start() {
  loop_ = g_main_loop_new(context_.get(), FALSE);
  {
    const std::scoped_lock guard(lock_);
    tasks_ = std::make_unique<TaskQueue>(context_.get());
  }
  thread_ = g_thread_new("genos-session", run, this);
}

void RoomSession::stop() {
  if (!thread_) return;
  post([this] { g_main_loop_quit(loop_); });
  g_thread_join(std::exchange(thread_, nullptr));
  std::unique_ptr<TaskQueue> tasks;
  {
    const std::scoped_lock guard(lock_);
    tasks = std::move(tasks_);
  }
  g_main_loop_unref(std::exchange(loop_, nullptr));
}

void RoomSession::post(TaskQueue::Task task) {
  const std::scoped_lock guard(lock_);
  if (tasks_) tasks_->post(std::move(task));
}

void RoomSession::post_later(guint milliseconds, TaskQueue::Task task) {
  struct Later {
    std::weak_ptr<bool> running;
    TaskQueue::Task task;
  };
  GSource* timer = g_timeout_source_new(milliseconds);
  g_source_set_callback(
      timer,
      [](gpointer data) noexcept -> gboolean {
        const auto& later = *static_cast<Later*>(data);
        if (later.running.lock()) later.task();
        return G_SOURCE_REMOVE;
      },
      new Later{running_, std::move(task)},
      [](gpointer data) { delete static_cast<Later*>(data); });
  g_source_attach(timer, context_.get());
  g_source_unref(timer);
}

gpointer RoomSession::run(gpointer data) noexcept {
  auto& self = *static_cast<RoomSession*>(data);
  g_main_context_push_thread_default(self.context_.get());
  self.enter();
  g_main_loop_run(self.loop_);
  self.leave();
  g_main_context_pop_thread_default(self.context_.get());
  return nullptr;
}

void RoomSession::enter() {
  running_ = std::make_shared<bool>(true);
  auto* room = room_.get();
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*)>(
      room, "peer-join", [this](auto*, auto* peer) { tell("genos-peer-join", peer); }));
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
      room, "peer-leave",
      [this](auto*, auto* peer, int, const char*) { tell("genos-peer-leave", peer); }));
  connections_.push_back(
      on<void(GstGenosRoom*, const char*)>(room, "lonely", [this](auto*, const char* hint) {
        // gst-launch-1.0 prints the second only.
        post_info({owner_, GST_CAT_DEFAULT}, GST_RESOURCE_ERROR_NOT_FOUND, hint, hint);
      }));
  connections_.push_back(
      on<void(GstGenosRoom*, GError*)>(room, "ended", [this](auto*, GError* why) { fail(*why); }));
  report_later();
}

void RoomSession::report_later() {
  post_later(report_interval, [this] {
    GstStructure* stats = nullptr;
    g_object_get(owner_, "stats", &stats, nullptr);
    gst_element_post_message(owner_, gst_message_new_element(GST_OBJECT(owner_), stats));
    report_later();
  });
}

void RoomSession::join() {
  const auto done = [](GObject* source, GAsyncResult* result, gpointer data) noexcept {
    auto& self = *static_cast<RoomSession*>(data);
    Owned<GError> failure;
    const bool joined = gst_genos_room_join_finish(GST_GENOS_ROOM(source), result, out(failure));
    self.joining_ = false;
    if (!joined && !self.connections_.empty()) self.fail(*failure);
  };
  post([this, done] {
    joining_ = true;
    gst_genos_room_join_async(room_.get(), nullptr, done, this);
  });
}

void RoomSession::leave() {
  connections_.clear();
  running_ = nullptr;
  gst_genos_room_leave(room_.get());
  // Its callback must not come when nobody is here.
  while (joining_) g_main_context_iteration(context_.get(), TRUE);
}

void RoomSession::tell(const char* what, GstGenosPeer* peer) {
  const char* name = gst_genos_peer_get_name(peer);
  auto* told = gst_structure_new(what, "peer", G_TYPE_STRING, gst_genos_peer_get_id(peer), "name",
                                 G_TYPE_STRING, name ? name : "", nullptr);
  gst_element_post_message(owner_, gst_message_new_element(GST_OBJECT(owner_), told));
}

void RoomSession::fail(const GError& error) {
  const bool is_setting = g_error_matches(&error, GST_GENOS_ERROR, GST_GENOS_ERROR_INVALID);
  post_error({owner_, GST_CAT_DEFAULT},
             is_setting ? GST_RESOURCE_ERROR_SETTINGS : GST_RESOURCE_ERROR_FAILED, error.message);
}

}  // namespace genos::element
