// SPDX-License-Identifier: LGPL-2.1-or-later
// Any sequence of signals, replies and pauses against one negotiator, beside a webrtcbin that
// insists on JSEP's states and on one call at a time.
#include "core/negotiation/negotiator.hpp"

#include <string>
#include <utility>

#include "core/wire/limits.hpp"
#include "require.hpp"

using namespace genos;
using N = core::Negotiator;

namespace {

constexpr auto step_limit = std::chrono::seconds(10);

class Scene {
 public:
  explicit Scene(std::uint8_t kind) : negotiator_(options(kind)) { give(N::Begin{}); }

  void step(std::uint8_t what) {
    const int detail = what >> 4;
    switch (what & 15) {
      case 0:
      case 1:
      case 2: reply(); break;
      case 3: give(N::Open{}); break;
      case 4: give(N::Media{}); break;
      case 5:
      case 6: describe(core::DescriptionType::offer, detail); break;
      case 7:
      case 8: describe(core::DescriptionType::answer, detail); break;
      case 9: give(N::Remote{core::TurnRequest{}}); break;
      case 10: give(N::Remote{candidate(detail)}); break;
      case 11: give(N::Local{candidate(detail)}); break;
      case 12: pass(std::chrono::milliseconds(300 * detail)); break;
      case 13: pass(step_limit); break;
      case 14:
        if (calling_ != Call::create) give(N::Created{"late"});
        break;
      default:
        if (calling_ != Call::none && detail == 0) fail();
        break;
    }
  }

 private:
  enum class Call : std::uint8_t { none, create, apply };
  enum class Signalling : std::uint8_t { stable, local_offer, remote_offer };

  static N::Options options(std::uint8_t kind) {
    N::Options made;
    made.role = kind & 1 ? core::LinkRole::offerer : core::LinkRole::answerer;
    made.partner = kind & 2 ? core::Partner::page : core::Partner::genos;
    made.forgets_offers = (kind & 4) == 0;
    made.step_limit = step_limit;
    return made;
  }
  static core::Candidate candidate(int detail) {
    core::Candidate made;
    if (detail) made.candidate = std::to_string(detail);
    return made;
  }
  void describe(core::DescriptionType type, int detail) {
    give(N::Remote{core::Description{type, std::to_string(detail)}});
  }
  void reply() {
    const Call call = std::exchange(calling_, Call::none);
    if (call == Call::create) give(N::Created{"ours " + std::to_string(++made_)});
    if (call == Call::apply) give(N::Done{});
  }
  void fail() {
    calling_ = Call::none;
    give(N::Failed{"refused"});
    fuzz::require(ended_, "a call that failed ends the connection");
  }
  void pass(core::Duration time) {
    now_ += time;
    const bool overdue = calling_ != Call::none && now_ - called_ >= step_limit;
    negotiator_.advance(now_);
    drain();
    fuzz::require(ended_ || !overdue, "a call that hangs ends the connection");
    fuzz::require(negotiator_.deadline() > now_, "what is due was done");
  }
  void give(N::Input input) {
    negotiator_.handle(std::move(input), now_);
    drain();
  }

  void drain() {
    while (auto output = negotiator_.poll()) {
      fuzz::require(!ended_, "the end is the end");
      std::visit([this](auto& what) { take(what); }, *output);
    }
  }
  void call(Call what) {
    fuzz::require(calling_ == Call::none, "one call of webrtcbin at a time");
    calling_ = what;
    called_ = now_;
  }
  void take(N::CreateOffer&) {
    fuzz::require(signalling_ == Signalling::stable, "an offer is made in peace");
    call(Call::create);
  }
  void take(N::CreateAnswer&) {
    fuzz::require(signalling_ == Signalling::remote_offer, "an answer answers an offer");
    call(Call::create);
  }
  void take(N::SetLocal& set) {
    apply(set.description, Signalling::local_offer, Signalling::remote_offer);
  }
  void take(N::SetRemote& set) {
    apply(set.description, Signalling::remote_offer, Signalling::local_offer);
    described_ = true;
  }
  void apply(const core::Description& description, Signalling offered, Signalling answered) {
    call(Call::apply);
    const bool offer = description.type == core::DescriptionType::offer;
    fuzz::require(signalling_ == (offer ? Signalling::stable : answered), "JSEP allows it");
    signalling_ = offer ? offered : Signalling::stable;
  }
  void take(N::AddCandidate&) {
    fuzz::require(described_, "a candidate comes after its description");
    fuzz::require(++added_ <= core::limits::link_candidates, "candidates are bounded");
  }
  void take(N::Send& send) {
    if (std::holds_alternative<core::Description>(send.signal)) told_ = true;
    if (std::holds_alternative<core::Candidate>(send.signal))
      fuzz::require(told_, "our candidate comes after our description");
  }
  void take(N::Negotiated&) {
    fuzz::require(calling_ == Call::none && signalling_ == Signalling::stable,
                  "a round that is complete leaves peace");
  }
  void take(N::Ended&) { ended_ = true; }

  core::Time now_{};
  core::Time called_{};
  Call calling_ = Call::none;
  Signalling signalling_ = Signalling::stable;
  std::size_t added_ = 0;
  int made_ = 0;
  bool described_ = false, told_ = false, ended_ = false;
  N negotiator_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Scene scene(data[0]);
  for (std::size_t i = 1; i < size; ++i) scene.step(data[i]);
  return 0;
}
