// SPDX-License-Identifier: LGPL-2.1-or-later
#include "files/desk.hpp"

#include <utility>

#include "core/base/overloaded.hpp"
#include "files/file_hash.hpp"

namespace genos::files {

namespace {

constexpr std::size_t kept_pages = 64;  // half a MiB

}  // namespace

using core::Exchange;

Desk::Desk(core::PeerId self, Exchange::Rates rates, Events events)
    : self_(std::move(self)),
      events_(std::move(events)),
      context_(adopt(g_main_context_new())),
      loop_(g_main_loop_new(context_.get(), FALSE)),
      tasks_(std::make_unique<TaskQueue>(context_.get())) {
  pump_ = std::make_unique<Pump<Exchange, Act>>(
      context_.get(), Exchange({self_, file_hash, rates}, monotonic_now()), Act{this});
  thread_ = g_thread_new("genos-files", loop, this);
}

Desk::~Desk() {
  tasks_->post([this] { g_main_loop_quit(loop_.get()); });
  g_thread_join(thread_);
}

gpointer Desk::loop(gpointer self) noexcept {
  auto& desk = *static_cast<Desk*>(self);
  g_main_context_push_thread_default(desk.context_.get());
  g_main_loop_run(desk.loop_.get());
  g_main_context_pop_thread_default(desk.context_.get());
  return nullptr;
}

void Desk::feed(Exchange::Input input, std::function<void()> then) {
  tasks_->post([this, input = std::move(input), then = std::move(then)]() mutable {
    pump_->feed(std::move(input));
    if (then) then();
  });
}

void Desk::offer(core::FileInfo file, std::vector<core::Digest> roots, std::set<core::PeerId> to,
                 std::shared_ptr<Source> source) {
  tasks_->post([this, file = std::move(file), roots = std::move(roots), to = std::move(to),
                source = std::move(source)]() mutable {
    sources_[file.id] = std::move(source);
    pump_->feed(Exchange::Offer{std::move(file), std::move(roots), std::move(to)});
  });
}

void Desk::take(const core::FileInfo& file, std::string folder, Part::Existing existing) {
  tasks_->post([this, file, folder = std::move(folder), existing] {
    if (parts_.contains(file.id) || sources_.contains(file.id)) return;
    auto part = Part::open(folder, file);
    if (!part) {
      pump_->feed(Exchange::Refuse{file.id, "it cannot be stored"});
      return events_.news(Exchange::Failed{file.id, part.error().detail});
    }
    auto claimed = (*part)->claimed();
    parts_[file.id] = {std::move(*part), existing, {}};
    pump_->feed(Exchange::Take{file.id, std::move(claimed)});
  });
}

void Desk::stop(const core::Digest& id, std::string why, bool discard) {
  tasks_->post([this, id, why = std::move(why), discard] {
    pump_->feed(Exchange::Withdraw{id, why});
    pump_->feed(Exchange::Stop{id, why});
    if (const auto found = parts_.find(id); found != parts_.end() && discard)
      (void)found->second.part->discard();
    failed(id);
  });
}

void Desk::failed(const core::Digest& id) {
  std::erase_if(pages_, [&](const auto& page) { return page.id == id; });
  parts_.erase(id);
  sources_.erase(id);
}

void Desk::act(const Exchange::Output& output) {
  std::visit(
      core::Overloaded{
          [&](const Exchange::Tell& tell) { events_.tell(tell.peer, tell.text); },
          [&](const Exchange::Deliver& deliver) {
            events_.deliver(deliver.peer, deliver.ticket, deliver.bytes);
          },
          [&](const Exchange::Load& wanted) {
            load(wanted.ticket, wanted.id, wanted.at, wanted.length);
          },
          [&](const Exchange::LoadPage& wanted) { load_page(wanted); },
          [&](const Exchange::Store& block) { store(block); },
          [&](const Exchange::Whole& done) { whole(done.id); },
          [&](const Exchange::Complete& done) { events_.placed(done.id, parts_[done.id].path); },
          [&](const Exchange::Failed& what) {
            failed(what.id);
            events_.news(output);
          },
          [&](const auto&) { events_.news(output); },
      },
      output);
}

core::Result<core::Bytes> Desk::read(const core::Digest& id, std::uint64_t at,
                                     std::uint64_t length) {
  if (const auto found = sources_.find(id); found != sources_.end())
    return found->second->read(at, length);
  if (const auto found = parts_.find(id); found != parts_.end())
    return found->second.part->read(at, length);
  return core::Error{core::Errc::not_found, "it is no longer here"};
}

void Desk::load(std::uint64_t ticket, const core::Digest& id, std::uint64_t at,
                std::uint64_t length) {
  auto bytes = read(id, at, length);
  if (bytes)
    pump_->feed(Exchange::Loaded{ticket, std::move(*bytes), {}});
  else
    pump_->feed(Exchange::Loaded{ticket, {}, bytes.error().detail});
}

void Desk::load_page(const Exchange::LoadPage& wanted) {
  for (const auto& known : pages_)
    if (known.id == wanted.id && known.page == wanted.page)
      return pump_->feed(Exchange::Loaded{wanted.ticket, known.hashes, {}});
  const auto source = sources_.find(wanted.id);
  const auto part = parts_.find(wanted.id);
  const auto all = source != sources_.end() ? source->second->size()
                   : part != parts_.end()   ? part->second.part->size()
                                            : 0;
  const auto at = wanted.page * core::page_size;
  auto bytes = read(wanted.id, at, std::min(core::page_size, all - std::min(at, all)));
  if (!bytes) return pump_->feed(Exchange::Loaded{wanted.ticket, {}, bytes.error().detail});
  pages_.push_back({wanted.id, wanted.page, core::flatten(core::leaf_digests(*bytes, file_hash))});
  if (pages_.size() > kept_pages) pages_.pop_front();
  pump_->feed(Exchange::Loaded{wanted.ticket, pages_.back().hashes, {}});
}

void Desk::store(const Exchange::Store& block) {
  const auto found = parts_.find(block.id);
  if (found == parts_.end()) return;
  if (const auto error = found->second.part->write(block.block, block.bytes))
    pump_->feed(Exchange::DiskFailed{block.id, error->detail});
  else
    pump_->feed(Exchange::Stored{block.id, block.block});
}

void Desk::whole(const core::Digest& id) {
  const auto found = parts_.find(id);
  if (found == parts_.end()) return;
  const auto path = found->second.part->place(found->second.existing);
  if (!path) return pump_->feed(Exchange::DiskFailed{id, path.error().detail});
  found->second.path = *path;
  pump_->feed(Exchange::Placed{id});
}

}  // namespace genos::files
