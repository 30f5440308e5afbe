// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that web pages send: messages of the action `file` whose metadata has a name. A page asks
// nobody before it sends one; what is not accepted is dropped.
#include <algorithm>

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"
#include "files/file_hash.hpp"
#include "genos/gstgenosfile_private.hpp"
#include "genos/gstgenosroom_private.hpp"

namespace genos {
namespace {

// What a page says of a file; none when it is some other message.
std::optional<core::FileInfo> info_in(const std::optional<std::string>& meta) {
  const auto json = meta ? core::parse_json(*meta) : core::Result<core::Json>(core::Json());
  auto name = json ? (*json).string_at("name") : std::nullopt;
  if (!name || name->empty() || name->size() > core::limits::max_file_name) return std::nullopt;
  core::FileInfo info;
  info.name = std::move(*name);
  info.type = (*json).string_at("type").value_or("");
  if (info.type.size() > core::limits::max_file_type) info.type.clear();
  const auto size = (*json).integer_at("size").value_or(0);
  info.size = size > 0 ? std::uint64_t(size) : 0;
  return info;
}

// The bytes are not known yet: named by who sends it and what it says of it, and for the how
// manieth time at once.
core::Digest temporary_id(const core::PeerId& page, const std::string& meta, std::size_t number) {
  const auto text = page.value + "\n" + std::to_string(number) + "\n" + meta;
  return files::file_hash(core::HashOf::file, core::bytes_of(text));
}

Ref<GstGenosFile> find(GstGenosRoom* self, const core::Digest& id) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const auto found = state.files.find(id);
  return found == state.files.end() ? Ref<GstGenosFile>() : found->second;
}

std::size_t live_files_of(GstGenosRoom* self, const core::PeerId& page) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  return std::size_t(std::count_if(state.files.begin(), state.files.end(), [&](const auto& each) {
    const auto& start = state_of(each.second.get()).start;
    return start.of_page && start.peer == page &&
           !is_over(gst_genos_file_get_state(each.second.get()));
  }));
}

bool has_come(GstGenosFile* file) {
  auto& state = state_of(file);
  const std::scoped_lock guard(state.lock);
  return state.come;
}

// The one that is on its way, though one before it may be over by now, or a new one, which is told;
// none when the page has offered enough.
Ref<GstGenosFile> find_or_offer(GstGenosRoom* self, const core::PeerId& page,
                                const std::string& meta, core::FileInfo info) {
  std::optional<core::Digest> unused;
  for (std::size_t number = 0; number <= core::limits::max_offers; ++number) {
    const auto id = temporary_id(page, meta, number);
    auto known = find(self, id);
    const bool is_live = known && !is_over(gst_genos_file_get_state(known.get()));
    if (is_live && !has_come(known.get())) return known;
    if (!is_live && !unused) unused = id;
    if (!known) break;  // numbers are given from the first on
  }
  if (!unused || live_files_of(self, page) >= core::limits::max_offers) return nullptr;
  info.id = *unused;
  FileStart start;
  start.info = std::move(info);
  start.peer = page;
  start.of_page = true;
  return offer_file(self, std::move(start));
}

struct Storing {
  Ref<GstGenosFile> file;
  std::shared_ptr<RoomFront> front;
  core::FileInfo info;
  std::shared_ptr<const core::Bytes> payload;
  std::string folder;
  files::Part::Existing existing;

  core::Result<std::string> store() {
    info.size = payload->size();
    info.id = core::file_id(
        info, {core::tree_root(core::leaf_digests(*payload, files::file_hash), files::file_hash)},
        files::file_hash);
    auto part = files::Part::open(folder, info);
    if (!part) return part.error();
    for (std::uint64_t block = 0; block < info.shape().blocks(); ++block) {
      const auto bytes = core::ByteView(*payload).subspan(block * core::block_size,
                                                          info.shape().block_length(block));
      if (const auto error = (*part)->write(block, bytes)) return *error;
    }
    return (*part)->place(existing);
  }
};

