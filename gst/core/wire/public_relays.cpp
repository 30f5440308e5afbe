// SPDX-License-Identifier: LGPL-2.1-or-later
// Which relays and which kind trystero 0.25.4 derives from a name.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/wire/nostr.hpp"

namespace genos::core::nostr {
namespace {

// defaultRelayUrls of trystero 0.25.4; order matters, because the choice is a seeded shuffle of it.
constexpr std::array<std::string_view, 28> default_relays{
    "wss://basspistol.org",
    "wss://bucket.coracle.social",
    "wss://chorus.pjv.me",
    "wss://koru.bitcointxoko.org",
    "wss://nos.lol",
    "wss://nostr-01.uid.ovh",
    "wss://nostr-01.yakihonne.com",
    "wss://nostr-relay.corb.net",
    "wss://nostr.data.haus",
    "wss://nostr.islandarea.net",
    "wss://nostr.sathoarder.com",
    "wss://nostr.tegila.com.br",
    "wss://nostr.vulpem.com",
    "wss://purplerelay.com",
    "wss://relay-can.zombi.cloudrodion.com",
    "wss://relay-rpi.edufeed.org",
    "wss://relay.agorist.space",
    "wss://relay.artio.inf.unibe.ch",
    "wss://relay.mostr.pub",
    "wss://relay.mostro.network",
    "wss://relay.sigit.io",
    "wss://relay02.lnfi.network",
    "wss://schnorr.me",
    "wss://social.amanah.eblessing.co",
    "wss://staging.yabu.me",
    "wss://strfry.shock.network",
    "wss://top.testrelay.top",
    "wss://yabu.me/v2",
};

// Sum of the UTF-16 code units, as JavaScript's charCodeAt gives them. The text is UTF-8 of ours.
std::uint64_t char_code_sum(std::string_view text) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) -> std::uint32_t {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) & 0x3fu : 0u;
    };
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      sum += lead;
      i += 1;
    } else if (lead < 0xe0) {
      sum += (lead & 0x1fu) << 6 | byte(1);
      i += 2;
    } else if (lead < 0xf0) {
      sum += (lead & 0x0fu) << 12 | byte(1) << 6 | byte(2);
      i += 3;
    } else {
      const auto point = (lead & 0x07u) << 18 | byte(1) << 12 | byte(2) << 6 | byte(3);
      sum += (0xd800u + ((point - 0x10000u) >> 10)) + (0xdc00u + ((point - 0x10000u) & 0x3ffu));
      i += 4;
    }
  }
  return sum;
}

}  // namespace

std::uint32_t kind_of(const Topic& topic) {
  return 20000u + static_cast<std::uint32_t>(char_code_sum(topic.value) % 10000);
}

std::vector<std::string> public_relays(std::string_view app_id, std::size_t redundancy) {
  auto relays = default_relays;
  auto seed = static_cast<double>(char_code_sum(app_id));
  for (std::size_t left = relays.size(); left > 0;) {
    const double x = std::sin(seed++) * 10000;
    const auto chosen = static_cast<std::size_t>((x - std::floor(x)) * static_cast<double>(left));
    std::swap(relays[--left], relays[chosen]);
  }
  const auto count = std::min(redundancy, relays.size());
  return {relays.begin(), relays.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace genos::core::nostr
