// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/nostr.hpp"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/wire/limits.hpp"
#include "core/wire/nostr_filter.hpp"

namespace genos::core::nostr {
namespace {

constexpr std::size_t id_size = 64;
constexpr std::size_t sig_size = 128;

Error broken(std::string what) { return {Errc::malformed, "nostr: " + std::move(what)}; }
Error oversized(std::string what) { return {Errc::too_large, "nostr: " + std::move(what)}; }

std::string hex_at(const Json& object, const char* name, std::size_t size) {
  const auto text = object.string_at(name);
  return text && is_hex(*text, size) ? *text : "";
}

Result<std::vector<std::string>> tag_of(const Json& value) {
  const auto* items = value.as_array();
  if (!items) return broken("a tag is no array");
  if (items->size() > limits::max_tag_values) return oversized("too many values in a tag");
  std::vector<std::string> tag;
  for (const auto& item : *items) {
    const auto* text = item.as_string();
    if (!text) return broken("a tag holds something else than text");
    tag.push_back(*text);
  }
  return tag;
}

Result<std::vector<std::vector<std::string>>> tags_of(const Json::Array& items) {
  if (items.size() > limits::max_tags) return oversized("too many tags");
  std::vector<std::vector<std::string>> tags;
  for (const auto& item : items) {
    auto tag = tag_of(item);
    if (!tag) return tag.error();
    tags.push_back(*std::move(tag));
  }
  return tags;
}

Json tags_json(const Event& event) {
  auto tags = Json::array();
  for (const auto& tag : event.tags) {
    auto values = Json::array();
    for (const auto& value : tag) values.push(value);
    tags.push(std::move(values));
  }
  return tags;
}

// Text of the message's n-th element.
std::optional<std::string> text_at(const Json::Array& message, std::size_t index) {
  const auto* text = index < message.size() ? message[index].as_string() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::string> subscription_at(const Json::Array& message) {
  auto id = text_at(message, 1);
  const bool good = id && !id->empty() && id->size() <= limits::max_subscription_id;
  return good ? id : std::nullopt;
}

Result<ClientMessage> subscribe_of(const Json::Array& message) {
  auto id = subscription_at(message);
  if (!id) return broken("REQ without a subscription id of 1 to 64 characters");
  if (message.size() < 3) return broken("REQ without a filter");
  if (message.size() - 2 > limits::max_filters) return oversized("too many filters");
  Subscribe subscribe{*std::move(id), {}};
  for (auto it = message.begin() + 2; it != message.end(); ++it) {
    auto filter = filter_of(*it);
    if (!filter) return filter.error();
    subscribe.filters.push_back(*std::move(filter));
  }
  return ClientMessage(std::move(subscribe));
}

Result<ClientMessage> publish_of(const Json::Array& message) {
  if (message.size() < 2) return broken("EVENT without an event");
  auto event = event_of(message[1]);
  if (!event) return event.error();
  return ClientMessage(Publish{*std::move(event)});
}

Result<ClientMessage> close_of(const Json::Array& message) {
  auto id = subscription_at(message);
  if (!id) return broken("CLOSE without a subscription id");
  return ClientMessage(Close{*std::move(id)});
}

Result<RelayMessage> delivered_of(const Json::Array& message) {
  auto id = subscription_at(message);
  if (!id || message.size() < 3) return broken("EVENT without subscription or event");
  auto event = event_of(message[2]);
  if (!event) return event.error();
  return RelayMessage(Delivered{*std::move(id), *std::move(event)});
}

Result<RelayMessage> ok_of(const Json::Array& message) {
  auto id = text_at(message, 1);
  const auto accepted = message.size() > 2 ? message[2].as_bool() : std::nullopt;
  // The id is ours, said back: a relay that could not read it may say anything.
  if (!id || id->size() > id_size || !accepted) return broken("OK without an id or a verdict");
  return RelayMessage(Ok{*std::move(id), *accepted, text_at(message, 3).value_or("")});
}

Result<RelayMessage> eose_of(const Json::Array& message) {
  auto id = subscription_at(message);
  if (!id) return broken("EOSE without a subscription id");
  return RelayMessage(Eose{*std::move(id)});
}

Result<RelayMessage> closed_of(const Json::Array& message) {
  auto id = subscription_at(message);
  if (!id) return broken("CLOSED without a subscription id");
  return RelayMessage(Closed{*std::move(id), text_at(message, 2).value_or("")});
}

Result<RelayMessage> notice_of(const Json::Array& message) {
  return RelayMessage(Notice{text_at(message, 1).value_or("")});
}

template <class Message> struct Verb {
  std::string_view name;
  Result<Message> (*read)(const Json::Array&);
};
constexpr Verb<ClientMessage> client_verbs[] = {
    {"EVENT", publish_of}, {"REQ", subscribe_of}, {"CLOSE", close_of}};
constexpr Verb<RelayMessage> relay_verbs[] = {{"EVENT", delivered_of},
                                              {"OK", ok_of},
                                              {"EOSE", eose_of},
                                              {"CLOSED", closed_of},
                                              {"NOTICE", notice_of}};

template <class Message, std::size_t count>
Result<Message> parse(std::string_view text, const Verb<Message> (&verbs)[count]) {
  JsonLimits bounds;
  bounds.max_size = limits::max_nostr_message;
  const auto message = parse_json(text, bounds);
  if (!message) return message.error();
  const auto* items = message->as_array();
  const auto name = items ? text_at(*items, 0) : std::nullopt;
  if (!name) return broken("no array that begins with a verb");
  for (const auto& verb : verbs) {
    if (verb.name == *name) return verb.read(*items);
  }
  return Error{Errc::not_found, "nostr: unknown verb " + name->substr(0, 16)};
}

template <class... Items> std::string text_of(Items&&... items) {
  auto message = Json::array();
  (message.push(Json(std::forward<Items>(items))), ...);
  return to_text(message);
}

}  // namespace

const std::string* Event::tag(std::string_view name) const {
  const auto it = std::find_if(tags.begin(), tags.end(), [&](const auto& candidate) {
    return candidate.size() > 1 && candidate[0] == name;
  });
  return it == tags.end() ? nullptr : &(*it)[1];
}

std::string canonical(const Event& event) {
  return text_of(0, event.pubkey, event.created_at, event.kind, tags_json(event), event.content);
}

Result<Event> event_of(const Json& value) {
  Event event;
  event.id = hex_at(value, "id", id_size);
  event.pubkey = hex_at(value, "pubkey", id_size);
  event.sig = hex_at(value, "sig", sig_size);
  if (event.id.empty() || event.pubkey.empty() || event.sig.empty()) {
    return broken("id, pubkey or sig is not lower-case hex of its length");
  }
  const auto created_at = value.integer_at("created_at");
  const auto kind = value.integer_at("kind");
  auto content = value.string_at("content");
  const auto* items = value.array_at("tags");
  if (!created_at || *created_at < 0) return broken("created_at is no time");
  if (!kind || *kind < 0 || *kind > limits::max_kind) return broken("kind is not of 16 bits");
  if (!content || !items) return broken("no content or no tags");
  auto tags = tags_of(*items);
  if (!tags) return tags.error();
  event.created_at = *created_at;
  event.kind = static_cast<std::uint32_t>(*kind);
  event.content = *std::move(content);
  event.tags = *std::move(tags);
  return event;
}

Json event_json(const Event& event) {
  auto object = Json::object();  // in Trystero's order
  object.set("kind", event.kind).set("tags", tags_json(event)).set("created_at", event.created_at);
  object.set("content", event.content).set("pubkey", event.pubkey);
  return std::move(object.set("id", event.id).set("sig", event.sig));
}

Result<ClientMessage> parse_client_message(std::string_view text) {
  return parse(text, client_verbs);
}
Result<RelayMessage> parse_relay_message(std::string_view text) { return parse(text, relay_verbs); }

std::string encode(const ClientMessage& message) {
  return std::visit(
      Overloaded{[](const Publish& publish) { return text_of("EVENT", event_json(publish.event)); },
                 [](const Subscribe& subscribe) {
                   auto items = Json::array().push("REQ").push(subscribe.id);
                   for (const auto& filter : subscribe.filters) items.push(filter_json(filter));
                   return to_text(items);
                 },
                 [](const Close& close) { return text_of("CLOSE", close.id); }},
      message);
}

std::string encode(const RelayMessage& message) {
  return std::visit(
      Overloaded{[](const Delivered& delivered) {
                   return text_of("EVENT", delivered.subscription, event_json(delivered.event));
                 },
                 [](const Ok& ok) { return text_of("OK", ok.event, ok.accepted, ok.reason); },
                 [](const Eose& eose) { return text_of("EOSE", eose.subscription); },
                 [](const Closed& closed) {
                   return text_of("CLOSED", closed.subscription, closed.reason);
                 },
                 [](const Notice& notice) { return text_of("NOTICE", notice.text); }},
      message);
}

std::string claimed_id(std::string_view text) {
  JsonLimits bounds;
  bounds.max_size = limits::max_nostr_message;
  const auto message = parse_json(text, bounds);
  const auto* items = message ? message->as_array() : nullptr;
  if (!items || items->size() < 2 || text_at(*items, 0) != "EVENT") return {};
  return hex_at((*items)[1], "id", id_size);
}

}  // namespace genos::core::nostr
