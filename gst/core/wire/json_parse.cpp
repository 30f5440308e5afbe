// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>

#include "core/base/bytes.hpp"
#include "core/wire/json.hpp"

namespace genos::core {
namespace {

constexpr std::uint32_t replacement = 0xfffd;

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | point >> 18);
    tail(12), tail(6), tail(0);
  }
}

// A doubled name keeps its first place and its last value. Sorted rather than searched, or a
// stranger's object of n names would cost n * n.
void settle_doubles(Json::Object& object) {
  if (object.size() < 2) return;
  std::vector<std::size_t> order(object.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return object[a].name < object[b].name; });
  std::vector<bool> dropped(object.size());
  bool any = false;
  for (std::size_t i = 0; i + 1 < order.size();) {
    auto last = i;
    while (last + 1 < order.size() && object[order[last + 1]].name == object[order[i]].name) {
      dropped[order[++last]] = any = true;
    }
    if (last > i) object[order[i]].value = std::move(object[order[last]].value);
    i = last + 1;
  }
  if (!any) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (dropped[i]) continue;
    if (kept != i) object[kept] = std::move(object[i]);
    ++kept;
  }
  object.erase(object.begin() + static_cast<std::ptrdiff_t>(kept), object.end());
}

// Recursive descent, as deep as the limit allows. With a null target everything is checked and
// nothing is built.
class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  std::optional<Error> run(Json* out) {
    if (text_.size() > limits_.max_size) return Error{Errc::too_large, "JSON: too long"};
    if (!is_utf8(text_)) return Error{Errc::malformed, "JSON: not UTF-8"};
    space();
    if (value(out, 0)) {
      space();
      if (at_ == text_.size()) return std::nullopt;
      fail("text after the value");
    }
    return Error{code_, "JSON: " + reason_ + " at byte " + std::to_string(at_)};
  }

 private:
  bool fail(const char* reason, Errc code = Errc::malformed) {
    reason_ = reason;
    code_ = code;
    return false;
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != text_.npos) ++at_;
  }

  bool value(Json* out, std::size_t depth) {
    if (++nodes_ > limits_.max_nodes) return fail("too many values", Errc::too_large);
    switch (peek()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': return string_value(out);
      case 't': return word("true", out, Json(true));
      case 'f': return word("false", out, Json(false));
      case 'n': return word("null", out, Json());
      default: return number(out);
    }
  }

  bool word(std::string_view expected, Json* out, Json meaning) {
    if (text_.substr(at_, expected.size()) != expected) return fail("no value");
    at_ += expected.size();
    if (out) *out = std::move(meaning);
    return true;
  }

  bool string_value(Json* out) {
    std::string text;
    if (!string(out ? &text : nullptr)) return false;
    if (out) *out = Json(std::move(text));
    return true;
  }

  bool array(Json* out, std::size_t depth) {
    if (depth >= limits_.max_depth) return fail("too deep", Errc::too_large);
    ++at_;
    Json::Array items;
    space();
    if (!take(']')) {
      do {
        space();
        Json* slot = out ? &items.emplace_back() : nullptr;
        if (!value(slot, depth + 1)) return false;
        space();
      } while (take(','));
      if (!take(']')) return fail("array not closed");
    }
    if (out) *out = Json(std::move(items));
    return true;
  }

  bool object(Json* out, std::size_t depth) {
    if (depth >= limits_.max_depth) return fail("too deep", Errc::too_large);
    ++at_;
    Json::Object members;
    space();
    if (!take('}')) {
      do {
        space();
        auto* slot = out ? &members.emplace_back() : nullptr;
        if (!member(slot, depth)) return false;
        space();
      } while (take(','));
      if (!take('}')) return fail("object not closed");
    }
    settle_doubles(members);
    if (out) *out = Json(std::move(members));
    return true;
  }

  bool member(Json::Member* slot, std::size_t depth) {
    if (peek() != '"') return fail("no member name");
    if (!string(slot ? &slot->name : nullptr)) return false;
    space();
    if (!take(':')) return fail("no colon");
    space();
    return value(slot ? &slot->value : nullptr, depth + 1);
  }

  bool string(std::string* out) {
    ++at_;
    while (at_ < text_.size()) {
      const auto plain = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      if (out) out->append(text_.substr(plain, at_ - plain));
      if (take('"')) return true;
      if (!take('\\')) break;
      if (!escape(out)) return false;
    }
    return fail(at_ < text_.size() ? "control character in a string" : "string not closed");
  }

  bool escape(std::string* out) {
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (take('u')) return code_point(out);
    const auto which = at_ < text_.size() ? letters.find(text_[at_]) : letters.npos;
    if (which == letters.npos) return fail("unknown escape");
    ++at_;
    if (out) *out += meanings[which];
    return true;
  }

  bool code_point(std::string* out) {
    std::uint32_t point = 0;
    if (!hex(point)) return fail("broken \\u escape");
    if (point >= 0xd800 && point < 0xdc00) {
      const auto lone = at_;
      std::uint32_t low = 0;
      if (take('\\') && take('u') && hex(low) && low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      } else {
        at_ = lone;  // what follows stands for itself, or is refused in its own right
        point = replacement;
      }
    } else if (point >= 0xdc00 && point < 0xe000) {
      point = replacement;
    }
    if (out) append_utf8(*out, point);
    return true;
  }

  bool hex(std::uint32_t& value) {
    const auto digits = text_.substr(at_, 4);
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    if (digits.size() != 4 || end != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  bool digits() {
    const auto begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool number(Json* out) {
    const auto begin = at_;
    take('-');
    if (!take('0') && !digits()) return fail("no value");
    if (take('.') && !digits()) return fail("no digits after the point");
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return fail("no digits in the exponent");
    }
    double parsed = 0;
    const auto status = std::from_chars(text_.data() + begin, text_.data() + at_, parsed).ec;
    if (status != std::errc()) return fail("number out of range");
    if (out) *out = Json(parsed);
    return true;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::string reason_;
  Errc code_ = Errc::malformed;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  Json value;
  if (auto error = Parser(text, limits).run(&value)) return *std::move(error);
  return value;
}

std::optional<Error> check_json(std::string_view text, const JsonLimits& limits) {
  return Parser(text, limits).run(nullptr);
}

}  // namespace genos::core
