// SPDX-License-Identifier: LGPL-2.1-or-later
#include "e2e/peer/room.hpp"

#include "e2e/peer/payload.hpp"

namespace genos::test {
namespace {

using core::Errc;
using core::Error;
using core::Json;

constexpr const char* reason_words[] = {"said-goodbye", "lost", "refused", "unwanted", "local"};

Error error_of(const GError* error) { return {Errc::failed, error ? error->message : "failed"}; }

std::string joined(const Json* list, std::string_view none) {
  std::string text;
  for (const auto& one : list && list->as_array() ? *list->as_array() : Json::Array())
    if (const auto* word = one.as_string()) text += (text.empty() ? "" : ",") + *word;
  return text.empty() ? std::string(none) : text;
}

// The targets of a command as a string array; null for all.
struct Targets {
  explicit Targets(const Json& command) {
    const auto* list = command.array_at("to");
    if (!list) return;
    for (const auto& one : *list)
      if (const auto* word = one.as_string()) words.push_back(*word);
    for (const auto& word : words) pointers.push_back(word.c_str());
    pointers.push_back(nullptr);
  }
  [[nodiscard]] const gchar* const* get() const {
    return pointers.empty() ? nullptr : pointers.data();
  }
  std::vector<std::string> words;
  std::vector<const gchar*> pointers;
};

std::optional<std::string> meta_of(const Json& command) {
  const auto* meta = command.find("meta");
  return meta ? std::optional(core::to_text(*meta)) : std::nullopt;
}

// Calls a closure with the result of an async call.
using Finish = std::function<void(GAsyncResult*)>;
void finish(GObject*, GAsyncResult* result, gpointer data) noexcept {
  const std::unique_ptr<Finish> then(static_cast<Finish*>(data));
  (*then)(result);
}

struct SendReport {
  std::weak_ptr<Room> room;
  std::function<void(const char* peer, double fraction)> report;
};

}  // namespace

Room::Room(const std::string& self, const Json& command)
    : id_(command.string_at("room").value_or("")) {
  const auto app = command.string_at("app").value_or("genos");
  room_ = adopt(gst_genos_room_new(app.c_str(), id_.c_str()));
  g_object_set(room_.get(), "self-id", self.c_str(), "peer", "e2e", "signaling",
               joined(command.find("relays"), "").c_str(), "ice-servers",
               joined(command.find("ice"), "none").c_str(), "password",
               command.string_at("password").value_or("").c_str(), "passive",
               gboolean(command.bool_at("passive").value_or(false)), "ice-transport-policy",
               command.string_at("policy").value_or("") == "relay" ? GST_GENOS_ICE_POLICY_RELAY
                                                                   : GST_GENOS_ICE_POLICY_ALL,
               nullptr);
  report_peers();
}

void Room::report_peers() {
  auto* room = room_.get();
  connections_.push_back(
      on<void(GstGenosRoom*, GstGenosPeer*)>(room, "peer-join", [this](auto*, GstGenosPeer* peer) {
        write_line(line("peer-join").set("peer", gst_genos_peer_get_id(peer)));
      }));
  connections_.push_back(on<void(GstGenosRoom*, GstGenosPeer*, gint, const gchar*)>(
      room, "peer-leave", [this](auto*, GstGenosPeer* peer, gint reason, const gchar* detail) {
        write_line(line("peer-leave")
                       .set("peer", gst_genos_peer_get_id(peer))
                       .set("reason", reason_words[reason])
                       .set("detail", detail));
      }));
  connections_.push_back(on<void(GstGenosRoom*, const gchar*, GError*)>(
      room, "join-error", [this](auto*, const gchar* peer, GError* error) {
        write_line(line("join-error").set("peer", peer).set("error", error->message));
      }));
}

void Room::join(Answer answer) {
  const double t = wall_ms();
  gst_genos_room_join_async(
      room_.get(), nullptr, finish,
      new Finish([self = shared_from_this(), answer, t](GAsyncResult* result) {
        Owned<GError> error;
        if (!gst_genos_room_join_finish(self->room_.get(), result, out(error)))
          return answer(error_of(error.get()));
        self->media_ = Media::listen(self->room_.get(), self->id_);
        answer(Json::object().set("t", t));
      }));
}

void Room::leave(Answer answer) {
  if (media_) media_->stop();
  gst_genos_room_leave_async(
      room_.get(), nullptr, nullptr, finish,
      new Finish([self = shared_from_this(), answer](GAsyncResult* result) {
        Owned<GError> error;
        self->connections_.clear();
        self->channels_.clear();
        if (!gst_genos_room_leave_finish(self->room_.get(), result, out(error)))
          return answer(error_of(error.get()));
        answer(Json::object());
      }));
}

Json Room::line(const char* name, const Channel& channel, GstGenosPeer* peer) const {
  return line(name)
      .set("channel", gst_genos_channel_get_name(channel.object.get()))
      .set("peer", gst_genos_peer_get_id(peer));
}

void Room::channel(const Json& command, Answer answer) {
  const auto name = command.string_at("channel").value_or("");
  auto [found, is_new] = channels_.try_emplace(name);
  auto& channel = found->second;
  channel.answer = command.string_at("answer").value_or("");
  if (is_new) {
    Owned<GError> error;
    channel.object = adopt(gst_genos_room_channel(room_.get(), name.c_str(), out(error)));
    if (!channel.object) {
      channels_.erase(found);
      return answer(error_of(error.get()));
    }
    report_channel(channel);
  }
  answer(Json::object());
}

void Room::report_channel(Channel& channel) {
  auto* object = channel.object.get();
  channel.connections.push_back(
      on<void(GstGenosChannel*, GstGenosPeer*, gint, GBytes*, const gchar*)>(
          object, "message",
          [this, &channel](auto*, GstGenosPeer* peer, gint kind, GBytes* payload,
                           const gchar* meta) {
            auto event = line("message", channel, peer);
            describe(event, static_cast<GstGenosPayload>(kind), payload, meta);
            write_line(event);
          }));
  channel.connections.push_back(
      on<void(GstGenosChannel*, GstGenosPeer*, gdouble, guint64, const gchar*)>(
          object, "progress",
          [this, &channel](auto*, GstGenosPeer* peer, gdouble fraction, guint64,
                           const gchar* meta) {
            auto event = line("progress", channel, peer);
            if (meta) event.set("meta", value_of(meta));
            auto& progress = channel.receiving[gst_genos_peer_get_id(peer)];
            if (const auto some = progress.report(std::move(event), fraction)) write_line(*some);
          }));
  channel.connections.push_back(on<void(GstGenosChannel*, GstGenosRequest*)>(
      object, "request",
      [this, &channel](auto*, GstGenosRequest* request) { answer_request(channel, request); }));
}

void Room::answer_request(Channel& channel, GstGenosRequest* request) {
  auto event = line("request", channel, gst_genos_request_get_peer(request));
  auto* payload = gst_genos_request_get_payload(request);
  const auto kind = gst_genos_request_get_kind(request);
  describe(event, kind, payload, gst_genos_request_get_meta(request));
  write_line(event);
  if (channel.answer == "echo") gst_genos_request_respond(request, kind, payload, nullptr);
  if (channel.answer == "fail") gst_genos_request_fail(request, "refused by the test");
  if (channel.answer == "never") channel.unanswered.push_back(retain(request));
}

Room::Channel* Room::find_channel(const Json& command, const Answer& answer) {
  const auto name = command.string_at("channel").value_or("");
  const auto found = channels_.find(name);
  if (found != channels_.end()) return &found->second;
  answer(Error{Errc::not_found, "the channel '" + name + "' was not made"});
  return nullptr;
}

void Room::send(const Json& command, Answer answer) {
  auto* channel = find_channel(command, answer);
  if (!channel) return;
  const auto payload = payload_of(command);
  const auto meta = meta_of(command);
  const Targets targets(command);
  const double t = wall_ms();
  if (command.bool_at("fresh").value_or(false)) {
    Owned<GError> error;
    if (!gst_genos_channel_send_fresh(channel->object.get(), payload.kind, payload.bytes.get(),
                                      targets.get(), out(error)))
      return answer(error_of(error.get()));
    return answer(Json::object().set("t", t));
  }
  auto report = [](GstGenosChannel* object, const gchar* peer, gdouble fraction,
                   gpointer data) noexcept {
    const auto& to = *static_cast<SendReport*>(data);
    if (!to.room.expired() && object) to.report(peer, fraction);
  };
  const bool wanted = command.bool_at("progress").value_or(false);
  auto* data = new SendReport{
      weak_from_this(), [this, channel](const char* peer, double fraction) {
        auto event =
            line("progress").set("channel", gst_genos_channel_get_name(channel->object.get()));
        event.set("peer", peer).set("sent", true);
        if (const auto some = channel->sending[peer].report(std::move(event), fraction))
          write_line(*some);
      }};
  gst_genos_channel_send_async(
      channel->object.get(), payload.kind, payload.bytes.get(), meta ? meta->c_str() : nullptr,
      targets.get(), wanted ? +report : nullptr, data,
      [](gpointer gone) { delete static_cast<SendReport*>(gone); }, nullptr, finish,
      new Finish([object = channel->object, answer, t](GAsyncResult* result) {
        Owned<GError> error;
        if (!gst_genos_channel_send_finish(object.get(), result, out(error)))
          return answer(error_of(error.get()));
        answer(Json::object().set("t", t));
      }));
}

void Room::request(const Json& command, Answer answer) {
  auto* channel = find_channel(command, answer);
  if (!channel) return;
  const auto payload = payload_of(command);
  const auto meta = meta_of(command);
  const auto to = command.string_at("to").value_or("");
  const auto limit = static_cast<guint>(command.integer_at("timeout").value_or(10'000));
  gst_genos_channel_request_async(
      channel->object.get(), to.c_str(), payload.kind, payload.bytes.get(),
      meta ? meta->c_str() : nullptr, limit, nullptr, finish,
      new Finish([object = channel->object, answer](GAsyncResult* result) {
        Owned<GError> error;
        Owned<char> said;
        GstGenosPayload kind = GST_GENOS_PAYLOAD_TEXT;
        const auto reply = adopt(
            gst_genos_channel_request_finish(object.get(), result, &kind, out(said), out(error)));
        if (!reply) return answer(error_of(error.get()));
        auto results = Json::object();
        describe(results, kind, reply.get(), said.get());
        answer(std::move(results));
      }));
}

void Room::ping(const Json& command, Answer answer) {
  const auto to = command.string_at("to").value_or("");
  const auto peer = adopt(gst_genos_room_get_peer(room_.get(), to.c_str()));
  if (!peer) return answer(Error{Errc::unknown_peer, "no peer " + to});
  gst_genos_peer_ping_async(
      peer.get(), nullptr, finish, new Finish([peer, answer](GAsyncResult* result) {
        Owned<GError> error;
        const gint64 took = gst_genos_peer_ping_finish(peer.get(), result, out(error));
        if (error) return answer(error_of(error.get()));
        answer(Json::object().set("ms", static_cast<double>(took) / 1000.0));
      }));
}

void Room::peers(const Json&, Answer answer) {
  auto list = Json::array();
  GList* present = gst_genos_room_get_peers(room_.get());
  for (GList* one = present; one; one = one->next)
    list.push(gst_genos_peer_get_id(static_cast<GstGenosPeer*>(one->data)));
  g_list_free_full(present, g_object_unref);
  answer(Json::object().set("peers", std::move(list)));
}

void Room::add_media(const Json& command, Answer answer) {
  const Targets targets(command);
  std::vector<std::string> to = targets.words;
  if (!targets.get()) {
    GList* present = gst_genos_room_get_peers(room_.get());
    for (GList* one = present; one; one = one->next)
      to.emplace_back(gst_genos_peer_get_id(static_cast<GstGenosPeer*>(one->data)));
    g_list_free_full(present, g_object_unref);
  }
  const bool av1 = command.string_at("codec") == "video/AV1";
  const auto stream =
      media_->add(to, command.find("meta"), av1 ? Media::Codec::av1 : Media::Codec::vp8);
  answer(Json::object().set("stream", stream).set("t", wall_ms()));
}

void Room::remove_media(const Json& command, Answer answer) {
  media_->remove(command.string_at("stream").value_or(""));
  answer(Json::object());
}

void Room::media_stats(const Json& command, Answer answer) {
  answer(media_->stats(command.string_at("peer").value_or("")));
}

}  // namespace genos::test
