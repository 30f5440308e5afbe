// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/nostr_session.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "bridge/pump.hpp"
#include "core/base/overloaded.hpp"
#include "core/wire/envelope.hpp"
#include "crypto/sealing.hpp"

namespace genos::net {
namespace {

using core::Discovery;

// Signals made while no relay was open (one died in the middle of a join), sent when one is.
constexpr std::size_t max_waiting_signals = 256;
constexpr core::Duration waiting_signal_limit = std::chrono::seconds(20);

crypto::UnixSeconds unix_now() { return crypto::UnixSeconds(g_get_real_time() / G_USEC_PER_SEC); }

Session::Status::State shown(RelayClient::State state) {
  switch (state) {
    case RelayClient::State::connecting: return Session::Status::State::connecting;
    case RelayClient::State::open: return Session::Status::State::open;
    case RelayClient::State::waiting: return Session::Status::State::backing_off;
    case RelayClient::State::refused: return Session::Status::State::refused;
  }
  return Session::Status::State::closed;
}

// Kept alive by its own callbacks, so that whoever hears an event may drop the session in it.
class Nostr final : public RelayPool::Listener, public std::enable_shared_from_this<Nostr> {
 public:
  Nostr(std::shared_ptr<RelayPool> pool, NostrRoom room, Session::Events events)
      : pool_(std::move(pool)),
        room_(std::move(room)),
        events_(std::move(events)),
        token_(crypto::room_token(room_.app, room_.room)),
        root_(crypto::root_topic(room_.app, room_.room)),
        self_(crypto::self_topic(room_.app, room_.room, room_.self)),
        discovery_({room_.self, room_.mode, &pool_->random()}),
        pump_(pool_->context(), Machine{&discovery_}, Act{this}) {}

  void join();
  void leave();
  void deliver(const core::Node::Deliver& signal);
  void feed(const Discovery::Input& input) { pump_.feed(input); }

  void relay_state(core::RelayId relay, RelayClient::State state,
                   const std::string& detail) override;
  void relay_rate_limited(core::RelayId relay) override {
    feed(Discovery::RelayRefused{relay, core::Refusal::rate_limited});
  }
  void relay_event(core::RelayId relay, const core::Topic& topic, const std::string& content,
                   RelayPool::Copy copy) override;
  void relay_found(const RelayUri& uri) override { add(pool_->attach(*this, uri), uri.url); }

 private:
  // The pump drives it, and we ask it for routes.
  struct Machine {
    using Input = Discovery::Input;
    Discovery* discovery;
    void handle(const Input& input, core::Time now) { discovery->handle(input, now); }
    void advance(core::Time now) { discovery->advance(now); }
    std::optional<Discovery::Output> poll() { return discovery->poll(); }
    [[nodiscard]] core::Time deadline() const { return discovery->deadline(); }
  };
  struct Act {
    Nostr* self;
    void operator()(const Discovery::Output& output) const { self->act(output); }
  };
  struct Waiting {
    core::Node::Deliver signal;
    core::Time since;
  };

  void add(core::RelayId relay, const std::string& url) { relays_[relay] = {url, {}}; }
  void act(const Discovery::Output& output);
  void announce(const std::vector<core::RelayId>& relays, const core::Topic& topic);
  void send_waiting();
  void end_when_refused();
  void opened(const core::Envelope& envelope, const core::Sealed& sealed);
  void emit(core::Node::Input input) {
    if (!left_) events_.input(std::move(input));
  }
  [[nodiscard]] std::optional<std::string> sealed_text(const core::Signal& signal,
                                                       core::SealedKind& kind) const;

