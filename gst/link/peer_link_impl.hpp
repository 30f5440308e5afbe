// SPDX-License-Identifier: LGPL-2.1-or-later
// The inside of a peer link. Everything runs on the context's thread but what posts to the mailbox.
#pragma once

#include <optional>
#include <vector>

#include "bridge/pump.hpp"
#include "bridge/signal.hpp"
#include "core/channel/fresh_lane.hpp"
#include "core/negotiation/candidate.hpp"
#include "core/negotiation/gate.hpp"
#include "core/negotiation/negotiator.hpp"
#include "core/negotiation/shim.hpp"
#include "link/data_port.hpp"
#include "link/mailbox.hpp"
#include "link/media_guard.hpp"
#include "link/media_lines.hpp"
#include "link/peer_link.hpp"
#include "link/repair_numbers.hpp"

namespace genos::link {

class PeerLink::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Options options, Events events);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void start();
  void signal(core::Signal signal);
  void send(core::Bytes bytes);
  void send_fresh(core::Bytes bytes);
  void close(core::Closing closing);
  void shut_down();
  core::Result<Ref<GstPad>> add_media(GstCaps* caps, const std::string& stream_id, GstCaps* other);
  void end_media(GstPad* pad, bool in_words);
  [[nodiscard]] MediaStanding standing(GstPad* pad) const { return lines_->standing(pad); }
  [[nodiscard]] std::vector<RemoteTrack> tracks() const;
  void set_jitter(core::Duration jitter);
  [[nodiscard]] GstElement* pipeline() const { return pipeline_.get(); }
  [[nodiscard]] const std::string& remote_fingerprint() const { return remote_fingerprint_; }

 private:
  struct Act {
    Impl* self;
    void operator()(core::Negotiator::Output& output) const;
  };
  using Box = Mailbox<Impl>;
  using Machine = Pump<core::Negotiator, Act>;

  bool build();
  void watch_bus();
  void watch_webrtcbin();
  void on_bus_message(GstMessage* message);
  void on_connection_state();
  using Heard = void (Impl::*)(core::Bytes bytes);
  [[nodiscard]] static DataEvents data_events(const std::shared_ptr<Box>& box, Heard heard);
  [[nodiscard]] static DataEvents fresh_events(const std::shared_ptr<Box>& box, Heard heard);
  void take_port(std::shared_ptr<DataPort> port);
  void on_channel_open();
  void on_message(core::Bytes bytes);
  void on_fresh_piece(core::Bytes bytes);
  void on_fresh_answer(core::Bytes bytes);
  void on_drained();
  void try_open();
  [[nodiscard]] bool verify();
  void end(std::string why);
  void dispose(std::function<void()> gone = {});

  void act(core::Negotiator::CreateOffer);
  void act(core::Negotiator::CreateAnswer);
  void act(core::Negotiator::SetLocal& output);
  void act(core::Negotiator::SetRemote& output);
  void act(core::Negotiator::AddCandidate& output);
  void act(core::Negotiator::Send& output);
  void act(core::Negotiator::Negotiated& output);
  void act(core::Negotiator::Ended& output);
  void create(core::DescriptionType type);
  void apply(const char* action, const core::Description& description);
  void feed(core::Negotiator::Input input);
  // Towards a page whose link it was: an offer of ours may be thrown away.
  [[nodiscard]] bool gives_way() const {
    return options_.role == core::LinkRole::answerer && options_.partner == core::Partner::page;
  }
  void ask_for_tracks();
  void want_round();
  bool retire_ended();  // true: there were some
  void tell_ended_soon();
  void post_later(core::Duration delay, void (*task)(Impl& self));
  [[nodiscard]] std::vector<std::size_t> unwanted_lines();
  [[nodiscard]] core::Result<core::Description> admit(const core::Description& theirs);
  [[nodiscard]] core::Result<core::Description> show(const core::Description& ours);

  Options options_;
  Events events_;
  Ref<GMainContext> context_;
  std::shared_ptr<Box> mailbox_;
  std::shared_ptr<MediaGuard> guard_;
  std::shared_ptr<MediaLines> lines_;
  std::shared_ptr<RepairNumbers> repairs_ = std::make_shared<RepairNumbers>();
  core::Gate gate_;
  core::Shim shim_;
  struct Agreed {
    core::Gate gate;
    core::Shim shim;
  };
  // As it was before an offer was sent that may have to be thrown away.
  std::optional<Agreed> before_offer_;
  std::optional<core::RemoteDescription> remote_;
  std::string remote_fingerprint_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> webrtc_;
  Ref<GstPromise> asked_;  // the last call of webrtcbin; one is under way at a time
  std::unique_ptr<Machine> negotiator_;
  std::shared_ptr<DataPort> port_;
  // For what may be lost: each side writes to one of its own.
  std::shared_ptr<DataPort> fresh_, heard_fresh_;
  core::FreshSender fresh_sender_;
  core::FreshReceiver fresh_receiver_;
  std::optional<std::string> settling_;  // the stream whose round is not over
  bool untold_ = false;                  // that media ended
  unsigned rounds_wanted_ = 0, rounds_offered_ = 0;
  bool media_posted_ = false;
  unsigned tracks_asked_ = 0;
  std::vector<core::Bytes> early_;  // messages that came before whose they are was verified
  bool channel_open_ = false;
  bool verified_ = false;
  bool opened_ = false;
  bool closing_ = false;  // no more sends; what was written is leaving
  bool over_ = false;     // `closed` was said or will not be
  core::Time written_{};  // the last message
  core::Duration last_words_ = std::chrono::milliseconds(99);  // between it and the close
  std::vector<Connection> connections_;
};

}  // namespace genos::link
