// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the exchange of files of one room on a thread of its own, with real disks: nothing here
// holds up the room.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bridge/gio_refs.hpp"
#include "bridge/pump.hpp"
#include "bridge/task_queue.hpp"
#include "core/files/exchange.hpp"
#include "files/part.hpp"
#include "files/source.hpp"

namespace genos::files {

// What is public may be called from any thread; it happens on the desk's.
class Desk {
 public:
  // Called on the desk's thread.
  struct Events {
    std::function<void(const core::PeerId&, std::string)> tell;
    // delivered(ticket) has to follow, when there is a ticket.
    std::function<void(const core::PeerId&, std::uint64_t ticket, core::Bytes)> deliver;
    std::function<void(const core::Exchange::Output&)> news;
    std::function<void(const core::Digest&, const std::string& path)> placed;
  };
  Desk(core::PeerId self, core::Exchange::Rates rates, Events events);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk();  // what is under way stays on disk, to be gone on with

  void offer(core::FileInfo file, std::vector<core::Digest> roots, std::set<core::PeerId> to,
             std::shared_ptr<Source> source);
  void take(const core::FileInfo& file, std::string folder, Part::Existing existing);
  void stop(const core::Digest& id, std::string why, bool discard);
  void feed(core::Exchange::Input input, std::function<void()> then = {});
  void run(std::function<void()> task) { tasks_->post(std::move(task)); }

 private:
  struct Act {
    Desk* desk;
    void operator()(const core::Exchange::Output& output) const { desk->act(output); }
  };
  struct Incoming {
    std::unique_ptr<Part> part;
    Part::Existing existing = Part::Existing::keep;
    std::string path;  // once it is placed
  };
  static gpointer loop(gpointer self) noexcept;
  void act(const core::Exchange::Output& output);
  void load(std::uint64_t ticket, const core::Digest& id, std::uint64_t at, std::uint64_t length);
  void load_page(const core::Exchange::LoadPage& wanted);
  core::Result<core::Bytes> read(const core::Digest& id, std::uint64_t at, std::uint64_t length);
  void store(const core::Exchange::Store& store);
  void whole(const core::Digest& id);
  void failed(const core::Digest& id);

  const core::PeerId self_;
  const Events events_;
  Ref<GMainContext> context_;
  Owned<GMainLoop> loop_;
  std::unique_ptr<TaskQueue> tasks_;
  std::unique_ptr<Pump<core::Exchange, Act>> pump_;
  std::map<core::Digest, std::shared_ptr<Source>> sources_;
  std::map<core::Digest, Incoming> parts_;
  // Hashes of pages that were asked for lately: receivers ask for the same ones at about the same
  // time, and each costs reading and hashing 16 MiB.
  struct Page {
    core::Digest id;
    std::uint64_t page;
    core::Bytes hashes;
  };
  std::deque<Page> pages_;
  GThread* thread_ = nullptr;
};

}  // namespace genos::files
