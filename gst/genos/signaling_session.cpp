// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/signaling_session.hpp"

#include "core/base/overloaded.hpp"
#include "core/wire/envelope.hpp"
#include "genos/mailbox.hpp"

namespace genos {
namespace {

using core::Node;

class SignalingSession final : public net::Session {
 public:
  SignalingSession(Ref<GstGenosSignaling> signaling, const RoomConfig& config,
                   const core::PeerId& self, Events events)
      : signaling_(std::move(signaling)), config_(config), self_(self), events_(std::move(events)) {
    token_ = crypto::room_token(config.app_id, config.room_id);
    auto context = adopt(g_main_context_ref_thread_default());
    mailbox_ = open_mailbox(signaling_.get(), context.get(),
                            [this](const Letter& letter) { read(letter); });
  }
  ~SignalingSession() override { close_mailbox(*mailbox_); }

  void join() override {
    iface()->join(signaling_.get(), config_.app_id.c_str(), config_.room_id.c_str(),
                  self_.value.c_str());
  }
  void leave() override {
    close_mailbox(*mailbox_);
    iface()->leave(signaling_.get());
  }
  void wake(const core::PeerId& peer) override {
    if (iface()->wake) iface()->wake(signaling_.get(), peer.value.c_str());
  }
  void deliver(const Node::Deliver& deliver) override {
    auto json = core::Json::object();
    json.set("offerId", deliver.offer.value);
    json.set("genos", core::advertisement_json(genos::advertisement_of(config_)));
    const auto signal = core::encode_signal(deliver.signal);
    json.set("signal", signal.json);
    iface()->send(signaling_.get(), deliver.peer.value.c_str(), std::string(signal.action).c_str(),
                  core::to_text(json).c_str());
  }
  void linked(const core::PeerId&) override {}
  void unlinked(const core::PeerId&, bool) override {}

 private:
  GstGenosSignalingInterface* iface() { return GST_GENOS_SIGNALING_GET_IFACE(signaling_.get()); }

  void read(const Letter& letter) {
    switch (letter.kind) {
      case Letter::Kind::joined:
        events_.status({G_OBJECT_TYPE_NAME(signaling_.get()), Status::State::open, {}});
        break;
      case Letter::Kind::seen:
        // Whoever brings a signaling of its own has only peers of ours on it.
        events_.input(
            Node::Heard{token_, {letter.peer}, core::Advertisement{1, {"send", "receive"}}, false});
        break;
      case Letter::Kind::gone: events_.input(Node::Gone{token_, {letter.peer}}); break;
      case Letter::Kind::signal: read_signal(letter); break;
      case Letter::Kind::ended: events_.ended({core::Errc::refused, letter.payload}); break;
    }
  }

  void read_signal(const Letter& letter) {
    const auto json = core::parse_json(letter.payload);
    if (!json || !json->as_object()) return;
    const auto text = json->string_at("signal");
    if (!text) return;
    auto signal = core::decode_signal(letter.action, *text);
    if (!signal) return;
    Node::Signalled signalled;
    signalled.room = token_;
    signalled.peer = {letter.peer};
    signalled.offer = {json->string_at("offerId").value_or("")};
    signalled.signal = std::move(*signal);
    if (const auto* genos = json->find("genos")) signalled.genos = core::advertisement_of(*genos);
    events_.input(std::move(signalled));
  }

  Ref<GstGenosSignaling> signaling_;
  RoomConfig config_;
  core::PeerId self_;
  core::RoomToken token_;
  Events events_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace

std::unique_ptr<net::Session> make_signaling_session(Ref<GstGenosSignaling> signaling,
                                                     const RoomConfig& config,
                                                     const core::PeerId& self,
                                                     net::Session::Events events) {
  return std::make_unique<SignalingSession>(std::move(signaling), config, self, std::move(events));
}

}  // namespace genos
