// SPDX-License-Identifier: LGPL-2.1-or-later
#include "talk.hpp"

#include <algorithm>

#include "bridge/gio_refs.hpp"
#include "bridge/pump.hpp"
#include "core/base/bytes.hpp"

namespace genos::element {
namespace {

// Ends and reports go on a channel of their own, where no page listens.
constexpr const char* aside_name = "genos-streams";
// Waits in the element, before the library has it; more only makes a stop lose more.
constexpr std::size_t waiting_limit = 1024UL * 1024;
// What may be lost goes at once; this waits for the thread, and then the oldest is dropped.
constexpr std::size_t fresh_limit = 16;
// Handed to the library at a time. Enough for 100 Mbit/s over 160 ms.
constexpr std::size_t in_flight_limit = 2UL * 1024 * 1024;
// Pieces of a stream of bytes: small ones are sent together, big ones apart.
constexpr std::size_t piece = 64UL * 1024;

// What a message takes here and in the library.
std::size_t cost_of(GBytes* bytes) { return core::length_in_stream(g_bytes_get_size(bytes)); }

std::string random_stream() {
  const Owned<char> uuid(g_uuid_string_random());
  return std::string(uuid.get()).substr(24);
}

bool matches(const std::set<std::string>& names, GstGenosPeer* peer) {
  if (names.empty() || names.contains(gst_genos_peer_get_id(peer))) return true;
  const char* identity = gst_genos_peer_get_identity(peer);
  return identity && names.contains(identity);
}

std::vector<const char*> targets_of(const std::vector<std::string>& peers) {
  std::vector<const char*> targets;
  targets.reserve(peers.size() + 1);
  for (const auto& id : peers) targets.push_back(id.c_str());
  targets.push_back(nullptr);
  return targets;
}

Ref<GBytes> joined(const std::vector<Ref<GBytes>>& parts) {
  if (parts.size() == 1) return parts.front();
  core::Bytes all;
  for (const auto& part : parts) {
    const auto bytes = bytes_of(part.get());
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return adopt(g_bytes_new(all.data(), all.size()));
}

}  // namespace

Talk::Talk(Events events) : events_(std::move(events)), context_(adopt(g_main_context_new())) {
  // The room's signals come to the thread that runs this context.
  g_main_context_push_thread_default(context_.get());
  room_ = adopt(gst_genos_room_new(nullptr, ""));
  g_main_context_pop_thread_default(context_.get());
}

Talk::~Talk() { stop(); }

void Talk::start(Options options) {
  options_ = std::move(options);
  failed_ = false;
  loop_ = g_main_loop_new(context_.get(), FALSE);
  tasks_ = std::make_unique<TaskQueue>(context_.get());
  thread_ = g_thread_new("genos-talk", run, this);
}

void Talk::stop() {
  if (!thread_) return;
  flush(true);
  tasks_->post([this] { g_main_loop_quit(loop_); });
  g_thread_join(std::exchange(thread_, nullptr));
  tasks_.reset();
  g_main_loop_unref(std::exchange(loop_, nullptr));
}

gpointer Talk::run(gpointer self) noexcept {
  auto& talk = *static_cast<Talk*>(self);
  g_main_context_push_thread_default(talk.context_.get());
  talk.enter();
  g_main_loop_run(talk.loop_);
  talk.leave();
  g_main_context_pop_thread_default(talk.context_.get());
  return nullptr;
}

void Talk::enter() {
  using Kind = core::StreamReader::Kind;
  deadline_ = ready_source_new();
  const auto check = [](gpointer self) noexcept -> gboolean {
    static_cast<Talk*>(self)->check_written();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(deadline_, check, this, nullptr);
  g_source_attach(deadline_, context_.get());
  reader_.emplace(options_.bytes ? Kind::bytes : Kind::messages);
  new_stream();
  met_ = options_.min_peers == 0;
  Owned<GError> error;
  channel_ = adopt(gst_genos_room_channel(room_.get(), options_.channel.c_str(), out(error)));
  if (!channel_) return fail(*error);
  aside_ = adopt(gst_genos_room_channel(room_.get(), aside_name, nullptr));
  auto* room = room_.get();
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*)>(
      room, "peer-join", [this](auto*, auto* peer) { on_peer_join(peer); }));
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*, int, const char*)>(
      room, "peer-leave", [this](auto*, auto* peer, int, const char*) { on_peer_leave(peer); }));
  connections_.push_back(on<void(GstGenosRoom*, const char*)>(
      room, "lonely", [this](auto*, const char* hint) { events_.noticed(hint); }));
  connections_.push_back(
      on<void(GstGenosRoom*, GError*)>(room, "ended", [this](auto*, GError* why) { fail(*why); }));
  connections_.push_back(on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
      channel_.get(), "message", [this](auto*, auto* peer, int, GBytes* payload, const char* meta) {
        on_message(peer, payload, meta);
      }));
  connections_.push_back(on<void(GstGenosChannel*, GstGenosPeer*, int, GBytes*, const char*)>(
      aside_.get(), "message",
      [this](auto*, auto* peer, int, GBytes* payload, const char*) { on_aside(peer, payload); }));
  const auto done = [](GObject* source, GAsyncResult* result, gpointer data) noexcept {
    Owned<GError> failure;
    if (!gst_genos_room_join_finish(GST_GENOS_ROOM(source), result, out(failure)))
      static_cast<Talk*>(data)->fail(*failure);
    static_cast<Talk*>(data)->calls_--;
  };
  calls_++;
  gst_genos_room_join_async(room, nullptr, done, this);
}

