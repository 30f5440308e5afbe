// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/relay_socket.hpp"

#include <array>

#include "core/base/overloaded.hpp"

namespace genos::net {

namespace {

constexpr std::size_t piece = 64UL * 1024;          // read per turn
constexpr std::size_t kept_capacity = 64UL * 1024;  // of an empty send buffer
// Buffers that wait for a slow reader are moved together only when much was written.
constexpr std::size_t compact_above = 256UL * 1024;

gboolean stream_ready(GObject*, gpointer task) noexcept { return run_task(task); }

Source attach(GSource* source, GMainContext* context, Task task) {
  g_source_set_callback(source, G_SOURCE_FUNC(stream_ready), new Task(std::move(task)),
                        delete_task);
  g_source_attach(source, context);
  return Source(source);
}

}  // namespace

RelaySocket::RelaySocket(Ref<GIOStream> stream, Ref<GSocket> socket, GMainContext* context,
                         core::ConnectionId id, std::size_t message_size, Owner& owner)
    : stream_(std::move(stream)),
      socket_(std::move(socket)),
      context_(retain(context)),
      id_(id),
      owner_(owner),
      reader_(message_size) {}

void RelaySocket::start() {
  // What came together with the HTTP request waits in libsoup's buffer, of which no source tells.
  resume();
  read();
}

void RelaySocket::resume() {
  if (gone_ || readable_) return;
  auto* input = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(stream_.get()));
  readable_ = attach(g_pollable_input_stream_create_source(input, nullptr), context_.get(),
                     [this] { read(); });
}

void RelaySocket::read() {
  Owner& owner = owner_;
  read_piece();
  while (!gone_ && !close_received_) {
    auto input = reader_.poll();
    if (!input) break;
    said(*input);
  }
  owner.settle();
}

void RelaySocket::read_piece() {
  if (gone_) return;
  std::array<char, piece> bytes;
  auto* input = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(stream_.get()));
  Owned<GError> error;
  const gssize count = g_pollable_input_stream_read_nonblocking(input, bytes.data(), bytes.size(),
                                                                nullptr, out(error));
  if (count > 0) {
    unanswered_ = 0;
    reader_.push({bytes.data(), static_cast<std::size_t>(count)});
    return;
  }
  if (count < 0 && g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return;
  drop();
}

void RelaySocket::said(const core::WebSocketReader::Input& input) {
  using Reader = core::WebSocketReader;
  std::visit(core::Overloaded{
                 [this](const Reader::Text& text) {
                   if (!close_sent_) owner_.text(id_, text.text);
                 },
                 [this](const Reader::Ping& ping) {
                   // Answers pile up only in front of somebody who asks and does not read.
                   if (close_sent_ || queued() >= kept_capacity) return;
                   core::append_frame(out_, core::WebSocketOpcode::pong, ping.payload);
                   touch();
                 },
                 [](const Reader::Pong&) {},
                 [this](const Reader::Closed& closed) {
                   const bool bare = closed.code == core::close_code::none;
                   hear_goodbye(bare ? core::close_code::normal : closed.code, {});
                 },
                 [this](const Reader::Violation& v) { hear_goodbye(v.code, v.reason); },
             },
             input);
}

void RelaySocket::touch() {
  if (!std::exchange(touched_, true)) owner_.touched(id_);
}

void RelaySocket::send(std::string_view head, std::string_view body) {
  if (gone_ || close_sent_) return;
  core::append_frame(out_, core::WebSocketOpcode::text, head, body);
  touch();
}

void RelaySocket::flush() {
  touched_ = false;
  if (gone_ || writable_) return;
  auto* output = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream_.get()));
  while (queued() > 0) {
    Owned<GError> error;
    const gssize count = g_pollable_output_stream_write_nonblocking(output, out_.data() + written_,
                                                                    queued(), nullptr, out(error));
    if (count < 0 && g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return wait_until_writable();
    if (count <= 0) return drop();
    written_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  written_ = 0;
  if (out_.capacity() > kept_capacity) out_.shrink_to_fit();
  if (close_received_) drop();
}

void RelaySocket::wait_until_writable() {
  if (written_ > compact_above) {
    out_.erase(0, written_);
    written_ = 0;
  }
  auto* output = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream_.get()));
  writable_ =
      attach(g_pollable_output_stream_create_source(output, nullptr), context_.get(), [this] {
        Owner& owner = owner_;
        writable_.end();
        touch();
        owner.settle();
      });
}

void RelaySocket::close(std::uint16_t code, std::string_view reason) {
  if (gone_ || close_sent_) return;
  say_goodbye(code, reason);
  resume();  // to hear the answer
}

void RelaySocket::say_goodbye(std::uint16_t code, std::string_view reason) {
  if (!std::exchange(close_sent_, true)) {
    core::append_close(out_, code, reason);
    owner_.closing(id_);
  }
  touch();
}

void RelaySocket::hear_goodbye(std::uint16_t code, std::string_view reason) {
  close_received_ = true;
  say_goodbye(code, reason);
}

void RelaySocket::drop() {
  if (std::exchange(gone_, true)) return;
  readable_.end();
  writable_.end();
  // Not g_io_stream_close(): on TLS it waits for the other side.
  g_socket_shutdown(socket_.get(), FALSE, TRUE, nullptr);
  owner_.gone(id_);
}

void RelaySocket::keep_alive(unsigned patience) {
  if (gone_ || close_sent_) return;
  if (unanswered_ >= patience) return drop();
  if (readable_) ++unanswered_;  // while it is paused we do not hear it
  core::append_frame(out_, core::WebSocketOpcode::ping, {});
  touch();
}

}  // namespace genos::net
