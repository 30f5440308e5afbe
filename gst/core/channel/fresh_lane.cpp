// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel/fresh_lane.hpp"

#include <algorithm>
#include <cassert>

namespace genos::core {
namespace {

constexpr std::size_t number_size = 4;
constexpr std::size_t header = number_size + 2;  // index, count

void append_number(Bytes& bytes, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(std::uint8_t(number >> shift));
}

std::uint32_t number_in(ByteView bytes) {
  std::uint32_t number = 0;
  for (const auto byte : bytes.first(number_size)) number = number << 8 | byte;
  return number;
}

bool is_before(std::uint32_t one, std::uint32_t other) { return std::int32_t(one - other) < 0; }

}  // namespace

// --- sending ----------------------------------------------------------------------------------

// Silence means that the line is bad or slow: then one message at a time tries it.
bool FreshSender::may_send(std::size_t size, Time now) {
  if (under_way_.empty() || bytes_under_way_ + size <= limits::fresh_under_way) return true;
  return now - under_way_.back().at >= limits::fresh_silence;
}

std::vector<Bytes> FreshSender::send(ByteView message, Time now) {
  const std::size_t size = message.size();
  const std::size_t count = std::max<std::size_t>(1, (size + limits::piece - 1) / limits::piece);
  assert(count <= limits::max_pieces);
  if (!may_send(size, now)) return {};
  const std::uint32_t number = number_++;
  under_way_.push_back({number, size, now});
  bytes_under_way_ += size;
  std::vector<Bytes> pieces(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& piece = pieces[i];
    const std::size_t at = i * limits::piece;
    const auto part = message.subspan(at, std::min(limits::piece, size - at));
    piece.reserve(header + part.size());
    append_number(piece, number);
    piece.push_back(std::uint8_t(i));
    piece.push_back(std::uint8_t(count));
    piece.insert(piece.end(), part.begin(), part.end());
  }
  return pieces;
}

void FreshSender::handle(ByteView answer) {
  if (answer.size() != number_size) return;
  const auto heard = number_in(answer);
  if (!is_before(heard, number_)) return;  // nothing of ours
  while (!under_way_.empty() && !is_before(heard, under_way_.front().number)) {
    bytes_under_way_ -= under_way_.front().size;
    under_way_.pop_front();
  }
}

// --- receiving --------------------------------------------------------------------------------

FreshReceiver::Heard FreshReceiver::handle(ByteView piece) {
  Heard heard;
  if (piece.size() < header || piece.size() > header + limits::piece) return heard;
  const std::size_t index = piece[number_size], count = piece[number_size + 1];
  if (index >= count || count > limits::max_pieces) return heard;
  const auto number = number_in(piece);
  // Its last piece tells that the line is free again, whatever became of the others.
  if (index + 1 == count) append_number(heard.answer, number);
  if (Partial* partial = place_of(number, count))
    if (partial->pieces.size() == count && !partial->pieces[index])
      heard.message = join(*partial, index, piece.subspan(header));
  return heard;
}

std::optional<Bytes> FreshReceiver::join(Partial& partial, std::size_t index, ByteView body) {
  partial.pieces[index].emplace(body.begin(), body.end());
  if (!std::ranges::all_of(partial.pieces, [](const auto& part) { return part.has_value(); }))
    return std::nullopt;
  Bytes whole;
  for (const auto& part : partial.pieces) whole.insert(whole.end(), part->begin(), part->end());
  partial.pieces.clear();
  return whole;
}

// A newer message takes the place of an older one, never the other way round.
FreshReceiver::Partial* FreshReceiver::place_of(std::uint32_t number, std::size_t count) {
  Partial& partial = partials_[number % partials_.size()];
  if (partial.used && partial.number == number) return &partial;
  if (partial.used && is_before(number, partial.number)) return nullptr;
  partial = {number, std::vector<std::optional<Bytes>>(count), true};
  return &partial;
}

}  // namespace genos::core