void Talk::leave() {
  connections_.clear();
  gst_genos_room_leave(room_.get());
  // Each call ends now, and its callback must not come when nobody is here.
  while (calls_ > 0) g_main_context_iteration(context_.get(), TRUE);
  g_source_destroy(deadline_);
  g_source_unref(std::exchange(deadline_, nullptr));
  peers_.clear();
  channel_ = nullptr;
  aside_ = nullptr;
}

void Talk::fail(const GError& error) {
  {
    const std::scoped_lock guard(lock_);
    if (std::exchange(failed_, true)) return;
    space_.notify_all();
  }
  if (!connections_.empty() || !channel_) events_.failed(error);
}

void Talk::fail(GstGenosError code, const std::string& why) {
  const Owned<GError> error(g_error_new_literal(GST_GENOS_ERROR, code, why.c_str()));
  fail(*error);
}

// --- who is here ------------------------------------------------------------------------------

void Talk::on_peer_join(GstGenosPeer* peer) {
  const char* id = gst_genos_peer_get_id(peer);
  events_.told(gst_structure_new("genos-peer-join", "peer", G_TYPE_STRING, id, nullptr));
  if (!matches(options_.targets, peer)) return;
  peers_[id] = retain(peer);
  met_ = met_ || peers_.size() >= options_.min_peers;
  // The rest of a stream of bytes is nothing that anybody could use.
  if (!(options_.bytes && begun_) && gst_genos_peer_is_genos(peer)) writer_->add({id});
  pump();
}

void Talk::on_peer_leave(GstGenosPeer* peer) {
  const std::string id = gst_genos_peer_get_id(peer);
  events_.told(gst_structure_new("genos-peer-leave", "peer", G_TYPE_STRING, id.c_str(), nullptr));
  peers_.erase(id);
  writer_->forget({id});
  const bool was_audience = audience_.erase(id) > 0;
  switch (reader_->forget({id})) {
    case core::StreamReader::Loss::none: break;
    case core::StreamReader::Loss::ended: events_.received({{}, id, {}, true}); break;
    case core::StreamReader::Loss::truncated:
      return fail(
          GST_GENOS_ERROR_UNREACHABLE,
          "'" + id + "' left before the end of what it was sending: what came is not complete");
  }
  if (options_.bytes && was_audience && audience_.empty() && !written_)
    return fail(GST_GENOS_ERROR_UNREACHABLE, "everybody who was being sent to has left");
  pump();
}

// --- reading ----------------------------------------------------------------------------------

bool Talk::listens_to(GstGenosPeer* peer) const {
  return options_.reads && matches(options_.from, peer);
}

void Talk::on_message(GstGenosPeer* peer, GBytes* payload, const char* meta) {
  if (!listens_to(peer)) return;
  const std::string id = gst_genos_peer_get_id(peer);
  auto place = core::place_in(meta ? std::optional<std::string>(meta) : std::nullopt);
  const auto verdict = reader_->handle({id}, place, cost_of(payload));
  deliver(verdict, {retain(payload), id, std::move(place)});
}

