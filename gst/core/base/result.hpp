// SPDX-License-Identifier: LGPL-2.1-or-later
// A value or the reason there is none. Same spelling as std::expected, which
// g++ 12 only has with -std=c++23 and clang 14 not at all: replace by an alias
// when the compilers allow it.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace genos::core {

enum class Errc {
  malformed,
  too_large,
  unknown_peer,
  wrong_state,
  refused,
  timed_out,
  not_found,
  failed
};

struct Error {
  Errc code;
  std::string detail;  // for the log, never for program logic
};

template <class T> class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : value_(std::move(error)) {}

  [[nodiscard]] bool has_value() const { return value_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return *std::get_if<0>(&value_); }
  const T& operator*() const& { return *std::get_if<0>(&value_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&value_)); }
  T* operator->() { return std::get_if<0>(&value_); }
  const T* operator->() const { return std::get_if<0>(&value_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&value_); }

 private:
  std::variant<T, Error> value_;
};

}  // namespace genos::core