  std::shared_ptr<RelayPool> pool_;
  NostrRoom room_;
  Session::Events events_;
  core::RoomToken token_;
  core::Topic root_;
  core::Topic self_;
  struct Known {
    std::string url;
    RelayClient::State state = RelayClient::State::waiting;
  };
  std::map<core::RelayId, Known> relays_;
  std::deque<Waiting> waiting_;
  bool left_ = true;
  Discovery discovery_;
  Pump<Machine, Act> pump_;
};

void Nostr::join() {
  left_ = false;
  feed(Discovery::Start{});
  if (room_.mode == Discovery::Mode::active) pool_->subscribe(*this, self_);
  pool_->subscribe(*this, root_);
  for (const auto& uri : room_.signaling.relays) add(pool_->attach(*this, uri), uri.url);
  if (room_.signaling.lan) add(pool_->attach_lan(*this), "lan");
}

void Nostr::leave() {
  if (std::exchange(left_, true)) return;
  feed(Discovery::Stop{});
  waiting_.clear();
  pool_->detach(*this);
}

// --- what the relays say
// --------------------------------------------------------------------------

void Nostr::relay_state(core::RelayId relay, RelayClient::State state, const std::string& detail) {
  const auto keep = shared_from_this();
  auto& known = relays_[relay];
  const bool was_open = known.state == RelayClient::State::open;
  known.state = state;
  if (state == RelayClient::State::refused)
    feed(Discovery::RelayRefused{relay, core::Refusal::retired});
  else if (state == RelayClient::State::open)
    feed(Discovery::RelayUp{relay});
  else if (was_open)
    feed(Discovery::RelayDown{relay});
  if (state == RelayClient::State::open) send_waiting();
  if (events_.status) events_.status({known.url, shown(state), detail});
  if (!left_ && state == RelayClient::State::refused) end_when_refused();
}

void Nostr::end_when_refused() {
  const auto refused = [](const auto& known) {
    return known.second.state == RelayClient::State::refused;
  };
  if (room_.signaling.lan || !std::all_of(relays_.begin(), relays_.end(), refused)) return;
  leave();
  if (events_.ended)
    events_.ended({core::Errc::refused,
                   "every relay refused us; set signaling to others, or run genos-signald"});
}

void Nostr::relay_event(core::RelayId relay, const core::Topic& topic, const std::string& content,
                        RelayPool::Copy copy) {
  const auto keep = shared_from_this();
  const auto envelope = core::decode_envelope(content);
  if (!envelope || envelope->from == room_.self) return;
  const auto mode = envelope->passive ? Discovery::Mode::passive : Discovery::Mode::active;
  if (discovery_.ignores(mode)) return;
  feed(Discovery::HeardFrom{relay, envelope->from, mode});  // repeated or not: one more route
  if (copy == RelayPool::Copy::repeated) return;
  // Trystero looks at the root topic for announcements only; a description there is for nobody.
  if (!envelope->sealed)
    emit(core::Node::Heard{token_, envelope->from, envelope->genos, envelope->passive});
  else if (topic == self_)
    opened(*envelope, *envelope->sealed);
}

void Nostr::opened(const core::Envelope& envelope, const core::Sealed& sealed) {
  auto text = crypto::unseal(room_.key, sealed.text);
  if (!text) {
    if (text.error().code == core::Errc::refused)
      emit(core::Node::Undecryptable{token_, envelope.from});
    return;
  }
  core::Node::Signalled input;
  input.room = token_;
  input.peer = envelope.from;
  input.offer = sealed.offer;
  input.genos = envelope.genos;
  if (sealed.kind == core::SealedKind::candidate) {
    auto candidate = core::decode_candidate(*text);
    if (!candidate) return;
    input.signal = *std::move(candidate);
  } else {
    if (text->size() > core::limits::max_sdp || !core::is_utf8(*text)) return;
    if (auto key = crypto::signer_of(*text, token_, envelope.from, unix_now()))
      input.identity = *std::move(key);
    else if (key.error().code != core::Errc::not_found)
      g_debug("identity of %s: %s", envelope.from.value.c_str(), key.error().detail.c_str());
    const auto type = sealed.kind == core::SealedKind::offer ? core::DescriptionType::offer
                                                             : core::DescriptionType::answer;
    input.signal = core::Description{type, *std::move(text)};
  }
  emit(std::move(input));
}

// --- what we say
// ----------------------------------------------------------------------------------

void Nostr::act(const Discovery::Output& output) {
  std::visit(
      core::Overloaded{
          [this](const Discovery::Announce& announced) { announce({announced.relay}, root_); },
          [this](const Discovery::Poke& poke) {
            announce({poke.relay}, crypto::self_topic(room_.app, room_.room, poke.peer));
          },
          [this](const Discovery::Activate&) { pool_->subscribe(*this, self_); },
          [this](const Discovery::Deactivate&) { pool_->unsubscribe(*this, self_); }},
      output);
}

void Nostr::announce(const std::vector<core::RelayId>& relays, const core::Topic& topic) {
  core::Envelope envelope;
  envelope.from = room_.self;
  envelope.passive = room_.mode == Discovery::Mode::passive;
  envelope.genos = room_.ours;
  pool_->publish(relays, topic, core::encode_envelope(envelope));
}

std::optional<std::string> Nostr::sealed_text(const core::Signal& signal,
                                              core::SealedKind& kind) const {
  if (const auto* candidate = std::get_if<core::Candidate>(&signal)) {
    kind = core::SealedKind::candidate;
    return crypto::seal(room_.key, core::encode_candidate(*candidate));
  }
  const auto* description = std::get_if<core::Description>(&signal);
  if (!description) return std::nullopt;  // a request for a turn travels inside links only
  const bool offer = description->type == core::DescriptionType::offer;
  kind = offer ? core::SealedKind::offer : core::SealedKind::answer;
  if (!room_.identity) return crypto::seal(room_.key, description->sdp);
  auto sdp =
      crypto::sign_description(*room_.identity, description->sdp, token_, room_.self, unix_now());
  if (sdp) return crypto::seal(room_.key, *sdp);
  g_warning("cannot prove our identity: %s", sdp.error().detail.c_str());
  return crypto::seal(room_.key, description->sdp);
}

void Nostr::deliver(const core::Node::Deliver& signal) {
  if (left_) return;
  const auto routes = discovery_.routes(signal.peer);
  if (routes.empty()) {
    if (waiting_.size() == max_waiting_signals) waiting_.pop_front();
    waiting_.push_back({signal, monotonic_now()});
    return;
  }
  core::Sealed sealed;
  auto text = sealed_text(signal.signal, sealed.kind);
  if (!text) return;
  sealed.offer = signal.offer;
  sealed.text = *std::move(text);
  core::Envelope envelope;
  envelope.from = room_.self;
  envelope.passive = room_.mode == Discovery::Mode::passive;
  envelope.genos = room_.ours;
  envelope.sealed = std::move(sealed);
  pool_->publish(routes, crypto::self_topic(room_.app, room_.room, signal.peer),
                 core::encode_envelope(envelope));
}

void Nostr::send_waiting() {
  const core::Time now = monotonic_now();
  for (const auto& waiting : std::exchange(waiting_, {}))
    if (now - waiting.since < waiting_signal_limit) deliver(waiting.signal);
}

class NostrSession final : public Session {
 public:
  explicit NostrSession(std::shared_ptr<Nostr> nostr) : nostr_(std::move(nostr)) {}
  ~NostrSession() override { nostr_->leave(); }
  NostrSession(const NostrSession&) = delete;
  NostrSession& operator=(const NostrSession&) = delete;
  void join() override { nostr_->join(); }
  void leave() override { nostr_->leave(); }
  void wake(const core::PeerId& peer) override { nostr_->feed(Discovery::Wake{peer}); }
  void deliver(const core::Node::Deliver& signal) override { nostr_->deliver(signal); }
  void linked(const core::PeerId& peer) override { nostr_->feed(Discovery::Linked{peer}); }
  void unlinked(const core::PeerId& peer, bool lost) override {
    nostr_->feed(Discovery::Unlinked{peer, lost});
  }

 private:
  std::shared_ptr<Nostr> nostr_;
};

}  // namespace

std::unique_ptr<Session> make_nostr_session(std::shared_ptr<RelayPool> pool, NostrRoom room,
                                            Session::Events events) {
  return std::make_unique<NostrSession>(
      std::make_shared<Nostr>(std::move(pool), std::move(room), std::move(events)));
}

}  // namespace genos::net