void Talk::deliver(core::StreamReader::Verdict verdict, Item item) {
  using Verdict = core::StreamReader::Verdict;
  switch (verdict) {
    case Verdict::ignore: return;
    case Verdict::broken:
      return fail(GST_GENOS_ERROR_FAILED,
                  "the stream of '" + item.peer + "' was cut off: what came is not complete");
    case Verdict::last: item.last = true; break;
    case Verdict::deliver: break;
  }
  const std::string id = item.peer;
  if (events_.received(std::move(item))) return;
  const auto peer = adopt(gst_genos_room_get_peer(room_.get(), id.c_str()));
  if (peer) gst_genos_peer_drop(peer.get(), "sends faster than it is read");
  events_.noticed("'" + id + "' was dropped: it sends faster than this pipeline takes it");
}

// The end of a stream that we read, or a report on ours.
void Talk::on_aside(GstGenosPeer* peer, GBytes* payload) {
  const auto bytes = bytes_of(payload);
  const auto text = core::text_of(bytes);
  const core::PeerId id{gst_genos_peer_get_id(peer)};
  if (const auto report = core::report_in(text)) {
    writer_->report(id, *report);
    pump();
  } else if (const auto end = core::end_in(text); end && listens_to(peer)) {
    deliver(reader_->handle(id, *end), {{}, id.value, core::StreamPlace{end->stream, end->at}});
  }
}

void Talk::passed(Item item) {
  if (!item.place) return;
  tasks_->post([this, item = std::move(item)] {
    const auto length = item.bytes ? cost_of(item.bytes.get()) : 0;
    const auto report = reader_->passed({item.peer}, *item.place, length);
    if (report) send_aside({item.peer}, core::report_text(*report));
  });
}

// --- writing ----------------------------------------------------------------------------------

bool Talk::write(Ref<GBytes> bytes, GstGenosPayload kind) {
  const gsize size = g_bytes_get_size(bytes.get());
  if (!options_.bytes) return push({std::move(bytes), kind, false});
  for (gsize at = 0; at < size; at += piece) {
    auto part = adopt(g_bytes_new_from_bytes(bytes.get(), at, std::min<gsize>(piece, size - at)));
    if (!push({std::move(part), kind, false})) return false;
  }
  return true;
}

bool Talk::end() { return push({{}, GST_GENOS_PAYLOAD_BYTES, true}); }

bool Talk::push(Outgoing outgoing) {
  {
    std::unique_lock guard(lock_);
    space_.wait(guard, [this] {
      return flushing_ || failed_ || options_.fresh || waiting_ < waiting_limit;
    });
    if (flushing_ || failed_) return false;
    if (options_.fresh && outgoing_.size() >= fresh_limit && outgoing_.front().bytes) {
      waiting_ -= cost_of(outgoing_.front().bytes.get());
      outgoing_.pop_front();
    }
    if (outgoing.bytes) waiting_ += cost_of(outgoing.bytes.get());
    outgoing_.push_back(std::move(outgoing));
  }
  return tasks_->post([this] { pump(); });
}

void Talk::flush(bool flushing) {
  const std::scoped_lock guard(lock_);
  flushing_ = flushing;
  if (!flushing) {
    if (tasks_) tasks_->post([this] { new_stream(); });
    return;
  }
  outgoing_.clear();
  waiting_ = 0;
  space_.notify_all();
}

void Talk::new_stream() {
  if (options_.bytes && begun_ && !ended_)
    send_aside(readers(true), core::end_text(writer_->cut()));
  writer_.emplace(core::StreamWriter::Options{random_stream()});
  for (const auto& [id, peer] : peers_)
    if (gst_genos_peer_is_genos(peer.get())) writer_->add({id});
  audience_.clear();
  begun_ = ended_ = written_ = false;
}

// What is sent next: of bytes, as much as is there up to a piece.
std::optional<Talk::Outgoing> Talk::next() {
  const std::scoped_lock guard(lock_);
  if (outgoing_.empty()) return std::nullopt;
  auto first = std::move(outgoing_.front());
  outgoing_.pop_front();
  if (!first.bytes) return first;
  std::vector<Ref<GBytes>> parts = {first.bytes};
  std::size_t size = g_bytes_get_size(first.bytes.get());
  waiting_ -= cost_of(first.bytes.get());
  while (options_.bytes && !outgoing_.empty() && outgoing_.front().bytes) {
    const auto more = g_bytes_get_size(outgoing_.front().bytes.get());
    if (size + more > piece) break;
    size += more;
    waiting_ -= cost_of(outgoing_.front().bytes.get());
    parts.push_back(std::move(outgoing_.front().bytes));
    outgoing_.pop_front();
  }
  space_.notify_all();
  first.bytes = joined(parts);
  return first;
}

