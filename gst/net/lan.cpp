// SPDX-License-Identifier: LGPL-2.1-or-later
#include "net/lan.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "bridge/pump.hpp"

namespace genos::net {
namespace {

constexpr std::string_view magic = "GENOS";
constexpr std::uint8_t version = 1;
constexpr std::size_t packet_size = 18;
constexpr core::Duration interval = std::chrono::seconds(5);
constexpr core::Duration question_interval = std::chrono::seconds(1);
constexpr unsigned questions = 3;  // at the start; afterwards the beacons tell
// Many questions at once (a room that wakes up) get one answer, since all hear it.
constexpr core::Duration answer_interval = std::chrono::milliseconds(100);
constexpr int packets_per_turn = 32;

struct Interface {
  std::string name;
  in_addr address;
};

std::vector<Interface> interfaces() {
  std::vector<Interface> all;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return all;
  for (const ifaddrs* at = list; at; at = at->ifa_next) {
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || !(at->ifa_flags & IFF_UP)) continue;
    sockaddr_in address;
    std::memcpy(&address, at->ifa_addr, sizeof address);
    all.push_back({at->ifa_name, address.sin_addr});
  }
  freeifaddrs(list);
  return all;
}

bool is_own_address(const std::string& text) {
  in_addr wanted;
  if (inet_pton(AF_INET, text.c_str(), &wanted) != 1) return true;
  const auto all = interfaces();
  return std::any_of(all.begin(), all.end(), [&](const Interface& interface) {
    return interface.address.s_addr == wanted.s_addr;
  });
}

}  // namespace

core::Bytes write_beacon(const Beacon& beacon) {
  core::Bytes packet(magic.begin(), magic.end());
  packet.push_back(version);
  packet.push_back(static_cast<std::uint8_t>(beacon.kind));
  packet.push_back(0);
  packet.push_back(static_cast<std::uint8_t>(beacon.port >> 8));
  packet.push_back(static_cast<std::uint8_t>(beacon.port));
  packet.insert(packet.end(), beacon.id.begin(), beacon.id.end());
  return packet;
}

core::Result<Beacon> read_beacon(core::ByteView packet) {
  const core::Error malformed{core::Errc::malformed, "not a beacon"};
  if (packet.size() != packet_size || !core::text_of(packet).starts_with(magic) ||
      packet[5] != version || packet[7] != 0)
    return malformed;
  Beacon beacon;
  const auto port = static_cast<std::uint16_t>(packet[8] << 8 | packet[9]);
  const bool question = packet[6] == static_cast<std::uint8_t>(Beacon::Kind::question);
  const bool here = packet[6] == static_cast<std::uint8_t>(Beacon::Kind::here);
  if (!(question && port == 0) && !(here && port != 0)) return malformed;
  beacon.kind = question ? Beacon::Kind::question : Beacon::Kind::here;
  beacon.port = port;
  std::copy(packet.begin() + 10, packet.end(), beacon.id.begin());
  return beacon;
}

core::Result<std::unique_ptr<LanBeacon>> LanBeacon::open(Options options) {
  Owned<GError> error;
  auto socket = adopt(g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                   G_SOCKET_PROTOCOL_UDP, out(error)));
  const auto any = adopt(g_inet_address_new_any(G_SOCKET_FAMILY_IPV4));
  const auto local = adopt(g_inet_socket_address_new(any.get(), options.port));
  // Reusable: every process of this machine hears the group.
  if (!socket || !g_socket_bind(socket.get(), G_SOCKET_ADDRESS(local.get()), TRUE, out(error)))
    return core::Error{core::Errc::failed, "cannot listen for beacons on UDP port " +
                                               std::to_string(options.port) + ": " +
                                               error->message};
  g_socket_set_blocking(socket.get(), FALSE);
  g_socket_set_multicast_ttl(socket.get(), 1);
  return std::unique_ptr<LanBeacon>(new LanBeacon(std::move(options), std::move(socket)));
}

