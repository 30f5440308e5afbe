// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/relay/relay.hpp"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.hpp"
#include "core/relay/websocket.hpp"

namespace genos::core {

namespace {

// NIP-01: events of these kinds are passed on and not kept.
constexpr std::uint32_t first_ephemeral = 20000;
constexpr std::uint32_t last_ephemeral = 29999;
// What is not even a message costs as much as many good ones.
constexpr std::size_t malformed_overhead = 16;

}  // namespace

Relay::Relay(const RelayLimits& limits, Verify verify)
    : limits_(limits),
      verify_(std::move(verify)),
      seen_(limits.duplicate_window, limits.duplicates_remembered) {}

void Relay::handle(const Input& input, Time now) {
  std::visit([&](const auto& i) { on(i, now); }, input);
}

std::optional<Relay::Output> Relay::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

Time Relay::deadline() const {
  const Time resume = paused_.empty() ? never : paused_.begin()->first;
  return forget_.empty() ? resume : std::min(resume, forget_.begin()->first);
}

void Relay::advance(Time now) {
  while (!paused_.empty() && paused_.begin()->first <= now) {
    const ConnectionId connection = paused_.begin()->second;
    paused_.erase(paused_.begin());
    const auto at = clients_.find(connection);
    if (at == clients_.end()) continue;
    Client& client = at->second;
    client.bytes.charge(0, now);
    if (client.bytes.in_debt()) {  // the rest of what had been read by then came on top
      paused_.emplace(client.bytes.ready_at(), connection);
      continue;
    }
    client.paused = false;
    outputs_.push_back(Resume{connection});
  }
  while (!forget_.empty() && forget_.begin()->first <= now) {
    const auto at = addresses_.find(forget_.begin()->second);
    forget_.erase(forget_.begin());
    if (at == addresses_.end()) continue;
    at->second.leaving = false;
    if (at->second.connections == 0) addresses_.erase(at);
  }
}

void Relay::on(const Connected& input, Time now) {
  const auto refuse = [&](const char* reason) {
    ++statistics_.connections_refused;
    outputs_.push_back(Close{input.connection, close_code::try_later, reason});
  };
  if (clients_.contains(input.connection)) return;
  if (clients_.size() >= limits_.connections) return refuse("rate-limited: this relay is full");
  const Bucket fresh(limits_.events_per_second_and_address, limits_.events_burst_per_address, now);
  const auto address = addresses_.try_emplace(input.address, Address{fresh}).first;
  if (address->second.connections >= limits_.connections_per_address)
    return refuse("rate-limited: too many connections from your address");
  if (!address->second.events.take(limits_.connection_cost, now))
    return refuse("rate-limited: your address connects too often");
  ++address->second.connections;
  ++statistics_.connections_accepted;
  clients_.try_emplace(input.connection,
                       Client{address, Bucket(limits_.events_per_second, limits_.events_burst, now),
                              Bucket(limits_.bytes_per_second, limits_.bytes_burst, now)});
}

void Relay::on(const Disconnected& input, Time now) {
  const auto at = clients_.find(input.connection);
  if (at != clients_.end()) forget(at, now);
}

void Relay::forget(Clients::iterator client, Time now) {
  subscriptions_.remove_all(client->first);
  statistics_.queued_bytes -= client->second.queued;
  const auto address = client->second.address;
  clients_.erase(client);
  if (--address->second.connections > 0 || address->second.leaving) return;
  // Kept until its budget would be full again, so that reconnecting gains nothing.
  address->second.leaving = true;
  forget_.emplace(std::max(address->second.events.full_at(), now), address->first);
}

void Relay::on(const Queued& input, Time) {
  const auto at = clients_.find(input.connection);
  if (at == clients_.end()) return;
  statistics_.queued_bytes += input.bytes - at->second.queued;
  at->second.queued = input.bytes;
}

void Relay::on(const Received& input, Time now) {
  const auto at = clients_.find(input.connection);
  if (at == clients_.end()) return;
  Client& client = at->second;
  ++statistics_.messages;
  client.bytes.charge(static_cast<double>(input.text.size() + limits_.message_overhead), now);
  auto message = input.text.size() > limits_.message_size
                     ? Result<nostr::ClientMessage>(Error{Errc::too_large, "message too large"})
                     : nostr::parse_client_message(input.text);
  // Before the message acts: it may close the connection.
  slow_down(input.connection, client);
  if (!message) return malformed(input.connection, client, input.text, message.error(), now);
  std::visit([&](auto& m) { on(input.connection, client, m, now); }, *message);
}

void Relay::slow_down(ConnectionId connection, Client& client) {
  if (!client.bytes.in_debt() || client.paused) return;
  client.paused = true;
  ++statistics_.pauses;
  paused_.emplace(client.bytes.ready_at(), connection);
  outputs_.push_back(Pause{connection});
}

void Relay::malformed(ConnectionId from, Client& client, std::string_view text, const Error& error,
                      Time now) {
  ++statistics_.malformed;
  client.bytes.charge(static_cast<double>(limits_.message_overhead * malformed_overhead), now);
  slow_down(from, client);
  const std::string id = nostr::claimed_id(text);
  if (!id.empty()) return answer(from, nostr::Ok{id, false, "invalid: " + error.detail}, now);
  answer(from, nostr::Notice{"invalid: " + error.detail}, now);
}

const char* Relay::refusal(const nostr::Event& event) const {
  if (event.kind < first_ephemeral || event.kind > last_ephemeral)
    return "blocked: this relay carries ephemeral events only (kinds 20000 to 29999)";
  if (event.tags.size() > limits_.tags_per_event) return "blocked: too many tags";
  return nullptr;
}

void Relay::on(ConnectionId from, Client& client, nostr::Publish& message, Time now) {
  const nostr::Event& event = message.event;
  if (!client.events.take(1, now) || !client.address->second.events.take(1, now)) {
    ++statistics_.events_limited;
    return answer(from, nostr::Ok{event.id, false, "rate-limited: slow down"}, now);
  }
  if (const char* reason = refusal(event)) {
    ++statistics_.events_invalid;
    return answer(from, nostr::Ok{event.id, false, reason}, now);
  }
  // A page that announces twice within a second makes the same event twice. Whoever subscribed in
  // between must hear the second one; the others have it.
  const auto delivered = seen_.find(event.id, now);
  const auto& listeners = subscriptions_.match(event, delivered.value_or(0));
  if (delivered && listeners.empty()) {
    ++statistics_.events_duplicate;
    return answer(from, nostr::Ok{event.id, true, "duplicate: already delivered"}, now);
  }
  if (!verify_(event)) {
    ++statistics_.events_invalid;
    return answer(from, nostr::Ok{event.id, false, "invalid: id or signature is wrong"}, now);
  }
  seen_.set(event.id, subscriptions_.number(), now);
  ++(delivered ? statistics_.events_duplicate : statistics_.events_accepted);
  deliver(event, listeners, now);
  answer(from, nostr::Ok{event.id, true, delivered ? "duplicate: delivered to newcomers" : ""},
         now);
}

void Relay::deliver(const nostr::Event& event,
                    const std::vector<const Subscriptions::Listener*>& listeners, Time now) {
  if (listeners.empty()) return;
  const auto body = std::make_shared<const std::string>(to_text(nostr::event_json(event)) + "]");
  // A copy: whoever reads too slowly is closed in between, and its subscriptions with it.
  std::vector<Subscriptions::Listener> targets;
  targets.reserve(listeners.size());
  for (const auto* listener : listeners) targets.push_back(*listener);
  for (auto& [connection, head] : targets) {
    if (!clients_.contains(connection)) continue;
    ++statistics_.deliveries;
    statistics_.delivered_bytes += head.size() + body->size();
    send(connection, std::move(head), body, now);
  }
}

std::string Relay::refusal(ConnectionId from, const nostr::Subscribe& message) const {
  if (message.filters.size() > limits_.filters_per_subscription) return "blocked: too many filters";
  const bool replaces = subscriptions_.has(from, message.id);
  if (!replaces && subscriptions_.count(from) >= limits_.subscriptions_per_connection)
    return "blocked: too many subscriptions";
  std::size_t topics = subscriptions_.topics(from) - subscriptions_.topics_of(from, message.id);
  for (const auto& filter : message.filters) {
    const auto named = std::find_if(filter.tags.begin(), filter.tags.end(),
                                    [](const auto& tag) { return tag.letter == 'x'; });
    // Whoever cannot name a room's topic has no business in it.
    if (named == filter.tags.end()) return "restricted: every filter must name topics (#x)";
    topics += named->values.size();
  }
  return topics > limits_.topics_per_connection ? "blocked: too many topics" : "";
}

void Relay::on(ConnectionId from, Client&, nostr::Subscribe& message, Time now) {
  const std::string reason = refusal(from, message);
  if (!reason.empty()) {
    ++statistics_.subscriptions_refused;
    subscriptions_.remove(from, message.id);
    return answer(from, nostr::Closed{message.id, reason}, now);
  }
  for (auto& filter : message.filters)
    if (filter.since) *filter.since -= limits_.clock_tolerance.count();
  const std::string id = message.id;
  subscriptions_.set(from, std::move(message));
  answer(from, nostr::Eose{id}, now);
}

void Relay::on(ConnectionId from, Client&, nostr::Close& message, Time) {
  subscriptions_.remove(from, message.id);
}

void Relay::answer(ConnectionId to, const nostr::RelayMessage& message, Time now) {
  send(to, nostr::encode(message), nullptr, now);
}

void Relay::send(ConnectionId to, std::string head, std::shared_ptr<const std::string> body,
                 Time now) {
  const auto at = clients_.find(to);
  if (at == clients_.end()) return;
  const std::size_t bytes = head.size() + (body ? body->size() : 0);
  at->second.queued += bytes;
  statistics_.queued_bytes += bytes;
  outputs_.push_back(Send{to, std::move(head), std::move(body)});
  if (!reads_too_slowly(at->second)) return;
  ++statistics_.slow_readers;
  close(to, close_code::policy, "reads too slowly", now);
}

bool Relay::reads_too_slowly(const Client& client) const {
  if (client.queued > limits_.queued_bytes) return true;
  const std::size_t fair = limits_.queued_bytes_of_all / limits_.connections;
  return statistics_.queued_bytes > limits_.queued_bytes_of_all && client.queued > fair;
}

void Relay::close(ConnectionId connection, std::uint16_t code, std::string reason, Time now) {
  const auto at = clients_.find(connection);
  if (at == clients_.end()) return;
  forget(at, now);
  outputs_.push_back(Close{connection, code, std::move(reason)});
}

RelayStatistics Relay::statistics() const {
  RelayStatistics all = statistics_;
  all.connections = clients_.size();
  all.subscriptions = subscriptions_.count();
  all.topics = subscriptions_.topics();
  return all;
}

}  // namespace genos::core
