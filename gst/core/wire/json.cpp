// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/wire/json.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <iterator>

namespace genos::core {
namespace {

// Number.MAX_SAFE_INTEGER + 1: every integer up to here has a double of its own.
constexpr double exact = 9007199254740992.0;

bool is_exact_integer(double value) {
  return value >= -exact && value <= exact && std::trunc(value) == value;
}

// The shortest digits that read back as this double, and where their point is: 0.DIGITS * 10^point.
struct Decimal {
  std::string digits;
  int point = 0;
};

Decimal shortest(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const auto mark = std::find(text.data(), end, 'e');
  Decimal decimal;
  std::copy_if(text.data(), mark, std::back_inserter(decimal.digits),
               [](char c) { return c != '.'; });
  const auto exponent = mark + (mark[1] == '+' ? 2 : 1);
  std::from_chars(exponent, end, decimal.point);
  ++decimal.point;
  return decimal;
}

// ECMA-262, Number::toString: plain notation for exponents from -7 to 20, else 1.5e+21.
void append_positive(std::string& out, double value) {
  const auto [digits, point] = shortest(value);
  const auto count = static_cast<int>(digits.size());
  if (point >= count && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (point > 0 && point <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(point)) += '.';
    out.append(digits, static_cast<std::size_t>(point));
  } else if (point > -6 && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0') += digits;
  } else {
    out += digits[0];
    if (count > 1) (out += '.').append(digits, 1);
    out += point > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(point - 1));
  }
}

void append_number(std::string& out, double value) {
  if (value < 0) out += '-';
  append_positive(out, std::abs(value));
}

void append(std::string& out, const Json& value);

void append(std::string& out, const Json::Array& array) {
  out += '[';
  for (const auto& item : array) {
    if (&item != array.data()) out += ',';
    append(out, item);
  }
  out += ']';
}

void append(std::string& out, const Json::Object& object) {
  out += '{';
  for (const auto& member : object) {
    if (&member != object.data()) out += ',';
    append_json_string(out, member.name);
    out += ':';
    append(out, member.value);
  }
  out += '}';
}

void append(std::string& out, const Json& value) {
  if (const auto* text = value.as_string()) return append_json_string(out, *text);
  if (const auto* array = value.as_array()) return append(out, *array);
  if (const auto* object = value.as_object()) return append(out, *object);
  if (const auto truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (const auto integer = value.as_integer()) {
    out += std::to_string(*integer);
  } else if (const auto number = value.as_number()) {
    append_number(out, *number);
  } else {
    out += "null";
  }
}

char short_escape(char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

}  // namespace

Json::Json() = default;
Json::Json(bool value) : value_(value) {}
Json::Json(std::int64_t value) : Json(static_cast<double>(value)) {}
Json::Json(std::uint32_t value) : Json(static_cast<double>(value)) {}
Json::Json(int value) : Json(static_cast<double>(value)) {}
Json::Json(double value) {
  if (is_exact_integer(value)) {
    value_ = static_cast<std::int64_t>(value);
  } else if (std::isfinite(value)) {
    value_ = value;
  }
}
Json::Json(std::string value) : value_(std::move(value)) {}
Json::Json(std::string_view value) : value_(std::string(value)) {}
Json::Json(const char* value) : value_(std::string(value)) {}
Json::Json(Array value) : value_(std::move(value)) {}
Json::Json(Object value) : value_(std::move(value)) {}
Json Json::array() { return Json(Array()); }
Json Json::object() { return Json(Object()); }

std::optional<bool> Json::as_bool() const {
  const auto* value = std::get_if<bool>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Json::as_integer() const {
  const auto* value = std::get_if<std::int64_t>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<double> Json::as_number() const {
  if (const auto integer = as_integer()) return static_cast<double>(*integer);
  const auto* value = std::get_if<double>(&value_);
  return value ? std::optional(*value) : std::nullopt;
}

const std::string* Json::as_string() const { return std::get_if<std::string>(&value_); }
const Json::Array* Json::as_array() const { return std::get_if<Array>(&value_); }
const Json::Object* Json::as_object() const { return std::get_if<Object>(&value_); }

const Json* Json::find(std::string_view name) const {
  const auto* object = as_object();
  if (!object) return nullptr;
  const auto it = std::find_if(object->begin(), object->end(),
                               [&](const Member& member) { return member.name == name; });
  return it == object->end() ? nullptr : &it->value;
}

std::optional<std::string> Json::string_at(std::string_view name) const {
  const auto* value = find(name);
  const auto* text = value ? value->as_string() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::int64_t> Json::integer_at(std::string_view name) const {
  const auto* value = find(name);
  return value ? value->as_integer() : std::nullopt;
}

std::optional<bool> Json::bool_at(std::string_view name) const {
  const auto* value = find(name);
  return value ? value->as_bool() : std::nullopt;
}

const Json::Array* Json::array_at(std::string_view name) const {
  const auto* value = find(name);
  return value ? value->as_array() : nullptr;
}

Json& Json::set(std::string_view name, Json value) {
  auto* object = std::get_if<Object>(&value_);
  assert(object);
  const auto it = std::find_if(object->begin(), object->end(),
                               [&](const Member& member) { return member.name == name; });
  if (it == object->end()) {
    object->push_back({std::string(name), std::move(value)});
  } else {
    it->value = std::move(value);
  }
  return *this;
}

Json& Json::push(Json value) {
  auto* array = std::get_if<Array>(&value_);
  assert(array);
  array->push_back(std::move(value));
  return *this;
}

bool Json::operator==(const Json& other) const { return value_ == other.value_; }

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const char letter = short_escape(c)) {
      (out += '\\') += letter;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string to_text(const Json& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace genos::core
