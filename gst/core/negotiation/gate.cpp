// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/gate.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/negotiation/session_grammar.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

using Problem = std::optional<Error>;

Error malformed(std::string what) { return {Errc::malformed, "SDP: " + std::move(what)}; }
Error refused(std::string what) { return {Errc::refused, "SDP: " + std::move(what)}; }

// Every live m-line rides on the transport of the first one, which may never go: the other orders
// abort or crash webrtcbin.
Problem check_bundle(const Sdp& sdp) {
  const auto mids = sdp.bundle();
  const std::set<std::string> members(mids.begin(), mids.end());
  if (members.size() != mids.size()) return malformed("a mid twice in BUNDLE");
  if (sdp.media.empty() || sdp.media.front().rejected())
    return refused("the first m-line is rejected");
  if (mids.empty() || mids.front() != sdp.media.front().mid())
    return refused("BUNDLE does not begin with the first m-line");
  std::size_t live = 0;
  for (const auto& section : sdp.media) {
    if (section.rejected()) continue;
    ++live;
    if (!members.contains(std::string(section.mid())))
      return refused("a live m-line outside BUNDLE");
  }
  if (live != members.size()) return refused("BUNDLE names a rejected or unknown m-line");
  return std::nullopt;
}

Problem read_sections(RemoteDescription& remote) {
  std::set<std::string> mids;
  std::set<std::uint32_t> ssrcs;
  std::size_t applications = 0;
  for (const auto& section : remote.sdp.media) {
    auto media = read_media(remote.sdp, section);
    if (!media) return media.error();
    if (!mids.insert(media->mid).second) return malformed("a mid twice");
    for (const auto ssrc : media->ssrcs)
      if (!ssrcs.insert(ssrc).second) return malformed("one SSRC on two m-lines");
    applications += media->kind == MediaKind::application ? 1 : 0;
    remote.media.push_back(*std::move(media));
  }
  if (applications != 1) return refused("not exactly one application m-line");
  return std::nullopt;
}

Problem read_session(RemoteDescription& remote) {
  const auto identity = remote.sdp.session.find("genos-identity").value_or(std::string_view());
  if (identity.size() > limits::max_identity) return Error{Errc::too_large, "SDP: genos-identity"};
  remote.identity = identity;
  for (const auto& section : remote.sdp.media) {
    if (const auto size = section.find("max-message-size")) {
      const auto value = number(*size, std::uint64_t{1} << 62);
      if (!value) return malformed("max-message-size");
      remote.max_message_size = *value;
    }
    if (section.count("candidate") > limits::max_parked_candidates)
      return Error{Errc::too_large, "SDP: too many candidates"};
  }
  if (remote.sdp.media.empty()) return std::nullopt;
  for (const auto line : remote.sdp.media.front().all("candidate"))
    remote.candidates.emplace_back(line);
  return std::nullopt;
}

// What can be said of it without what was agreed before.
Result<RemoteDescription> read_description(const Description& theirs) {
  auto parsed = Sdp::parse(theirs.sdp);
  if (!parsed) return parsed.error();
  RemoteDescription remote;
  remote.type = theirs.type;
  remote.sdp = *std::move(parsed);
  if (auto problem = check_session_grammar(remote.sdp)) return *problem;
  if (auto problem = read_sections(remote)) return *problem;
  if (auto problem = read_session(remote)) return *problem;
  if (auto problem = check_bundle(remote.sdp)) return *problem;
  return remote;
}

// RFC 3264 section 6.1: an answer sends only what the offer receives, and the other way round.
bool fits(Direction answer, Direction offer) {
  return (!sends(answer) || receives(offer)) && (!receives(answer) || sends(offer));
}

bool has_codec(const RemoteMedia& media, const RemoteCodec& codec) {
  return std::ranges::any_of(media.codecs, [&](const RemoteCodec& c) {
    return c.payload == codec.payload && c.is(codec.name) && c.clock_rate == codec.clock_rate;
  });
}

Problem check_answered_line(const RemoteMedia& media, const Sdp& offer, const SdpMedia& asked) {
  if (asked.rejected()) return refused("answer revives m-line " + media.mid);
  if (!fits(media.direction, offer.direction(asked)))
    return refused("direction of m-line " + media.mid + " does not answer ours");
  const auto ours = read_media(offer, asked);
  if (!ours) return refused("our own m-line " + media.mid + ": " + ours.error().detail);
  for (const auto& codec : media.codecs)
    if (is_known_codec(media.kind, codec.name) && !has_codec(*ours, codec))
      return refused("answer has a codec that we did not offer: " + codec.name);
  return std::nullopt;
}

