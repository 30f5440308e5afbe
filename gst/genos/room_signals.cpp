// SPDX-License-Identifier: LGPL-2.1-or-later
// The signals of GstGenosRoom, and how what the library tells becomes one.
#include "core/base/overloaded.hpp"
#include "genos/gstgenosroom_private.hpp"

namespace genos {
namespace {

using core::Node;

// Messages for channels that nobody has asked for yet: enough for what arrives while a program
// starts, not for one that never asks.
constexpr std::size_t waiting_bytes_limit = 16u << 20;
constexpr std::size_t waiting_limit = 1024;

enum Signal : guint {
  signal_peer_seen,
  signal_peer_join,
  signal_peer_leave,
  signal_join_error,
  signal_handshake,
  signal_handshake_message,
  signal_lonely,
  signal_signaling_status,
  signal_queue_full,
  signal_queue_ready,
  signal_ended,
  signal_stream_add,
  signal_stream_remove,
  n_signals
};
guint signals[n_signals];

GstGenosLeaveReason to_c(core::LeaveReason reason) {
  return static_cast<GstGenosLeaveReason>(static_cast<int>(reason));
}

Ref<GstGenosPeer> find_peer(GstGenosRoom* self, const core::PeerId& id) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const auto found = state.peers.find(id);
  return found == state.peers.end() ? Ref<GstGenosPeer>() : found->second;
}

Ref<GstGenosPeer> find_or_make_peer(GstGenosRoom* self, const core::PeerId& id) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  auto& peer = state.peers[id];
  if (!peer) peer = make_peer(state.front, id);
  return peer;
}

Ref<GstGenosChannel> find_channel(GstGenosRoom* self, const std::string& name) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  const auto found = state.channels.find(name);
  return found == state.channels.end() ? Ref<GstGenosChannel>() : found->second;
}

void forget_peer(GstGenosRoom* self, const core::PeerId& id) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  state.peers.erase(id);
}

void on_joined(GstGenosRoom* self, const Node::PeerJoined& joined) {
  const auto peer = find_or_make_peer(self, joined.peer);
  peer_joined(peer.get(), joined);
  g_signal_emit(self, signals[signal_peer_join], 0, peer.get());
}

void on_left(GstGenosRoom* self, const Node::PeerLeft& left) {
  const auto peer = find_peer(self, left.peer);
  if (!peer) return;
  forget_peer(self, left.peer);
  peer_left(peer.get());
  page_files_left(self, left.peer);
  g_signal_emit(self, signals[signal_peer_leave], 0, peer.get(), to_c(left.reason),
                left.detail.c_str());
}

void on_join_failed(GstGenosRoom* self, const Node::JoinFailed& failed) {
  const Owned<GError> error(
      g_error_new_literal(GST_GENOS_ERROR, GST_GENOS_ERROR_REFUSED, failed.why.c_str()));
  g_signal_emit(self, signals[signal_join_error], 0, failed.peer.value.c_str(), error.get());
  if (auto peer = find_peer(self, failed.peer); peer && !gst_genos_peer_is_present(peer.get()))
    forget_peer(self, failed.peer);
}

// We are no longer in the room. The library told of each peer; this is for what it had no time for.
void on_room_left(GstGenosRoom* self) {
  auto& state = state_of(self);
  std::map<core::PeerId, Ref<GstGenosPeer>> peers;
  {
    const std::scoped_lock guard(state.lock);
    peers.swap(state.peers);
    state.waiting.clear();
    state.waiting_bytes = 0;
  }
  for (const auto& [id, peer] : peers) {
    if (!gst_genos_peer_is_present(peer.get())) continue;
    peer_left(peer.get());
    g_signal_emit(self, signals[signal_peer_leave], 0, peer.get(), GST_GENOS_LEAVE_REASON_LOCAL,
                  "");
  }
  end_files(self);
}

// True when it has to wait until somebody asks for its channel.
bool keep_waiting(GstGenosRoom* self, const Ref<GstGenosPeer>& peer,
                  const Node::Received& received) {
  auto& state = state_of(self);
  const std::scoped_lock guard(state.lock);
  if (state.channels.contains(received.message.channel)) return false;
  state.waiting.push_back({peer, received});
  state.waiting_bytes += received.message.payload->size();
  while (state.waiting.size() > waiting_limit || state.waiting_bytes > waiting_bytes_limit) {
    const auto& oldest = state.waiting.front().received;
    state.waiting_bytes -= oldest.message.payload->size();
    state.front->consumed(oldest.peer, oldest.message.payload->size());
    state.waiting.pop_front();
  }
  return true;
}

