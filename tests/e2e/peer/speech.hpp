// SPDX-License-Identifier: LGPL-2.1-or-later
// What the test peer says on stdout: one JSON object a line, from any thread.
#pragma once

#include <glib.h>

#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include "core/wire/json.hpp"

namespace genos::test {

inline double wall_ms() { return static_cast<double>(g_get_real_time()) / 1000.0; }

inline void write_line(const core::Json& object) {
  static std::mutex lock;
  const std::string line = core::to_text(object) + "\n";
  const std::scoped_lock guard(lock);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// An event with the time at which it happened.
inline core::Json event(std::string_view name, double t = wall_ms()) {
  return core::Json::object().set("event", name).set("t", t);
}

// JSON text of the library as a value; null when there is none.
inline core::Json value_of(std::string_view text) {
  if (text.empty()) return {};
  auto value =
      core::parse_json(text, {.max_size = 1u << 26, .max_depth = 64, .max_nodes = 1u << 20});
  return value ? std::move(*value) : core::Json();
}

}  // namespace genos::test
