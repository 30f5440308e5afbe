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
namespace {

constexpr int quiet = 2;  // modules of white around the code

bool is_dark(const QRcode& code, int x, int y) {
  const int width = code.width;
  return x >= 0 && y >= 0 && x < width && y < width && (code.data[y * width + x] & 1) != 0;
}

// With what every terminal has.
std::string plain_picture(const QRcode& code) {
  std::string picture;
  for (int y = -quiet; y < code.width + quiet; ++y) {
    for (int x = -quiet; x < code.width + quiet; ++x)
      picture += is_dark(code, x, y) ? "\033[40m  " : "\033[107m  ";
    picture += "\033[0m\n";
  }
  return picture;
}

// Two rows a line; light on dark terminals is inverted, so white is painted and black left out.
std::string dense_picture(const QRcode& code) {
  static constexpr const char* blocks[] = {"█", "▀", "▄", " "};
  std::string picture;
  for (int y = -quiet; y < code.width + quiet; y += 2) {
    picture += "\033[97;40m";
    for (int x = -quiet; x < code.width + quiet; ++x)
      picture += blocks[(is_dark(code, x, y) ? 2 : 0) + (is_dark(code, x, y + 1) ? 1 : 0)];
    picture += "\033[0m\n";
  }
  return picture;
}

}  // namespace

std::string qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1), QRcode_free);
  if (!code) return {};
  const bool has_blocks = g_get_charset(nullptr);  // not with LANG=C
  return has_blocks ? dense_picture(*code) : plain_picture(*code);
}
#else
std::string qr_code(const std::string&) { return {}; }
#endif

}  // namespace genos::signald
