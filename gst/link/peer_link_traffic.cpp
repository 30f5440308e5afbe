// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a peer link that carries messages and media.
#include <utility>

#include "link/peer_link_impl.hpp"

namespace genos::link {
namespace {

// What may wait for the context's thread: a second of a fast link. More means that this process
// does not keep up, and webrtcbin offers no way to slow the sender down.
constexpr std::size_t unread_limit = 64UL * 1024 * 1024;
// Of a message beside its bytes: an empty one costs memory as well.
constexpr std::size_t message_cost = 256;
constexpr const char* fresh_label = "genos:fresh";
// Of what is good only now no more than this waits: 25 ms of a slow link.
constexpr std::size_t fresh_limit = 32UL * 1024;
// Media that ended is played to its end: a jitter buffer has it for so long, and a line that is
// said to be over is not played any more.
constexpr core::Duration last_of_media = std::chrono::milliseconds(500);

}  // namespace

DataEvents PeerLink::Impl::data_events(const std::shared_ptr<Box>& box, Heard heard) {
  const auto unread = std::make_shared<std::atomic<std::size_t>>(0);
  const auto draining = std::make_shared<std::atomic<bool>>(false);
  return {
      .open = [box] { box->post([](Impl& self) { self.on_channel_open(); }); },
      .closed =
          [box](std::string why) {
            box->post([why = std::move(why)](Impl& self) { self.end(why); });
          },
      .message =
          [box, unread, heard](core::Bytes bytes) {
            const std::size_t cost = bytes.size() + message_cost;
            if (unread->fetch_add(cost) > unread_limit) {
              unread->fetch_sub(cost);
              return box->post([](Impl& self) { self.end("they send faster than we can read"); });
            }
            const auto kept = std::make_shared<core::Bytes>(std::move(bytes));
            box->post([kept, unread, cost, heard](Impl& self) {
              unread->fetch_sub(cost);
              (self.*heard)(std::move(*kept));
            });
          },
      .drained =
          [box, draining] {
            if (draining->exchange(true)) return;  // one on its way tells both
            box->post([draining](Impl& self) {
              draining->store(false);
              self.on_drained();
            });
          },
  };
}

// That channel may come and go: the link is none the worse.
DataEvents PeerLink::Impl::fresh_events(const std::shared_ptr<Box>& box, Heard heard) {
  DataEvents events = data_events(box, heard);
  events.open = [] {};
  events.closed = [](const std::string&) {};
  events.drained = [] {};
  return events;
}

void PeerLink::Impl::take_port(std::shared_ptr<DataPort> port) {
  if (!over_) port_ = std::move(port);
}

void PeerLink::Impl::on_channel_open() {
  channel_open_ = true;
  try_open();
}

// A message proves that the channel is open, whatever thread was faster to say so.
void PeerLink::Impl::on_message(core::Bytes bytes) {
  if (over_) return;
  channel_open_ = true;
  if (!opened_) {
    early_.push_back(std::move(bytes));
    return try_open();
  }
  if (events_.message) events_.message(std::move(bytes));
}

void PeerLink::Impl::on_fresh_piece(core::Bytes bytes) {
  if (over_ || !opened_) return;
  auto heard = fresh_receiver_.handle(bytes);
  // Who floods us and reads nothing gets no more answers.
  if (!heard.answer.empty() && heard_fresh_ && heard_fresh_->buffered() < fresh_limit)
    (void)heard_fresh_->send(std::move(heard.answer));
  if (heard.message) on_message(std::move(*heard.message));
}

void PeerLink::Impl::on_fresh_answer(core::Bytes bytes) { fresh_sender_.handle(bytes); }

void PeerLink::Impl::try_open() {
  if (over_ || opened_ || !channel_open_ || !port_ || !verify()) return;
  opened_ = true;
  feed(core::Negotiator::Open{});
  if (events_.opened) events_.opened();
  for (auto& bytes : std::exchange(early_, {}))
    if (!over_ && events_.message) events_.message(std::move(bytes));
}

void PeerLink::Impl::on_drained() {
  if (over_ || !port_ || !opened_) return;
  const std::size_t left = port_->buffered();
  if (closing_ && left == 0) return end("closed by us");
  if (events_.drained) events_.drained(left);
}

void PeerLink::Impl::send(core::Bytes bytes) {
  if (over_ || closing_ || !opened_) return;
  written_ = monotonic_now();
  const auto sent = port_->send(std::move(bytes));
  if (!sent) end(sent.error().detail);
}

void PeerLink::Impl::send_fresh(core::Bytes bytes) {
  if (over_ || closing_ || !opened_) return;
  if (!fresh_) {
    const Owned<GstStructure> options(gst_structure_new("application/data-channel", "ordered",
                                                        G_TYPE_BOOLEAN, FALSE, "max-retransmits",
                                                        G_TYPE_INT, 0, nullptr));
    GstWebRTCDataChannel* channel = nullptr;
    g_signal_emit_by_name(webrtc_.get(), "create-data-channel", fresh_label, options.get(),
                          &channel);
    if (!channel) return send(std::move(bytes));
    fresh_ =
        std::make_shared<DataPort>(adopt(channel), fresh_events(mailbox_, &Impl::on_fresh_answer));
  }
  if (fresh_->is_open()) {
    if (fresh_->buffered() >= fresh_limit) return;
    for (auto& piece : fresh_sender_.send(bytes, monotonic_now()))
      (void)fresh_->send(std::move(piece));
  } else if (port_->buffered() == 0) {
    send(std::move(bytes));  // until it is open, if that makes nothing wait
  }
}

core::Result<Ref<GstPad>> PeerLink::Impl::add_media(GstCaps* caps, const std::string& stream_id,
                                                    GstCaps* other) {
  using core::Errc;
  using core::Error;
  if (over_ || closing_ || !opened_)
    return Error{Errc::wrong_state, "media is added to a link that is open"};
  // A page pairs streams with what was said of them by order only: one a round.
  const bool page = options_.partner == core::Partner::page;
  if (page && settling_ && *settling_ != stream_id)
    return Error{Errc::wrong_state, "another stream is being negotiated with this page"};
  auto pad = lines_->add(pipeline_.get(), caps, stream_id, other);
  if (!pad) return pad;
  settling_ = stream_id;
  want_round();
  return pad;
}

// What else is added or ends in this turn comes along.
void PeerLink::Impl::want_round() {
  if (std::exchange(media_posted_, true)) return;
  mailbox_->post([](Impl& self) {
    self.media_posted_ = false;
    self.rounds_wanted_++;
    self.feed(core::Negotiator::Media{});
  });
}

void PeerLink::Impl::end_media(GstPad* pad, bool in_words) {
  if (over_ || closing_) return;
  lines_->end(pad);
  (void)retire_ended();
  if (untold_ && (!in_words || options_.partner == core::Partner::page)) tell_ended_soon();
}

bool PeerLink::Impl::retire_ended() {
  const auto wires = lines_->retire_ended(shim_);
  for (const auto wire : wires) {
    shim_.retire(wire);
    if (before_offer_) before_offer_->shim.retire(wire);
    untold_ = true;
  }
  return !wires.empty();
}

// Unless another round does.
void PeerLink::Impl::tell_ended_soon() {
  post_later(last_of_media, [](Impl& self) {
    if (self.untold_) self.want_round();
  });
}

std::vector<PeerLink::RemoteTrack> PeerLink::Impl::tracks() const {
  std::vector<RemoteTrack> tracks;
  if (!remote_ || over_) return tracks;
  for (std::size_t wire = 0; wire < remote_->media.size(); ++wire) {
    const auto& media = remote_->media[wire];
    const bool is_media =
        media.kind == core::MediaKind::audio || media.kind == core::MediaKind::video;
    const auto line = shim_.receiving_line(wire);
    if (!is_media || media.rejected || media.ssrcs.empty() || !line) continue;
    if (auto caps = receiving_caps(media)) tracks.push_back({*line, media, std::move(caps)});
  }
  return tracks;
}

}  // namespace genos::link
