// SPDX-License-Identifier: LGPL-2.1-or-later
// Sequences: each line is one step of a few clients. "1+" connects client 1, "1-" ends it, "1q99"
// says what waits for it, "t250" lets that many milliseconds pass, "1w…" is raw WebSocket input,
// "1…" a message of client 1.
#include "core/relay/relay.hpp"

#include <cstdlib>

#include "core/base/bytes.hpp"
#include "core/relay/websocket.hpp"
#include "require.hpp"

using namespace genos;

namespace {

core::RelayLimits tight() {
  core::RelayLimits limits;
  limits.connections = 6;
  limits.connections_per_address = 3;
  limits.subscriptions_per_connection = 3;
  limits.topics_per_connection = 8;
  limits.queued_bytes = 4096;
  limits.queued_bytes_of_all = 8192;
  limits.bytes_burst = 4096;
  limits.bytes_per_second = 1024;
  limits.events_burst = 8;
  limits.duplicates_remembered = 8;
  return limits;
}

void drain(core::Relay& relay, const core::RelayLimits& limits) {
  while (auto output = relay.poll()) {
    const auto* send = std::get_if<core::Relay::Send>(&*output);
    if (!send) continue;
    const auto text = send->head + (send->body ? *send->body : "");
    fuzz::require(core::nostr::parse_relay_message(text).has_value(), "what we say is NIP-01");
  }
  const auto now = relay.statistics();
  fuzz::require(now.connections <= limits.connections, "connections are bounded");
  fuzz::require(now.subscriptions <= limits.connections * limits.subscriptions_per_connection,
                "subscriptions are bounded");
  fuzz::require(now.topics <= limits.connections * limits.topics_per_connection,
                "topics are bounded");
}

void read_frames(std::string_view bytes) {
  core::WebSocketReader reader(256);
  reader.push(bytes);
  while (auto input = reader.poll())
    if (const auto* text = std::get_if<core::WebSocketReader::Text>(&*input))
      fuzz::require(text->text.size() <= 256 && core::is_utf8(text->text), "text is sound");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto limits = tight();
  core::Relay relay(limits, [](const auto& event) { return event.content != "forged"; });
  core::Time now{};
  std::string_view rest = core::text_of({data, size});
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.size() < 2) continue;
    const core::ConnectionId client{static_cast<std::uint64_t>(line[0])};
    const std::string number(line.substr(2, 6));
    if (line[0] == 't') {
      now += std::chrono::milliseconds(std::abs(std::atoi(std::string(line.substr(1, 6)).c_str())));
      relay.advance(now);
      fuzz::require(relay.deadline() > now, "what is due was done");
    } else if (line[1] == '+') {
      relay.handle(core::Relay::Connected{client, std::string(1, char('a' + line[0] % 2))}, now);
    } else if (line[1] == '-') {
      relay.handle(core::Relay::Disconnected{client}, now);
    } else if (line[1] == 'q') {
      const auto bytes = static_cast<std::size_t>(std::abs(std::atoi(number.c_str())));
      relay.handle(core::Relay::Queued{client, bytes}, now);
    } else if (line[1] == 'w') {
      read_frames(line.substr(2));
    } else {
      relay.handle(core::Relay::Received{client, line.substr(1)}, now);
    }
    drain(relay, limits);
  }
  return 0;
}