bool Talk::may_send() const {
  if (ended_ || in_flight_ >= in_flight_limit || !writer_->may_write()) return false;
  if ((options_.bytes && begun_) || peers_.size() >= options_.min_peers) return true;
  // Data waits for somebody who can have it. That there is no more of it, everybody knew who left.
  return met_ && next_is_end();
}

bool Talk::next_is_end() const {
  const std::scoped_lock guard(lock_);
  return !outgoing_.empty() && outgoing_.front().end;
}

// Who is not here, or cannot take it now, gets the next one.
void Talk::pump_fresh() {
  while (!ended_) {
    const auto outgoing = next();
    if (!outgoing) return;
    if (outgoing->end) {
      ended_ = written_ = true;
      return events_.written();
    }
    const auto peers = readers(true);
    if (peers.empty() || peers_.size() < options_.min_peers) continue;
    Owned<GError> error;
    if (!gst_genos_channel_send_fresh(channel_.get(), outgoing->kind, outgoing->bytes.get(),
                                      targets_of(peers).data(), out(error)))
      return fail(*error);
  }
}

void Talk::pump() {
  if (options_.fresh) return pump_fresh();
  while (may_send()) {
    const auto outgoing = next();
    if (!outgoing) break;
    if (!begun_) begin();
    if (outgoing->end)
      send_end();
    else
      send(*outgoing);
  }
  check_written();
}

void Talk::begin() {
  begun_ = true;
  for (const auto& [id, peer] : peers_) audience_.insert(id);
}

// Who is meant now: our own peers, who can report, or the others.
std::vector<std::string> Talk::readers(bool ours) const {
  std::vector<std::string> found;
  for (const auto& [id, peer] : peers_) {
    if (options_.bytes && !audience_.contains(id)) continue;
    if (bool(gst_genos_peer_is_genos(peer.get())) == ours) found.push_back(id);
  }
  return found;
}

void Talk::send(const Outgoing& outgoing) {
  const auto place = writer_->write(cost_of(outgoing.bytes.get()));
  const auto said = options_.meta.empty() ? std::nullopt : std::optional(options_.meta);
  send_to(readers(true), outgoing, core::with_place(said, place));
  send_to(readers(false), outgoing, options_.meta);
}

void Talk::send_end() {
  ended_ = true;
  send_aside(readers(true), core::end_text(writer_->end(monotonic_now())));
  g_source_set_ready_time(deadline_, writer_->deadline().time_since_epoch().count());
}

void Talk::send_aside(const std::vector<std::string>& peers, const std::string& json) {
  if (peers.empty() || !aside_) return;  // an empty list is everybody
  gst_genos_channel_send_json(aside_.get(), json.c_str(), targets_of(peers).data(), nullptr);
}

void Talk::send_to(const std::vector<std::string>& peers, const Outgoing& outgoing,
                   const std::string& meta) {
  if (peers.empty()) return;
  struct Call {
    Talk* talk;
    std::size_t size;
  };
  const auto size = cost_of(outgoing.bytes.get());
  const auto done = [](GObject*, GAsyncResult* result, gpointer data) noexcept {
    const std::unique_ptr<Call> call(static_cast<Call*>(data));
    call->talk->on_sent(result, call->size);
  };
  in_flight_ += size;
  calls_++;
  gst_genos_channel_send_async(channel_.get(), outgoing.kind, outgoing.bytes.get(),
                               meta.empty() ? nullptr : meta.c_str(), targets_of(peers).data(),
                               nullptr, nullptr, nullptr, nullptr, done, new Call{this, size});
}

void Talk::on_sent(GAsyncResult* result, std::size_t size) {
  in_flight_ -= size;
  calls_--;
  if (connections_.empty()) return;  // leaving
  Owned<GError> error;
  gst_genos_channel_send_finish(channel_.get(), result, out(error));
  // Who could not be reached has left, which is told by itself.
  if (error && !g_error_matches(error.get(), GST_GENOS_ERROR, GST_GENOS_ERROR_UNREACHABLE))
    fail(*error);
  pump();
}

void Talk::check_written() {
  if (written_ || in_flight_ > 0 || !writer_->finished(monotonic_now())) return;
  written_ = true;
  events_.written();
}

}  // namespace genos::element
