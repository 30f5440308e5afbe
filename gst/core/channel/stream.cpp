// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/stream.hpp"

#include <algorithm>

#include "core/wire/json.hpp"

namespace genos::core {
namespace {

constexpr std::string_view key = "genos";
constexpr std::size_t max_stream_id = 64;  // as any id that a peer makes up

std::optional<std::uint64_t> offset_at(const Json& json, std::string_view name) {
  const auto value = json.integer_at(name);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<std::string> stream_at(const Json& json) {
  auto stream = json.string_at("stream");
  if (!stream || stream->empty() || stream->size() > max_stream_id) return std::nullopt;
  return stream;
}

}  // namespace

std::string with_place(const std::optional<std::string>& meta, const StreamPlace& place) {
  auto parsed = meta ? parse_json(*meta) : Result<Json>(Json::object());
  auto whole = parsed && (*parsed).as_object() ? std::move(*parsed) : Json::object();
  auto ours = Json::object();
  ours.set("stream", place.stream).set("at", static_cast<std::int64_t>(place.at));
  return to_text(whole.set(key, std::move(ours)));
}

std::optional<StreamPlace> place_in(const std::optional<std::string>& meta) {
  if (!meta) return std::nullopt;
  const auto parsed = parse_json(*meta);
  const auto* ours = parsed ? (*parsed).find(key) : nullptr;
  if (!ours) return std::nullopt;
  auto stream = stream_at(*ours);
  const auto at = offset_at(*ours, "at");
  if (!stream || !at) return std::nullopt;
  return StreamPlace{std::move(*stream), *at};
}

std::string end_text(const StreamEnd& end) {
  auto json = Json::object();
  json.set("stream", end.stream).set("end", static_cast<std::int64_t>(end.at));
  if (end.cut) json.set("cut", true);
  return to_text(json);
}

std::optional<StreamEnd> end_in(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return std::nullopt;
  auto stream = stream_at(*parsed);
  const auto at = offset_at(*parsed, "end");
  if (!stream || !at) return std::nullopt;
  return StreamEnd{std::move(*stream), *at, (*parsed).bool_at("cut").value_or(false)};
}

std::string report_text(const StreamReport& report) {
  auto json = Json::object();
  json.set("stream", report.stream).set("taken", static_cast<std::int64_t>(report.taken));
  if (report.done) json.set("done", true);
  return to_text(json);
}

std::optional<StreamReport> report_in(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return std::nullopt;
  auto stream = stream_at(*parsed);
  const auto taken = offset_at(*parsed, "taken");
  if (!stream || !taken) return std::nullopt;
  return StreamReport{std::move(*stream), *taken, (*parsed).bool_at("done").value_or(false)};
}

void StreamWriter::add(const PeerId& peer) { readers_.try_emplace(peer); }

void StreamWriter::forget(const PeerId& peer) { readers_.erase(peer); }

void StreamWriter::report(const PeerId& peer, const StreamReport& report) {
  const auto found = readers_.find(peer);
  if (found == readers_.end() || report.stream != options_.stream) return;
  auto& reader = found->second;
  reader.reports = true;
  // More than was written is a lie, and less than before is late.
  reader.taken = std::max(reader.taken, std::min(report.taken, written_));
  reader.done = reader.done || (report.done && ended_);
}

bool StreamWriter::may_write() const {
  return std::all_of(readers_.begin(), readers_.end(), [this](const auto& each) {
    return !each.second.reports || written_ - each.second.taken < options_.window;
  });
}

StreamPlace StreamWriter::write(std::uint64_t length) {
  StreamPlace place{options_.stream, written_};
  written_ += length;
  return place;
}

StreamEnd StreamWriter::end(Time now) {
  ended_ = now;
  return {options_.stream, written_};
}

bool StreamWriter::finished(Time now) const {
  if (!ended_) return false;
  const bool patient = now < *ended_ + options_.silence_limit;
  return std::all_of(readers_.begin(), readers_.end(), [patient](const auto& each) {
    return each.second.reports ? each.second.done : !patient;
  });
}

Time StreamWriter::deadline() const { return ended_ ? *ended_ + options_.silence_limit : never; }

StreamReader::Verdict StreamReader::handle(const PeerId& peer,
                                           const std::optional<StreamPlace>& place,
                                           std::uint64_t length) {
  if (kind_ == Kind::bytes) return handle_bytes(peer, place, length);
  if (!place) return Verdict::deliver;
  auto& source = sources_[peer];
  if (source.stream != place->stream) source = {place->stream, 0, {}, {}};
  source.come = place->at + length;
  return Verdict::deliver;
}

// Whether it is the one stream of bytes that is read; the first to begin becomes it.
bool StreamReader::choose(const PeerId& peer, const std::string& stream, std::uint64_t at) {
  if (over_) return false;
  if (!chosen_) {
    // The rest of a stream whose beginning we missed is of no use to anybody.
    if (at != 0) return false;
    chosen_ = peer;
    sources_[peer] = {stream, 0, {}, {}};
  }
  return *chosen_ == peer && sources_[peer].stream == stream;
}

StreamReader::Verdict StreamReader::handle_bytes(const PeerId& peer,
                                                 const std::optional<StreamPlace>& place,
                                                 std::uint64_t length) {
  if (!choose(peer, place ? place->stream : "", place ? place->at : 0)) return Verdict::ignore;
  if (!place) return Verdict::deliver;
  auto& source = sources_[peer];
  const bool is_next = place->at == source.come;
  source.come += length;
  over_ = !is_next || source.come == source.end;
  if (!is_next) return Verdict::broken;
  return over_ ? Verdict::last : Verdict::deliver;
}

StreamReader::Verdict StreamReader::handle(const PeerId& peer, const StreamEnd& end) {
  if (kind_ == Kind::bytes) {
    if (!choose(peer, end.stream, end.at)) return Verdict::ignore;
    over_ = end.cut;
    if (end.cut) return Verdict::broken;
  } else if (!sources_.contains(peer) || sources_[peer].stream != end.stream) {
    // Of messages that were not for us, or before our time.
    sources_[peer] = {end.stream, end.at, {}, {}};
  }
  auto& source = sources_[peer];
  source.end = end.at;
  if (source.come < end.at) return Verdict::ignore;  // the rest is on its way
  over_ = kind_ == Kind::bytes;
  if (source.come > end.at && over_) return Verdict::broken;
  return over_ ? Verdict::last : Verdict::deliver;
}

std::optional<StreamReport> StreamReader::passed(const PeerId& peer, const StreamPlace& place,
                                                 std::uint64_t length) {
  const auto found = sources_.find(peer);
  if (found == sources_.end() || found->second.stream != place.stream) return std::nullopt;
  auto& source = found->second;
  const std::uint64_t taken = place.at + length;
  const bool done = source.end && taken >= *source.end;
  if (!done && source.reported && taken < *source.reported + report_step) return std::nullopt;
  source.reported = taken;
  return StreamReport{place.stream, taken, done};
}

StreamReader::Loss StreamReader::forget(const PeerId& peer) {
  const auto found = sources_.find(peer);
  const bool known_end = found != sources_.end() && !found->second.stream.empty();
  sources_.erase(peer);
  if (kind_ != Kind::bytes || over_ || chosen_ != peer) return Loss::none;
  over_ = true;
  return known_end ? Loss::truncated : Loss::ended;
}

}  // namespace genos::core
