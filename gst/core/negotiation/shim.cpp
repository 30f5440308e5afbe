// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/shim.hpp"

#include <algorithm>
#include <utility>

#include "core/negotiation/shown_section.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

Direction intersect(Direction ours, Direction theirs) {
  return direction_of(sends(ours) && receives(theirs), receives(ours) && sends(theirs));
}

bool is_rtp(const SdpMedia& section) { return section.kind() != MediaKind::application; }

// webrtcbin 1.22 and 1.26 tell the stream only in a=ssrc lines (RFC 8830 has a=msid), and call the
// track by a number of their own: another for each who watches it, and after each link. What it is
// sent as is the same for all.
void add_msid(SdpMedia& section) {
  if (section.has("msid")) return;
  constexpr std::string_view mark = " msid:";
  for (const auto line : section.all("ssrc")) {
    const auto at = line.find(mark);
    if (at == std::string_view::npos) continue;
    const auto words = line.substr(at + mark.size());
    const auto stream = words.substr(0, words.find(' '));
    return section.add("msid", std::string(stream) + " " + std::string(line.substr(0, at)));
  }
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// The format that an rtpmap, fmtp or rtcp-fb line is about.
std::string_view format_of(const SdpLine& line) {
  const auto name = line.name();
  if (name != "rtpmap" && name != "fmtp" && name != "rtcp-fb") return {};
  return line.argument().substr(0, line.argument().find(' '));
}

// Whether it is the retransmission of one of those.
bool repairs_one(const SdpMedia& section, std::string_view format,
                 const std::vector<std::string>& of) {
  const auto start = std::string(format) + " apt=";
  return std::ranges::any_of(section.all("fmtp"), [&](std::string_view line) {
    return line.starts_with(start) && contains(of, line.substr(start.size()));
  });
}

// The formats of one line before those of another.
void put_first(const SdpMedia& from, SdpMedia& to) {
  const auto known = std::exchange(to.formats, {});
  std::vector<std::string> news;
  for (const auto& format : from.formats) {
    const bool is_known = contains(known, format);
    if (!is_known && repairs_one(from, format, known)) continue;  // there is one for it
    if (!is_known) news.push_back(format);
    to.formats.push_back(format);
  }
  for (const auto& format : known)
    if (!contains(to.formats, format)) to.formats.push_back(format);
  for (const auto& line : from.lines)
    if (contains(news, format_of(line))) to.lines.push_back(line);
}

// Its identity and its times; the rest is of the connection, which is described anew.
SdpBlock shown_session(const SdpBlock& session) {
  constexpr std::string_view kept = "vost";
  SdpBlock shown;
  for (const auto& line : session.lines)
    if (kept.find(line.type) != kept.npos) shown.lines.push_back(line);
  shown.add("ice-options", "trickle");
  return shown;
}

}  // namespace

Result<Description> Shim::in(const RemoteDescription& remote) {
  if (!our_role_ && remote.role) our_role_ = opposite(*remote.role);
  if (auto problem = plan(remote)) return *problem;
  const bool offer = remote.type == DescriptionType::offer;
  const auto role = our_role_ ? opposite(*our_role_) : Setup::active;
  Sdp shown;
  shown.session = shown_session(remote.sdp.session);
  std::vector<std::string> mids;
  for (auto& slot : slots_) {
    const auto& section = slot.gone ? slot.last : remote.sdp.media[slot.wire];
    const ShownAs as{slot.mid, slot.shown, offer ? Setup::actpass : role};
    const auto& seen = section.rejected() ? slot.last : section;
    slot.last = shown_section(remote, offer ? seen : part_of(seen, slot), as);
    shown.media.push_back(slot.last);
    mids.push_back(slot.mid);
  }
  add_candidates(shown.media.front(), remote, platform_.candidates);
  shown.set_bundle(mids);
  if (!offer) settle();
  return Description{remote.type, shown.text()};
}

