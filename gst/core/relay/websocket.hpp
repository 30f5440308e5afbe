// SPDX-License-Identifier: LGPL-2.1-or-later
// RFC 6455 frames as a server reads and writes them. Ours, because libsoup 3.2 shows neither how
// much a slow reader has queued nor lets a fast writer wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace genos::core {

namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported = 1003;
inline constexpr std::uint16_t none = 1005;  // never sent: the frame had no code
inline constexpr std::uint16_t bad_data = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_large = 1009;
inline constexpr std::uint16_t try_later = 1013;
}  // namespace close_code

// Turns the bytes of one client into what it said. After a Violation nothing more comes.
class WebSocketReader {
 public:
  struct Text {
    std::string text;
  };
  struct Ping {
    std::string payload;
  };
  struct Pong {
    std::string payload;
  };
  struct Closed {
    std::uint16_t code;
    std::string reason;
  };
  struct Violation {
    std::uint16_t code;
    const char* reason;
  };
  using Input = std::variant<Text, Ping, Pong, Closed, Violation>;

  explicit WebSocketReader(std::size_t message_size) : limit_(message_size) {}

  void push(std::string_view bytes);
  [[nodiscard]] std::optional<Input> poll();
  // Bytes kept for a message that has not ended: at most its limit and what one push brought.
  [[nodiscard]] std::size_t kept() const { return bytes_.size() - at_ + message_.size(); }

 private:
  struct Header {
    std::size_t size;    // of the header itself
    std::size_t length;  // of the payload
    std::uint8_t opcode;
    bool fin;
  };

  [[nodiscard]] std::optional<Input> fail(std::uint16_t code, const char* reason);
  [[nodiscard]] std::optional<Input> check(const Header& header);
  [[nodiscard]] bool read_header(Header& header) const;
  [[nodiscard]] std::string take_payload(const Header& header);
  [[nodiscard]] std::optional<Input> join(const Header& header, std::string payload);
  [[nodiscard]] std::optional<Input> control(const Header& header, std::string payload);

  std::size_t limit_;
  std::string bytes_;
  std::size_t at_ = 0;   // of bytes_: consumed so far
  std::string message_;  // the fragments so far
  bool fragmented_ = false;
  bool failed_ = false;
};

enum class WebSocketOpcode : std::uint8_t { text = 1, close = 8, ping = 9, pong = 10 };

// Appends one unmasked frame whose payload is `head` and then `body`.
void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view head,
                  std::string_view body = {});
void append_close(std::string& out, std::uint16_t code, std::string_view reason);
// What append_frame adds to the payload.
[[nodiscard]] std::size_t frame_overhead(std::size_t payload);

}  // namespace genos::core
