// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/room/handshake.hpp"

#include <utility>

#include "core/wire/json.hpp"

namespace genos::core {
namespace {

constexpr std::string_view kind_key = "__trystero_pw";
constexpr std::size_t challenge_size = 36;
// Longer challenges than Trystero's are hashed all the same, but not any length.
constexpr std::size_t max_challenge = 256;
// A page (trystero 0.25.4 in Chromium 156) loses its first two messages in one of some
// fifty meetings: its own presence, and that it is ready. They are not on the wire; it goes on as
// if they were. Who is ready has long said so after a second.
constexpr Duration ask_gap = std::chrono::seconds(1);

Message json_message(const Json& value) {
  const std::string text = to_text(value);
  Message message;
  message.kind = PayloadKind::json;
  message.payload = std::make_shared<const Bytes>(text.begin(), text.end());
  return message;
}

// Takes the same time wherever the two differ.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace

Handshake::Handshake(Options options, Time now)
    : options_(std::move(options)), until_(now + options_.limit), ask_at_(now + ask_gap) {
  const bool both = options_.proof == Proof::both;
  if (options_.prove && (initiator() || both)) {
    challenge_ = options_.random->alphanumerics(challenge_size);
    outputs_.push_back(
        SendData{json_message(Json::object().set(kind_key, "challenge").set("c", challenge_))});
  }
  must_prove_ = options_.prove && (!initiator() || both);
  next_step();
}

void Handshake::data(Message message) {
  if (over()) return;
  if (step_ == Step::passed) {
    const auto asked = parse_json(text_of(*message.payload));
    if (!options_.prove && asked && asked->string_at(kind_key))
      fail("it asks for a password and this side has none; set the same one here");
    return;
  }
  if (step_ == Step::application) {
    outputs_.push_back(Deliver{std::move(message)});
    return;
  }
  const auto json = parse_json(text_of(*message.payload));
  const std::string kind = json ? json->string_at(kind_key).value_or("") : "";
  const auto challenge = json ? json->string_at("c") : std::nullopt;
  const auto proof = json ? json->string_at("h") : std::nullopt;
  if (kind == "challenge" && challenge && challenge->size() <= max_challenge && must_prove_) {
    prove(*challenge);
  } else if (kind == "response" && proof && !challenge_.empty()) {
    verify(*proof);
  } else {
    fail("it did not prove the password; give both sides the same one");
  }
}

std::string Handshake::proof_of(const std::string& challenge, const PeerId& prover,
                                const PeerId& asker) const {
  if (options_.proof == Proof::one_way) return options_.prove(challenge);
  return options_.prove(challenge + "@" + prover.value + "@" + asker.value);
}

void Handshake::prove(const std::string& challenge) {
  must_prove_ = false;
  const std::string proof = proof_of(challenge, options_.self, options_.peer);
  outputs_.push_back(
      SendData{json_message(Json::object().set(kind_key, "response").set("h", proof))});
  next_step();
}

void Handshake::verify(const std::string& proof) {
  if (!same(proof, proof_of(challenge_, options_.peer, options_.self))) {
    fail("its password is not ours; give both sides the same one");
    return;
  }
  challenge_.clear();
  next_step();
}

void Handshake::next_step() {
  if (!challenge_.empty() || must_prove_) return;
  if (!options_.application) {
    pass();
    return;
  }
  step_ = Step::application;
  outputs_.push_back(Begun{initiator()});
}

void Handshake::ready() {
  if (over()) return;
  remote_ready_ = true;
  if (step_ == Step::passed) {
    step_ = Step::active;
    outputs_.push_back(Active{});
  }
}

bool Handshake::send(Message message) {
  if (step_ != Step::application) return false;
  outputs_.push_back(SendData{std::move(message)});
  return true;
}

void Handshake::finish(std::optional<std::string> failure) {
  if (step_ != Step::application) return;
  if (failure) {
    fail("the application refused it: " + *failure);
  } else {
    pass();
  }
}

void Handshake::pass() {
  step_ = Step::passed;
  outputs_.push_back(SendReady{});
  if (remote_ready_) ready();
}

void Handshake::fail(std::string why) {
  step_ = Step::failed;
  outputs_.push_back(Failed{std::move(why)});
}

void Handshake::advance(Time now) {
  if (over()) return;
  if (now < until_) {
    if (now < ask_at_) return;
    ask_at_ = now + ask_gap;
    if (step_ == Step::passed) outputs_.push_back(Ask{});
    return;
  }
  if (step_ == Step::passed)
    fail("it did not get ready in time; it may have another password, or its application refuses");
  else
    fail("the handshake took too long; is the password or its handshake the same on both sides?");
}

std::optional<Handshake::Output> Handshake::poll() {
  if (outputs_.empty()) return {};
  Output output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

}  // namespace genos::core
