// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hostile/stranger.hpp"

#include "core/base/overloaded.hpp"
#include "core/wire/frame.hpp"
#include "crypto/sealing.hpp"
#include "hostile/good_pair.hpp"

namespace genos::test {
namespace {

const core::Advertisement capable{1, {"send", "receive"}};

}  // namespace

Stranger::Stranger(HostileRelay& hostile, std::string name)
    : relay(hostile),
      room(std::move(name)),
      token(crypto::room_token(hostile_app, room)),
      key_(crypto::room_key("", hostile_app, room)) {}

core::Topic Stranger::root() const { return crypto::root_topic(hostile_app, room); }

core::Topic Stranger::topic_of(const std::string& peer) const {
  return crypto::self_topic(hostile_app, room, core::PeerId{peer});
}

std::string Stranger::sealed(const std::string& text) const { return crypto::seal(key_, text); }

std::optional<std::string> Stranger::unsealed(const core::Sealed& sealed) const {
  auto text = crypto::unseal(key_, sealed.text);
  return text ? std::optional(*std::move(text)) : std::nullopt;
}

void Stranger::announce(const std::string& id, As as) {
  core::Envelope envelope;
  envelope.from.value = id;
  if (as == As::genos) envelope.genos = capable;
  relay.deliver(root(), core::encode_envelope(envelope));
}

void Stranger::say(const std::string& from, const std::string& to, As as, core::SealedKind kind,
                   const std::string& offer, const std::string& text) {
  core::Envelope envelope;
  envelope.from.value = from;
  if (as == As::genos) envelope.genos = capable;
  envelope.sealed = core::Sealed{kind, core::OfferId{offer}, sealed(text)};
  relay.deliver(topic_of(to), core::encode_envelope(envelope));
}

HostileLink::HostileLink(Stranger& stranger, Names names)
    : stranger_(stranger), names_(std::move(names)) {
  stranger_.relay.published = [this](const core::nostr::Event& event) {
    const auto* topic = event.tag("x");
    if (!topic || *topic != stranger_.topic_of(names_.self).value) return true;
    const auto envelope = core::decode_envelope(event.content);
    if (envelope && envelope->from.value == names_.victim) heard(*envelope);
    return true;
  };
  if (names_.role == core::LinkRole::offerer) {
    offer_.value = "hostileoffer";
    make_link();
  } else {
    stranger_.announce(names_.self, names_.as);
  }
}

HostileLink::~HostileLink() { stranger_.relay.published = nullptr; }

void HostileLink::make_link() {
  link::PeerLink::Options options;
  options.role = names_.role;
  options.partner = names_.as == Stranger::As::genos ? core::Partner::genos : core::Partner::page;
  options.context = g_main_context_default();
  link::PeerLink::Events events;
  events.signal = [this](const core::Signal& signal) {
    const auto carry = [&](core::SealedKind kind, const std::string& text) {
      stranger_.say(names_.self, names_.victim, names_.as, kind, offer_.value, text);
    };
    if (const auto* candidate = std::get_if<core::Candidate>(&signal))
      carry(core::SealedKind::candidate, core::encode_candidate(*candidate));
    else if (const auto* said = std::get_if<core::Description>(&signal))
      carry(said->type == core::DescriptionType::offer ? core::SealedKind::offer
                                                       : core::SealedKind::answer,
            said->sdp);
  };
  events.opened = [this] { opened_ = true; };
  events.closed = [this](const std::string&) { closed_ = true; };
  events.message = [this](const core::Bytes&) { received_++; };
  events.heard = [] {};
  events.drained = [](std::size_t) {};
  events.negotiated = [] {};
  link_ = std::make_unique<link::PeerLink>(std::move(options), std::move(events));
}

void HostileLink::heard(const core::Envelope& envelope) {
  if (!envelope.sealed) return;
  const auto text = stranger_.unsealed(*envelope.sealed);
  if (!text) return;
  const bool offers = envelope.sealed->kind == core::SealedKind::offer;
  if (offers && names_.role == core::LinkRole::answerer && !link_) {
    offer_ = envelope.sealed->offer;
    make_link();
    link_->signal(core::Description{core::DescriptionType::offer, *text});
  }
  if (!link_ || envelope.sealed->offer != offer_) return;
  if (envelope.sealed->kind == core::SealedKind::answer)
    link_->signal(core::Description{core::DescriptionType::answer, *text});
  if (envelope.sealed->kind == core::SealedKind::candidate)
    if (auto candidate = core::decode_candidate(*text)) link_->signal(*std::move(candidate));
}

bool HostileLink::open() {
  if (!until([&] { return opened_ || closed_; }, std::chrono::seconds(8)) || closed_) return false;
  greet();
  return true;
}

void HostileLink::greet() {
  send(core::encode_presence(stranger_.token, true));
  if (names_.as == Stranger::As::genos) act("genos:hello", R"({"session":"hostile"})");
  act("@_hsready", "\"\"");
}

void HostileLink::act(const std::string& action, const std::string& payload,
                      core::PayloadKind kind) {
  core::Chunk chunk;
  chunk.action = action;
  chunk.nonce = nonce_++;
  chunk.kind = kind;
  const auto bytes = core::bytes_of(payload);
  chunk.payload = bytes.first(std::min<std::size_t>(bytes.size(), 60000));
  send(core::encode_chunk(stranger_.token, chunk));
}

}  // namespace genos::test