void on_received(GstGenosRoom* self, const Node::Received& received) {
  const auto& name = received.message.channel;
  const auto peer = find_peer(self, received.peer);
  const bool of_elements = name.starts_with("@_") || name.starts_with("genos:");
  if (!peer || of_elements)
    return state_of(self).front->consumed(received.peer, received.message.payload->size());
  const bool of_application = bool(find_channel(self, name));
  if (!of_application && !gst_genos_peer_is_genos(peer.get()) && page_message(self, received))
    return;
  if (keep_waiting(self, peer, received)) return;
  if (const auto channel = find_channel(self, name))
    channel_received(channel.get(), peer.get(), received);
}

void on_progress(GstGenosRoom* self, const Node::Progress& progress) {
  const auto channel = find_channel(self, progress.channel);
  const auto peer = find_peer(self, progress.peer);
  if (channel && peer) channel_progress(channel.get(), peer.get(), progress);
  if (!channel && peer && !gst_genos_peer_is_genos(peer.get())) page_progress(self, progress);
}

void on_handshake_message(GstGenosRoom* self, const Node::HandshakeReceived& received) {
  const auto peer = find_or_make_peer(self, received.peer);
  const auto payload = to_gbytes(received.message.payload);
  g_signal_emit(self, signals[signal_handshake_message], 0, peer.get(),
                genos::to_c(received.message.kind), payload.get());
}

guint add_signal(GType type, const char* name, std::initializer_list<GType> arguments) {
  std::vector<GType> types(arguments);
  return g_signal_newv(name, type, G_SIGNAL_RUN_LAST, nullptr, nullptr, nullptr, nullptr,
                       G_TYPE_NONE, guint(types.size()), types.data());
}

}  // namespace

void room_output(GstGenosRoom* self, const Node::Output& output) {
  std::visit(
      core::Overloaded{
          [&](const Node::PeerSeen& seen) {
            g_signal_emit(self, signals[signal_peer_seen], 0, seen.peer.value.c_str());
          },
          [&](const Node::PeerJoined& joined) { on_joined(self, joined); },
          [&](const Node::PeerLeft& left) { on_left(self, left); },
          [&](const Node::JoinFailed& failed) { on_join_failed(self, failed); },
          [&](const Node::Received& received) { on_received(self, received); },
          [&](const Node::Progress& progress) { on_progress(self, progress); },
          [&](const Node::QueueFull& full) {
            if (auto peer = find_peer(self, full.peer))
              g_signal_emit(self, signals[signal_queue_full], 0, peer.get());
          },
          [&](const Node::QueueReady& ready) {
            if (auto peer = find_peer(self, ready.peer))
              g_signal_emit(self, signals[signal_queue_ready], 0, peer.get());
          },
          [&](const Node::HandshakeBegun& begun) {
            const auto peer = find_or_make_peer(self, begun.peer);
            g_signal_emit(self, signals[signal_handshake], 0, peer.get(),
                          gboolean(begun.initiator));
          },
          [&](const Node::HandshakeReceived& received) { on_handshake_message(self, received); },
          [&](const Node::RoomLeft&) { on_room_left(self); },
          [&](const auto&) {},
      },
      output);
}

void stream_came(GstGenosRoom* self, const core::PeerId& id, const std::string& stream,
                 const std::string& meta) {
  const auto peer = find_or_make_peer(self, id);
  g_signal_emit(self, signals[signal_stream_add], 0, peer.get(), stream.c_str(), meta.c_str());
}

void stream_ended(GstGenosRoom* self, const core::PeerId& id, const std::string& stream,
                  const std::string& meta) {
  const auto peer = find_or_make_peer(self, id);
  g_signal_emit(self, signals[signal_stream_remove], 0, peer.get(), stream.c_str(), meta.c_str());
}

void deliver_waiting(GstGenosRoom* self, const std::string& name) {
  auto& state = state_of(self);
  std::deque<RoomState::Waiting> mine;
  {
    const std::scoped_lock guard(state.lock);
    std::erase_if(state.waiting, [&](const RoomState::Waiting& one) {
      if (one.received.message.channel != name) return false;
      state.waiting_bytes -= one.received.message.payload->size();
      mine.push_back(one);
      return true;
    });
  }
  const auto channel = find_channel(self, name);
  for (const auto& one : mine)
    if (channel) channel_received(channel.get(), one.peer.get(), one.received);
}

