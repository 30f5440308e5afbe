// SPDX-License-Identifier: LGPL-2.1-or-later
#include "genos/signaling_session.hpp"

#include "core/base/overloaded.hpp"
#include "core/wire/envelope.hpp"
#include "crypto/sealing.hpp"
#include "genos/mailbox.hpp"

namespace genos {
namespace {

using core::Node;

crypto::UnixSeconds unix_now() { return crypto::UnixSeconds(g_get_real_time() / G_USEC_PER_SEC); }

class SignalingSession final : public net::Session {
 public:
  SignalingSession(Ref<GstGenosSignaling> signaling, const RoomConfig& config,
                   const RoomSecrets& secrets, const core::PeerId& self, Events events)
      : signaling_(std::move(signaling)),
        config_(config),
        secrets_(secrets),
        self_(self),
        events_(std::move(events)) {
    token_ = crypto::room_token(config.app_id, config.room_id);
    auto context = adopt(g_main_context_ref_thread_default());
    mailbox_ = open_mailbox(signaling_.get(), context.get(),
                            [this](const Letter& letter) { read(letter); });
  }
  ~SignalingSession() override {
    if (mailbox_) close_mailbox(*mailbox_);
  }

  // An implementation in Python may lack any of the four.
  void join() override {
    if (!mailbox_)
      return events_.ended(
          {core::Errc::wrong_state, "the signaling object serves another room; give each its own"});
    if (iface()->join)
      iface()->join(signaling_.get(), config_.app_id.c_str(), config_.room_id.c_str(),
                    self_.value.c_str());
  }
  void leave() override {
    if (!mailbox_) return;
    close_mailbox(*mailbox_);
    if (iface()->leave) iface()->leave(signaling_.get());
  }
  void wake(const core::PeerId& peer) override {
    if (mailbox_ && iface()->wake) iface()->wake(signaling_.get(), peer.value.c_str());
  }
  void deliver(const Node::Deliver& deliver) override {
    if (!mailbox_ || !iface()->send) return;
    auto json = core::Json::object();
    json.set("offerId", deliver.offer.value);
    json.set("genos", core::advertisement_json(genos::advertisement_of(config_)));
    const auto signal = core::encode_signal(signed_signal(deliver.signal));
    const auto text = sealed() ? crypto::seal(secrets_.key, signal.json) : signal.json;
    json.set("signal", text);
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

  [[nodiscard]] bool sealed() const { return config_.strict || !config_.password.empty(); }

  [[nodiscard]] core::Signal signed_signal(const core::Signal& signal) const {
    const auto* description = std::get_if<core::Description>(&signal);
    if (!description || !secrets_.identity) return signal;
    auto sdp =
        crypto::sign_description(*secrets_.identity, description->sdp, token_, self_, unix_now());
    return sdp ? core::Description{description->type, *std::move(sdp)} : *description;
  }

  void read_signal(const Letter& letter) {
    const auto json = core::parse_json(letter.payload);
    if (!json || !json->as_object()) return;
    auto text = json->string_at("signal");
    if (!text) return;
    if (sealed()) {
      auto open = crypto::unseal(secrets_.key, *text);
      if (!open) return events_.input(Node::Undecryptable{token_, {letter.peer}});
      text = *std::move(open);
    }
    auto signal = core::decode_signal(letter.action, *text);
    if (!signal) return;
    Node::Signalled signalled;
    signalled.room = token_;
    signalled.peer = {letter.peer};
    signalled.offer = {json->string_at("offerId").value_or("")};
    signalled.signal = std::move(*signal);
    if (const auto* description = std::get_if<core::Description>(&signalled.signal))
      if (auto key = crypto::signer_of(description->sdp, token_, signalled.peer, unix_now()))
        signalled.identity = *std::move(key);
    if (const auto* genos = json->find("genos")) signalled.genos = core::advertisement_of(*genos);
    events_.input(std::move(signalled));
  }

  Ref<GstGenosSignaling> signaling_;
  RoomConfig config_;
  RoomSecrets secrets_;
  core::PeerId self_;
  core::RoomToken token_;
  Events events_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace

std::unique_ptr<net::Session> make_signaling_session(Ref<GstGenosSignaling> signaling,
                                                     const RoomConfig& config,
                                                     const RoomSecrets& secrets,
                                                     const core::PeerId& self,
                                                     net::Session::Events events) {
  return std::make_unique<SignalingSession>(std::move(signaling), config, secrets, self,
                                            std::move(events));
}

}  // namespace genos
