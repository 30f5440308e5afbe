// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks of `genos doctor`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/app.hpp"

namespace genos::tool {

enum class Verdict { ok, warning, failure };

struct Finding {
  Verdict verdict;
  std::string check;   // one word
  std::string what;    // what was seen
  std::string advice;  // what to do about it; empty when fine
};
using Report = std::function<void(const Finding&)>;

void check_elements(const Report& report);
// False when the relay does not tell its time.
bool check_clock(const std::string& relay, const Report& report);
void check_stun(const std::string& server, const Report& report);
void check_multicast(const Report& report);
// Two rooms in this process meet over what the options say. Returns whether they did.
bool check_link(const Options& options, bool relay_only, const Report& report);

std::vector<std::string> split_list(const std::string& text);

}  // namespace genos::tool
