// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/requests.hpp"

#include <algorithm>
#include <utility>

#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

constexpr std::size_t request_id_size = 20;
// Trystero waits this long for a handler to be registered.
constexpr Duration handler_limit = std::chrono::milliseconds(500);

std::optional<Json> meta_of(const Message& message) {
  if (!message.meta) return std::nullopt;
  auto meta = parse_json(*message.meta, {limits::max_link_message, limits::max_payload_json_depth,
                                         limits::max_link_message});
  return meta && meta->as_object() ? std::optional(*std::move(meta)) : std::nullopt;
}

// The metadata of a request and nothing else: an application's own {"r":…,"x":…} is none.
bool is_request(const Json& meta) {
  const auto& members = *meta.as_object();
  const auto* id = meta.find("r");
  const bool known = std::all_of(members.begin(), members.end(), [](const Json::Member& member) {
    return member.name == "r" || member.name == "m";
  });
  return known && id && id->as_string() && !id->as_string()->empty() &&
         id->as_string()->size() <= limits::max_request_id;
}

Message error_reply(const std::string& request, std::string error) {
  error.resize(std::min(error.size(), limits::max_error_text));
  while (!is_utf8(error)) error.pop_back();
  const auto null = bytes_of("null");
  Message reply;
  reply.channel = response_action;
  reply.kind = PayloadKind::json;
  reply.payload = std::make_shared<const Bytes>(null.begin(), null.end());
  reply.meta = to_text(Json::object().set("r", request).set("e", std::move(error)));
  return reply;
}

Time later(Time now, Duration limit) { return limit < never - now ? now + limit : never; }

}  // namespace

Message Requests::ask(TransferId id, Message message, Duration limit, Time now) {
  const auto request = random_->alphanumerics(request_id_size);
  ours_.insert_or_assign(request, Waiting{id, later(now, limit)});
  std::string meta = "{\"r\":\"" + request + '"';
  if (message.meta) meta += ",\"m\":" + *message.meta;
  message.meta = meta + '}';
  return message;
}

bool Requests::cancel(TransferId id) {
  return std::erase_if(ours_, [&](const auto& entry) { return entry.second.id == id; }) > 0;
}

void Requests::fail_all(const std::string& error) {
  for (const auto& [request, waiting] : std::exchange(ours_, {})) {
    outputs_.push_back(Answered{waiting.id, std::nullopt, error});
  }
}

void Requests::accept(const std::string& request) {
  const auto it = theirs_.find(request);
  if (it != theirs_.end()) it->second = never;
}

bool Requests::respond(const std::string& request, Message answer) {
  if (theirs_.erase(request) == 0) return false;
  answer.channel = response_action;
  answer.meta = to_text(Json::object().set("r", request));
  outputs_.push_back(Reply{std::move(answer)});
  return true;
}

bool Requests::refuse(const std::string& request, const std::string& error) {
  if (theirs_.erase(request) == 0) return false;
  outputs_.push_back(Reply{error_reply(request, error)});
  return true;
}

void Requests::handle(Message message, Time now) {
  if (message.channel == response_action) return take_response(message);
  const auto meta = meta_of(message);
  if (meta && is_request(*meta)) return take_request(*meta, std::move(message), now);
  outputs_.push_back(Plain{std::move(message)});
}

void Requests::take_response(Message& message) {
  const auto meta = meta_of(message);
  const auto request = meta ? meta->string_at("r") : std::nullopt;
  const auto it = request ? ours_.find(*request) : ours_.end();
  if (it == ours_.end()) return;  // too late, or nothing of ours
  const auto id = it->second.id;
  ours_.erase(it);
  if (const auto error = meta->string_at("e")) {
    outputs_.push_back(Answered{id, std::nullopt, *error});
    return;
  }
  message.meta.reset();
  outputs_.push_back(Answered{id, std::move(message), {}});
}

void Requests::take_request(const Json& meta, Message message, Time now) {
  const auto request = *meta.string_at("r");
  if (theirs_.contains(request)) return;  // said twice
  if (theirs_.size() >= limits::max_open_requests) {
    outputs_.push_back(Reply{error_reply(request, "too many requests")});
    return;
  }
  const auto* own = meta.find("m");
  message.meta = own ? std::optional(to_text(*own)) : std::nullopt;
  theirs_.emplace(request, later(now, handler_limit));
  outputs_.push_back(Asked{request, std::move(message)});
}

void Requests::advance(Time now) {
  std::erase_if(ours_, [&](const auto& entry) {
    if (now < entry.second.until) return false;
    outputs_.push_back(Answered{entry.second.id, std::nullopt, "request timed out", true});
    return true;
  });
  std::erase_if(theirs_, [&](const auto& entry) {
    if (now < entry.second) return false;
    outputs_.push_back(Reply{error_reply(entry.first, "request handler unavailable")});
    return true;
  });
}

std::optional<Requests::Output> Requests::poll() {
  if (outputs_.empty()) return std::nullopt;
  auto output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

Time Requests::deadline() const {
  Time earliest = never;
  for (const auto& [request, waiting] : ours_) earliest = std::min(earliest, waiting.until);
  for (const auto& [request, until] : theirs_) earliest = std::min(earliest, until);
  return earliest;
}

}  // namespace genos::core
