// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of a peer link that does what its negotiator decides.
#include <utility>

#include "link/description.hpp"
#include "link/peer_link_impl.hpp"
#include "link/platform.hpp"

namespace genos::link {

using core::DescriptionType;
using core::Errc;
using core::Error;
using core::Negotiator;

namespace {

GstDebugCategory* category() {
  static GstDebugCategory* const made =
      _gst_debug_category_new("genoslink", 0, "What the links of Genos agree on");
  return made;
}

// " audio:sendrecv video:recvonly", or nothing when it cannot be read.
std::string lines_of(const core::Description& description) {
  std::string lines;
  const auto parsed = core::Sdp::parse(description.sdp);
  if (!parsed) return lines;
  for (const auto& section : parsed->media) {
    const auto direction = core::name_of(parsed->direction(section));
    lines.append(" ").append(section.media).append(":").append(direction);
  }
  return lines;
}

void log_whole(core::LinkId link, const core::Description& description) {
  GST_CAT_LOG(category(), "link %" G_GUINT64_FORMAT "\n%s", guint64{link.value},
              description.sdp.c_str());
}

// GST_DEBUG=genoslink:5 shows who described what, and when; 6 shows it whole.
void log_description(const char* way, core::LinkId link, const core::Signal& signal) {
  const auto* description = std::get_if<core::Description>(&signal);
  if (!description || gst_debug_category_get_threshold(category()) < GST_LEVEL_DEBUG) return;
  const auto lines = lines_of(*description);
  GST_CAT_DEBUG(category(), "link %" G_GUINT64_FORMAT " %s %s%s", guint64{link.value}, way,
                description->type == DescriptionType::offer ? "offer" : "answer", lines.c_str());
  log_whole(link, *description);
}

// webrtcbin 1.22 and 1.26 copy the role of their own earlier answer into re-offers, and then refuse
// the answer ("Cannot intersect direction attributes"): what is made local must be as true as what
// is sent.
core::Description with_role(const core::Description& ours, std::optional<core::Setup> role) {
  auto parsed = core::Sdp::parse(ours.sdp);
  const bool offer = ours.type == DescriptionType::offer;
  if (!parsed || (!offer && !role)) return ours;
  const auto setup = core::name_of(offer ? core::Setup::actpass : *role);
  for (auto& section : (*parsed).media)
    if (section.has("setup")) section.set("setup", setup);
  return {ours.type, (*parsed).text()};
}

}  // namespace

void PeerLink::Impl::Act::operator()(Negotiator::Output& output) const {
  std::visit([this](auto& each) { self->act(each); }, output);
}

void PeerLink::Impl::feed(Negotiator::Input input) {
  if (!over_ && negotiator_) negotiator_->feed(std::move(input));
}

void PeerLink::Impl::signal(core::Signal signal) {
  log_description("heard", options_.id, signal);
  feed(Negotiator::Remote{std::move(signal)});
}

void PeerLink::Impl::act(Negotiator::CreateOffer) {
  rounds_offered_ = rounds_wanted_;
  untold_ = false;
  lines_->place(webrtc_.get());
  create(DescriptionType::offer);
}

void PeerLink::Impl::act(Negotiator::CreateAnswer) { create(DescriptionType::answer); }

// Replies come on webrtcbin's own thread, which must never be joined from there.
void PeerLink::Impl::create(DescriptionType type) {
  const bool offer = type == DescriptionType::offer;
  asked_ = promise([box = mailbox_, offer](const GstStructure* s) {
    auto made = created_sdp(s, offer ? "offer" : "answer");
    box->post([made = std::move(made), offer](Impl& self) {
      if (!made) return self.feed(Negotiator::Failed{made.error().detail});
      const auto kept = self.repairs_->keep(*made);
      if (offer && self.gives_way()) self.gate_.created(kept);
      self.feed(Negotiator::Created{kept});
    });
  });
  g_signal_emit_by_name(webrtc_.get(), offer ? "create-offer" : "create-answer", nullptr,
                        asked_.get());
}

void PeerLink::Impl::act(Negotiator::SetLocal& output) {
  apply("set-local-description", with_role(output.description, gate_.our_role()));
}

void PeerLink::Impl::act(Negotiator::SetRemote& output) {
  const auto passed = admit(output.description);
  if (passed) return apply("set-remote-description", *passed);
  mailbox_->post([why = "refused their description: " + passed.error().detail](Impl& self) {
    self.feed(Negotiator::Failed{why});
  });
}

void PeerLink::Impl::apply(const char* action, const core::Description& description) {
  const auto converted = to_webrtc(description);
  if (!converted) {
    mailbox_->post(
        [why = converted.error().detail](Impl& self) { self.feed(Negotiator::Failed{why}); });
    return;
  }
  asked_ = promise([box = mailbox_](const GstStructure* s) {
    box->post([why = promise_error(s)](Impl& self) {
      if (why.empty())
        self.feed(Negotiator::Done{});
      else
        self.feed(Negotiator::Failed{why});
    });
  });
  g_signal_emit_by_name(webrtc_.get(), action, (*converted).get(), asked_.get());
}

void PeerLink::Impl::act(Negotiator::AddCandidate& output) {
  const std::string mid = remote_->media.empty() ? std::string() : remote_->media.front().mid;
  const auto sorted =
      core::sort_candidate(output.candidate, platform().core.candidates, remote_->ufrag, mid);
  if (sorted.verdict != core::Verdict::keep) return;
  g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", 0u, sorted.line.c_str());
}

void PeerLink::Impl::act(Negotiator::Send& output) {
  core::Signal signal = std::move(output.signal);
  if (auto* description = std::get_if<core::Description>(&signal)) {
    auto shown = show(*description);
    if (!shown) return end("our own description: " + shown.error().detail);
    if (description->type == DescriptionType::answer) guard_->announce(remote_->media);
    signal = std::move(*shown);
  } else if (auto* candidate = std::get_if<core::Candidate>(&signal)) {
    if (candidate->candidate.empty()) {
      candidate->mline = 0;
    } else {
      auto shown = shim_.out(candidate->mline.value_or(0), candidate->candidate);
      if (!shown) return;
      signal = std::move(*shown);
    }
  }
  log_description("said", options_.id, signal);
  mailbox_->post([signal = std::move(signal)](Impl& self) {
    if (!self.over_ && self.events_.signal) self.events_.signal(signal);
  });
}

void PeerLink::Impl::act(Negotiator::Negotiated& output) {
  if (output.ours && rounds_offered_ == rounds_wanted_) settling_.reset();
  lines_->settle(*remote_, shim_);
  // What ended before its line was agreed on: words about it may have come too early.
  if (retire_ended() || (untold_ && options_.partner == core::Partner::page)) tell_ended_soon();
  guard_->announce(remote_->media);
  if (!tracks().empty()) hasten_feedback(webrtc_.get());
  if (output.ours && options_.partner == core::Partner::page) ask_for_tracks();
  mailbox_->post([](Impl& self) {
    if (!self.over_ && self.events_.negotiated) self.events_.negotiated();
  });
}

// A track that a page adds while it applies an offer of ours goes onto our line, and the page never
// offers it: its answer had to say recvonly, and to a browser everything is agreed (Chromium 150,
// and the rules of RFC 8829). So we offer that line again, with both directions.
void PeerLink::Impl::ask_for_tracks() {
  if (platform().core.direction_changes) return;
  bool any = false;
  for (std::size_t wire = 0; wire < remote_->media.size(); ++wire) {
    const auto& media = remote_->media[wire];
    const bool holds =
        media.holds_track() || (shim_.is_retired(wire) && media.holds_track_in_vain());
    if (!holds || tracks_asked_ == core::limits::link_tracks_asked) continue;
    if (!lines_->receive(media)) continue;
    shim_.offer_beside(wire);
    ++tracks_asked_;
    any = true;
  }
  if (any) mailbox_->post([](Impl& self) { self.feed(Negotiator::Media{}); });
}

void PeerLink::Impl::act(Negotiator::Ended& output) { end(std::move(output.why)); }

// Of the offer that came, the lines with nothing that we take. One that is there already may be our
// own way of sending, and stays.
std::vector<std::size_t> PeerLink::Impl::unwanted_lines() {
  std::vector<std::size_t> unwanted;
  const auto wanted = options_.codecs ? options_.codecs() : std::vector<std::string>();
  for (std::size_t wire = 0; wire < remote_->media.size(); ++wire)
    if (!choose_codecs(remote_->media[wire], wanted) &&
        !shim_.knows(wire, remote_->media[wire].mid))
      unwanted.push_back(wire);
  return unwanted;
}

// Theirs, on its way to webrtcbin.
core::Result<core::Description> PeerLink::Impl::admit(const core::Description& theirs) {
  // They did not see our offer, or offered before they did: webrtcbin never had it.
  if (before_offer_ && theirs.type == DescriptionType::offer) {
    gate_ = std::move(before_offer_->gate);
    shim_ = std::move(before_offer_->shim);
  }
  before_offer_.reset();
  // webrtcbin would show the line that was added for it in every later offer.
  if (theirs.type == DescriptionType::offer && lines_->is_asking())
    return Error{Errc::wrong_state, "offers crossed; the connection is made anew"};
  auto checked = gate_.check(theirs);
  if (!checked) return checked.error();
  remote_ = std::move(*checked);
  remote_fingerprint_ = remote_->fingerprint;
  const bool is_offer = theirs.type == DescriptionType::offer;
  const auto refused = is_offer ? unwanted_lines() : std::vector<std::size_t>();
  auto seen = shim_.in(*remote_);
  if (!seen) return seen;
  for (const auto wire : refused) {
    shim_.refuse(wire);
    remote_->media[wire].rejected = true;
  }
  if (is_offer) {
    shim_.offer_none_beside();
    lines_->withdraw();
    lines_->expect(*remote_, shim_);
  }
  return seen;
}

// Ours, on its way to the other side.
core::Result<core::Description> PeerLink::Impl::show(const core::Description& ours) {
  if (gives_way() && ours.type == DescriptionType::offer)
    before_offer_.emplace(Agreed{gate_, shim_});
  std::string identity;
  const auto parsed = core::Sdp::parse(ours.sdp);
  if (options_.identity && parsed && !(*parsed).media.empty()) {
    const auto line = (*parsed).find((*parsed).media.front(), "fingerprint");
    const auto blank = line ? line->find(' ') : std::string_view::npos;
    if (blank != std::string_view::npos)
      identity = options_.identity(std::string(line->substr(blank + 1)));
  }
  auto shown = shim_.out(ours, identity);
  if (shown && !gate_.sent(*shown)) return Error{Errc::malformed, "not of a shape that we know"};
  return shown;
}

}  // namespace genos::link
