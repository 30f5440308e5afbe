// SPDX-License-Identifier: LGPL-2.1-or-later
// Signalling messages as they travel: JSON on a relay's topics, and JSON inside an open link.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/wire/json.hpp"
#include "core/wire/signal.hpp"

namespace genos::core {

enum class SealedKind : std::uint8_t { offer, answer, candidate };

// A description or a candidate under the room's key. Offers and answers hold the SDP itself,
// candidates the text of encode_candidate().
struct Sealed {
  SealedKind kind = SealedKind::offer;
  OfferId offer;     // empty when the sender named none
  std::string text;  // IV, "$", ciphertext: for crypto to open
  bool operator==(const Sealed&) const = default;
};

// One message on a topic. Without `sealed` it is an announcement.
struct Envelope {
  PeerId from;
  bool passive = false;
  std::optional<Advertisement> genos;
  std::optional<Sealed> sealed;
  bool operator==(const Envelope&) const = default;
};

// Accepts and drops what Trystero accepts and drops, within our limits. A malformed `genos` field
// counts as absent: whoever sends it is treated as a page. Whether `from` is ourselves is not
// looked at here.
Result<Envelope> decode_envelope(std::string_view text);
[[nodiscard]] std::string encode_envelope(const Envelope& envelope);

// The value of the `genos` field, wherever it stands.
[[nodiscard]] Json advertisement_json(const Advertisement& genos);
[[nodiscard]] std::optional<Advertisement> advertisement_of(const Json& value);

// RTCIceCandidateInit.
Result<Candidate> decode_candidate(std::string_view text);
[[nodiscard]] std::string encode_candidate(const Candidate& candidate);

// Signals inside a link: which action carries them, and its JSON payload.
inline constexpr std::string_view signal_action = "@_signal";
inline constexpr std::string_view turn_action = "genos:turn";  // only to peers that advertise

struct InBandSignal {
  std::string_view action;
  std::string json;
};
[[nodiscard]] InBandSignal encode_signal(const Signal& signal);
Result<Signal> decode_signal(std::string_view action, std::string_view json);

}  // namespace genos::core
