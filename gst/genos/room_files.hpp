// SPDX-License-Identifier: LGPL-2.1-or-later
// Between a room and the desk that exchanges its files: made when files are first heard or spoken
// of, gone when the room is left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/room/node.hpp"
#include "files/desk.hpp"
#include "genos/file_news.hpp"
#include "genos/page_files.hpp"

namespace genos {

// What is public may be called from any thread.
class RoomFiles : public std::enable_shared_from_this<RoomFiles> {
 public:
  struct Port {
    std::function<bool(core::Node::Input)> post;  // false: we are no longer in the room
    std::function<core::TransferId()> new_transfer;
    std::function<void(FileNews)> tell;
  };
  explicit RoomFiles(Port port);
  ~RoomFiles();

  void open(const core::PeerId& self, const core::RoomToken& room, core::Exchange::Rates rates);
  // The desk's thread may be busy with a disk: destroy what is returned where nobody waits.
  [[nodiscard]] std::shared_ptr<files::Desk> close();

  // On the library's thread, all of the room's outputs. True when it was about a file.
  bool output(const core::Node::Output& output);

  // The latest of each file and peer; there is some whenever `progress` is told.
  [[nodiscard]] std::vector<FileNews> take_progress();

  // To our own peers and to pages, those that come later too. False when the room was left.
  bool offer(const core::FileInfo& file, std::vector<core::Digest> roots,
             const std::set<core::PeerId>& to, std::shared_ptr<files::Source> source);
  void withdraw(const core::Digest& id) { pages_.withdraw(id); }

  // Null when the room is not joined.
  [[nodiscard]] std::shared_ptr<files::Desk> desk();

 private:
  bool on_received(const core::Node::Received& received);
  void on_joined(const core::Node::PeerJoined& joined);
  void on_left(const core::PeerId& peer);
  bool on_sent(core::TransferId id);
  files::Desk::Events events();
  void send(const core::PeerId& peer, std::string_view action, core::PayloadKind kind,
            core::Bytes bytes, std::uint64_t ticket);
  void news(const core::Exchange::Output& output);
  void progress(const FileNews& news);

  Port port_;
  PageFiles pages_;
  std::mutex lock_;  // guards what follows
  bool inside_ = false;
  core::PeerId self_;
  core::RoomToken room_;
  core::Exchange::Rates rates_;
  std::set<core::PeerId> ours_;  // peers that are here and know of files
  std::shared_ptr<files::Desk> desk_;
  std::map<core::TransferId, std::uint64_t> under_way_;
  std::map<core::PeerId, std::size_t> unread_;
  std::map<std::pair<core::Digest, core::PeerId>, FileNews> progress_;  // not told yet
};

}  // namespace genos
