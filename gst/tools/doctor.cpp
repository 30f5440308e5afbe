// SPDX-License-Identifier: LGPL-2.1-or-later
// `genos doctor`: checks what usually goes wrong, and says what to do.
#include "tools/doctor.hpp"

#include <cstdlib>

namespace genos::tool {
namespace {

constexpr const char* marks[] = {"ok   ", "warn ", "FAIL "};
constexpr const char* words[] = {"ok", "warning", "failure"};

std::string from_environment(const std::string& option, const char* variable,
                             const char* otherwise) {
  if (!option.empty()) return option;
  const char* value = std::getenv(variable);
  return value && *value ? value : otherwise;
}

void print(const Finding& finding, bool json) {
  const auto level = static_cast<std::size_t>(finding.verdict);
  std::string text = marks[level] + finding.check + ": " + printable(finding.what);
  if (!finding.advice.empty()) text += "\n       -> " + finding.advice;
  Line("check")
      .add("check", finding.check)
      .add("verdict", words[level])
      .add("what", finding.what)
      .add("advice", finding.advice)
      .print(json, text);
}

}  // namespace

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

int doctor(std::vector<std::string> args) {
  Options options;
  options.timeout = 10;
  if (!parse(args, "doctor", "Checks what usually goes wrong, and says what to do about it.",
             options, {}))
    return exit_usage;
  bool failed = false;
  const Report report = [&](const Finding& finding) {
    failed = failed || finding.verdict == Verdict::failure;
    print(finding, options.json);
  };
  check_elements(report);
  const auto signaling =
      from_environment(options.signaling, "GENOS_SIGNALING", "ws://127.0.0.1:7712");
  bool turn = false;
  const auto ice =
      from_environment(options.ice_servers, "GENOS_ICE_SERVERS", "stun:stun.cloudflare.com:3478");
  check_link(options, false, report);
  bool knows_time = false;
  for (const auto& relay : split_list(signaling))
    if (relay.starts_with("ws")) knows_time = check_clock(relay, report) || knows_time;
  if (!knows_time)
    report({Verdict::warning, "clock", "not compared: no relay named here tells its time",
            "identities and relays go by the time of day: name a relay that runs elsewhere, as "
            "--signaling wss://HOST"});
  check_multicast(report);
  for (const auto& server : split_list(ice)) {
    if (server.starts_with("stun:")) check_stun(server, report);
    turn = turn || server.starts_with("turn");
  }
  if (turn)
    check_link(options, true, report);
  else
    report({Verdict::warning, "turn", "no TURN server is set",
            "peers behind strict NATs or firewalls need one: "
            "--ice-servers turn:USER:PASSWORD@HOST:3478 or $GENOS_ICE_SERVERS"});
  return failed ? int(exit_failed) : int(exit_ok);
}

}  // namespace genos::tool