// Of an answer to what two lines of webrtcbin's offered together, what is this one's.
SdpMedia Shim::part_of(const SdpMedia& section, const Slot& slot) const {
  SdpMedia part = section;
  if (!is_rtp(part)) return part;
  std::erase_if(part.formats, [&](const auto& format) { return !contains(slot.offered, format); });
  return part.formats.empty() ? section : part;
}

bool Shim::names_synthetic(const RemoteDescription& remote) const {
  for (const auto& slot : slots_)
    for (const auto& media : remote.media)
      if (slot.synthetic && slot.mid == media.mid) return true;
  return false;
}

// Decides what webrtcbin is shown of each line.
std::optional<Error> Shim::plan(const RemoteDescription& remote) {
  if (remote.sdp.media.empty() || remote.media.size() != remote.sdp.media.size())
    return Error{Errc::malformed, "a description without m-lines"};
  if (names_synthetic(remote))
    return Error{Errc::refused, "the mid of an m-line is one of our own"};
  for (std::size_t wire = 0; wire < remote.media.size(); ++wire) {
    if (auto problem = make_place(wire, remote)) return problem;
    wires_[wire].rejected = wires_[wire].rejected || remote.media[wire].rejected;
    wires_[wire].remote =
        remote.media[wire].rejected ? Direction::inactive : remote.media[wire].direction;
    if (auto problem = show(wire, remote)) return problem;
  }
  return std::nullopt;
}

std::optional<Error> Shim::make_place(std::size_t wire, const RemoteDescription& remote) {
  if (wire == wires_.size()) {
    wires_.emplace_back();
    slots_.push_back({wire, false, remote.media[wire].mid, remote.sdp.media[wire], {}, {}, {}});
    return std::nullopt;
  }
  const bool offer = remote.type == DescriptionType::offer;
  const bool revived = offer && wires_[wire].rejected && !remote.media[wire].rejected;
  return revived ? recycle(wire, remote) : std::nullopt;
}

std::optional<Error> Shim::recycle(std::size_t wire, const RemoteDescription& remote) {
  if (slots_.size() >= 2 * limits::max_sdp_sections)
    return Error{Errc::too_large, "the other side replaces m-lines too often"};
  for (auto& slot : slots_) {
    if (slot.wire != wire) continue;
    slot.gone = true;
    slot.shown = Direction::inactive;
  }
  wires_[wire] = {};
  slots_.push_back({wire, false, remote.media[wire].mid, remote.sdp.media[wire], {}, {}, {}});
  return std::nullopt;
}

std::optional<Error> Shim::show(std::size_t wire, const RemoteDescription& remote) {
  const auto wanted = wires_[wire].remote;
  auto& real = slots_[*to_inner(wire)];
  if (remote.media[wire].kind == MediaKind::application || platform_.direction_changes) {
    real.shown = wanted;
    return std::nullopt;
  }
  real.shown = still_shown(real, wanted);
  const bool beside = real.agreed && sends(wanted) && !sends(real.shown);
  for (auto& slot : slots_)
    if (slot.synthetic && slot.wire == wire && !slot.gone)
      slot.shown = beside && !over(slot) ? Direction::sendonly : Direction::inactive;
  if (!beside || synthetic_of(wire) || remote.type == DescriptionType::answer) return std::nullopt;
  return add_synthetic(wire, remote);
}

// 1.22: a direction that was agreed stays, or becomes inactive for ever. What only we send on is
// never shown as inactive, since the other side may want it again.
Direction Shim::still_shown(const Slot& slot, Direction wanted) const {
  if (!slot.agreed) return wanted;
  if (over(slot)) return Direction::inactive;
  if (*slot.agreed == Direction::sendonly)
    return wires_[slot.wire].rejected ? Direction::inactive : Direction::recvonly;
  if (wanted == Direction::inactive) return wanted;
  if (*slot.agreed == Direction::sendrecv) return Direction::sendrecv;
  return sends(wanted) ? Direction::sendonly : Direction::inactive;
}

