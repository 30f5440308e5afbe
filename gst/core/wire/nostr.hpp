// SPDX-License-Identifier: LGPL-2.1-or-later
// Nostr (NIP-01) as text: events, filters and the messages between client and relay, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/result.hpp"
#include "core/wire/json.hpp"

namespace genos::core::nostr {

// Hex fields have the right length and are lower case, as NIP-01 demands; whether id and signature
// are true is crypto's business.
struct Event {
  std::string id;               // 64 hex digits: SHA-256 of canonical()
  std::string pubkey;           // 64
  std::int64_t created_at = 0;  // seconds
  std::uint32_t kind = 0;
  std::vector<std::vector<std::string>> tags;
  std::string content;
  std::string sig;  // 128
  bool operator==(const Event&) const = default;

  // First value of the first tag of that name.
  [[nodiscard]] const std::string* tag(std::string_view name) const;
};

// What the id is the hash of: [0,pubkey,created_at,kind,tags,content] as JSON.stringify writes it.
[[nodiscard]] std::string canonical(const Event& event);

struct Filter {
  struct Tag {
    char letter;
    std::vector<std::string> values;
    bool operator==(const Tag&) const = default;
  };
  // Absent: anything. Present and empty: nothing matches.
  std::optional<std::vector<std::string>> ids;      // 64 hex digits each
  std::optional<std::vector<std::string>> authors;  // 64 hex digits each
  std::optional<std::vector<std::uint32_t>> kinds;
  std::vector<Tag> tags;  // "#x" and so on: one letter
  std::optional<std::int64_t> since;
  std::optional<std::int64_t> until;
  std::optional<std::int64_t> limit;
  bool operator==(const Filter&) const = default;
};

// NIP-01's match of one event, without `limit`.
[[nodiscard]] bool matches(const Filter& filter, const Event& event);

// Client to relay.
struct Publish {
  Event event;
  bool operator==(const Publish&) const = default;
};
struct Subscribe {
  std::string id;
  std::vector<Filter> filters;
  bool operator==(const Subscribe&) const = default;
};
struct Close {
  std::string id;
  bool operator==(const Close&) const = default;
};
using ClientMessage = std::variant<Publish, Subscribe, Close>;

// Relay to client.
struct Delivered {
  std::string subscription;
  Event event;
  bool operator==(const Delivered&) const = default;
};
struct Ok {
  std::string event;  // its id
  bool accepted = true;
  std::string reason;  // "rate-limited: …", "duplicate: …", "invalid: …"
  bool operator==(const Ok&) const = default;
};
struct Eose {
  std::string subscription;
  bool operator==(const Eose&) const = default;
};
struct Closed {
  std::string subscription;
  std::string reason;
  bool operator==(const Closed&) const = default;
};
struct Notice {
  std::string text;
  bool operator==(const Notice&) const = default;
};
using RelayMessage = std::variant<Delivered, Ok, Eose, Closed, Notice>;

// An unknown verb (AUTH, COUNT, …) is Errc::not_found, so that it can be told from a broken
// message.
Result<ClientMessage> parse_client_message(std::string_view text);
Result<RelayMessage> parse_relay_message(std::string_view text);
[[nodiscard]] std::string encode(const ClientMessage& message);
[[nodiscard]] std::string encode(const RelayMessage& message);

Result<Event> event_of(const Json& value);
[[nodiscard]] Json event_json(const Event& event);

// The id of an EVENT that could not be taken, so that a relay can still say OK false about it.
[[nodiscard]] std::string claimed_id(std::string_view text);

// Trystero's kind of a topic: ephemeral, 20000 to 29999.
[[nodiscard]] std::uint32_t kind_of(const Topic& topic);

// The relays that a page of trystero 0.25.4 with this app id and no `relayConfig` uses, in its
// order.
[[nodiscard]] std::vector<std::string> public_relays(std::string_view app_id,
                                                     std::size_t redundancy = 5);

}  // namespace genos::core::nostr
