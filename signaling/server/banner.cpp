// SPDX-License-Identifier: LGPL-2.1-or-later
#include "banner.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <array>
#include <memory>

#include "net/soup_refs.hpp"
#if HAVE_QRENCODE
#include <qrencode.h>
#endif

namespace genos::signald {

std::vector<std::string> own_addresses() {
  std::vector<std::string> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    // IPv6 addresses are long to type and often temporary.
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_LOOPBACK) || !(i->ifa_flags & IFF_UP)) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(i->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()))
      found.emplace_back(text.data());
  }
  freeifaddrs(list);
  return found;
}

std::string authority_of(const net::RelayHost::Endpoint& endpoint) {
  std::string host = endpoint.address;
  if (host == "0.0.0.0" || host == "::") {
    const auto addresses = own_addresses();
    host = addresses.empty() ? g_get_host_name() : addresses.front();
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(endpoint.port);
}

#if HAVE_QRENCODE
std::string qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1), QRcode_free);
  if (!code) return {};
  constexpr int quiet = 2;
  const int width = code->width;
  const auto dark = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < width && y < width && (code->data[y * width + x] & 1) != 0;
  };
  std::string picture;
  if (!g_get_charset(nullptr)) {  // LANG=C: only what every terminal has
    for (int y = -quiet; y < width + quiet; ++y) {
      for (int x = -quiet; x < width + quiet; ++x)
        picture += dark(x, y) ? "\033[40m  " : "\033[107m  ";
      picture += "\033[0m\n";
    }
    return picture;
  }
  // Two rows a line; light on dark terminals is inverted, so white is painted and black left out.
  static constexpr const char* blocks[] = {"█", "▀", "▄", " "};
  for (int y = -quiet; y < width + quiet; y += 2) {
    picture += "\033[97;40m";
    for (int x = -quiet; x < width + quiet; ++x)
      picture += blocks[(dark(x, y) ? 2 : 0) + (dark(x, y + 1) ? 1 : 0)];
    picture += "\033[0m\n";
  }
  return picture;
}
#else
std::string qr_code(const std::string&) { return {}; }
#endif

}  // namespace genos::signald