std::optional<Error> Shim::add_synthetic(std::size_t wire, const RemoteDescription& remote) {
  if (slots_.size() >= 2 * limits::max_sdp_sections)
    return Error{Errc::too_large, "the other side changes directions too often"};
  const std::string mid = "genos-beside-" + std::to_string(slots_.size());
  for (const auto& media : remote.media)
    if (media.mid == mid) return Error{Errc::refused, "the mid of an m-line is one of our own"};
  Slot slot{wire, true, mid, remote.sdp.media[wire], Direction::sendonly, {}, {}};
  // webrtcbin's list of m-lines only grows at its end; new ones of this offer follow.
  slots_.push_back(std::move(slot));
  return std::nullopt;
}

Result<Description> Shim::local(const Description& created) const {
  auto sdp = Sdp::parse(created.sdp);
  if (!sdp) return sdp.error();
  if (created.type == DescriptionType::answer && !our_role_) return created;
  for (auto& section : sdp->media)
    if (section.has("setup")) section.set("setup", name_of(setup_in(created.type)));
  return Description{created.type, sdp->text()};
}

std::optional<std::size_t> Shim::take_beside(const SdpMedia& section, Direction direction) {
  if (direction != Direction::recvonly) return std::nullopt;
  const auto found = std::find_if(besides_.begin(), besides_.end(), [&](std::size_t wire) {
    return slots_[*to_inner(wire)].last.kind() == section.kind();
  });
  if (found == besides_.end()) return std::nullopt;
  const std::size_t wire = *found;
  besides_.erase(found);
  return wire;
}

Setup Shim::setup_in(DescriptionType type) const {
  return type == DescriptionType::offer ? Setup::actpass : our_role_.value_or(Setup::active);
}

Result<Description> Shim::out(const Description& created, std::string_view identity) {
  auto sdp = Sdp::parse(created.sdp);
  if (!sdp) return sdp.error();
  if (auto problem = read(*sdp, created.type)) return *problem;
  std::vector<SdpMedia> lines(wires_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].synthetic || slots_[i].gone) continue;
    auto& section = sdp->media[i];
    write(section, slots_[i], created.type);
    lines[slots_[i].wire] = std::move(section);
  }
  add_received(*sdp, lines);
  std::vector<std::string> mids;
  for (const auto& line : lines)
    if (!line.rejected()) mids.emplace_back(line.mid());
  sdp->media = std::move(lines);
  sdp->set_bundle(mids);
  if (!identity.empty()) sdp->session.set("genos-identity", identity);
  if (created.type == DescriptionType::answer) settle();
  return Description{created.type, sdp->text()};
}

// What the other side sends on a line of ours comes to the one beside it, whose codecs may be
// others: they stand before ours, since a browser sends in the first.
void Shim::add_received(const Sdp& created, std::vector<SdpMedia>& lines) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto& slot = slots_[i];
    auto& line = lines[slot.wire];
    if (!slot.synthetic || over(slot) || line.rejected() || !receives(created.direction(line)))
      continue;
    put_first(created.media[i], line);
  }
}

bool Shim::has_all_lines(const Sdp& created, DescriptionType type) const {
  const auto count = created.media.size();
  if (count == 0) return false;
  return type == DescriptionType::offer ? count >= slots_.size() : count == slots_.size();
}

// What webrtcbin says of each line.
std::optional<Error> Shim::read(const Sdp& created, DescriptionType type) {
  const bool offer = type == DescriptionType::offer;
  if (!has_all_lines(created, type))
    return Error{Errc::malformed, "webrtcbin's description lacks m-lines or has more than asked"};
  for (std::size_t i = 0; i < created.media.size(); ++i) {
    const auto& section = created.media[i];
    if (section.mid().empty()) return Error{Errc::malformed, "webrtcbin's m-line has no mid"};
    if (i == slots_.size()) add_own(section, created.direction(section));
    auto& slot = slots_[i];
    if (slot.mid != section.mid())
      return Error{Errc::malformed, "webrtcbin has renamed m-line " + slot.mid};
    slot.local = created.direction(section);
    if (offer) slot.offered = section.formats;
    if (!slot.synthetic && !slot.gone && section.rejected()) wires_[slot.wire].rejected = true;
  }
  if (!offer) read_role(created);
  return std::nullopt;
}

