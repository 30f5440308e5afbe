// SPDX-License-Identifier: LGPL-2.1-or-later
#include "link/stun_choice.hpp"

#include <algorithm>
#include <cstring>

#include "bridge/gio_refs.hpp"
#include "link/ice_agent.hpp"

namespace genos::link {
namespace {

constexpr guint16 stun_port = 3478;
// Asked three times within this; whoever needs longer is no help to anybody.
constexpr guint ask_again_ms = 400;
constexpr int times = 3;
// RFC 8489 section 5: type, length, magic cookie, transaction id.
constexpr std::size_t header_size = 20;
using Header = std::array<std::uint8_t, header_size>;

Header binding_request() {
  Header header{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
  for (std::size_t i = 8; i < header_size; ++i)
    header[i] = static_cast<std::uint8_t>(g_random_int_range(0, 256));
  return header;
}

std::string text_of(GSocketAddress* address) {
  auto* inet = G_INET_SOCKET_ADDRESS(address);
  const Owned<char> host(g_inet_address_to_string(g_inet_socket_address_get_address(inet)));
  const bool v6 = std::strchr(host.get(), ':') != nullptr;
  const std::string where = v6 ? "[" + std::string(host.get()) + "]" : host.get();
  return "stun:" + where + ":" + std::to_string(g_inet_socket_address_get_port(inet));
}

}  // namespace

// One server: its name is looked up, then it is asked.
struct StunChoice::Probe {
  StunChoice* choice = nullptr;  // null: nobody wants to know any more
  Ref<GCancellable> cancel = adopt(g_cancellable_new());
  Ref<GSocketAddress> address;
  Ref<GSocket> socket;
  GSource* readable = nullptr;
  GSource* timer = nullptr;
  Header request = binding_request();
  int left = times;

  ~Probe() {
    g_cancellable_cancel(cancel.get());
    stop();
  }
  void stop() {
    for (GSource** source : {&readable, &timer}) {
      if (!*source) continue;
      g_source_destroy(*source);
      g_source_unref(*source);
      *source = nullptr;
    }
  }

  void look_up(const std::string& host_and_port) {
    auto where = adopt(g_network_address_parse(host_and_port.c_str(), stun_port, nullptr));
    if (!where) return choice->finished();
    auto all = adopt(g_socket_connectable_enumerate(where.get()));
    g_socket_address_enumerator_next_async(
        all.get(), cancel.get(),
        [](GObject* source, GAsyncResult* result, gpointer data) noexcept {
          Owned<GError> error;
          auto found = adopt(g_socket_address_enumerator_next_finish(
              G_SOCKET_ADDRESS_ENUMERATOR(source), result, out(error)));
          if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
          static_cast<Probe*>(data)->ask(std::move(found));
        },
        this);
  }

  void ask(Ref<GSocketAddress> found) {
    if (!found || !G_IS_INET_SOCKET_ADDRESS(found.get())) return choice->finished();
    address = std::move(found);
    socket = adopt(g_socket_new(g_socket_address_get_family(address.get()), G_SOCKET_TYPE_DATAGRAM,
                                G_SOCKET_PROTOCOL_UDP, nullptr));
    if (!socket) return choice->finished();
    g_socket_set_blocking(socket.get(), FALSE);
    auto* context = g_main_context_get_thread_default();
    readable = g_socket_create_source(socket.get(), G_IO_IN, nullptr);
    const GSocketSourceFunc on_readable = [](GSocket*, GIOCondition, gpointer data) noexcept {
      return static_cast<Probe*>(data)->read();
    };
    g_source_set_callback(readable, G_SOURCE_FUNC(on_readable), this, nullptr);
    g_source_attach(readable, context);
    timer = g_timeout_source_new(ask_again_ms);
    g_source_set_callback(
        timer, [](gpointer data) noexcept { return static_cast<Probe*>(data)->send(); }, this,
        nullptr);
    g_source_attach(timer, context);
    send();
  }

  gboolean send() {
    if (left-- <= 0) {
      choice->finished();
      return G_SOURCE_REMOVE;
    }
    g_socket_send_to(socket.get(), address.get(), reinterpret_cast<const char*>(request.data()),
                     request.size(), nullptr, nullptr);
    return G_SOURCE_CONTINUE;
  }

  gboolean read() {
    std::array<char, 1500> reply{};
    const gssize size =
        g_socket_receive(socket.get(), reply.data(), reply.size(), nullptr, nullptr);
    const bool fits = size >= gssize(header_size) && reply[0] == 1 && reply[1] == 1 &&
                      std::memcmp(&reply[8], &request[8], header_size - 8) == 0;
    if (!fits) return G_SOURCE_CONTINUE;
    if (timer) g_source_destroy(timer);
    choice->answered(text_of(address.get()));
    return G_SOURCE_REMOVE;
  }
};

StunChoice::StunChoice(std::vector<std::string> servers) {
  for (auto& server : servers)
    (server.starts_with("stun:") ? stun_ : others_).push_back(std::move(server));
  open_ = stun_.size();
  for (const auto& server : stun_) {
    auto& probe = probes_.emplace_back(std::make_unique<Probe>());
    probe->choice = this;
    probe->look_up(server.substr(server.find(':') + 1));
  }
}

StunChoice::~StunChoice() = default;

void StunChoice::answered(const std::string& address) {
  if (found_.empty()) found_ = address;
  finished();
}

void StunChoice::finished() {
  if (open_ > 0) --open_;
}

std::vector<std::string> StunChoice::servers() const {
  std::vector<std::string> list = others_;
  if (!found_.empty())
    list.push_back(found_);
  else if (open_ > 0)
    list.push_back(stun_.front());
  return list;
}

}  // namespace genos::link
