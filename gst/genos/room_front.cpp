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

std::atomic<std::uint64_t> last_transfer{0};

int code_of(Errc code) {
  switch (code) {
    case Errc::malformed: return GST_GENOS_ERROR_INVALID;
    case Errc::too_large: return GST_GENOS_ERROR_TOO_LARGE;
    case Errc::unknown_peer: return GST_GENOS_ERROR_UNREACHABLE;
    case Errc::not_found: return GST_GENOS_ERROR_UNREACHABLE;
    case Errc::wrong_state: return GST_GENOS_ERROR_STATE;
    case Errc::refused: return GST_GENOS_ERROR_REFUSED;
    case Errc::timed_out: return GST_GENOS_ERROR_TIMED_OUT;
    case Errc::failed: break;
  }
  return GST_GENOS_ERROR_FAILED;
}

Owned<GError> left_error() { return to_gerror({Errc::wrong_state, "the room was left"}); }

}  // namespace

Owned<GError> to_gerror(const core::Error& error) {
  return Owned<GError>(
      g_error_new_literal(GST_GENOS_ERROR, code_of(error.code), error.detail.c_str()));
}

RoomFront::RoomFront(GstGenosRoom* room, GMainContext* app, Tell tell)
    : room_(room), app_(app), tell_(std::move(tell)) {}

RoomFront::~RoomFront() = default;

void RoomFront::on_app(std::function<void(GstGenosRoom*)> task) {
  app_.post([weak = room_, task = std::move(task)] {
    if (auto room = weak.lock()) task(room.get());
  });
}

void RoomFront::join(const RoomConfig& config, SessionFactory factory, Ref<GTask> task) {
  world_ = World::start();
  token_ = crypto::room_token(config.app_id, config.room_id);
  {
    const std::scoped_lock guard(lock_);
    join_task_ = std::move(task);
  }
  struct Work {
    std::shared_ptr<RoomFront> front;
    RoomConfig config;
    SessionFactory factory;
  };
  // Argon2id takes a fifth of a second: on a thread of its own.
  auto worker = adopt(g_task_new(nullptr, nullptr, nullptr, nullptr));
  g_task_set_task_data(worker.get(), new Work{shared_from_this(), config, std::move(factory)},
                       [](gpointer data) { delete static_cast<Work*>(data); });
  g_task_run_in_thread(worker.get(), [](GTask*, gpointer, gpointer data, GCancellable*) noexcept {
    auto& work = *static_cast<Work*>(data);
    auto secrets = make_secrets(work.config);
    work.front->world_->post([work, secrets = std::move(secrets)] {
      if (secrets)
        work.front->enter(work.config, *secrets, work.factory);
      else
        work.front->joined(to_gerror(secrets.error()).get());
    });
  });
}

void RoomFront::enter(const RoomConfig& config, const RoomSecrets& secrets,
                      SessionFactory factory) {
  auto host = NodeHost::open(*world_, config, secrets);
  if (!host) return joined(to_gerror(host.error()).get());
  host_ = *host;
  {
    const std::scoped_lock guard(lock_);
    self_id_ = host_->self().value;
  }
  auto token = host_->join(config, secrets, shared_from_this(), std::move(factory));
  if (token) return;
  host_ = nullptr;
  joined(to_gerror(token.error()).get());
}

void RoomFront::joined(const GError* error) {
  Ref<GTask> task;
  {
    const std::scoped_lock guard(lock_);
    std::swap(task, join_task_);
  }
  if (!task) return;
  if (error)
    g_task_return_error(task.get(), g_error_copy(error));
  else
    g_task_return_boolean(task.get(), TRUE);
}

void RoomFront::leave(const std::string& reason, Ref<GTask> task) {
  if (!world_) {
    if (task) g_task_return_boolean(task.get(), TRUE);
    return;
  }
  {
    const std::scoped_lock guard(lock_);
    leave_task_ = std::move(task);
  }
  world_->post([self = shared_from_this(), reason] {
    self->joined(left_error().get());
    auto host = self->host_;
    if (!host || host->leave(self->token_, *self, reason))
      self->output(Node::RoomLeft{self->token_});
  });
}

