// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/room_front.hpp"

#include "core/base/overloaded.hpp"

namespace genos {
namespace {

using core::Errc;
using core::Node;

// What one peer may send before the application reads any of it; then the peer is dropped, because
// a data channel cannot be told to wait.
constexpr std::size_t unread_limit = 256u << 20;

// Argon2id takes 64 MiB.
constexpr gint max_preparing = 4;

std::atomic<std::uint64_t> last_transfer{0};

int code_of(Errc code) {
  switch (code) {
    case Errc::malformed: return GST_GENOS_ERROR_INVALID;
    case Errc::too_large: return GST_GENOS_ERROR_TOO_LARGE;
    case Errc::unknown_peer:
    case Errc::not_found: return GST_GENOS_ERROR_UNREACHABLE;
    case Errc::wrong_state: return GST_GENOS_ERROR_STATE;
    case Errc::refused: return GST_GENOS_ERROR_REFUSED;
    case Errc::timed_out: return GST_GENOS_ERROR_TIMED_OUT;
    case Errc::failed: break;
  }
  return GST_GENOS_ERROR_FAILED;
}

Owned<GError> ended_error() {
  return to_gerror({Errc::wrong_state, "gst_genos_deinit() ended the library meanwhile"});
}
Owned<GError> outside_error() {
  return to_gerror({Errc::wrong_state, "not in the room: join it first"});
}
Owned<GError> left_error() { return to_gerror({Errc::wrong_state, "the room was left"}); }

}  // namespace

Owned<GError> to_gerror(const core::Error& error) {
  return Owned<GError>(
      g_error_new_literal(GST_GENOS_ERROR, code_of(error.code), error.detail.c_str()));
}

RoomFront::RoomFront(GstGenosRoom* room, GMainContext* app, Tell tell, TellFile tell_file)
    : room_(room), app_(app), tell_(std::move(tell)), tell_file_(std::move(tell_file)) {}

RoomFront::~RoomFront() = default;

void RoomFront::on_app(std::function<void(GstGenosRoom*)> task) {
  app_.post([weak = room_, task = std::move(task)] {
    if (auto room = weak.lock()) task(room.get());
  });
}

std::shared_ptr<World> RoomFront::world() const {
  const std::scoped_lock guard(lock_);
  return world_;
}

GstGenosRoomState RoomFront::state() const {
  const std::scoped_lock guard(lock_);
  return state_;
}

std::string RoomFront::self_id() const {
  const std::scoped_lock guard(lock_);
  return self_id_;
}

core::RoomToken RoomFront::token() const {
  const std::scoped_lock guard(lock_);
  return token_;
}

void RoomFront::set_state(GstGenosRoomState state) {
  if (std::exchange(state_, state) == state) return;
  on_app([](GstGenosRoom* room) { g_object_notify(G_OBJECT(room), "state"); });
}

// --- joining

void RoomFront::join(const RoomConfig& config, SessionFactory factory, const Ref<GTask>& task) {
  if (g_task_return_error_if_cancelled(task.get())) return;
  auto world = World::start();
  Attempt attempt = 0;
  {
    const std::scoped_lock guard(lock_);
    if (state_ == GST_GENOS_ROOM_STATE_OUTSIDE || state_ == GST_GENOS_ROOM_STATE_LEAVING) {
      attempt = ++attempt_;
      world_ = std::move(world);
      token_ = crypto::room_token(config.app_id, config.room_id);
      joining_.task = task;
      set_state(GST_GENOS_ROOM_STATE_JOINING);
    }
  }
  if (attempt == 0)
    return g_task_return_new_error(task.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_STATE,
                                   "this room object has joined already");
  const auto cancelled = [weak = weak_from_this(), attempt] {
    const auto self = weak.lock();
    const auto running = self ? self->world() : nullptr;
    if (running) running->post([self, attempt] { self->cancel_join(attempt); });
  };
  OnCancel on_cancel(g_task_get_cancellable(task.get()), cancelled);
  {
    const std::scoped_lock guard(lock_);
    if (attempt == attempt_ && joining_.task) joining_.on_cancel = std::move(on_cancel);
  }
  prepare(config, std::move(factory), attempt);
}

// Argon2id takes a fifth of a second: on another thread. Not by a GTask, which would end in the
// application's context, and stay in it for ever with the context when that runs no more.
void RoomFront::prepare(const RoomConfig& config, SessionFactory factory, Attempt attempt) {
  struct Work {
    std::shared_ptr<RoomFront> front;
    RoomConfig config;
    SessionFactory factory;
    Attempt attempt;
  };
  const auto prepare = [](gpointer data, gpointer) noexcept {
    const std::unique_ptr<Work> owned(static_cast<Work*>(data));
    const auto& work = *owned;
    auto secrets = make_secrets(work.config);
    const bool posted = work.front->world()->post([work, secrets = std::move(secrets)] {
      if (secrets)
        work.front->enter(work.config, *secrets, work.factory, work.attempt);
      else
        work.front->join_failed(work.attempt, to_gerror(secrets.error()).get());
    });
    if (!posted) work.front->join_failed(work.attempt, ended_error().get());
  };
  static GThreadPool* const pool =
      g_thread_pool_new(prepare, nullptr, max_preparing, FALSE, nullptr);
  g_thread_pool_push(pool, new Work{shared_from_this(), config, std::move(factory), attempt},
                     nullptr);
}

void RoomFront::enter(const RoomConfig& config, const RoomSecrets& secrets,
                      const SessionFactory& factory, Attempt attempt) {
  auto world = this->world();
  const auto again = [self = shared_from_this(), config, secrets, factory, attempt] {
    self->enter(config, secrets, factory, attempt);
  };
  {
    const std::scoped_lock guard(lock_);
    if (attempt != attempt_ || state_ != GST_GENOS_ROOM_STATE_JOINING) return;
  }
  if (world->ending()) return join_failed(attempt, ended_error().get());
  if (host_) {
    after_left_ = again;
    return;
  }
  if (const auto why = NodeHost::conflict(*world, config); !why.empty()) {
    const Owned<GError> error(
        g_error_new_literal(GST_GENOS_ERROR, GST_GENOS_ERROR_CONFLICT, why.c_str()));
    return join_failed(attempt, error.get());
  }
  auto host = NodeHost::open(*world, config, secrets);
  if (host->when_left(config, again)) return;
  host_ = host;
  entered_ = attempt;
  entered_token_ = crypto::room_token(config.app_id, config.room_id);
  {
    const std::scoped_lock guard(lock_);
    self_id_ = host->self().value;
    inside_ = true;
  }
  open_files(config);
  host->join(config, secrets, shared_from_this(), factory);
  for (const auto& media : media_) host->media().attach(entered_token_, media);
}

void RoomFront::open_files(const RoomConfig& config) {
  if (!files_) {
    auto made = std::make_shared<RoomFiles>(
        RoomFiles::Port{.post =
                            [weak = weak_from_this()](Node::Input input) {
                              const auto self = weak.lock();
                              return self && self->post(std::move(input));
                            },
                        .new_transfer = [] { return core::TransferId{++last_transfer}; },
                        .tell =
                            [weak = weak_from_this(), tell = tell_file_](FileNews news) {
                              if (const auto self = weak.lock())
                                self->on_app([tell, news = std::move(news)](GstGenosRoom* room) {
                                  tell(room, news);
                                });
                            }});
    const std::scoped_lock guard(lock_);
    files_ = std::move(made);
  }
  files_->open({self_id()}, entered_token_,
               {double(config.upload_limit), double(config.upload_limit_per_peer),
                double(config.download_limit)});
}

std::shared_ptr<RoomFiles> RoomFront::files() const {
  const std::scoped_lock guard(lock_);
  return files_;
}

void RoomFront::join_failed(Attempt attempt, const GError* error) {
  Joining joining;
  {
    const std::scoped_lock guard(lock_);
    if (attempt != attempt_ || state_ != GST_GENOS_ROOM_STATE_JOINING) return;
    std::swap(joining, joining_);
    set_state(GST_GENOS_ROOM_STATE_OUTSIDE);
  }
  if (joining.task) g_task_return_error(joining.task.get(), g_error_copy(error));
}

void RoomFront::cancel_join(Attempt attempt) {
  {
    const std::scoped_lock guard(lock_);
    if (attempt != attempt_ || !joining_.task) return;
  }
  leave("joining was cancelled", {});
}

// The join of the attempt that host_ serves has come to an end.
void RoomFront::join_done(const GError* error) {
  Joining joining;
  {
    const std::scoped_lock guard(lock_);
    if (entered_ != attempt_ || state_ != GST_GENOS_ROOM_STATE_JOINING) return;
    std::swap(joining, joining_);
    if (!error) set_state(GST_GENOS_ROOM_STATE_INSIDE);
  }
  if (joining.task && error)
    g_task_return_error(joining.task.get(), g_error_copy(error));
  else if (joining.task)
    g_task_return_boolean(joining.task.get(), TRUE);
  if (error) leave(error->message, {});
}

// --- leaving

void RoomFront::leave(const std::string& reason, const Ref<GTask>& task) {
  Joining joining;
  std::shared_ptr<World> world;
  bool outside = false, under_way = false;
  {
    const std::scoped_lock guard(lock_);
    outside = state_ == GST_GENOS_ROOM_STATE_OUTSIDE;
    under_way = state_ == GST_GENOS_ROOM_STATE_LEAVING;
    if (!outside && task) leave_tasks_.push_back(task);
    if (!outside && !under_way) {
      std::swap(joining, joining_);
      world = world_;
      inside_ = false;
      set_state(GST_GENOS_ROOM_STATE_LEAVING);
    }
  }
  if (joining.task) g_task_return_error(joining.task.get(), left_error().release());
  if (outside && task) g_task_return_boolean(task.get(), TRUE);
  if (outside || under_way) return;
  const bool posted = world->post([self = shared_from_this(), reason] {
    const auto host = self->host_;
    if (!host || host->leave(self->entered_token_, *self, reason)) self->left();
  });
  if (!posted) left();
}

// Nothing of the attempt that host_ served goes on.
void RoomFront::left() {
  for (const auto& media : media_)
    if (host_) host_->media().detach(*media);
  host_ = nullptr;
  if (const auto files = this->files())
    if (auto desk = files->close())
      world()->finish_later([desk = std::move(desk)]() mutable { desk = nullptr; });
  std::map<core::TransferId, Pending> pending;
  std::vector<Ref<GTask>> tasks;
  Joining joining;
  {
    const std::scoped_lock guard(lock_);
    pending.swap(pending_);
    unread_.clear();
    tasks.swap(leave_tasks_);
    const bool renewed = state_ == GST_GENOS_ROOM_STATE_JOINING && attempt_ != entered_;
    if (!renewed) {
      std::swap(joining, joining_);
      inside_ = false;
      set_state(GST_GENOS_ROOM_STATE_OUTSIDE);
    }
  }
  const auto error = left_error();
  on_app([tell = tell_, token = entered_token_](GstGenosRoom* room) {
    tell(room, Node::RoomLeft{token});
  });
  for (auto& [id, one] : pending) g_task_return_error(one.task.get(), g_error_copy(error.get()));
  if (joining.task) g_task_return_error(joining.task.get(), g_error_copy(error.get()));
  for (auto& task : tasks) g_task_return_boolean(task.get(), TRUE);
  if (auto next = std::exchange(after_left_, nullptr)) next();
}

// --- what goes in

bool RoomFront::post(Node::Input input) {
  std::shared_ptr<World> world;
  {
    const std::scoped_lock guard(lock_);
    if (!inside_) return false;
    world = world_;
  }
  return world->post([self = shared_from_this(), input = std::move(input)]() mutable {
    if (self->host_) self->host_->feed(std::move(input));
  });
}

void RoomFront::ask(const Ref<GTask>& task, const Input& input, Answer complete) {
  if (g_task_return_error_if_cancelled(task.get())) return;
  const core::TransferId id{++last_transfer};
  bool inside = false;
  {
    const std::scoped_lock guard(lock_);
    inside = inside_;
    if (inside) pending_.emplace(id, Pending{task, std::move(complete), {}});
  }
  if (!inside) return g_task_return_error(task.get(), outside_error().release());
  if (!post(input(id))) return give_up(id, left_error().get());
  const auto cancelled = [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    const auto running = self ? self->world() : nullptr;
    if (!running) return;
    running->post([self, id] {
      if (self->host_) self->host_->feed(Node::Cancel{id});
      self->give_up(
          id,
          Owned<GError>(g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled")).get());
    });
  };
  OnCancel on_cancel(g_task_get_cancellable(task.get()), cancelled);
  const std::scoped_lock guard(lock_);
  if (auto found = pending_.find(id); found != pending_.end())
    found->second.on_cancel = std::move(on_cancel);
}

void RoomFront::answer(core::TransferId id, const Node::Output& output) {
  Pending pending;
  {
    const std::scoped_lock guard(lock_);
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    if (std::holds_alternative<Node::SendProgress>(output)) {
      pending.task = found->second.task;
      pending.complete = found->second.complete;
    } else {
      pending = std::move(found->second);
      pending_.erase(found);
    }
  }
  pending.complete(pending.task.get(), output);
}

void RoomFront::give_up(core::TransferId id, const GError* error) {
  Pending pending;
  {
    const std::scoped_lock guard(lock_);
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    pending = std::move(found->second);
    pending_.erase(found);
  }
  g_task_return_error(pending.task.get(), g_error_copy(error));
}

// --- what comes out

void RoomFront::consumed(const core::PeerId& peer, std::size_t bytes) {
  const std::scoped_lock guard(lock_);
  const auto found = unread_.find(peer);
  if (found == unread_.end()) return;
  found->second -= std::min(found->second, bytes);
  if (found->second == 0) unread_.erase(found);
}

bool RoomFront::admit(const Node::Received& received) {
  const std::scoped_lock guard(lock_);
  auto& unread = unread_[received.peer];
  unread += received.message.payload->size();
  return unread <= unread_limit;
}

void RoomFront::output(const Node::Output& output) {
  if (files_ && files_->output(output)) return;  // written on this thread only
  if (NodeMedia::is_about_streams(output)) return;
  if (const auto* gone = std::get_if<Node::RoomLeft>(&output)) {
    if (gone->room == entered_token_) left();
    return;
  }
  if (const auto* sent = std::get_if<Node::Sent>(&output)) return answer(sent->id, output);
  if (const auto* some = std::get_if<Node::SendProgress>(&output)) return answer(some->id, output);
  if (const auto* pong = std::get_if<Node::Pong>(&output)) return answer(pong->id, output);
  if (const auto* reply = std::get_if<Node::Answered>(&output)) return answer(reply->id, output);
  if (const auto* received = std::get_if<Node::Received>(&output); received && !admit(*received)) {
    post(Node::Forget{received->room, received->peer,
                      "the application does not read what this peer sends"});
    return;
  }
  on_app([tell = tell_, output](GstGenosRoom* room) { tell(room, output); });
}

void RoomFront::status(const net::Session::Status& status) {
  if (status.state == net::Session::Status::State::open) join_done(nullptr);
  on_app([status](GstGenosRoom* room) {
    static const char* const names[] = {"connecting", "open", "backing-off", "refused", "closed"};
    g_signal_emit_by_name(room, "signaling-status", status.uri.c_str(),
                          names[static_cast<std::size_t>(status.state)], status.detail.c_str());
  });
}

void RoomFront::ended(const core::Error& error) {
  const auto what = std::shared_ptr<GError>(to_gerror(error).release(), g_error_free);
  if (state() == GST_GENOS_ROOM_STATE_JOINING) return join_done(what.get());
  on_app([what](GstGenosRoom* room) { g_signal_emit_by_name(room, "ended", what.get()); });
}

void RoomFront::lonely(const std::string& hint) {
  on_app([hint](GstGenosRoom* room) { g_signal_emit_by_name(room, "lonely", hint.c_str()); });
}

}  // namespace genos