void Shim::add_own(const SdpMedia& section, Direction direction) {
  const auto beside = take_beside(section, direction);
  slots_.push_back({beside.value_or(wires_.size()),
                    beside.has_value(),
                    std::string(section.mid()),
                    section,
                    {},
                    {},
                    {}});
  if (!beside) wires_.emplace_back();
}

void Shim::read_role(const Sdp& answer) {
  if (our_role_) return;
  const auto setup = setup_of(answer.find(answer.media.front(), "setup").value_or("active"));
  our_role_ = setup == Setup::passive ? Setup::passive : Setup::active;
}

// A line that is over for webrtcbin must not look alive: what came on it would have no m-line here.
Direction Shim::wire_direction(std::size_t wire, DescriptionType type) const {
  bool sending = false, receiving = false;
  for (const auto& slot : slots_) {
    if (slot.wire != wire || over(slot)) continue;
    sending = sending || (!slot.synthetic && !wires_[wire].retired && sends(slot.local));
    receiving = receiving || receives(slot.local);
  }
  const auto ours = direction_of(sending, receiving);
  if (type == DescriptionType::offer) return ours;
  return intersect(ours, wires_[wire].remote);
}

void Shim::write(SdpMedia& section, const Slot& slot, DescriptionType type) const {
  // Port 0 with bundle-only is legal and read as a rejection by some; in a bundle 9 is as good.
  if (!section.rejected() && section.port == 0) section.port = 9;
  section.remove("bundle-only");
  if (section.has("setup")) section.set("setup", name_of(setup_in(type)));
  if (wires_[slot.wire].rejected) section.port = 0;
  if (!is_rtp(section)) return;
  const auto direction = section.port == 0 ? Direction::inactive : wire_direction(slot.wire, type);
  section.set_direction(direction);
  if (sends(direction)) add_msid(section);
  // Browsers and our own gate refuse an SSRC on two lines, and the track may go on as another one.
  if (wires_[slot.wire].retired)
    for (const auto name : {"ssrc", "ssrc-group", "msid"}) section.remove(name);
}

bool Shim::over(const Slot& slot) const {
  return slot.gone || (!platform_.direction_changes && slot.agreed == Direction::inactive);
}

Shim::Slot* Shim::synthetic_of(std::size_t wire) {
  for (auto& slot : slots_)
    if (slot.synthetic && slot.wire == wire && !over(slot)) return &slot;
  return nullptr;
}

void Shim::settle() {
  for (auto& slot : slots_) slot.agreed = intersect(slot.local, slot.shown);
}

bool Shim::knows(std::size_t wire, std::string_view mid) const {
  const auto inner = to_inner(wire);
  return inner && slots_[*inner].mid == mid;
}

std::optional<std::size_t> Shim::to_wire(std::size_t inner) const {
  if (inner >= slots_.size() || slots_[inner].gone) return std::nullopt;
  return slots_[inner].wire;
}

std::optional<std::size_t> Shim::to_inner(std::size_t wire) const {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (!slots_[i].synthetic && !slots_[i].gone && slots_[i].wire == wire) return i;
  return std::nullopt;
}

std::optional<std::size_t> Shim::receiving_line(std::size_t wire) const {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].synthetic && slots_[i].wire == wire && !over(slots_[i])) return i;
  return to_inner(wire);
}

std::optional<Candidate> Shim::out(std::size_t inner, std::string_view candidate) const {
  const auto parsed = parse_candidate(candidate);
  if (inner != 0 || !parsed || parsed->component != 1) return std::nullopt;
  Candidate result;
  result.candidate = candidate.starts_with("a=") ? candidate.substr(2) : candidate;
  if (!slots_.empty()) result.mid = slots_.front().mid;
  result.mline = 0;
  return result;
}

}  // namespace genos::core
