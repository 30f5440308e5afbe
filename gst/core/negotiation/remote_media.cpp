// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/negotiation/remote_media.hpp"

#include <algorithm>
#include <array>

#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::array<std::string_view, 4> audio_codecs{"opus", "PCMU", "PCMA", "G722"};
constexpr std::array<std::string_view, 5> video_codecs{"VP8", "VP9", "AV1", "H264", "H265"};

struct Static {
  std::uint8_t payload;
  std::string_view map;
};
// RFC 3551 table 4: what browsers may list without an rtpmap.
constexpr std::array<Static, 4> static_payloads{
    {{0, "PCMU/8000"}, {8, "PCMA/8000"}, {9, "G722/8000"}, {13, "CN/8000"}}};

// fmtp parameters become fields of caps: these would overwrite what webrtcbin itself put there.
constexpr std::array<std::string_view, 9> reserved_parameters{
    "media",       "payload",          "clock-rate", "encoding-name", "encoding-params", "ssrc",
    "seqnum-base", "timestamp-offset", "mid"};
constexpr std::array<std::string_view, 5> reserved_prefixes{"a-", "ssrc-", "extmap-", "rtcp-fb-",
                                                            "rid-"};

using Problem = std::optional<Error>;

Error malformed(std::string what) { return {Errc::malformed, "SDP: " + std::move(what)}; }

bool is_reserved(std::string_view parameter) {
  return std::any_of(reserved_parameters.begin(), reserved_parameters.end(),
                     [&](auto name) { return same_word(name, parameter); }) ||
         std::any_of(reserved_prefixes.begin(), reserved_prefixes.end(), [&](auto prefix) {
           return same_word(prefix, parameter.substr(0, prefix.size()));
         });
}

// One number, one spelling: lines are matched by their text.
bool is_padded(std::string_view text) { return text.size() > 1 && text.front() == '0'; }

// RFC 5761 section 4: with RTP and RTCP on one port, 64 to 95 would read as RTCP.
std::optional<std::uint8_t> payload_of(std::string_view text) {
  const auto payload = number(text, 127);
  if (!payload || is_padded(text) || (*payload >= 64 && *payload <= 95)) return std::nullopt;
  return static_cast<std::uint8_t>(*payload);
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, char at) {
  const auto place = text.find(at);
  if (place == std::string_view::npos) return {text, {}};
  return {text.substr(0, place), text.substr(place + 1)};
}

// `NAME/CLOCK[/CHANNELS]`
bool read_map(std::string_view map, RemoteCodec& codec) {
  const auto parts = split(map, '/');
  if (parts.size() < 2 || parts.size() > 3 || !is_token(parts[0], 32)) return false;
  const auto clock = number(parts[1], 384000);
  const auto channels = parts.size() == 3 ? number(parts[2], 24) : std::optional<std::uint64_t>(1);
  if (!clock || *clock < 1000 || !channels || *channels == 0) return false;
  codec.name = parts[0];
  codec.clock_rate = static_cast<std::uint32_t>(*clock);
  codec.channels = static_cast<std::uint8_t>(*channels);
  return true;
}

// RFC 7587, RFC 7741 and others fix the clock; a lie here would be webrtcbin's division by it.
bool has_right_clock(const RemoteCodec& codec, MediaKind kind) {
  if (kind == MediaKind::video) return codec.clock_rate == 90000;
  if (codec.is("opus")) return codec.clock_rate == 48000 && codec.channels == 2;
  return !is_known_codec(kind, codec.name) || codec.clock_rate == 8000;
}

// The one argument of `name` that is meant for this payload type; two of them are refused.
Result<std::optional<std::string_view>> line_for(const SdpMedia& section, std::string_view name,
                                                 std::string_view payload) {
  std::optional<std::string_view> found;
  for (const auto argument : section.all(name)) {
    const auto [first, rest] = cut(argument, ' ');
    if (first != payload) continue;
    if (found) return malformed("two a=" + std::string(name) + " for one payload type");
    found = rest;
  }
  return found;
}

Problem read_parameters(std::string_view parameters, RemoteCodec& codec) {
  for (auto parameter : split(parameters, ';')) {
    while (parameter.starts_with(' ')) parameter.remove_prefix(1);
    const auto [name, value] = cut(parameter, '=');
    if (is_reserved(name)) return malformed("fmtp sets " + std::string(name));
    if (name == "apt") codec.repairs = payload_of(value);
  }
  codec.parameters = parameters;
  return std::nullopt;
}