void RoomFront::post(Node::Input input) {
  if (!world_) return;
  world_->post([self = shared_from_this(), input = std::move(input)]() mutable {
    if (self->host_) self->host_->feed(std::move(input));
  });
}

core::TransferId RoomFront::begin(Answer complete) {
  const core::TransferId id{++last_transfer};
  const std::scoped_lock guard(lock_);
  pending_.emplace(id, std::move(complete));
  return id;
}

void RoomFront::abandon(core::TransferId id) {
  Answer gone;
  const std::scoped_lock guard(lock_);
  if (auto found = pending_.find(id); found != pending_.end()) {
    gone = std::move(found->second);
    pending_.erase(found);
  }
}

void RoomFront::answer(core::TransferId id, const Node::Output& output) {
  Answer complete;
  {
    const std::scoped_lock guard(lock_);
    const auto found = pending_.find(id);
    if (found == pending_.end()) return;
    if (std::holds_alternative<Node::SendProgress>(output)) {
      complete = found->second;
    } else {
      complete = std::move(found->second);
      pending_.erase(found);
    }
  }
  complete(&output, nullptr);
}

void RoomFront::fail_pending(const GError* error) {
  std::map<core::TransferId, Answer> pending;
  {
    const std::scoped_lock guard(lock_);
    pending.swap(pending_);
  }
  for (auto& [id, complete] : pending) complete(nullptr, error);
}

std::string RoomFront::self_id() const {
  const std::scoped_lock guard(lock_);
  return self_id_;
}

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

void RoomFront::with_link(const core::PeerId& peer, std::function<void(link::PeerLink*)> use) {
  world_->post([self = shared_from_this(), peer, use = std::move(use)] {
    use(self->host_ ? self->host_->link_of(peer) : nullptr);
  });
}

void RoomFront::output(const Node::Output& output) {
  if (const auto* sent = std::get_if<Node::Sent>(&output)) return answer(sent->id, output);
  if (const auto* some = std::get_if<Node::SendProgress>(&output)) return answer(some->id, output);
  if (const auto* pong = std::get_if<Node::Pong>(&output)) return answer(pong->id, output);
  if (const auto* reply = std::get_if<Node::Answered>(&output)) return answer(reply->id, output);
  if (const auto* received = std::get_if<Node::Received>(&output); received && !admit(*received))
    return post(Node::Forget{received->room, received->peer,
                             "the application does not read what this peer sends"});
  on_app([tell = tell_, output](GstGenosRoom* room) { tell(room, output); });
  if (!std::holds_alternative<Node::RoomLeft>(output)) return;
  host_ = nullptr;
  fail_pending(left_error().get());
  Ref<GTask> task;
  {
    const std::scoped_lock guard(lock_);
    std::swap(task, leave_task_);
  }
  if (task) g_task_return_boolean(task.get(), TRUE);
}

void RoomFront::status(const net::Session::Status& status) {
  if (status.state == net::Session::Status::State::open) joined(nullptr);
  on_app([status](GstGenosRoom* room) {
    static const char* const names[] = {"connecting", "open", "backing-off", "refused", "closed"};
    g_signal_emit_by_name(room, "signaling-status", status.uri.c_str(),
                          names[static_cast<std::size_t>(status.state)], status.detail.c_str());
  });
}

void RoomFront::ended(const core::Error& error) {
  const auto what = std::shared_ptr<GError>(to_gerror(error).release(), g_error_free);
  joined(what.get());
  on_app([what](GstGenosRoom* room) { g_signal_emit_by_name(room, "ended", what.get()); });
}

void RoomFront::lonely(const std::string& hint) {
  on_app([hint](GstGenosRoom* room) { g_signal_emit_by_name(room, "lonely", hint.c_str()); });
}

}  // namespace genos
