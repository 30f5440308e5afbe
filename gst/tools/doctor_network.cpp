// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be seen of the network: STUN, the clock of a relay, multicast.
#include <gio/gio.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bridge/gio_refs.hpp"
#include "tools/doctor.hpp"

namespace genos::tool {
namespace {

constexpr guint wait_seconds = 3;
constexpr guint16 stun_port = 3478;
constexpr std::size_t stun_header = 20;
// Signed proofs of identity are refused beyond two minutes.
constexpr double clock_limit = 60;

Ref<GSocketAddress> first_address(GSocketConnectable* where, GError** error) {
  auto all = adopt(g_socket_connectable_enumerate(where));
  return adopt(g_socket_address_enumerator_next(all.get(), nullptr, error));
}

// RFC 8489: a binding request without attributes. Returns the error's text, empty when answered.
std::string ask_stun(const std::string& host_and_port) {
  Owned<GError> error;
  auto where = adopt(g_network_address_parse(host_and_port.c_str(), stun_port, out(error)));
  if (!where) return error->message;
  auto address = first_address(where.get(), out(error));
  if (!address) return error ? error->message : "the name has no address";
  auto socket = adopt(g_socket_new(g_socket_address_get_family(address.get()),
                                   G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, out(error)));
  if (!socket) return error->message;
  g_socket_set_timeout(socket.get(), wait_seconds);
  std::array<char, stun_header> request{0, 1, 0, 0, 0x21, 0x12, char(0xa4), 0x42};
  for (std::size_t i = 8; i < stun_header; ++i) request[i] = char(g_random_int_range(0, 256));
  if (g_socket_send_to(socket.get(), address.get(), request.data(), request.size(), nullptr,
                       out(error)) < 0)
    return error->message;
  std::array<char, 1500> reply{};
  const gssize size =
      g_socket_receive(socket.get(), reply.data(), reply.size(), nullptr, out(error));
  if (size < 0) return error->message;
  const bool fits = size >= gssize(stun_header) && reply[0] == 1 && reply[1] == 1 &&
                    std::memcmp(&reply[8], &request[8], 12) == 0;
  return fits ? "" : "what answers is not a STUN server";
}

// The Date of an HTTP answer of the relay.
Ref<GDateTime> date_of(const std::string& relay) {
  Owned<GError> ignored;
  const bool secure = relay.starts_with("wss://");
  std::string host = relay.substr(secure ? 6 : 5);
  host = host.substr(0, host.find_first_of("/#?"));
  auto client = adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), wait_seconds);
  g_socket_client_set_tls(client.get(), secure);
  auto connection = adopt(g_socket_client_connect_to_host(
      client.get(), host.c_str(), secure ? 443 : 80, nullptr, out(ignored)));
  if (!connection) return nullptr;
  const std::string request = "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  auto* output = g_io_stream_get_output_stream(G_IO_STREAM(connection.get()));
  if (!g_output_stream_write_all(output, request.data(), request.size(), nullptr, nullptr, nullptr))
    return nullptr;
  std::array<char, 4096> reply{};
  gsize size = 0;
  g_input_stream_read_all(g_io_stream_get_input_stream(G_IO_STREAM(connection.get())), reply.data(),
                          reply.size() - 1, &size, nullptr, nullptr);
  const char* header = std::strstr(reply.data(), "\r\nDate: ");
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  char month[4] = "";
  if (!header || std::sscanf(header + 8, "%*3s, %d %3s %d %d:%d:%d", &day, month, &year, &hour,
                             &minute, &second) != 6)
    return nullptr;
  static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const char* found = std::strstr(months, month);
  if (!found) return nullptr;
  return adopt(g_date_time_new_utc(year, int(found - months) / 3 + 1, day, hour, minute, second));
}

}  // namespace

void check_stun(const std::string& server, const Report& report) {
  const gint64 begun = g_get_monotonic_time();
  const std::string problem = ask_stun(server.substr(server.find(':') + 1));
  if (problem.empty()) {
    char text[160];
    std::snprintf(text, sizeof text, "%s answers in %.0f ms", server.c_str(),
                  double(g_get_monotonic_time() - begun) / 1e3);
    return report({Verdict::ok, "stun", text, ""});
  }
  report({Verdict::warning, "stun", server + ": " + problem,
          "peers on other networks may not reach you: allow UDP out, or set another server with "
          "--ice-servers; on one machine or network nothing is missing"});
}

bool check_clock(const std::string& relay, const Report& report) {
  auto theirs = date_of(relay);
  if (!theirs) return false;
  auto ours = adopt(g_date_time_new_now_utc());
  const double apart = double(g_date_time_difference(ours.get(), theirs.get())) / 1e6;
  char text[160];
  std::snprintf(text, sizeof text, "%.0f s apart from %s", apart, relay.c_str());
  if (apart < clock_limit && apart > -clock_limit)
    report({Verdict::ok, "clock", text, ""});
  else
    report(
        {Verdict::failure, "clock", text,
         "set this machine's clock (systemd-timesyncd, chrony): relays and identities go by it"});
  return true;
}

void check_multicast(const Report& report) {
  Owned<GError> error;
  auto socket = adopt(g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                   G_SOCKET_PROTOCOL_UDP, out(error)));
  auto group = adopt(g_inet_address_new_from_string("239.255.77.12"));
  if (socket &&
      g_socket_join_multicast_group(socket.get(), group.get(), FALSE, nullptr, out(error)))
    return report({Verdict::ok, "lan",
                   "multicast works: signaling=lan can find other machines "
                   "(TCP 7713 and UDP 7714 must be allowed in)",
                   ""});
  report(
      {Verdict::warning, "lan", error ? error->message : "no multicast",
       "signaling=lan will not find other machines; name a relay with signaling=ws://HOST:7712"});
}

}  // namespace genos::tool