Result<RemoteCodec> read_codec(const SdpMedia& section, const std::string& format) {
  RemoteCodec codec;
  const auto payload = payload_of(format);
  if (!payload) return malformed("payload type " + format);
  codec.payload = *payload;
  auto map = line_for(section, "rtpmap", format);
  if (!map) return map.error();
  if (!*map)
    for (const auto& entry : static_payloads)
      if (entry.payload == codec.payload) *map = entry.map;
  if (!*map || !read_map(**map, codec)) return malformed("no usable rtpmap for " + format);
  if (!has_right_clock(codec, section.kind())) return malformed("clock rate of " + format);
  auto parameters = line_for(section, "fmtp", format);
  if (!parameters) return parameters.error();
  if (*parameters)
    if (auto problem = read_parameters(**parameters, codec)) return *problem;
  return codec;
}

Problem read_codecs(const SdpMedia& section, RemoteMedia& media) {
  for (const auto& format : section.formats) {
    auto codec = read_codec(section, format);
    if (!codec) return codec.error();
    const auto same = [&](const RemoteCodec& other) { return other.payload == codec->payload; };
    if (std::any_of(media.codecs.begin(), media.codecs.end(), same))
      return malformed("payload type twice: " + format);
    media.codecs.push_back(*std::move(codec));
  }
  if (std::none_of(media.codecs.begin(), media.codecs.end(),
                   [&](const RemoteCodec& c) { return is_known_codec(media.kind, c.name); }))
    return Error{Errc::refused, "SDP: no known codec on m-line " + media.mid};
  return std::nullopt;
}

Problem read_extensions(const SdpMedia& section, RemoteMedia& media) {
  std::vector<Extmap> seen;
  for (const auto argument : section.all("extmap")) {
    const auto extension = extmap_of(argument);
    if (!extension) return malformed("extmap " + std::string(argument.substr(0, 40)));
    if (seen.size() == limits::max_sdp_extensions)
      return Error{Errc::too_large, "SDP: too many header extensions"};
    for (const auto& other : seen)
      if (other.id == extension->id || other.uri == extension->uri)
        return malformed("header extension twice");
    seen.push_back(*extension);
    if (extension->uri == twcc_uri) media.twcc_extension = extension->id;
    if (extension->uri == mid_uri) media.mid_extension = extension->id;
  }
  return std::nullopt;
}

// RFC 8830 wants tokens; webrtcbin's own default, `user1@host-2`, is none.
bool is_stream_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
}

Problem add_ssrc(std::vector<std::uint32_t>& ssrcs, std::uint32_t ssrc) {
  if (std::find(ssrcs.begin(), ssrcs.end(), ssrc) != ssrcs.end()) return std::nullopt;
  if (ssrcs.size() == limits::max_sdp_ssrcs)
    return Error{Errc::too_large, "SDP: too many SSRCs on one m-line"};
  ssrcs.push_back(ssrc);
  return std::nullopt;
}

std::optional<std::uint32_t> ssrc_of(std::string_view text) {
  const auto value = number(text, 0xffffffff);
  if (!value || *value == 0 || is_padded(text)) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

void add_stream(RemoteMedia& media, std::string_view msid) {
  const auto [stream, track] = cut(msid, ' ');
  if (media.track.empty()) media.track = track;
  const bool known =
      std::find(media.streams.begin(), media.streams.end(), stream) != media.streams.end();
  if (!known && stream != "-" && !stream.empty()) media.streams.emplace_back(stream);
}

// The SSRCs behind a group's first word.
Result<std::vector<std::uint32_t>> group_of(const std::vector<std::string_view>& words) {
  std::vector<std::uint32_t> group;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto ssrc = ssrc_of(words[i]);
    if (!ssrc) return malformed("ssrc-group");
    group.push_back(*ssrc);
  }
  if (!is_token(words[0], 32) || group.empty()) return malformed("ssrc-group");
  return group;
}

bool announces(const RemoteMedia& media, std::uint32_t ssrc) {
  return std::find(media.ssrcs.begin(), media.ssrcs.end(), ssrc) != media.ssrcs.end();
}

Problem read_groups(const SdpMedia& section, RemoteMedia& media) {
  for (const auto argument : section.all("ssrc-group")) {
    const auto words = split(argument);
    const auto group = group_of(words);
    if (!group) return group.error();
    if (words[0] != "FID") continue;
    if (group->size() != 2 || group->front() == group->back()) return malformed("FID group");
    if (announces(media, group->front()) && announces(media, group->back()))
      media.retransmissions.emplace_back(group->front(), group->back());
  }
  return std::nullopt;
}

Problem read_streams(const SdpMedia& section, RemoteMedia& media) {
  for (const auto msid : section.all("msid")) {
    const auto words = split(msid);
    if (words.size() > 2 || !std::all_of(words.begin(), words.end(), is_stream_id))
      return malformed("msid");
    if (media.streams.size() == limits::max_sdp_ssrcs) return malformed("too many msid");
    add_stream(media, msid);
  }
  return std::nullopt;
}

