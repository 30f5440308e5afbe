// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that we send to web pages: each one message of the action `file`, with its name, as web
// applications on Trystero do it among themselves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "core/room/node.hpp"
#include "files/source.hpp"
#include "genos/file_news.hpp"

namespace genos {

inline constexpr std::string_view page_file_channel = "file";

// What is public may be called from any thread.
class PageFiles {
 public:
  struct Port {
    std::function<bool(core::Node::Input)> post;
    std::function<core::TransferId()> new_transfer;
    std::function<void(FileNews)> tell;
    // Runs it where disks may be waited for.
    std::function<void(std::function<void()>)> on_desk;
  };
  explicit PageFiles(Port port) : port_(std::move(port)) {}

  void open(const core::RoomToken& room);
  void close();
  void page_came(const core::PeerId& page);
  void page_left(const core::PeerId& page);
  void offer(const core::FileInfo& file, const std::set<core::PeerId>& to,
             std::shared_ptr<files::Source> source);
  void withdraw(const core::Digest& id);
  // True when they were about one of ours.
  bool on_sent(const core::Node::Sent& sent);
  bool on_progress(const core::Node::SendProgress& progress);

 private:
  struct Offer {
    core::FileInfo file;
    std::set<core::PeerId> to;
    std::shared_ptr<files::Source> source;
    std::weak_ptr<const core::Bytes> loaded;  // as long as a page takes it
  };
  struct Way {
    core::Digest id;
    core::PeerId page;
  };
  void send(const core::Digest& id, const core::PeerId& page);
  void load_and_send(const core::Digest& id, const core::PeerId& page);
  std::shared_ptr<const core::Bytes> load(Offer& offer, std::string& why);
  void tell(const Way& way, FileNews::Event event, std::uint64_t sent, std::string why = {});

  const Port port_;
  std::mutex lock_;  // guards what follows
  core::RoomToken room_;
  std::set<core::PeerId> pages_;
  std::map<core::Digest, Offer> offers_;
  std::map<core::TransferId, Way> ways_;
};

}  // namespace genos
