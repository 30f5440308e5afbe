// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/outbox.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/wire/frame.hpp"
#include "core/wire/json.hpp"
#include "core/wire/limits.hpp"

namespace genos::core {
namespace {

// Metadata is a chunk of its own; without any payload at all there is still one chunk.
std::size_t chunks_of(const Message& message) {
  const auto data = (message.payload->size() + limits::chunk_payload - 1) / limits::chunk_payload;
  return std::max<std::size_t>(data + (message.meta ? 1 : 0), 1);
}

std::size_t bytes_of_all(const Message& message) {
  return message.payload->size() + (message.meta ? message.meta->size() : 0);
}

double fraction(std::size_t chunk, std::size_t chunks) {
  return static_cast<double>(chunk) / static_cast<double>(chunks);
}

JsonLimits payload_limits(std::size_t size) {
  return {size, limits::max_payload_json_depth, size + 1};
}

}  // namespace

std::optional<Error> Outbox::check(const Message& message) {
  const auto& name = message.channel;
  if (name.empty() || name.size() > limits::max_channel_name || !is_utf8(name) ||
      name.find('\0') != name.npos) {
    return Error{Errc::malformed,
                 "a channel's name has 1 to 32 bytes of UTF-8, not '" + name + "'"};
  }
  if (!message.payload) return Error{Errc::malformed, "a message without a payload"};
  if (message.fresh && (message.meta || message.payload->size() > limits::chunk_payload)) {
    return Error{Errc::too_large, "a fresh message has at most " +
                                      std::to_string(limits::chunk_payload) +
                                      " bytes, and no metadata"};
  }
  if (message.payload->size() > limits::max_message) {
    return Error{Errc::too_large, "a message has at most " + std::to_string(limits::max_message) +
                                      " bytes; send a file instead"};
  }
  if (message.meta) {
    if (message.meta->size() > limits::max_meta) {
      return Error{Errc::too_large,
                   "metadata has at most " + std::to_string(limits::max_meta) + " bytes"};
    }
    if (auto error = check_json(*message.meta, payload_limits(limits::max_meta))) return error;
  }
  const auto text = text_of(*message.payload);
  if (message.kind == PayloadKind::json) return check_json(text, payload_limits(text.size()));
  if (message.kind == PayloadKind::text && !is_utf8(text)) {
    return Error{Errc::malformed, "a text message is not UTF-8"};
  }
  return std::nullopt;
}

void Outbox::send(TransferId id, const RoomToken& room, Message message, std::uint16_t nonce) {
  assert(message.payload && !message.channel.empty() &&
         message.channel.size() <= limits::max_channel_name);
  const bool control = is_control(message.channel);
  const auto lane = control ? Lane() : Lane(room, message.channel);
  const auto serial = ++last_;
  const auto chunks = chunks_of(message);
  const auto bytes = bytes_of_all(message);
  transfers_.emplace(serial, Transfer{id, room, std::move(message), nonce, 0, chunks, bytes});
  queued_ += bytes;
  auto& waiting = lanes_[lane];
  waiting.push_back(serial);
  if (!control && waiting.size() == 1) turns_.push_back(lane);
}

std::optional<Outbox::Frame> Outbox::next(Bulk bulk) {
  if (lanes_.empty()) return std::nullopt;
  auto lane = lanes_.find(Lane());
  for (std::size_t i = 0; lane == lanes_.end() && i < turns_.size(); ++i) {
    std::rotate(turns_.begin(), turns_.begin() + 1, turns_.end());
    const auto candidate = lanes_.find(turns_.back());
    const bool goes = bulk == Bulk::goes || !is_bulk(transfers_.at(candidate->second.front()));
    if (goes) lane = candidate;
  }
  if (lane == lanes_.end()) return std::nullopt;
  const auto it = transfers_.find(lane->second.front());
  Frame frame{cut(it->second), is_bulk(it->second)};
  report(it->second);
  if (it->second.chunk == it->second.chunks) remove(it);
  return frame;
}

bool Outbox::is_bulk(const Transfer& transfer) {
  return transfer.message.payload->size() >= limits::bulk_message &&
         !is_control(transfer.message.channel);
}

Bytes Outbox::cut(Transfer& transfer) {
  const auto& message = transfer.message;
  const bool meta = message.meta && transfer.chunk == 0;
  ByteView payload = *message.payload;
  if (meta) {
    payload = bytes_of(*message.meta);
  } else {
    const auto index = transfer.chunk - (message.meta ? 1 : 0);
    payload = payload.subspan(index * limits::chunk_payload);
    payload = payload.first(std::min(payload.size(), limits::chunk_payload));
  }
  ++transfer.chunk;
  transfer.left -= payload.size();
  queued_ -= payload.size();
  Chunk chunk;
  chunk.action = message.channel;
  chunk.nonce = transfer.nonce;
  chunk.last = transfer.chunk == transfer.chunks;
  chunk.meta = meta;
  chunk.kind = message.kind;
  chunk.progress =
      static_cast<std::uint8_t>(std::lround(fraction(transfer.chunk, transfer.chunks) * 255));
  chunk.payload = payload;
  return encode_chunk(transfer.room, chunk);
}

void Outbox::report(const Transfer& transfer) {
  if (transfer.id.value == 0) return;
  if (transfer.chunks > 1) {
    outputs_.push_back(Progress{transfer.id, fraction(transfer.chunk, transfer.chunks)});
  }
  if (transfer.chunk == transfer.chunks) outputs_.push_back(Sent{transfer.id});
}

std::optional<Outbox::Output> Outbox::poll() {
  if (outputs_.empty()) return std::nullopt;
  const auto output = outputs_.front();
  outputs_.pop_front();
  return output;
}

void Outbox::remove(std::map<Serial, Transfer>::iterator it) {
  const auto& [serial, transfer] = *it;
  const bool control = is_control(transfer.message.channel);
  const auto lane = lanes_.find(control ? Lane() : Lane(transfer.room, transfer.message.channel));
  auto& waiting = lane->second;
  waiting.erase(std::find(waiting.begin(), waiting.end(), serial));
  if (waiting.empty()) {
    if (!control) turns_.erase(std::find(turns_.begin(), turns_.end(), lane->first));
    lanes_.erase(lane);
  }
  queued_ -= transfer.left;
  transfers_.erase(it);
}

bool Outbox::cancel(TransferId id) {
  const auto it = std::find_if(transfers_.begin(), transfers_.end(), [&](const auto& entry) {
    return id.value != 0 && entry.second.id == id;
  });
  if (it == transfers_.end()) return false;
  remove(it);
  return true;
}

void Outbox::rewind() {
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    const auto current = it++;
    Transfer& transfer = current->second;
    if (is_control(transfer.message.channel)) {
      remove(current);
      continue;
    }
    const auto bytes = bytes_of_all(transfer.message);
    queued_ += bytes - transfer.left;
    transfer.left = bytes;
    transfer.chunk = 0;
  }
}

void Outbox::forget(const RoomToken& room) {
  for (auto it = transfers_.begin(); it != transfers_.end();) {
    const auto current = it++;
    if (current->second.room == room) remove(current);
  }
}

std::optional<TransferId> Outbox::drop_oldest() {
  const auto it = std::find_if(transfers_.begin(), transfers_.end(), [](const auto& entry) {
    return entry.second.chunk == 0 && !is_control(entry.second.message.channel);
  });
  if (it == transfers_.end()) return std::nullopt;
  const auto id = it->second.id;
  remove(it);
  return id;
}

}  // namespace genos::core
