// SPDX-License-Identifier: LGPL-2.1-or-later
// What genos-signald was asked for on its command line.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "net/relay_host.hpp"

namespace genos::signald {

// sysexits.h, as scripts and systemd know them.
enum ExitCode { ok = 0, usage = 64, no_input = 66, unavailable = 69, cannot_create = 73 };

struct Options {
  std::vector<net::RelayHost::Endpoint> endpoints;
  std::string certificate_file;  // empty: self-signed where one is needed
  std::string key_file;
  bool tls = true;
  std::vector<std::string> origins;
  std::string name = "genos-signald";
  core::RelayLimits limits;
};

// Said instead of serving: --help, --version, or what is wrong.
struct Message {
  ExitCode code;
  std::string text;
};

[[nodiscard]] std::variant<Options, Message> parse_options(std::vector<std::string> arguments);

[[nodiscard]] bool is_loopback(const net::RelayHost::Endpoint& endpoint);

}  // namespace genos::signald