Problem read_sources(const SdpMedia& section, RemoteMedia& media) {
  if (auto problem = read_streams(section, media)) return problem;
  const bool named = section.has("msid");
  for (const auto argument : section.all("ssrc")) {
    const auto [id, attribute] = cut(argument, ' ');
    const auto ssrc = ssrc_of(id);
    if (!ssrc || attribute.empty()) return malformed("ssrc line");
    const auto [name, value] = cut(attribute, ':');
    if (name == "msid" && !named) {
      if (media.streams.size() == limits::max_sdp_ssrcs) return malformed("too many msid");
      add_stream(media, value);
    }
    if (name != "cname") continue;  // webrtcbin takes no other line for an announcement
    if (auto problem = add_ssrc(media.ssrcs, *ssrc)) return problem;
  }
  return read_groups(section, media);
}

Problem check_application(const SdpMedia& section) {
  if (section.proto != "UDP/DTLS/SCTP") return malformed("proto " + section.proto);
  if (section.formats.size() != 1 || section.formats[0] != "webrtc-datachannel")
    return malformed("format of the application m-line");
  const auto port = section.find("sctp-port");
  if (!port || number(*port, 65535).value_or(0) == 0) return malformed("sctp-port");
  return std::nullopt;
}

Problem check_once(const SdpMedia& section) {
  constexpr std::array<std::string_view, 11> once{
      "mid",  "ice-ufrag", "ice-pwd",     "fingerprint",      "setup",    "sctp-port",
      "rtcp", "rtcp-mux",  "bundle-only", "max-message-size", "simulcast"};
  for (const auto name : once)
    if (section.count(name) > 1) return malformed("a=" + std::string(name) + " more than once");
  const auto directions = section.count("sendrecv") + section.count("sendonly") +
                          section.count("recvonly") + section.count("inactive");
  if (directions > 1) return malformed("two directions on one m-line");
  return std::nullopt;
}

Problem read_rtp(const SdpMedia& section, RemoteMedia& media) {
  if (section.proto != "UDP/TLS/RTP/SAVPF") return malformed("proto " + section.proto);
  if (!section.has("rtcp-mux")) return malformed("no rtcp-mux on m-line " + media.mid);
  if (auto problem = read_codecs(section, media)) return problem;
  if (auto problem = read_extensions(section, media)) return problem;
  if (auto problem = read_sources(section, media)) return problem;
  // Firefox announces the SSRC of its receiver reports on lines that it does not send on.
  if (!sends(media.direction)) {
    media.ssrcs.clear();
    media.retransmissions.clear();
  }
  return std::nullopt;
}

}  // namespace

bool is_known_codec(MediaKind kind, std::string_view name) {
  const auto same = [&](std::string_view known) { return same_word(known, name); };
  if (kind == MediaKind::audio) return std::any_of(audio_codecs.begin(), audio_codecs.end(), same);
  return kind == MediaKind::video && std::any_of(video_codecs.begin(), video_codecs.end(), same);
}

bool is_token(std::string_view text, std::size_t most) {
  constexpr std::string_view separators = "\"(),/:;<=>?@[\\]";
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
    return c > 0x20 && c < 0x7f && separators.find(c) == std::string_view::npos;
  });
}

std::optional<Extmap> extmap_of(std::string_view argument) {
  const auto words = split(argument);
  const auto cut_id = cut(words[0], '/');
  const auto id = cut_id.first, direction = cut_id.second;
  const auto value = number(id, 255);
  if (!value || *value == 0 || words.size() < 2 || words[1].empty()) return std::nullopt;
  const auto is = [&](Direction d) { return name_of(d) == direction; };
  const bool plain = words[0] == id;
  if (!plain && !is(Direction::sendrecv) && !is(Direction::sendonly) && !is(Direction::recvonly) &&
      !is(Direction::inactive))
    return std::nullopt;
  for (const char c : words[1])
    if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\') return std::nullopt;
  return Extmap{static_cast<std::uint8_t>(*value), words[1]};
}

Result<RemoteMedia> read_media(const Sdp& sdp, const SdpMedia& section) {
  RemoteMedia media;
  media.kind = section.kind();
  media.rejected = section.rejected();
  media.direction = sdp.direction(section);
  if (media.kind == MediaKind::other) return malformed("m-line of an unknown kind");
  if (auto problem = check_once(section)) return *problem;
  if (!is_token(section.mid(), limits::max_mid)) return malformed("m-line without a usable mid");
  media.mid = section.mid();
  if (media.kind == MediaKind::application) {
    if (auto problem = check_application(section)) return *problem;
  } else if (!media.rejected) {
    if (auto problem = read_rtp(section, media)) return *problem;
  }
  return media;
}

}  // namespace genos::core
