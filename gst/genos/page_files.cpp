// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/page_files.hpp"

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos {
namespace {

using core::Node;

constexpr const char* too_large = "a web page takes files of at most 64 MiB, and no folders";

std::string meta_of(const core::FileInfo& file) {
  auto json = core::Json::object();
  json.set("name", file.name).set("type", file.type).set("id", core::to_hex(file.id));
  json.set("size", static_cast<std::int64_t>(file.size));
  return core::to_text(json);
}

bool fits(const core::FileInfo& file) {
  return file.manifest == 0 && file.size <= core::limits::max_message;
}

}  // namespace

void PageFiles::open(const core::RoomToken& room) {
  const std::scoped_lock guard(lock_);
  room_ = room;
}

void PageFiles::close() {
  const std::scoped_lock guard(lock_);
  pages_.clear();
  offers_.clear();
  ways_.clear();
}

void PageFiles::page_came(const core::PeerId& page) {
  const std::scoped_lock guard(lock_);
  if (!pages_.insert(page).second) return;
  for (const auto& [id, offer] : offers_) send(id, page);
}

void PageFiles::page_left(const core::PeerId& page) {
  const std::scoped_lock guard(lock_);
  pages_.erase(page);
}

void PageFiles::offer(const core::FileInfo& file, const std::set<core::PeerId>& to,
                      std::shared_ptr<files::Source> source) {
  const std::scoped_lock guard(lock_);
  offers_[file.id] = {file, to, std::move(source), {}};
  for (const auto& page : pages_) send(file.id, page);
}

void PageFiles::withdraw(const core::Digest& id) {
  const std::scoped_lock guard(lock_);
  offers_.erase(id);
  std::erase_if(ways_, [&](const auto& each) {
    if (each.second.id != id) return false;
    port_.post(Node::Cancel{each.first});
    return true;
  });
}

// With the lock held.
void PageFiles::send(const core::Digest& id, const core::PeerId& page) {
  const auto& offer = offers_.find(id)->second;
  if (!offer.to.empty() && !offer.to.contains(page)) return;
  if (!fits(offer.file)) return tell({id, page}, FileNews::Event::refused, 0, too_large);
  port_.on_desk([this, id, page] { load_and_send(id, page); });
}

// On the desk's thread, whose sources these are.
void PageFiles::load_and_send(const core::Digest& id, const core::PeerId& page) {
  const std::scoped_lock guard(lock_);
  const auto found = offers_.find(id);
  if (found == offers_.end() || !pages_.contains(page)) return;
  std::string why;
  core::Message message;
  message.channel = page_file_channel;
  message.kind = core::PayloadKind::bytes;
  message.meta = meta_of(found->second.file);
  message.payload = load(found->second, why);
  if (!message.payload) return port_.tell({FileNews::Kind::failed, id, {}, {}, 0, why, {}});
  const auto transfer = port_.new_transfer();
  ways_[transfer] = {id, page};
  tell({id, page}, FileNews::Event::takes, 0);
  port_.post(Node::Send{transfer, room_, {page}, std::move(message)});
}

std::shared_ptr<const core::Bytes> PageFiles::load(Offer& offer, std::string& why) {
  if (auto loaded = offer.loaded.lock()) return loaded;
  auto bytes = offer.source->read(0, offer.file.size);
  if (!bytes) {
    why = bytes.error().detail;
    return nullptr;
  }
  auto loaded = std::make_shared<const core::Bytes>(std::move(*bytes));
  offer.loaded = loaded;
  return loaded;
}

void PageFiles::tell(const Way& way, FileNews::Event event, std::uint64_t sent, std::string why) {
  port_.tell({FileNews::Kind::taker, way.id, way.page, {}, sent, std::move(why), event});
}

bool PageFiles::on_sent(const Node::Sent& sent) {
  const std::scoped_lock guard(lock_);
  const auto found = ways_.find(sent.id);
  if (found == ways_.end()) return false;
  const auto way = found->second;
  ways_.erase(found);
  const auto offer = offers_.find(way.id);
  const auto size = offer == offers_.end() ? 0 : offer->second.file.size;
  if (sent.failed.empty())
    tell(way, FileNews::Event::done, size);
  else
    tell(way, FileNews::Event::gone, 0);
  return true;
}

bool PageFiles::on_progress(const Node::SendProgress& progress) {
  const std::scoped_lock guard(lock_);
  const auto found = ways_.find(progress.id);
  if (found == ways_.end()) return false;
  const auto offer = offers_.find(found->second.id);
  if (offer == offers_.end()) return true;
  const auto size = static_cast<double>(offer->second.file.size);
  tell(found->second, FileNews::Event::sent, static_cast<std::uint64_t>(size * progress.fraction));
  return true;
}

}  // namespace genos
