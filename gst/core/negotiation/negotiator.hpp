// SPDX-License-Identifier: LGPL-2.1-or-later
// The offer/answer state of one connection: which call of webrtcbin comes next, and when to give
// up.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "core/base/time.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

// One call of webrtcbin is under way at a time; its reply comes back as Created, Done or Failed.
// Knows nothing of what stands in an SDP. The rules:
// - The first offer is the offerer's, over signalling. Later rounds travel inside the open channel.
// - Between two of ours only the offerer of the first round offers unasked; the other one asks for
//   its turn with a TurnRequest, which the offerer sends back when it is free: then that side
//   offers.
// - Towards a page either side may offer. As the first offerer we ignore an offer that crosses ours
//   (the page rolls back). As the first answerer it is us who must give way, and webrtcbin cannot
//   roll back: our offer is sent but not made local before the answer is here, so that it can still
//   be thrown away for an offer of the page. Where webrtcbin cannot do that either
//   (Platform::forgets_offers) offers that cross end the connection, and the room makes it anew.
// - Whatever fails or takes too long ends the connection: a description that failed leaves
//   webrtcbin 1.22 to 1.26 in a state in which the next create-offer may spin for ever.
class Negotiator {
 public:
  struct Options {
    LinkRole role = LinkRole::offerer;
    Partner partner = Partner::page;
    bool forgets_offers = true;  // webrtcbin can make an answer after an offer in vain
    Duration step_limit =
        std::chrono::seconds(10);  // a call of webrtcbin, an answer in the channel
    // The first answer comes over relays; the room gives up before this.
    Duration first_answer_limit = std::chrono::seconds(60);
  };

  struct Begin {};  // webrtcbin stands, the data channel is made
  struct Open {};   // the data channel is open and whose it is was verified
  struct Media {};  // we have more to send, and its pads have caps
  struct Remote {
    Signal signal;
  };  // from the other side
  struct Local {
    Candidate candidate;
  };  // gathered by our side
  struct Created {
    std::string sdp;
  };               // what create-offer or create-answer made
  struct Done {};  // set-local- or set-remote-description succeeded
  struct Failed {
    std::string why;
  };  // the call under way failed, or its description was refused
  using Input = std::variant<Begin, Open, Media, Remote, Local, Created, Done, Failed>;

  struct CreateOffer {};
  struct CreateAnswer {};
  struct SetLocal {
    Description description;
  };
  struct SetRemote {
    Description description;
  };
  struct AddCandidate {
    Candidate candidate;
  };  // its description is applied
  struct Send {
    Signal signal;
  };
  struct Negotiated {
    bool ours = false;
  };  // a later round is complete; ours: we made the offer
  struct Ended {
    std::string why;
  };  // the last output
  using Output = std::variant<CreateOffer, CreateAnswer, SetLocal, SetRemote, AddCandidate, Send,
                              Negotiated, Ended>;

  explicit Negotiator(Options options) : options_(options) {}

  void handle(Input input, Time now);
  void advance(Time now);
  [[nodiscard]] std::optional<Output> poll();
  [[nodiscard]] Time deadline() const { return deadline_; }

 private:
  enum class State : std::uint8_t {
    idle,  // signalling is stable
    creating_offer,
    applying_offer,  // set-local-description
    awaiting_answer,
    showing_offer,         // sent, not local: we may have to give way
    applying_shown_offer,  // their answer to it is here
    applying_their_answer,
    applying_their_offer,
    creating_answer,
    applying_answer,
    granting,  // the other side has the turn that it asked for
    ended
  };
  enum class Reply : std::uint8_t { created, done };
  struct Step;

  void on(Begin);
  void on(Open);
  void on(Media);
  void on(Remote& input);
  void on(Local& input);
  void on(Created& input);
  void on(Done);
  void on(Failed& input);
  void receive(Description& description);
  void receive(Candidate& candidate);
  void receive(TurnRequest);
  void receive_offer(Description& offer);
  void receive_answer(Description& answer);
  void proceed(Reply reply);
  void offer_created();
  void give_way(Description& offer);
  void offer_applied();
  void shown_offer_applied();
  void their_answer_applied();
  void their_offer_applied();
  void answer_created();
  void answer_applied();
  void enter(State state);
  void rest();
  void start_offer();
  void show(DescriptionType type);
  void take(Description& description, State state);
  void remote_description_applied();
  void round_over();
  void end(std::string why);
  // The page was here first: it ignores an offer of ours that crosses its own.
  [[nodiscard]] bool gives_way() const { return !leads() && !among_ours(); }
  [[nodiscard]] bool leads() const { return options_.role == LinkRole::offerer; }
  [[nodiscard]] bool among_ours() const { return options_.partner == Partner::genos; }

  Options options_;
  State state_ = State::idle;
  Time now_{};
  Time deadline_ = never;
  std::deque<Output> outputs_;
  std::string mine_;                    // the description of ours that is being made or shown
  std::optional<Description> theirs_;   // the last one of theirs that was taken
  std::optional<Description> waiting_;  // an offer of theirs that came while we were making ours
  std::deque<Candidate> early_remote_;  // until their first description is applied
  std::deque<Candidate> early_local_;   // until our first description is sent
  std::size_t remote_candidates_ = 0;
  bool open_ = false;
  bool first_ = true;  // the round that makes the connection is not over
  bool remote_applied_ = false;
  bool described_ = false;  // our first description was sent
  bool wanted_ = false;     // Media came and is in no offer yet
  bool offered_ = false;    // the round that runs is ours
  bool asked_ = false;      // we asked for a turn and have not got it
  bool granted_ = false;    // we got it, and are not free yet
  bool asks_ = false;       // the other side waits for its turn
};

}  // namespace genos::core
