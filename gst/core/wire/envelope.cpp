// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/envelope.hpp"

#include <array>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

struct SealedName {
  SealedKind kind;
  const char* name;
};
// When a message has several, Trystero takes the first of this order.
constexpr std::array<SealedName, 3> sealed_names{{{SealedKind::offer, "offer"},
                                                  {SealedKind::candidate, "candidate"},
                                                  {SealedKind::answer, "answer"}}};

Error broken(const char* what) { return {Errc::malformed, std::string("signalling: ") + what}; }
Error oversized(const char* what) {
  return {Errc::too_large, std::string("signalling: ") + what + " too long"};
}

Result<std::optional<Sealed>> sealed_of(const Json& message) {
  std::optional<Sealed> found;
  for (const auto& [kind, name] : sealed_names) {
    const auto* value = message.find(name);
    if (!value) continue;
    const auto* text = value->as_string();
    if (!text || text->empty()) return broken("offer, answer or candidate without text");
    if (text->size() > limits::max_sealed) return oversized(name);
    if (!found) found = Sealed{kind, {}, *text};
  }
  if (found) {
    found->offer.value = message.string_at("offerId").value_or("");
    if (found->offer.value.size() > limits::max_offer_id) return oversized("offerId");
  }
  return found;
}

bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= limits::max_capability;
}

// A field of RTCIceCandidateInit that may be missing or null; false when it is something else.
bool nullable_text(const Json& init, const char* name, std::size_t longest,
                   std::optional<std::string>& out) {
  const auto* value = init.find(name);
  if (!value || value->is_null()) return true;
  const auto* text = value->as_string();
  if (!text || text->size() > longest) return false;
  out = *text;
  return true;
}

bool nullable_index(const Json& init, std::optional<std::uint32_t>& out) {
  const auto* value = init.find("sdpMLineIndex");
  if (!value || value->is_null()) return true;
  const auto index = value->as_integer();
  if (!index || *index < 0 || *index > std::int64_t{limits::max_mline}) return false;
  out = static_cast<std::uint32_t>(*index);
  return true;
}

Result<Signal> signal_of(const Json& message) {
  const auto type = message.string_at("type");
  const auto sdp = message.string_at("sdp");
  if (!type || !sdp) return broken("signal without type or sdp");
  if (*type == "candidate") {
    auto candidate = decode_candidate(*sdp);
    if (!candidate) return candidate.error();
    return Signal(*std::move(candidate));
  }
  if (*type != "offer" && *type != "answer") return broken("unknown type of signal");
  if (sdp->size() > limits::max_sdp) return oversized("sdp");
  const auto kind = *type == "offer" ? DescriptionType::offer : DescriptionType::answer;
  return Signal(Description{kind, *sdp});
}

std::string signal_text(const char* type, std::string sdp) {
  return to_text(Json::object().set("type", type).set("sdp", std::move(sdp)));
}

}  // namespace

Json advertisement_json(const Advertisement& genos) {
  auto words = Json::array();
  for (const auto& word : genos.capabilities) words.push(word);
  return Json::object().set("v", genos.version).set("caps", std::move(words));
}

std::optional<Advertisement> advertisement_of(const Json& value) {
  const auto version = value.integer_at("v");
  const auto* words = value.array_at("caps");
  const bool known = version && *version >= 1 && *version <= INT32_MAX;
  if (!known || !words || words->size() > limits::max_capabilities) return std::nullopt;
  Advertisement genos{static_cast<std::uint32_t>(*version), {}};
  for (const auto& word : *words) {
    const auto* text = word.as_string();
    if (!text || !is_word(*text)) return std::nullopt;
    genos.capabilities.insert(*text);
  }
  return genos;
}

Result<Envelope> decode_envelope(std::string_view text) {
  const auto message = parse_json(text);
  if (!message) return message.error();
  if (!message->as_object()) return broken("no object");
  Envelope envelope;
  envelope.from.value = message->string_at("peerId").value_or("");
  if (envelope.from.empty()) return broken("no peerId");
  if (envelope.from.value.size() > limits::max_peer_id) return oversized("peerId");
  auto sealed = sealed_of(*message);
  if (!sealed) return sealed.error();
  envelope.sealed = *std::move(sealed);
  envelope.passive = message->bool_at("passive").value_or(false);
  if (const auto* genos = message->find("genos")) envelope.genos = advertisement_of(*genos);
  return envelope;
}

std::string encode_envelope(const Envelope& envelope) {
  auto message = Json::object();
  message.set("peerId", envelope.from.value);
  if (const auto& sealed = envelope.sealed) {
    const bool answer = sealed->kind == SealedKind::answer;
    if (answer) message.set("answer", sealed->text);
    if (!sealed->offer.empty()) message.set("offerId", sealed->offer.value);
    if (!answer) {
      message.set(sealed->kind == SealedKind::offer ? "offer" : "candidate", sealed->text);
    }
  }
  if (envelope.passive) message.set("passive", true);
  if (envelope.genos) message.set("genos", advertisement_json(*envelope.genos));
  return to_text(message);
}

Result<Candidate> decode_candidate(std::string_view text) {
  const auto init = parse_json(text);
  if (!init) return init.error();
  if (!init->as_object()) return broken("candidate is no object");
  Candidate candidate;
  std::optional<std::string> line;
  if (!nullable_text(*init, "candidate", limits::max_candidate, line) ||
      !nullable_text(*init, "sdpMid", limits::max_mid, candidate.mid) ||
      !nullable_text(*init, "usernameFragment", limits::max_ufrag, candidate.ufrag) ||
      !nullable_index(*init, candidate.mline)) {
    return broken("a field of the candidate has the wrong type or length");
  }
  candidate.candidate = std::move(line).value_or("");
  return candidate;
}

std::string encode_candidate(const Candidate& candidate) {
  auto init = Json::object();
  init.set("candidate", candidate.candidate);
  if (candidate.mid) init.set("sdpMid", *candidate.mid);
  if (candidate.mline) init.set("sdpMLineIndex", *candidate.mline);
  if (candidate.ufrag) init.set("usernameFragment", *candidate.ufrag);
  return to_text(init);
}

InBandSignal encode_signal(const Signal& signal) {
  return std::visit(
      Overloaded{[](const Description& description) -> InBandSignal {
                   const bool offer = description.type == DescriptionType::offer;
                   return {signal_action, signal_text(offer ? "offer" : "answer", description.sdp)};
                 },
                 [](const Candidate& candidate) -> InBandSignal {
                   return {signal_action, signal_text("candidate", encode_candidate(candidate))};
                 },
                 [](const TurnRequest&) -> InBandSignal {
                   return {turn_action, "{}"};
                 }},
      signal);
}

Result<Signal> decode_signal(std::string_view action, std::string_view json) {
  if (action != signal_action && action != turn_action) return broken("no action for signals");
  const auto message = parse_json(json);
  if (!message) return message.error();
  if (!message->as_object()) return broken("no object");
  if (action == turn_action) return Signal(TurnRequest{});
  return signal_of(*message);
}

}  // namespace genos::core