namespace {

void install_peer_signals(GType type) {
  /**
   * GstGenosRoom::peer-seen:
   * @room: the room
   * @peer_id: who announced itself
   *
   * Somebody is there; a link may follow.
   */
  signals[signal_peer_seen] = add_signal(type, "peer-seen", {G_TYPE_STRING});
  /**
   * GstGenosRoom::peer-join:
   * @room: the room
   * @peer: who came
   *
   * A peer is in the room and can be talked to.
   */
  signals[signal_peer_join] = add_signal(type, "peer-join", {GST_TYPE_GENOS_PEER});
  /**
   * GstGenosRoom::peer-leave:
   * @room: the room
   * @peer: who went
   * @reason: why
   * @detail: more for people; may be empty. What a leaving peer says for itself is not to be
   * trusted
   *
   * A peer is no longer in the room.
   */
  signals[signal_peer_leave] = add_signal(
      type, "peer-leave", {GST_TYPE_GENOS_PEER, GST_TYPE_GENOS_LEAVE_REASON, G_TYPE_STRING});
  /**
   * GstGenosRoom::join-error:
   * @room: the room
   * @peer_id: who could not come in
   * @error: why
   *
   * A peer could not be let in, or did not let us in.
   */
  signals[signal_join_error] = add_signal(type, "join-error", {G_TYPE_STRING, G_TYPE_ERROR});
}

void install_handshake_signals(GType type) {
  /**
   * GstGenosRoom::handshake:
   * @room: the room
   * @peer: who wants to come in
   * @initiator: whether we speak first
   *
   * With #GstGenosRoom:handshake: a peer waits for gst_genos_peer_accept() or
   * gst_genos_peer_refuse().
   */
  signals[signal_handshake] = add_signal(type, "handshake", {GST_TYPE_GENOS_PEER, G_TYPE_BOOLEAN});
  /**
   * GstGenosRoom::handshake-message:
   * @room: the room
   * @peer: who wants to come in
   * @kind: what @payload is
   * @payload: what it says
   *
   * With #GstGenosRoom:handshake: a peer that is not let in yet says something.
   */
  signals[signal_handshake_message] = add_signal(
      type, "handshake-message", {GST_TYPE_GENOS_PEER, GST_TYPE_GENOS_PAYLOAD, G_TYPE_BYTES});
}

void install_trouble_signals(GType type) {
  /**
   * GstGenosRoom::lonely:
   * @room: the room
   * @hint: where we looked and what to try
   *
   * Nobody came for three seconds. Told once.
   */
  signals[signal_lonely] = add_signal(type, "lonely", {G_TYPE_STRING});
  /**
   * GstGenosRoom::signaling-status:
   * @room: the room
   * @uri: a relay
   * @status: `connecting`, `open`, `backing-off`, `refused` or `closed`
   * @detail: why
   *
   * How a relay does. Losing all of them changes nothing for peers that are here.
   */
  signals[signal_signaling_status] =
      add_signal(type, "signaling-status", {G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING});
  /**
   * GstGenosRoom::queue-full:
   * @room: the room
   * @peer: who is slow
   *
   * More than #GstGenosRoom:queue-limit waits for this peer.
   */
  signals[signal_queue_full] = add_signal(type, "queue-full", {GST_TYPE_GENOS_PEER});
  /**
   * GstGenosRoom::queue-ready:
   * @room: the room
   * @peer: who was slow
   *
   * What waits for this peer is below the limit again.
   */
  signals[signal_queue_ready] = add_signal(type, "queue-ready", {GST_TYPE_GENOS_PEER});
  /**
   * GstGenosRoom::ended:
   * @room: the room
   * @error: why
   *
   * Nobody new can be found any more: every relay refused us, or the signaling object ended.
   */
  signals[signal_ended] = add_signal(type, "ended", {G_TYPE_ERROR});
}

void install_stream_signals(GType type) {
  /**
   * GstGenosRoom::stream-add:
   * @room: the room
   * @peer: whose it is
   * @id: of the stream, as the `stream` in the tags of its pads
   * @meta: what the peer says of it, a JSON object, or empty
   *
   * A peer shows something, and this peer takes it: gst_genos_room_receive() was called. What joins
   * the stream later is not told of again.
   */
  signals[signal_stream_add] =
      add_signal(type, "stream-add", {GST_TYPE_GENOS_PEER, G_TYPE_STRING, G_TYPE_STRING});
  /**
   * GstGenosRoom::stream-remove:
   * @room: the room
   * @peer: whose it was
   * @id: of the stream
   * @meta: what the peer said of it
   *
   * A stream that #GstGenosRoom::stream-add told of has ended.
   */
  signals[signal_stream_remove] =
      add_signal(type, "stream-remove", {GST_TYPE_GENOS_PEER, G_TYPE_STRING, G_TYPE_STRING});
}

}  // namespace

void install_room_signals(GType type) {
  install_peer_signals(type);
  install_handshake_signals(type);
  install_trouble_signals(type);
  install_stream_signals(type);
}

}  // namespace genos
