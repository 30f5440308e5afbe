// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON with limits: what a stranger sends is checked while it is read, and what we write is byte
// for byte what JSON.stringify writes, because a Nostr event is named by the hash of such a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {

// A value. Members keep the order in which they came or were set; setting a name again replaces the
// value in place, as in JavaScript (which, other than we, moves names like "12" to the front).
// Numbers hold what JavaScript holds: integers up to 2^53 exactly, everything else as a double.
class Json {
 public:
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  // Defined where Member is complete.
  Json();  // null
  Json(bool value);
  Json(std::int64_t value);
  Json(std::uint32_t value);
  Json(int value);
  Json(double value);  // not finite: null, as JSON.stringify has it
  Json(std::string value);
  Json(std::string_view value);
  Json(const char* value);
  Json(Array value);
  Json(Object value);
  static Json array();
  static Json object();

  [[nodiscard]] bool is_null() const { return value_.index() == 0; }
  [[nodiscard]] std::optional<bool> as_bool() const;
  [[nodiscard]] std::optional<std::int64_t> as_integer() const;  // none for 1.5 and beyond 2^53
  [[nodiscard]] std::optional<double> as_number() const;
  [[nodiscard]] const std::string* as_string() const;
  [[nodiscard]] const Array* as_array() const;
  [[nodiscard]] const Object* as_object() const;

  // Members of an object; nothing when this is no object, the name is missing or the type is
  // another.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> string_at(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> integer_at(std::string_view name) const;
  [[nodiscard]] std::optional<bool> bool_at(std::string_view name) const;
  [[nodiscard]] const Array* array_at(std::string_view name) const;

  // Of an object and of an array. Asserts on any other kind: these build what we send.
  Json& set(std::string_view name, Json value);
  Json& push(Json value);

  bool operator==(const Json& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

struct Json::Member {
  std::string name;
  Json value;
  bool operator==(const Member&) const = default;
};

struct JsonLimits {
  std::size_t max_size = limits::max_json_size;
  std::size_t max_depth = limits::max_json_depth;
  std::size_t max_nodes = limits::max_json_nodes;
};

// RFC 8259 without extensions, well-formed UTF-8, no byte order mark, no number beyond a double. Of
// a doubled name the last value wins. A lone surrogate escape becomes U+FFFD, as when JavaScript
// encodes its text to UTF-8.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});
// The same checks without building anything: for payloads that are only passed on.
[[nodiscard]] std::optional<Error> check_json(std::string_view text, const JsonLimits& limits = {});

[[nodiscard]] std::string to_text(const Json& value);              // as JSON.stringify(value)
void append_json_string(std::string& out, std::string_view text);  // quoted and escaped

}  // namespace genos::core
