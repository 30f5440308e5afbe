// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/relay/websocket.hpp"

#include <cstring>

#include "core/base/bytes.hpp"

namespace genos::core {

namespace {

constexpr std::uint8_t continuation = 0, binary = 2, close = 8, ping = 9, pong = 10;
constexpr std::size_t control_payload = 125;  // RFC 6455 §5.5
constexpr std::size_t mask_size = 4;

bool is_control(std::uint8_t opcode) { return (opcode & 8) != 0; }

std::uint64_t big_endian(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

void unmask(std::string& payload, const char* mask) {
  char wide[8];
  std::memcpy(wide, mask, mask_size);
  std::memcpy(wide + mask_size, mask, mask_size);
  std::uint64_t key = 0;
  std::memcpy(&key, wide, sizeof key);
  std::size_t i = 0;
  for (; i + 8 <= payload.size(); i += 8) {  // eight at a time: this runs over every byte received
    std::uint64_t word = 0;
    std::memcpy(&word, payload.data() + i, sizeof word);
    word ^= key;
    std::memcpy(payload.data() + i, &word, sizeof word);
  }
  for (; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % mask_size]);
}

// RFC 6455 §7.4: codes that may stand in a frame.
bool may_be_sent(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

void WebSocketReader::push(std::string_view bytes) {
  if (failed_) return;
  if (at_ == bytes_.size()) {
    bytes_.clear();
    at_ = 0;
  } else if (at_ > bytes_.size() / 2) {
    bytes_.erase(0, at_);
    at_ = 0;
  }
  bytes_.append(bytes);
}

std::optional<WebSocketReader::Input> WebSocketReader::poll() {
  while (!failed_) {
    Header header{};
    if (!read_header(header)) {
      // What is wrong shows in the first two bytes: do not wait for the rest of a bad frame.
      if (bytes_.size() - at_ < 2) return std::nullopt;
      header.length = 0;
      return check(header);
    }
    if (auto violation = check(header)) return violation;
    if (bytes_.size() - at_ < header.size + header.length) return std::nullopt;
    std::string payload = take_payload(header);
    if (is_control(header.opcode)) return control(header, std::move(payload));
    if (auto text = join(header, std::move(payload))) return text;
  }
  return std::nullopt;
}

// Of a message in fragments nothing is said before its last.
std::optional<WebSocketReader::Input> WebSocketReader::join(const Header& header,
                                                            std::string payload) {
  if (message_.empty())
    message_ = std::move(payload);
  else
    message_ += payload;
  fragmented_ = !header.fin;
  if (fragmented_) return std::nullopt;
  std::string whole;
  whole.swap(message_);
  if (!is_utf8(whole)) return fail(close_code::bad_data, "text is not UTF-8");
  return Text{std::move(whole)};
}

// Fills what is known; false when the header has not arrived completely.
bool WebSocketReader::read_header(Header& header) const {
  const std::size_t have = bytes_.size() - at_;
  if (have < 2) return false;
  const char* p = bytes_.data() + at_;
  header.opcode = static_cast<std::uint8_t>(p[0]) & 0x0f;
  header.fin = (static_cast<std::uint8_t>(p[0]) & 0x80) != 0;
  const std::size_t short_length = static_cast<std::uint8_t>(p[1]) & 0x7f;
  const std::size_t extra = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
  header.size = 2 + extra + mask_size;
  if (have < header.size) return false;
  const std::uint64_t length = extra ? big_endian(p + 2, extra) : short_length;
  // A length of 64 bits is cut here and refused in check(), whatever size_t is.
  header.length = length > limit_ ? limit_ + 1 : static_cast<std::size_t>(length);
  return true;
}

std::optional<WebSocketReader::Input> WebSocketReader::check(const Header& header) {
  const auto first = static_cast<std::uint8_t>(bytes_[at_]);
  const auto second = static_cast<std::uint8_t>(bytes_[at_ + 1]);
  if (first & 0x70) return fail(close_code::protocol_error, "reserved bits are set");
  if (!(second & 0x80)) return fail(close_code::protocol_error, "frame of a client is not masked");
  if (is_control(header.opcode)) {
    if (!header.fin) return fail(close_code::protocol_error, "control frame is fragmented");
    if ((second & 0x7f) > control_payload)
      return fail(close_code::protocol_error, "control frame is too long");
    if (header.opcode > pong) return fail(close_code::protocol_error, "unknown opcode");
    return std::nullopt;
  }
  if (header.opcode == binary) return fail(close_code::unsupported, "messages are text");
  if (header.opcode > binary) return fail(close_code::protocol_error, "unknown opcode");
  if ((header.opcode == continuation) != fragmented_)
    return fail(close_code::protocol_error, "fragments out of order");
  if (message_.size() + header.length > limit_)
    return fail(close_code::too_large, "message is too large");
  return std::nullopt;
}

std::string WebSocketReader::take_payload(const Header& header) {
  const char* mask = bytes_.data() + at_ + header.size - mask_size;
  std::string payload(bytes_, at_ + header.size, header.length);
  unmask(payload, mask);
  at_ += header.size + header.length;
  return payload;
}

std::optional<WebSocketReader::Input> WebSocketReader::control(const Header& header,
                                                               std::string payload) {
  if (header.opcode == ping) return Ping{std::move(payload)};
  if (header.opcode == pong) return Pong{std::move(payload)};
  static_assert(close == 8, "the only control frame left");
  if (payload.empty()) return Closed{close_code::none, {}};
  if (payload.size() < 2) return fail(close_code::protocol_error, "close frame without a code");
  const auto code = static_cast<std::uint16_t>(big_endian(payload.data(), 2));
  payload.erase(0, 2);
  if (!may_be_sent(code)) return fail(close_code::protocol_error, "close code is not allowed");
  if (!is_utf8(payload)) return fail(close_code::bad_data, "close reason is not UTF-8");
  return Closed{code, std::move(payload)};
}

std::optional<WebSocketReader::Input> WebSocketReader::fail(std::uint16_t code,
                                                            const char* reason) {
  failed_ = true;
  bytes_ = {};
  message_ = {};
  at_ = 0;
  return Violation{code, reason};
}

std::size_t frame_overhead(std::size_t payload) {
  return payload <= control_payload ? 2 : payload <= 0xffff ? 4 : 10;
}

void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view head,
                  std::string_view body) {
  const std::size_t length = head.size() + body.size();
  const std::size_t overhead = frame_overhead(length);
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  out += static_cast<char>(overhead == 2 ? length : overhead == 4 ? 126 : 127);
  for (std::size_t left = overhead - 2; left > 0; --left)
    out += static_cast<char>(static_cast<std::uint64_t>(length) >> (8 * (left - 1)) & 0xff);
  out.append(head);
  out.append(body);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
  const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  append_frame(out, WebSocketOpcode::close, {bytes, 2}, reason.substr(0, control_payload - 2));
}

}  // namespace genos::core