// Disks may be slow: on a thread of the pool.
void store(Storing storing) {
  const auto task = adopt(g_task_new(nullptr, nullptr, nullptr, nullptr));
  g_task_set_task_data(task.get(), new Storing(std::move(storing)),
                       [](gpointer data) { delete static_cast<Storing*>(data); });
  g_task_run_in_thread(task.get(), [](GTask*, gpointer, gpointer data, GCancellable*) noexcept {
    auto& work = *static_cast<Storing*>(data);
    const auto path = work.store();
    FileNews news{path ? FileNews::Kind::placed : FileNews::Kind::failed, {}, {}, {}, 0, {}, {}};
    news.text = path ? *path : path.error().detail;
    work.front->on_app([file = work.file, news](GstGenosRoom*) { file_news(file.get(), news); });
  });
}

// Both are there: what came, and where it is wanted.
void store_if_ready(GstGenosFile* self) {
  auto& state = state_of(self);
  Storing storing;
  {
    const std::scoped_lock guard(state.lock);
    if (!state.payload || state.into.empty()) return;
    storing = {retain(self), state.front,   state.start.info, std::move(state.payload),
               state.into,   state.existing};
    state.payload = nullptr;
  }
  store(std::move(storing));
}

}  // namespace

void accept_page_file(GstGenosFile* self, const char* folder, files::Part::Existing existing) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    state.into = folder;
    state.existing = existing;
  }
  store_if_ready(self);
}

void page_file_progress(GstGenosFile* self, std::size_t bytes, std::uint64_t size) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    state.start.info.size = std::max<std::uint64_t>(size, bytes);
  }
  set_file_done(self, bytes);
}

void page_file_whole(GstGenosFile* self, std::shared_ptr<const core::Bytes> payload) {
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    if (is_over(state.state)) return;  // not wanted
    state.start.info.size = payload->size();
    state.come = true;
    state.payload = std::move(payload);
  }
  store_if_ready(self);
}

bool page_message(GstGenosRoom* self, const core::Node::Received& received) {
  if (received.message.channel != page_file_channel || !received.request.empty()) return false;
  if (received.message.kind != core::PayloadKind::bytes) return false;
  auto info = info_in(received.message.meta);
  if (!info) return false;
  info->size = received.message.payload->size();
  // It counts as unread until it is stored or not wanted, so that memory is bounded.
  const auto payload = received.message.payload;
  const std::shared_ptr<const core::Bytes> counted(
      payload.get(), [payload, front = state_of(self).front, page = received.peer](auto*) {
        front->consumed(page, payload->size());
      });
  if (const auto file =
          find_or_offer(self, received.peer, *received.message.meta, std::move(*info)))
    page_file_whole(file.get(), counted);
  return true;
}

void page_progress(GstGenosRoom* self, const core::Node::Progress& progress) {
  if (progress.channel != page_file_channel || progress.fraction >= 1) return;
  auto info = info_in(progress.meta);
  if (!info) return;
  if (info->size == 0 && progress.fraction > 0)  // it did not say: about
    info->size = std::uint64_t(double(progress.bytes) / progress.fraction);
  const auto size = info->size;
  if (const auto file = find_or_offer(self, progress.peer, *progress.meta, std::move(*info)))
    page_file_progress(file.get(), progress.bytes, size);
}

void page_files_left(GstGenosRoom* self, const core::PeerId& page) {
  std::vector<Ref<GstGenosFile>> theirs;
  auto& state = state_of(self);
  {
    const std::scoped_lock guard(state.lock);
    for (const auto& [id, file] : state.files) {
      auto& one = state_of(file.get());
      const std::scoped_lock inside(one.lock);
      if (one.start.of_page && one.start.peer == page && !one.come) theirs.push_back(file);
    }
  }
  for (const auto& file : theirs)
    finish_file(file.get(), GST_GENOS_FILE_STATE_FAILED, GST_GENOS_ERROR_UNREACHABLE,
                "the page left before all of it had come");
}

}  // namespace genos
