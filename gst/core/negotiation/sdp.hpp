// SPDX-License-Identifier: LGPL-2.1-or-later
// A session description that can be read, edited and written again; untouched lines stay as they
// came. Order inside a section does not matter to a look-up: Firefox writes fmtp before rtpmap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace genos::core {

enum class MediaKind : std::uint8_t { application, audio, video, other };
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };
enum class Setup : std::uint8_t { actpass, active, passive };  // RFC 4145; holdconn does not parse

[[nodiscard]] std::string_view name_of(Direction direction);
[[nodiscard]] std::string_view name_of(Setup setup);
[[nodiscard]] std::optional<Setup> setup_of(std::string_view value);
[[nodiscard]] Setup opposite(Setup setup);  // active <-> passive
[[nodiscard]] bool sends(Direction direction);
[[nodiscard]] bool receives(Direction direction);
[[nodiscard]] Direction direction_of(bool sends, bool receives);
[[nodiscard]] Direction reversed(Direction direction);  // the same as the other side sees it

struct SdpLine {
  char type = 'a';
  std::string value;
  bool operator==(const SdpLine&) const = default;
  // Attributes, `a=name` and `a=name:value`:
  [[nodiscard]] std::string_view name() const;      // empty when this is no attribute
  [[nodiscard]] std::string_view argument() const;  // empty for a flag
};

// The lines of the session or of one media section, without its m= line.
struct SdpBlock {
  std::vector<SdpLine> lines;
  bool operator==(const SdpBlock&) const = default;

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;  // the first
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string_view name, std::string_view argument = {});
  void set(std::string_view name, std::string_view argument = {});  // in the place of the first
  void remove(std::string_view name);
};

struct SdpMedia : SdpBlock {
  std::string media;  // "application", "audio", "video", …
  std::uint16_t port = 9;
  std::string proto;
  std::vector<std::string> formats;
  bool operator==(const SdpMedia&) const = default;

  [[nodiscard]] MediaKind kind() const;
  [[nodiscard]] std::string_view mid() const;  // empty when there is none
  [[nodiscard]] bool rejected() const;         // port 0 and not a=bundle-only
  [[nodiscard]] std::string head() const;      // the m= line without "m="
  void set_direction(Direction direction);
};

class Sdp {
 public:
  SdpBlock session;
  std::vector<SdpMedia> media;
  bool operator==(const Sdp&) const = default;

  // CRLF and LF alike. Checks line grammar and limits, not sense: that is the gate's.
  [[nodiscard]] static Result<Sdp> parse(std::string_view text);
  [[nodiscard]] std::string text() const;  // CRLF

  // The section's own attribute, else the session's (fingerprint, setup, ice-ufrag, ice-pwd, …).
  [[nodiscard]] std::optional<std::string_view> find(const SdpMedia& section,
                                                     std::string_view name) const;
  [[nodiscard]] Direction direction(const SdpMedia& section) const;  // sendrecv when unsaid
  [[nodiscard]] std::vector<std::string> bundle() const;  // mids of the first BUNDLE group
  void set_bundle(const std::vector<std::string>& mids);
};

// Words separated by single blanks; empty words are kept, so that a grammar can refuse them.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator = ' ');
// Decimal digits only, no sign, no blank; none when above `most`.
[[nodiscard]] std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most);
[[nodiscard]] bool same_word(std::string_view a, std::string_view b);  // ASCII case ignored

}  // namespace genos::core
