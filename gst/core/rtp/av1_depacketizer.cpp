// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rtp/av1_depacketizer.hpp"

#include "core/rtp/limits.hpp"
#include "core/rtp/sequence_header.hpp"

namespace genos::core {
namespace {

// The aggregation header: Z Y W W N - - - (AV1 RTP 1.0, section 4.4).
struct Aggregation {
  bool continues, continued, begins_sequence;
  unsigned count;  // of elements; 0 when each tells its length
};

Aggregation read_aggregation(std::uint8_t byte) {
  return {(byte & 0x80) != 0, (byte & 0x40) != 0, (byte & 8) != 0, byte >> 4U & 3U};
}

// The first OBU of a packet that begins with one, when it can be seen.
std::optional<ObuType> first_type(const Aggregation& header, ByteView elements) {
  if (header.count != 1) {
    const auto size = read_leb128(elements);
    if (!size || size->value == 0) return std::nullopt;
    elements = elements.subspan(size->size);
  }
  if (elements.empty()) return std::nullopt;
  return static_cast<ObuType>(elements[0] >> 3 & 15);
}

}  // namespace

Av1Depacketizer::Av1Depacketizer(Options options) : options_(options) { reset(); }

void Av1Depacketizer::reset() {
  outputs_.clear();
  expected_.reset();
  after_gap_ = gathering_ = false;
  waiting_ = options_.resume == Resume::at_keyframe;
}

std::optional<Av1Depacketizer::Output> Av1Depacketizer::poll() {
  std::optional<Output> output;
  if (outputs_.empty()) return output;
  output.emplace(std::move(outputs_.front()));
  outputs_.pop_front();
  return output;
}

Av1Depacketizer::Order Av1Depacketizer::follow(std::uint16_t sequence) {
  const auto ahead =
      static_cast<std::int16_t>(expected_ ? static_cast<std::uint16_t>(sequence - *expected_) : 0);
  if (ahead < 0 && ahead >= -limits::max_misorder) return Order::late;
  expected_ = static_cast<std::uint16_t>(sequence + 1);
  return ahead == 0 ? Order::next : Order::gap;
}

void Av1Depacketizer::handle(const Packet& packet) {
  const auto order = follow(packet.sequence);
  if (order == Order::late) return;
  if (order == Order::gap) {
    ++counts_.gaps;
    lose();
    gathering_ = false;
    after_gap_ = true;
  }
  if (packet.payload.empty()) return;                            // it only filled the line
  if (gathering_ && packet.timestamp != timestamp_) complete();  // its sender sets no markers
  if (!gathering_) begin(packet);
  if (sound_ && !append(packet.payload)) {
    ++counts_.malformed;
    lose();
  }
  if (packet.marker) complete();
}

void Av1Depacketizer::finish() {
  if (gathering_) complete();
}

void Av1Depacketizer::begin(const Packet& packet) {
  const auto header = read_aggregation(packet.payload[0]);
  gathering_ = true;
  open_ = false;
  begins_sequence_ = header.begins_sequence;
  timestamp_ = packet.timestamp;
  bytes_.clear();
  ends_.clear();
  sound_ = !header.continues;
  // Nothing comes before a sequence header but what is not carried.
  if (after_gap_ && !header.begins_sequence)
    sound_ = sound_ && options_.content == Content::obus &&
             first_type(header, packet.payload.subspan(1)) == ObuType::sequence_header;
  after_gap_ = false;
  if (!sound_) lose();
}

// What is coming in, if anything, is of no use; what follows only from a keyframe on.
void Av1Depacketizer::lose() {
  if (gathering_) ++counts_.dropped;
  sound_ = false;
  waiting_ = options_.resume == Resume::at_keyframe;
  outputs_.emplace_back(KeyframeNeeded{});
}

bool Av1Depacketizer::append(ByteView payload) {
  const auto header = read_aggregation(payload[0]);
  const bool first = ends_.empty();
  if (header.continues != open_) return false;
  if (header.begins_sequence && (header.continues || !first)) return false;
  if (!append_elements(payload.subspan(1), header.count)) return false;
  open_ = header.continued;
  return true;
}

bool Av1Depacketizer::append_elements(ByteView rest, unsigned count) {
  if (rest.empty()) return false;
  for (unsigned i = 1; !rest.empty(); ++i) {
    auto element = rest;
    if (i != count) {
      const auto size = read_leb128(rest);
      if (!size || rest.size() - size->size < size->value) return false;
      element = rest.subspan(size->size, size->value);
      rest = rest.subspan(size->size + size->value);
      if (count != 0 && rest.empty()) return false;  // fewer than were announced
    } else {
      rest = {};
    }
    if (!append_element(element)) return false;
    open_ = false;
  }
  return true;
}

bool Av1Depacketizer::append_element(ByteView element) {
  if (limits::max_temporal_unit - bytes_.size() < element.size()) return false;
  bytes_.insert(bytes_.end(), element.begin(), element.end());
  if (open_) {
    ends_.back() = bytes_.size();
    return true;
  }
  if (ends_.size() == limits::max_obus) return false;
  ends_.push_back(bytes_.size());
  return true;
}

void Av1Depacketizer::complete() {
  if (sound_ && open_) lose();
  gathering_ = false;
  if (!sound_) return;
  Unit unit;
  unit.timestamp = timestamp_;
  unit.bytes = std::move(bytes_);
  bytes_ = {};
  const bool opaque = options_.content == Content::opaque;
  if (!opaque && !make_obus(unit)) {
    ++counts_.malformed;
    ++counts_.dropped;
    lose();
    return;
  }
  if (opaque ? unit.bytes.empty() : unit.obus.empty()) return;
  unit.keyframe = opaque ? begins_sequence_ : begins_sequence(unit.obus);
  if (waiting_ && !unit.keyframe) {
    ++counts_.dropped;
    outputs_.emplace_back(KeyframeNeeded{});
    return;
  }
  waiting_ = false;
  ++counts_.units;
  outputs_.emplace_back(std::move(unit));
}

bool Av1Depacketizer::make_obus(Unit& unit) const {
  std::size_t begin = 0;
  for (const auto end : ends_) {
    const auto element = ByteView(unit.bytes).subspan(begin, end - begin);
    begin = end;
    if (element.empty()) continue;
    const auto obu = parse_obu(element);
    if (!obu) return false;
    if (is_carried(obu->type)) unit.obus.push_back(*obu);
  }
  return true;
}

}  // namespace genos::core