Problem check_answer(const RemoteDescription& remote, const Sdp& offer) {
  for (std::size_t i = 0; i < remote.media.size(); ++i) {
    const auto& media = remote.media[i];
    if (media.rejected || media.kind == MediaKind::application) continue;
    if (auto problem = check_answered_line(media, offer, offer.media[i])) return problem;
  }
  return std::nullopt;
}

// One certificate and one ICE session for the whole connection.
Problem read_transport(RemoteDescription& remote) {
  for (const auto& section : remote.sdp.media) {
    if (section.rejected()) continue;
    auto transport = transport_of(remote.sdp, section);
    if (!transport) return transport.error();
    if (remote.ufrag.empty()) {
      remote.ufrag = transport->ufrag;
      remote.password = transport->password;
      remote.fingerprint = transport->fingerprint;
      remote.fingerprint_hash = transport->hash;
    }
    if (transport->ufrag != remote.ufrag || transport->password != remote.password)
      return refused("ICE credentials differ between m-lines");
    if (transport->fingerprint != remote.fingerprint || transport->hash != remote.fingerprint_hash)
      return refused("fingerprints differ between m-lines");
  }
  return std::nullopt;
}

Result<Setup> setup_on(const RemoteDescription& remote, std::size_t line) {
  const auto value = remote.sdp.find(remote.sdp.media[line], "setup");
  const auto setup = value ? setup_of(*value) : std::nullopt;
  if (!setup) return malformed("a=setup of m-line " + remote.media[line].mid);
  return *setup;
}

Problem check_offered_role(const RemoteDescription& remote) {
  for (std::size_t i = 0; i < remote.sdp.media.size(); ++i) {
    if (remote.sdp.media[i].rejected()) continue;
    const auto setup = setup_on(remote, i);
    if (!setup) return setup.error();
    if (*setup != Setup::actpass && *setup != remote.role) return refused("offer without actpass");
  }
  return std::nullopt;
}

// The first m-line speaks for the transport. Firefox answers a later round with a role of its own
// on m-lines that are new to the bundle: legal values there are tolerated, and the shim rewrites.
Problem read_answered_role(RemoteDescription& remote, std::optional<Setup> known) {
  for (std::size_t i = 0; i < remote.sdp.media.size(); ++i) {
    if (remote.sdp.media[i].rejected()) continue;
    const auto setup = setup_on(remote, i);
    if (!setup) return setup.error();
    if (*setup == Setup::actpass) return refused("answer without a DTLS role");
    if (i > 0) continue;
    if (known && *setup != known) return refused("the DTLS role has changed");
    remote.role = *setup;
  }
  return std::nullopt;
}

}  // namespace

Result<RemoteDescription> Gate::check(const Description& theirs) {
  const bool offer = theirs.type == DescriptionType::offer;
  if (state_ != (offer ? State::stable : State::we_offered))
    return Error{Errc::wrong_state, offer ? "an offer while one is open" : "an answer to no offer"};
  auto remote = read_description(theirs);
  if (!remote) return remote.error();
  remote->first = !met_;
  if (auto problem = check_lines(*remote)) return *problem;
  if (auto problem = read_transport(*remote)) return *problem;
  if (auto problem = check_transport(*remote)) return *problem;
  if (auto problem = read_role(*remote)) return *problem;
  if (!offer)
    if (auto problem = check_answer(*remote, our_offer_)) return *problem;
  remember(*remote);
  return remote;
}

// m-line i keeps its mid and its kind as long as it lives; offers append, or put another into the
// place of a dead one (RFC 8829 section 5.2.2), and answers have exactly what was asked.
Gate::Problem Gate::check_lines(const RemoteDescription& remote) const {
  const bool answer = remote.type == DescriptionType::answer;
  if (remote.media.size() < lines_.size()) return refused("an m-line is missing");
  if (answer && remote.media.size() != lines_.size()) return refused("answer adds an m-line");
  for (std::size_t i = 0; i < remote.media.size(); ++i)
    if (auto problem = check_line(i, remote.media[i], remote.type)) return problem;
  return std::nullopt;
}

