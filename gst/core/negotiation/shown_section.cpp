// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/shown_section.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace genos::core {
namespace {

constexpr std::array<std::string_view, 5> known_feedback{"nack", "nack pli", "ccm fir",
                                                         "transport-cc", "goog-remb"};
// Of the header extensions only these: mid and rid are half supported, and nothing else is used.
constexpr std::array<std::string_view, 2> known_extensions{
    twcc_uri, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"};

template <std::size_t n>
bool contains(const std::array<std::string_view, n>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

std::string_view after_first(std::string_view text) {
  const auto blank = text.find(' ');
  return blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
}

std::string_view map_of(const SdpMedia& section, std::string_view format) {
  for (const auto map : section.all("rtpmap"))
    if (first_word(map) == format) return after_first(map);
  if (format == "0") return "PCMU/8000";
  if (format == "8") return "PCMA/8000";
  return format == "9" ? std::string_view("G722/8000") : std::string_view();
}

std::string_view parameters_of(const SdpMedia& section, std::string_view format) {
  for (const auto line : section.all("fmtp"))
    if (first_word(line) == format) return after_first(line);
  return {};
}

// Codecs that can be decoded and their retransmissions. Comfort noise, DTMF, RED and FEC would only
// be in the way of a first choice.
std::vector<std::string> useful_formats(const SdpMedia& section) {
  std::set<std::string_view> media;
  for (const auto& format : section.formats) {
    const auto map = map_of(section, format);
    if (is_known_codec(section.kind(), map.substr(0, map.find('/')))) media.insert(format);
  }
  std::vector<std::string> useful;
  for (const auto& format : section.formats) {
    const auto map = map_of(section, format);
    auto repaired = parameters_of(section, format);
    repaired = repaired.starts_with("apt=") ? repaired.substr(4) : std::string_view();
    const bool repairs = same_word(map.substr(0, map.find('/')), "rtx") &&
                         media.contains(repaired.substr(0, repaired.find(';')));
    if (media.contains(format) || repairs) useful.push_back(format);
  }
  return useful.empty() ? section.formats : useful;
}

void copy_codecs(const SdpMedia& from, SdpMedia& to) {
  for (const auto& format : to.formats) {
    to.add("rtpmap", format + ' ' + std::string(map_of(from, format)));
    std::set<std::string_view> told;
    for (const auto line : from.all("rtcp-fb")) {
      const bool meant = first_word(line) == format || first_word(line) == "*";
      const auto feedback = after_first(line);
      if (meant && contains(known_feedback, feedback) && told.insert(feedback).second)
        to.add("rtcp-fb", format + ' ' + std::string(feedback));
    }
    if (const auto parameters = parameters_of(from, format); !parameters.empty())
      to.add("fmtp", format + ' ' + std::string(parameters));
  }
}

void copy_extensions(const SdpMedia& from, SdpMedia& to) {
  for (const auto line : from.all("extmap")) {
    const auto extension = extmap_of(line);
    if (extension && contains(known_extensions, extension->uri))
      to.add("extmap", std::to_string(extension->id) + ' ' + std::string(extension->uri));
  }
}

void copy_sources(const SdpMedia& from, SdpMedia& to) {
  for (const auto msid : from.all("msid")) to.add("msid", msid);
  for (const auto group : from.all("ssrc-group"))
    if (first_word(group) == "FID") to.add("ssrc-group", group);
  for (const auto line : from.all("ssrc")) {
    const auto attribute = after_first(line);
    const auto name = attribute.substr(0, attribute.find(':'));
    if (name == "cname" || name == "msid") to.add("ssrc", line);
  }
}

void copy_application(const SdpMedia& from, SdpMedia& to) {
  to.add("sctp-port", from.find("sctp-port").value_or("5000"));
  // webrtcbin delivers more than 64 KiB in pieces, and sends no more: only less is worth telling.
  const auto most = number(from.find("max-message-size").value_or(std::string_view()), 65535);
  if (most && *most > 0) to.add("max-message-size", std::to_string(*most));
}

}  // namespace

SdpMedia shown_section(const RemoteDescription& remote, const SdpMedia& section,
                       const ShownAs& as) {
  SdpMedia shown;
  shown.media = section.media;
  shown.port = section.port == 0 ? std::uint16_t{9} : section.port;
  shown.proto = section.proto;
  for (const auto& line : section.lines)
    if (line.type == 'c') shown.lines.push_back(line);
  if (shown.lines.empty()) shown.lines.push_back({'c', "IN IP4 0.0.0.0"});
  shown.add("ice-ufrag", remote.ufrag);
  shown.add("ice-pwd", remote.password);
  shown.add("fingerprint", remote.fingerprint_hash + ' ' + remote.fingerprint);
  shown.add("setup", name_of(as.setup));
  shown.add("mid", as.mid);
  if (section.kind() == MediaKind::application) {
    shown.formats = section.formats;
    copy_application(section, shown);
    return shown;
  }
  shown.formats = useful_formats(section);
  shown.add("rtcp-mux");
  if (section.has("rtcp-rsize")) shown.add("rtcp-rsize");
  shown.add(name_of(as.direction));
  copy_codecs(section, shown);
  copy_extensions(section, shown);
  if (sends(as.direction)) copy_sources(section, shown);
  return shown;
}

void add_candidates(SdpMedia& first, const RemoteDescription& remote,
                    const CandidatePolicy& policy) {
  for (const auto& line : remote.candidates) {
    Candidate candidate;
    candidate.candidate = line;
    const auto sorted = sort_candidate(candidate, policy, remote.ufrag);
    if (sorted.verdict == Verdict::keep)
      first.add("candidate",
                std::string_view(sorted.line).substr(std::string_view("candidate:").size()));
  }
}

}  // namespace genos::core