LanBeacon::LanBeacon(Options options, Ref<GSocket> socket)
    : options_(std::move(options)),
      socket_(std::move(socket)),
      readable_(g_socket_create_source(socket_.get(), G_IO_IN, nullptr)),
      timer_(options_.context, [this] { repeat(); }) {
  for (auto& byte : id_) byte = static_cast<std::uint8_t>(options_.random->next());
  if (!options_.is_ours) options_.is_ours = is_own_address;
  const GSocketSourceFunc ready = [](GSocket*, GIOCondition, gpointer self) noexcept -> gboolean {
    static_cast<LanBeacon*>(self)->receive();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(readable_.get(), G_SOURCE_FUNC(ready), this, nullptr);
  g_source_attach(readable_.get(), options_.context);
  timer_.set(monotonic_now());
}

LanBeacon::~LanBeacon() = default;

// Interfaces come and go; joining twice is an error that does not matter.
void LanBeacon::join_interfaces() {
  const auto group = adopt(g_inet_address_new_from_string(options_.group.c_str()));
  for (const auto& interface : interfaces())
    g_socket_join_multicast_group(socket_.get(), group.get(), FALSE, interface.name.c_str(),
                                  nullptr);
}

void LanBeacon::repeat() {
  join_interfaces();
  const bool asking = questions_ < questions;
  if (asking) {
    ++questions_;
    send(Beacon::Kind::question, 0);
  }
  answer();
  const core::Duration pause = asking ? question_interval : interval;
  timer_.set(monotonic_now() + pause + options_.random->below(pause / 4));
}

void LanBeacon::announce() {
  join_interfaces();
  answer();
}

void LanBeacon::answer() {
  const auto port = options_.offers();
  if (!port) return;
  answered_ = monotonic_now();
  send(Beacon::Kind::here, *port);
}

void LanBeacon::send(Beacon::Kind kind, std::uint16_t port) {
  const auto packet = write_beacon({kind, port, id_});
  const auto group = adopt(g_inet_address_new_from_string(options_.group.c_str()));
  const auto to = adopt(g_inet_socket_address_new(group.get(), options_.port));
  for (const auto& interface : interfaces()) {
    // GSocket has no call for it, and without a default route the kernel knows no interface.
    const int descriptor = g_socket_get_fd(socket_.get());
    if (setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &interface.address,
                   sizeof interface.address) != 0)
      continue;
    g_socket_send_to(socket_.get(), G_SOCKET_ADDRESS(to.get()),
                     reinterpret_cast<const char*>(packet.data()), packet.size(), nullptr, nullptr);
  }
}

void LanBeacon::receive() {
  std::vector<std::pair<Beacon, std::string>> beacons;
  for (int i = 0; i < packets_per_turn; ++i) {
    std::array<char, packet_size + 1> buffer;  // one more: a longer packet is seen to be longer
    GSocketAddress* raw = nullptr;
    const auto size =
        g_socket_receive_from(socket_.get(), &raw, buffer.data(), buffer.size(), nullptr, nullptr);
    const auto from = adopt(raw);
    if (size < 0) break;
    const auto text = std::string_view(buffer.data(), static_cast<std::size_t>(size));
    const auto beacon = read_beacon(core::bytes_of(text));
    if (!beacon || (*beacon).id == id_ || !G_IS_INET_SOCKET_ADDRESS(from.get())) continue;
    auto* address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(from.get()));
    const Owned<char> name(g_inet_address_to_string(address));
    beacons.emplace_back(*beacon, name.get());
  }
  for (const auto& [beacon, address] : beacons) heard(beacon, address);
}

void LanBeacon::heard(const Beacon& beacon, const std::string& address) {
  if (beacon.kind == Beacon::Kind::question) {
    if (monotonic_now() - answered_ >= answer_interval) answer();
    return;
  }
  const auto url = "ws://" + address + ":" + std::to_string(beacon.port);
  if (found_.size() >= max_found || found_.contains(url) || options_.is_ours(address)) return;
  auto uri = parse_relay_uri(url);
  if (!uri) return;
  found_.insert(url);
  options_.found(*uri);
}

}  // namespace genos::net
