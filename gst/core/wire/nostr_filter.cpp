// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/nostr_filter.hpp"

#include <algorithm>
#include <utility>

#include "core/wire/limits.hpp"

namespace genos::core::nostr {
namespace {

using Texts = std::vector<std::string>;

Error broken(const std::string& name) { return {Errc::malformed, "nostr filter: " + name}; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Result<Texts> texts_of(const std::string& name, const Json& value, bool hex) {
  const auto* items = value.as_array();
  if (!items) return broken(name + " is no array");
  if (items->size() > limits::max_filter_values) {
    return Error{Errc::too_large, "nostr filter: too many values in " + name};
  }
  Texts texts;
  for (const auto& item : *items) {
    const auto* text = item.as_string();
    if (!text || (hex && !is_hex(*text, 64))) return broken(name + " holds a wrong value");
    texts.push_back(*text);
  }
  return texts;
}

Result<std::vector<std::uint32_t>> kinds_of(const Json& value) {
  const auto* items = value.as_array();
  if (!items) return broken("kinds is no array");
  if (items->size() > limits::max_filter_values) {
    return Error{Errc::too_large, "nostr filter: too many kinds"};
  }
  std::vector<std::uint32_t> kinds;
  for (const auto& item : *items) {
    const auto kind = item.as_integer();
    if (!kind || *kind < 0 || *kind > limits::max_kind) return broken("kinds holds a wrong value");
    kinds.push_back(static_cast<std::uint32_t>(*kind));
  }
  return kinds;
}

std::optional<Error> read_texts(const Json::Member& member, std::optional<Texts>& out) {
  auto texts = texts_of(member.name, member.value, true);
  if (!texts) return texts.error();
  out = *std::move(texts);
  return std::nullopt;
}

std::optional<Error> read_number(const Json::Member& member, std::optional<std::int64_t>& out) {
  out = member.value.as_integer();
  if (!out || *out < 0) return broken(member.name + " is no number");
  return std::nullopt;
}

std::optional<Error> read_member(const Json::Member& member, Filter& filter) {
  const auto& name = member.name;
  if (name == "ids") return read_texts(member, filter.ids);
  if (name == "authors") return read_texts(member, filter.authors);
  if (name == "since") return read_number(member, filter.since);
  if (name == "until") return read_number(member, filter.until);
  if (name == "limit") return read_number(member, filter.limit);
  if (name == "kinds") {
    auto kinds = kinds_of(member.value);
    if (!kinds) return kinds.error();
    filter.kinds = *std::move(kinds);
  } else if (name.size() == 2 && name[0] == '#' && is_letter(name[1])) {
    auto texts = texts_of(name, member.value, false);
    if (!texts) return texts.error();
    filter.tags.push_back({name[1], *std::move(texts)});
  } else {
    // To ignore what narrows a subscription would deliver what nobody asked for.
    return broken("unknown field " + name.substr(0, 16));
  }
  return std::nullopt;
}

Json texts_json(const Texts& texts) {
  auto items = Json::array();
  for (const auto& text : texts) items.push(text);
  return items;
}

template <class T> bool admits(const std::optional<std::vector<T>>& list, const T& value) {
  return !list || std::find(list->begin(), list->end(), value) != list->end();
}

bool has_tag(const Event& event, const Filter::Tag& wanted) {
  return std::any_of(event.tags.begin(), event.tags.end(), [&](const Texts& tag) {
    return tag.size() > 1 && tag[0].size() == 1 && tag[0][0] == wanted.letter &&
           std::find(wanted.values.begin(), wanted.values.end(), tag[1]) != wanted.values.end();
  });
}

}  // namespace

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<Filter> filter_of(const Json& value) {
  const auto* members = value.as_object();
  if (!members) return broken("no object");
  Filter filter;
  for (const auto& member : *members) {
    if (auto error = read_member(member, filter)) return *std::move(error);
  }
  return filter;
}

Json filter_json(const Filter& filter) {
  auto object = Json::object();
  if (filter.ids) object.set("ids", texts_json(*filter.ids));
  if (filter.authors) object.set("authors", texts_json(*filter.authors));
  if (filter.kinds) {
    auto kinds = Json::array();
    for (const auto kind : *filter.kinds) kinds.push(kind);
    object.set("kinds", std::move(kinds));
  }
  if (filter.since) object.set("since", *filter.since);
  if (filter.until) object.set("until", *filter.until);
  if (filter.limit) object.set("limit", *filter.limit);
  for (const auto& tag : filter.tags) {
    object.set(std::string("#") + tag.letter, texts_json(tag.values));
  }
  return object;
}

bool matches(const Filter& filter, const Event& event) {
  return admits(filter.ids, event.id) && admits(filter.authors, event.pubkey) &&
         admits(filter.kinds, event.kind) && (!filter.since || event.created_at >= *filter.since) &&
         (!filter.until || event.created_at <= *filter.until) &&
         std::all_of(filter.tags.begin(), filter.tags.end(),
                     [&](const auto& tag) { return has_tag(event, tag); });
}

}  // namespace genos::core::nostr
