// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/sdp.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::array<std::pair<std::string_view, Direction>, 4> directions{{
    {"sendrecv", Direction::sendrecv},
    {"sendonly", Direction::sendonly},
    {"recvonly", Direction::recvonly},
    {"inactive", Direction::inactive},
}};

Error malformed(std::string detail) { return Error{Errc::malformed, std::move(detail)}; }

std::optional<Direction> direction_in(const SdpBlock& block) {
  for (const auto& line : block.lines)
    for (const auto& [name, direction] : directions)
      if (line.name() == name && line.argument().empty()) return direction;
  return std::nullopt;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Lines without their ends. A text that does not end in one is cut short, or made by hand: taken.
Result<std::vector<std::string_view>> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > limits::max_sdp_line)
      return Error{Errc::too_large, "SDP: a line is too long"};
    if (lines.size() == limits::max_sdp_lines) return Error{Errc::too_large, "SDP: too many lines"};
    if (std::any_of(line.begin(), line.end(), is_control))
      return malformed("SDP: control character in a line");
    if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
      return malformed("SDP: a line is not x=...");
    lines.push_back(line);
  }
  return lines;
}

Result<SdpMedia> media_of(std::string_view head) {
  SdpMedia section;
  const auto words = split(head);
  if (words.size() < 4 || std::any_of(words.begin(), words.end(), [](auto w) { return w.empty(); }))
    return malformed("SDP: m-line has too few words");
  if (words.size() - 3 > limits::max_sdp_formats)
    return Error{Errc::too_large, "SDP: m-line has too many formats"};
  const auto port = number(words[1], 65535);
  if (!port) return malformed("SDP: port of an m-line");
  section.media = words[0];
  section.port = static_cast<std::uint16_t>(*port);
  section.proto = words[2];
  section.formats.assign(words.begin() + 3, words.end());
  return section;
}

std::optional<Error> add_section(Sdp& sdp, std::string_view head) {
  auto section = media_of(head);
  if (!section) return section.error();
  if (sdp.media.size() == limits::max_sdp_sections)
    return Error{Errc::too_large, "SDP: too many m-lines"};
  sdp.media.push_back(*std::move(section));
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Direction direction) {
  for (const auto& [name, value] : directions)
    if (value == direction) return name;
  return "inactive";
}

std::string_view name_of(Setup setup) {
  switch (setup) {
    case Setup::active: return "active";
    case Setup::passive: return "passive";
    case Setup::actpass: break;
  }
  return "actpass";
}

std::optional<Setup> setup_of(std::string_view value) {
  for (const auto setup : {Setup::actpass, Setup::active, Setup::passive})
    if (name_of(setup) == value) return setup;
  return std::nullopt;
}

Setup opposite(Setup setup) {
  if (setup == Setup::actpass) return setup;
  return setup == Setup::active ? Setup::passive : Setup::active;
}

bool sends(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::sendonly;
}

bool receives(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::recvonly;
}

Direction direction_of(bool sends, bool receives) {
  if (sends) return receives ? Direction::sendrecv : Direction::sendonly;
  return receives ? Direction::recvonly : Direction::inactive;
}

Direction reversed(Direction direction) {
  return direction_of(receives(direction), sends(direction));
}

std::string_view SdpLine::name() const {
  if (type != 'a') return {};
  return std::string_view(value).substr(0, value.find(':'));
}

std::string_view SdpLine::argument() const {
  const auto colon = value.find(':');
  if (type != 'a' || colon == std::string::npos) return {};
  return std::string_view(value).substr(colon + 1);
}

bool SdpBlock::has(std::string_view name) const { return find(name).has_value(); }

std::size_t SdpBlock::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const SdpLine& l) { return l.name() == name; }));
}

std::optional<std::string_view> SdpBlock::find(std::string_view name) const {
  for (const auto& line : lines)
    if (line.name() == name) return line.argument();
  return std::nullopt;
}

std::vector<std::string_view> SdpBlock::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& line : lines)
    if (line.name() == name) found.push_back(line.argument());
  return found;
}

void SdpBlock::add(std::string_view name, std::string_view argument) {
  std::string value(name);
  if (!argument.empty()) value.append(":").append(argument);
  lines.push_back({'a', std::move(value)});
}