Gate::Problem Gate::check_line(std::size_t line, const RemoteMedia& media,
                               DescriptionType type) const {
  if (line >= lines_.size()) return check_added(media);
  if (type == DescriptionType::offer && is_recycled(line, media)) return check_recycled(media);
  const auto& known = lines_[line];
  if (media.mid != known.mid) return refused("mid of an m-line has changed");
  if (media.kind != known.kind) return refused("kind of m-line " + media.mid + " has changed");
  if (known.dead && !media.rejected) return refused("m-line " + media.mid + " comes back");
  return std::nullopt;
}

Gate::Problem Gate::check_added(const RemoteMedia& media) const {
  if (media.rejected) return refused("offer adds a rejected m-line");
  if (named_.contains(media.mid)) return refused("mid " + media.mid + " is one of ours");
  return std::nullopt;
}

Gate::Problem Gate::check_recycled(const RemoteMedia& media) const {
  if (named_.contains(media.mid)) return refused("mid " + media.mid + " was another's");
  if (media.kind == MediaKind::application) return refused("a second application m-line");
  return std::nullopt;
}

bool Gate::is_recycled(std::size_t line, const RemoteMedia& media) const {
  return lines_[line].dead && !media.rejected && media.mid != lines_[line].mid;
}

// ICE restart means a new connection.
Gate::Problem Gate::check_transport(const RemoteDescription& remote) const {
  if (!met_) return std::nullopt;
  if (remote.ufrag != ufrag_ || remote.password != password_) return refused("ICE restart");
  if (remote.fingerprint != fingerprint_ || remote.fingerprint_hash != fingerprint_hash_)
    return refused("the fingerprint has changed");
  return std::nullopt;
}

Gate::Problem Gate::read_role(RemoteDescription& remote) const {
  const auto theirs = our_role_ ? std::optional(opposite(*our_role_)) : std::nullopt;
  if (remote.type == DescriptionType::answer) return read_answered_role(remote, theirs);
  remote.role = theirs;
  return check_offered_role(remote);
}

void Gate::remember(const RemoteDescription& remote) {
  met_ = true;
  state_ = remote.type == DescriptionType::offer ? State::they_offered : State::stable;
  ufrag_ = remote.ufrag;
  password_ = remote.password;
  fingerprint_ = remote.fingerprint;
  fingerprint_hash_ = remote.fingerprint_hash;
  if (remote.type == DescriptionType::answer && remote.role) our_role_ = opposite(*remote.role);
  for (std::size_t i = 0; i < remote.media.size(); ++i) {
    const auto& media = remote.media[i];
    if (i == lines_.size()) lines_.push_back({media.mid, media.kind});
    if (is_recycled(i, media)) {
      named_.insert(lines_[i].mid);
      lines_[i] = {media.mid, media.kind};
    }
    lines_[i].dead = lines_[i].dead || media.rejected;
  }
}

void Gate::created(std::string_view our_offer) {
  const auto sdp = Sdp::parse(our_offer);
  if (!sdp) return;
  for (const auto& section : sdp->media) named_.emplace(section.mid());
}

bool Gate::sent(const Description& ours) {
  const bool offer = ours.type == DescriptionType::offer;
  if (state_ != (offer ? State::stable : State::they_offered)) return false;
  auto sdp = Sdp::parse(ours.sdp);
  if (!sdp || sdp->media.size() < lines_.size()) return false;
  if (!offer && sdp->media.size() != lines_.size()) return false;
  if (!remember_lines(*sdp)) return false;
  if (!offer && !remember_role(*sdp)) return false;
  state_ = offer ? State::we_offered : State::stable;
  our_offer_ = offer ? *std::move(sdp) : Sdp();
  return true;
}

bool Gate::remember_lines(const Sdp& ours) {
  for (std::size_t i = 0; i < ours.media.size(); ++i) {
    const auto& section = ours.media[i];
    if (i == lines_.size()) lines_.push_back({std::string(section.mid()), section.kind()});
    if (lines_[i].mid != section.mid() || lines_[i].kind != section.kind()) return false;
    lines_[i].dead = lines_[i].dead || section.rejected();
  }
  return true;
}

bool Gate::remember_role(const Sdp& our_answer) {
  if (our_role_ || our_answer.media.empty()) return true;
  const auto setup = setup_of(our_answer.find(our_answer.media.front(), "setup").value_or("?"));
  if (!setup || *setup == Setup::actpass) return false;
  our_role_ = setup;
  return true;
}

}  // namespace genos::core
