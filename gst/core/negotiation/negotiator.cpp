// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/negotiator.hpp"

#include <utility>

#include "core/wire/limits.hpp"

namespace genos::core {

// What follows when the call of a state succeeded. A reply that stands in no row is late and
// ignored.
struct Negotiator::Step {
  State state;
  Reply reply;
  void (Negotiator::*then)();
  static const Step table[];
};

const Negotiator::Step Negotiator::Step::table[] = {
    {State::creating_offer, Reply::created, &Negotiator::offer_created},
    {State::applying_offer, Reply::done, &Negotiator::offer_applied},
    {State::applying_shown_offer, Reply::done, &Negotiator::shown_offer_applied},
    {State::applying_their_answer, Reply::done, &Negotiator::their_answer_applied},
    {State::applying_their_offer, Reply::done, &Negotiator::their_offer_applied},
    {State::creating_answer, Reply::created, &Negotiator::answer_created},
    {State::applying_answer, Reply::done, &Negotiator::answer_applied},
};

void Negotiator::handle(Input input, Time now) {
  now_ = now;
  if (state_ == State::ended) return;
  std::visit([this](auto& event) { on(event); }, input);
}

void Negotiator::advance(Time now) {
  now_ = now;
  if (now < deadline_) return;
  if (state_ == State::granting) {
    enter(State::idle);  // it asked and did not use it: our own rounds must not wait for ever
    rest();
    return;
  }
  switch (state_) {
    case State::awaiting_answer:
    case State::showing_offer: return end("the other side did not answer our offer in time");
    default: return end("webrtcbin did not finish a step of the negotiation in time");
  }
}

std::optional<Negotiator::Output> Negotiator::poll() {
  if (outputs_.empty()) return std::nullopt;
  std::optional<Output> output(std::move(outputs_.front()));
  outputs_.pop_front();
  return output;
}

void Negotiator::on(Begin) {
  if (leads() && first_ && state_ == State::idle) start_offer();
}

void Negotiator::on(Open) {
  open_ = true;
  rest();
}

void Negotiator::on(Media) {
  wanted_ = true;
  rest();
}

void Negotiator::on(Remote& input) {
  std::visit([this](auto& signal) { receive(signal); }, input.signal);
}

void Negotiator::on(Local& input) {
  const bool end_of_candidates = input.candidate.candidate.empty();
  if (end_of_candidates && !among_ours()) return;  // Trystero never says so
  if (described_) {
    outputs_.push_back(Send{std::move(input.candidate)});
  } else if (early_local_.size() < limits::link_candidates) {
    early_local_.push_back(std::move(input.candidate));
  }
}

void Negotiator::on(Created& input) {
  if (state_ != State::creating_offer && state_ != State::creating_answer) return;
  mine_ = std::move(input.sdp);
  proceed(Reply::created);
}

void Negotiator::on(Done) { proceed(Reply::done); }

void Negotiator::on(Failed& input) { end(std::move(input.why)); }

void Negotiator::proceed(Reply reply) {
  for (const Step& step : Step::table)
    if (step.state == state_ && step.reply == reply) return (this->*step.then)();
}

// --- what the other side says ---

void Negotiator::receive(Description& description) {
  if (first_ ? remote_applied_ : !open_) return;  // relays repeat; a connection is made only once
  if (description == theirs_) return;
  if (description.type == DescriptionType::offer)
    receive_offer(description);
  else
    receive_answer(description);
}

void Negotiator::receive_offer(Description& offer) {
  if (first_ && leads()) return;  // ours is on its way
  switch (state_) {
    case State::idle:
    case State::granting: return take(offer, State::applying_their_offer);
    case State::creating_offer:
      if (gives_way()) waiting_ = std::move(offer);
      return;
    case State::showing_offer: return give_way(offer);
    case State::applying_shown_offer:
    case State::applying_their_answer:  // for them our round is over already
    case State::applying_their_offer:
    case State::creating_answer:
    case State::applying_answer:
      if (!first_) waiting_ = std::move(offer);
      return;
    default: return;  // ours stands: a page rolls back, one of ours does not do this
  }
}

void Negotiator::receive_answer(Description& answer) {
  if (state_ == State::awaiting_answer) return take(answer, State::applying_their_answer);
  if (state_ != State::showing_offer) return;
  theirs_ = std::move(answer);
  outputs_.push_back(SetLocal{{DescriptionType::offer, mine_}});
  enter(State::applying_shown_offer);
}

void Negotiator::receive(Candidate& candidate) {
  if (++remote_candidates_ > limits::link_candidates) return;
  if (remote_applied_)
    outputs_.push_back(AddCandidate{std::move(candidate)});
  else
    early_remote_.push_back(std::move(candidate));
}

void Negotiator::receive(TurnRequest) {
  if (!among_ours() || !open_) return;
  if (leads()) {
    asks_ = asks_ || state_ != State::granting;
  } else if (std::exchange(asked_, false)) {
    granted_ = true;
  }
  rest();
}

// --- the steps ---

void Negotiator::start_offer() {
  wanted_ = false;
  offered_ = true;
  outputs_.push_back(CreateOffer{});
  enter(State::creating_offer);
}

void Negotiator::offer_created() {
  if (waiting_) {  // the page offered meanwhile
    Description offer = std::move(*waiting_);
    waiting_.reset();
    return give_way(offer);
  }
  if (!first_ && gives_way()) {
    show(DescriptionType::offer);
    return enter(State::showing_offer);
  }
  outputs_.push_back(SetLocal{{DescriptionType::offer, mine_}});
  enter(State::applying_offer);
}

// Ours was never local, so webrtcbin can make it anew.
void Negotiator::give_way(Description& offer) {
  if (!options_.forgets_offers) return end("offers crossed; the connection is made anew");
  wanted_ = true;
  take(offer, State::applying_their_offer);
}

void Negotiator::offer_applied() {
  show(DescriptionType::offer);
  enter(State::awaiting_answer);
}

void Negotiator::shown_offer_applied() {
  outputs_.push_back(SetRemote{*theirs_});
  enter(State::applying_their_answer);
}

void Negotiator::their_answer_applied() {
  remote_description_applied();
  round_over();
}

void Negotiator::their_offer_applied() {
  remote_description_applied();
  outputs_.push_back(CreateAnswer{});
  enter(State::creating_answer);
}

void Negotiator::answer_created() {
  outputs_.push_back(SetLocal{{DescriptionType::answer, mine_}});
  enter(State::applying_answer);
}

void Negotiator::answer_applied() {
  show(DescriptionType::answer);
  round_over();
}

void Negotiator::take(Description& description, State state) {
  if (state == State::applying_their_offer) offered_ = false;
  theirs_ = std::move(description);
  outputs_.push_back(SetRemote{*theirs_});
  enter(state);
}

// Browsers may drop a candidate whose description they have not got, so ours wait for it.
void Negotiator::show(DescriptionType type) {
  outputs_.push_back(Send{Description{type, mine_}});
  described_ = true;
  for (Candidate& candidate : early_local_) outputs_.push_back(Send{std::move(candidate)});
  early_local_.clear();
}

void Negotiator::remote_description_applied() {
  remote_applied_ = true;
  for (Candidate& candidate : early_remote_) outputs_.push_back(AddCandidate{std::move(candidate)});
  early_remote_.clear();
}

void Negotiator::round_over() {
  if (!std::exchange(first_, false)) outputs_.push_back(Negotiated{offered_});
  enter(State::idle);
  rest();
}

// Signalling is stable, perhaps: whose turn is it?
void Negotiator::rest() {
  if (state_ != State::idle || !open_ || first_) return;
  if (waiting_) {
    Description offer = std::move(*waiting_);
    waiting_.reset();
    return take(offer, State::applying_their_offer);
  }
  if (std::exchange(granted_, false)) return start_offer();
  const bool may_offer = leads() || !among_ours();
  if (wanted_ && may_offer) return start_offer();
  if (std::exchange(asks_, false)) {
    outputs_.push_back(Send{TurnRequest{}});
    return enter(State::granting);
  }
  if (wanted_ && !asked_) {
    asked_ = true;
    outputs_.push_back(Send{TurnRequest{}});
    enter(State::idle);
  }
}

void Negotiator::enter(State state) {
  state_ = state;
  deadline_ = now_ + options_.step_limit;
  if (state == State::awaiting_answer && first_) deadline_ = now_ + options_.first_answer_limit;
  // Idle with a turn asked for: the leader owes us an offer or the turn.
  if (state == State::ended || (state == State::idle && !asked_)) deadline_ = never;
}

void Negotiator::end(std::string why) {
  enter(State::ended);
  outputs_.push_back(Ended{std::move(why)});
}

}  // namespace genos::core