void SdpBlock::set(std::string_view name, std::string_view argument) {
  const auto place =
      std::find_if(lines.begin(), lines.end(), [&](const SdpLine& l) { return l.name() == name; });
  if (place == lines.end()) return add(name, argument);
  const auto index = place - lines.begin();
  add(name, argument);
  lines[static_cast<std::size_t>(index)] = std::move(lines.back());
  lines.pop_back();
  lines.erase(std::remove_if(lines.begin() + index + 1, lines.end(),
                             [&](const SdpLine& l) { return l.name() == name; }),
              lines.end());
}

void SdpBlock::remove(std::string_view name) {
  std::erase_if(lines, [&](const SdpLine& l) { return l.name() == name; });
}

MediaKind SdpMedia::kind() const {
  if (media == "application") return MediaKind::application;
  if (media == "audio") return MediaKind::audio;
  return media == "video" ? MediaKind::video : MediaKind::other;
}

std::string_view SdpMedia::mid() const { return find("mid").value_or(std::string_view()); }

bool SdpMedia::rejected() const { return port == 0 && !has("bundle-only"); }

std::string SdpMedia::head() const {
  std::string text = media + ' ' + std::to_string(port) + ' ' + proto;
  for (const auto& format : formats) text.append(" ").append(format);
  return text;
}

void SdpMedia::set_direction(Direction direction) {
  const auto is_direction = [](const SdpLine& line) {
    return std::any_of(directions.begin(), directions.end(),
                       [&](const auto& entry) { return line.name() == entry.first; });
  };
  const auto place = std::find_if(lines.begin(), lines.end(), is_direction);
  const SdpLine wanted{'a', std::string(name_of(direction))};
  if (place == lines.end()) return lines.push_back(wanted);
  *place = wanted;
  lines.erase(std::remove_if(place + 1, lines.end(), is_direction), lines.end());
}

Result<Sdp> Sdp::parse(std::string_view text) {
  if (text.size() > limits::max_sdp) return Error{Errc::too_large, "SDP: too long"};
  if (!is_utf8(text)) return malformed("SDP: not UTF-8");
  auto lines = lines_of(text);
  if (!lines) return lines.error();
  if (lines->empty() || lines->front() != "v=0") return malformed("SDP: does not begin with v=0");
  Sdp sdp;
  for (const auto line : *lines) {
    if (line[0] == 'm') {
      if (auto problem = add_section(sdp, line.substr(2))) return *problem;
      continue;
    }
    auto& block = sdp.media.empty() ? sdp.session : static_cast<SdpBlock&>(sdp.media.back());
    block.lines.push_back({line[0], std::string(line.substr(2))});
  }
  return sdp;
}

std::string Sdp::text() const {
  std::string text;
  const auto write = [&text](char type, std::string_view value) {
    text.append(1, type).append("=").append(value).append("\r\n");
  };
  for (const auto& line : session.lines) write(line.type, line.value);
  for (const auto& section : media) {
    write('m', section.head());
    for (const auto& line : section.lines) write(line.type, line.value);
  }
  return text;
}

std::optional<std::string_view> Sdp::find(const SdpMedia& section, std::string_view name) const {
  auto own = section.find(name);
  return own ? own : session.find(name);
}

Direction Sdp::direction(const SdpMedia& section) const {
  if (const auto own = direction_in(section)) return *own;
  return direction_in(session).value_or(Direction::sendrecv);
}

std::vector<std::string> Sdp::bundle() const {
  for (const auto group : session.all("group")) {
    const auto words = split(group);
    if (words.front() == "BUNDLE") return {words.begin() + 1, words.end()};
  }
  return {};
}

void Sdp::set_bundle(const std::vector<std::string>& mids) {
  std::string group = "BUNDLE";
  for (const auto& mid : mids) group.append(" ").append(mid);
  for (auto& line : session.lines)
    if (line.name() == "group" && split(line.argument()).front() == "BUNDLE") {
      line.value = "group:" + group;
      return;
    }
  session.add("group", group);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto end = text.find(separator);
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (most - std::min(digit, most)) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value <= most ? std::optional(value) : std::nullopt;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace genos::core
