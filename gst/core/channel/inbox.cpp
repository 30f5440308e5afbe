// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/inbox.hpp"

#include <utility>

#include "core/wire/json.hpp"

namespace genos::core {
namespace {

// A transmission is numbered anew after 65,536 others; a sender that gave up midway (Trystero does,
// after 10 s of a full buffer) then uses a number that still lies here.
bool begins_anew(std::uint8_t progress, const Chunk& chunk) {
  return chunk.meta || chunk.progress < progress;
}

std::optional<Error> check_payload(PayloadKind kind, std::string_view text) {
  if (kind == PayloadKind::text && !is_utf8(text)) return Error{Errc::malformed, "not UTF-8"};
  if (kind != PayloadKind::json) return std::nullopt;
  return check_json(text, {text.size(), limits::max_payload_json_depth, text.size() + 1});
}

}  // namespace

void Inbox::handle(const Chunk& chunk) {
  const Key key(chunk.action, chunk.nonce);
  auto it = partials_.find(key);
  if (it != partials_.end() && begins_anew(it->second.progress, chunk)) {
    erase(it);
    it = partials_.end();
  }
  const bool whole = it == partials_.end() && chunk.last;
  if (it == partials_.end()) it = open(key, chunk);
  auto& partial = it->second;
  partial.progress = chunk.progress;
  partial.touched = ++touches_;
  if (!partial.refused) append(it, chunk);
  if (!partial.refused && !whole && !chunk.action.starts_with("genos:") &&
      !is_control(chunk.action)) {
    outputs_.push_back(
        Progress{chunk.action, partial.meta, chunk.progress / 255.0, partial.data.size()});
  }
  if (chunk.last) complete(it);
}

Inbox::Partials::iterator Inbox::open(const Key& key, const Chunk& chunk) {
  if (!chunk.last && live_ > 0 && live_ >= limits_.partials) {
    refuse(stalest(false), {Errc::too_large, "too many messages begun and not finished"});
  }
  Partial partial;
  partial.kind = chunk.kind;
  ++live_;
  return partials_.emplace(key, std::move(partial)).first;
}

std::optional<Error> Inbox::misfit(const Partial& partial, const Chunk& chunk) const {
  if (chunk.kind != partial.kind) return Error{Errc::malformed, "its chunks differ in type"};
  if (chunk.meta) return check_payload(PayloadKind::json, text_of(chunk.payload));
  const auto most = is_control(chunk.action) ? limits_.control : limits_.message;
  if (partial.data.size() + chunk.payload.size() > most) {
    return Error{Errc::too_large, "longer than " + std::to_string(most) + " bytes"};
  }
  return std::nullopt;
}

void Inbox::append(Partials::iterator it, const Chunk& chunk) {
  auto& partial = it->second;
  if (auto error = misfit(partial, chunk)) return refuse(it, *std::move(error));
  while (held_ + chunk.payload.size() > limits_.bytes) {
    const auto other = stalest(false, &partial);
    const Error error{Errc::too_large, "too many bytes of messages not finished"};
    refuse(other == partials_.end() ? it : other, error);
    if (partial.refused) return;
  }
  held_ += chunk.payload.size();
  if (chunk.meta) {
    partial.meta = text_of(chunk.payload);
  } else {
    partial.data.insert(partial.data.end(), chunk.payload.begin(), chunk.payload.end());
  }
}

void Inbox::complete(Partials::iterator it) {
  auto& partial = it->second;
  if (partial.refused) return erase(it);
  if (auto error = check_payload(partial.kind, text_of(partial.data))) {
    refuse(it, *std::move(error));
    return erase(it);
  }
  Message message;
  message.channel = it->first.first;
  message.kind = partial.kind;
  held_ -= partial.data.size() + (partial.meta ? partial.meta->size() : 0);
  message.payload = std::make_shared<const Bytes>(std::exchange(partial.data, {}));
  message.meta = std::exchange(partial.meta, std::nullopt);
  erase(it);
  outputs_.push_back(Received{std::move(message)});
}

void Inbox::refuse(Partials::iterator it, Error error) {
  auto& partial = it->second;
  held_ -= partial.data.size() + (partial.meta ? partial.meta->size() : 0);
  partial.data = {};
  partial.meta.reset();
  partial.refused = true;
  --live_;
  outputs_.push_back(Refused{it->first.first, std::move(error)});
  if (partials_.size() - live_ <= limits::max_refused) return;
  const auto old = stalest(true, &partial);
  if (old != partials_.end()) erase(old);
}

void Inbox::erase(Partials::iterator it) {
  const auto& partial = it->second;
  held_ -= partial.data.size() + (partial.meta ? partial.meta->size() : 0);
  if (!partial.refused) --live_;
  partials_.erase(it);
}

Inbox::Partials::iterator Inbox::stalest(bool refused, const Partial* except) {
  auto found = partials_.end();
  for (auto it = partials_.begin(); it != partials_.end(); ++it) {
    const auto& partial = it->second;
    if (partial.refused != refused || &partial == except) continue;
    if (found == partials_.end() || partial.touched < found->second.touched) found = it;
  }
  return found;
}

std::optional<Inbox::Output> Inbox::poll() {
  if (outputs_.empty()) return std::nullopt;
  auto output = std::move(outputs_.front());
  outputs_.pop_front();
  return output;
}

}  // namespace genos::core
