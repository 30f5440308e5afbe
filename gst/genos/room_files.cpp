// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/room_files.hpp"

#include "core/base/overloaded.hpp"

namespace genos {
namespace {

using core::Exchange;
using core::Node;

// Of one peer, before the desk has read it: eight times what we ask of one at a time.
constexpr std::size_t unread_limit = 64u << 20;
// Of a message beside its bytes.
constexpr std::size_t message_cost = 1024;

}  // namespace

RoomFiles::RoomFiles(Port port)
    : port_(std::move(port)),
      pages_({port_.post, port_.new_transfer, port_.tell, [this](std::function<void()> task) {
                const auto desk = this->desk();
                if (!desk) return;
                desk->run([weak = weak_from_this(), task = std::move(task)] {
                  if (const auto self = weak.lock()) task();
                });
              }}) {}

RoomFiles::~RoomFiles() = default;

void RoomFiles::open(const core::PeerId& self, const core::RoomToken& room, Exchange::Rates rates) {
  pages_.open(room);
  const std::scoped_lock guard(lock_);
  inside_ = true;
  self_ = self;
  room_ = room;
  rates_ = rates;
}

std::shared_ptr<files::Desk> RoomFiles::close() {
  pages_.close();
  const std::scoped_lock guard(lock_);
  inside_ = false;
  ours_.clear();
  under_way_.clear();
  unread_.clear();
  progress_.clear();
  return std::exchange(desk_, nullptr);
}

std::shared_ptr<files::Desk> RoomFiles::desk() {
  const std::scoped_lock guard(lock_);
  if (!inside_ || desk_) return desk_;
  desk_ = std::make_shared<files::Desk>(self_, rates_, events());
  for (const auto& peer : ours_) desk_->feed(Exchange::PeerCame{peer});
  return desk_;
}

// --- from the room

bool RoomFiles::output(const Node::Output& output) {
  if (const auto* received = std::get_if<Node::Received>(&output)) return on_received(*received);
  if (const auto* sent = std::get_if<Node::Sent>(&output))
    return on_sent(sent->id) || pages_.on_sent(*sent);
  if (const auto* some = std::get_if<Node::SendProgress>(&output)) return pages_.on_progress(*some);
  if (const auto* joined = std::get_if<Node::PeerJoined>(&output)) on_joined(*joined);
  if (const auto* left = std::get_if<Node::PeerLeft>(&output)) on_left(left->peer);
  return false;
}

void RoomFiles::on_joined(const Node::PeerJoined& joined) {
  if (!joined.genos) return pages_.page_came(joined.peer);
  const std::scoped_lock guard(lock_);
  if (ours_.insert(joined.peer).second && desk_) desk_->feed(Exchange::PeerCame{joined.peer});
}

void RoomFiles::on_left(const core::PeerId& peer) {
  pages_.page_left(peer);
  const std::scoped_lock guard(lock_);
  unread_.erase(peer);
  if (ours_.erase(peer) > 0 && desk_) desk_->feed(Exchange::PeerGone{peer});
}

bool RoomFiles::on_sent(core::TransferId id) {
  const std::scoped_lock guard(lock_);
  const auto found = under_way_.find(id);
  if (found == under_way_.end()) return false;
  if (desk_) desk_->feed(Exchange::Delivered{found->second});
  under_way_.erase(found);
  return true;
}

bool RoomFiles::on_received(const Node::Received& received) {
  const auto& message = received.message;
  const bool words = message.channel == core::file_action;
  if (!words && message.channel != core::parcel_action) return false;
  const auto desk = this->desk();
  if (!desk) return true;
  const auto cost = message.payload->size() + message_cost;
  bool flood = false;
  {
    const std::scoped_lock guard(lock_);
    auto& unread = unread_[received.peer];
    flood = unread + cost > unread_limit;
    if (!flood) unread += cost;
  }
  if (flood) {
    port_.post(
        Node::Forget{received.room, received.peer, "it sends files faster than we store them"});
    return true;
  }
  const auto read = [weak = weak_from_this(), peer = received.peer, cost] {
    const auto self = weak.lock();
    if (!self) return;
    const std::scoped_lock guard(self->lock_);
    if (const auto found = self->unread_.find(peer); found != self->unread_.end())
      found->second -= std::min(found->second, cost);
  };
  if (words)
    desk->feed(Exchange::Heard{received.peer, std::string(core::text_of(*message.payload))}, read);
  else
    desk->feed(Exchange::Came{received.peer, message.payload}, read);
  return true;
}

bool RoomFiles::offer(const core::FileInfo& file, std::vector<core::Digest> roots,
                      const std::set<core::PeerId>& to, std::shared_ptr<files::Source> source) {
  const auto desk = this->desk();
  if (!desk) return false;
  desk->offer(file, std::move(roots), to, source);
  pages_.offer(file, to, std::move(source));
  return true;
}

// --- from the desk

files::Desk::Events RoomFiles::events() {
  const auto weak = weak_from_this();
  return {
      .tell =
          [weak](const core::PeerId& peer, std::string text) {
            if (const auto self = weak.lock())
              self->send(peer, core::file_action, core::PayloadKind::json,
                         {text.begin(), text.end()}, 0);
          },
      .deliver =
          [weak](const core::PeerId& peer, std::uint64_t ticket, core::Bytes bytes) {
            if (const auto self = weak.lock())
              self->send(peer, core::parcel_action, core::PayloadKind::bytes, std::move(bytes),
                         ticket);
          },
      .news =
          [weak](const Exchange::Output& output) {
            if (const auto self = weak.lock()) self->news(output);
          },
      .placed =
          [weak](const core::Digest& id, const std::string& path) {
            if (const auto self = weak.lock())
              self->port_.tell({FileNews::Kind::placed, id, {}, {}, 0, path, {}});
          },
  };
}

void RoomFiles::send(const core::PeerId& peer, std::string_view action, core::PayloadKind kind,
                     core::Bytes bytes, std::uint64_t ticket) {
  core::Message message;
  message.channel = action;
  message.kind = kind;
  message.payload = std::make_shared<const core::Bytes>(std::move(bytes));
  core::TransferId id{};
  core::RoomToken room;
  {
    const std::scoped_lock guard(lock_);
    room = room_;
    if (ticket != 0) {
      id = port_.new_transfer();
      under_way_[id] = ticket;
    }
  }
  port_.post(Node::Send{id, room, {peer}, std::move(message)});
}

void RoomFiles::news(const Exchange::Output& output) {
  using Kind = FileNews::Kind;
  std::visit(
      core::Overloaded{
          [&](const Exchange::Offered& offered) {
            port_.tell({Kind::offered, offered.file.id, offered.peer, offered.file, 0, {}, {}});
          },
          [&](const Exchange::Withdrawn& gone) {
            port_.tell({Kind::withdrawn, gone.id, gone.peer, {}, 0, gone.why, {}});
          },
          [&](const Exchange::Progress& some) {
            progress({Kind::progress, some.id, {}, {}, some.done, {}, {}});
          },
          [&](const Exchange::Failed& failed) {
            port_.tell({Kind::failed, failed.id, {}, {}, 0, failed.why, {}});
          },
          [&](const Exchange::TakerNews& taker) {
            const FileNews news{Kind::taker, taker.id,  taker.peer, {},
                                taker.sent,  taker.why, taker.what};
            if (taker.what == Exchange::TakerNews::What::sent) return progress(news);
            port_.tell(news);
          },
          [](const auto&) {},
      },
      output);
}

// The application hears of it as often as it finds time to.
void RoomFiles::progress(const FileNews& news) {
  {
    const std::scoped_lock guard(lock_);
    const bool told = progress_.empty();
    progress_[{news.id, news.peer}] = news;
    if (!told) return;
  }
  port_.tell({FileNews::Kind::progress, {}, {}, {}, 0, {}, {}});
}

std::vector<FileNews> RoomFiles::take_progress() {
  const std::scoped_lock guard(lock_);
  std::vector<FileNews> all;
  for (auto& [key, news] : progress_) all.push_back(std::move(news));
  progress_.clear();
  return all;
}

}  // namespace genos
